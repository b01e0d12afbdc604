//! `threadbook doctor`: looks at everything that the kernel needs and says what to do about what is missing.

mod folders;
mod jupyter;
mod toolchain;

use std::process::ExitCode;

use super::exit;

/// One line of the report.
#[derive(Debug, PartialEq, Eq)]
struct Finding {
    level: Level,
    /// What was looked at.
    what: &'static str,
    /// What was found.
    found: String,
    /// What to do about it; empty where all is well.
    remedy: String,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Level {
    Ok,
    /// The kernel works, with something less.
    Warn,
    /// The kernel can't work.
    Fail,
}

impl Finding {
    fn ok(what: &'static str, found: impl Into<String>) -> Finding {
        Finding {
            level: Level::Ok,
            what,
            found: found.into(),
            remedy: String::new(),
        }
    }

    fn warn(what: &'static str, found: impl Into<String>, remedy: impl Into<String>) -> Finding {
        Finding {
            level: Level::Warn,
            what,
            found: found.into(),
            remedy: remedy.into(),
        }
    }

    fn fail(what: &'static str, found: impl Into<String>, remedy: impl Into<String>) -> Finding {
        Finding {
            level: Level::Fail,
            ..Finding::warn(what, found, remedy)
        }
    }
}

/// Prints the report. The exit code says whether something fails.
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
