//! The `threadbook` command.

use std::process::ExitCode;

use threadbook_kernel::cli;
use threadbook_kernel::toolchain::roles;

#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> ExitCode {
    roles::run_if_asked().unwrap_or_else(cli::main)
}
