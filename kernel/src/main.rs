//! The `threadbook` command.

use std::process::ExitCode;

use threadbook_kernel::cli;
use threadbook_kernel::toolchain::roles;

fn main() -> ExitCode {
    roles::run_if_asked().unwrap_or_else(cli::main)
}
