//! The `threadbook` command.
fn main() {}
