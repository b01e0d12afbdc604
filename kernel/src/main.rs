//! The `threadbook` command.

use std::process::ExitCode;

fn main() -> ExitCode {
    threadbook_kernel::cli::main()
}
