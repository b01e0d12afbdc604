//! How a command fails, and with which exit code.

use std::process::ExitCode;

/// Exit code of something that did not work.
pub(crate) const FAILED: u8 = 1;

/// Exit code of arguments, or files that they name, which can't be used. clap ends with the same one.
pub(crate) const USAGE: u8 = 2;

/// A failure of a command, by what its user can do about it.
#[derive(Debug)]
pub(crate) enum Failure {
    /// Other arguments or files are needed.
    Usage(anyhow::Error),
    /// Anything else.
    Failed(anyhow::Error),
}

impl Failure {
    pub(crate) fn error(&self) -> &anyhow::Error {
        match self {
            Failure::Usage(error) | Failure::Failed(error) => error,
        }
    }

    pub(crate) fn exit_code(&self) -> ExitCode {
        ExitCode::from(match self {
            Failure::Usage(_) => USAGE,
            Failure::Failed(_) => FAILED,
        })
    }
}

impl From<anyhow::Error> for Failure {
    fn from(error: anyhow::Error) -> Failure {
        Failure::Failed(error)
    }
}
