//! The `threadbook` command.

use std::process::ExitCode;

use threadbook_kernel::cli;
use threadbook_kernel::standin;

#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> ExitCode {
    standin::run_if_asked().unwrap_or_else(cli::main)
}
