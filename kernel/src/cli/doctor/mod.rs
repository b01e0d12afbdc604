//! `threadbook doctor`: checks everything that the kernel needs, and prints a remedy for what is missing.

mod finding;
mod folders;
mod jupyter;
mod toolchain;

use std::process::ExitCode;

use self::finding::Level;
use super::exit;

/// Prints the report. The exit code is not 0 if something fails.
pub(super) fn run() -> ExitCode {
    let mut failed = false;
    let checks = [toolchain::check, folders::check, jupyter::check];
    for finding in checks.iter().flat_map(|check| check()) {
        let level = match finding.level {
            Level::Ok => "ok",
            Level::Warn => "warn",
            Level::Fail => "fail",
        };
        println!("{level:<4}  {}: {}", finding.what, finding.found);
        if !finding.remedy.is_empty() {
            println!("      -> {}", finding.remedy);
        }
        failed |= finding.level == Level::Fail;
    }
    if failed {
        ExitCode::from(exit::FAILED)
    } else {
        ExitCode::SUCCESS
    }
}
