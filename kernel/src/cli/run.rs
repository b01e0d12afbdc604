//! `threadbook run`.

use std::path::PathBuf;
use std::process::ExitCode;
use std::time::Duration;

use clap::Args;

use super::exit::Failure;

/// What to run, and how.
#[derive(Debug, Args)]
pub(super) struct RunArgs {
    /// Notebooks, and folders to search for notebooks
    #[arg(required = true, value_name = "FILES_OR_FOLDERS")]
    paths: Vec<PathBuf>,
    /// Write the executed notebook to a file (only with a single notebook); nothing is written without
    #[arg(long, value_name = "FILE")]
    output: Option<PathBuf>,
    /// Go on after a cell that fails
    #[arg(long)]
    allow_errors: bool,
    /// Longest time that a cell may take, as in `30` or `0.5` (default: no limit)
    #[arg(long, value_name = "SECONDS", value_parser = parse_seconds)]
    timeout: Option<Duration>,
}

pub(super) fn run(_args: &RunArgs) -> Result<ExitCode, Failure> {
    Err(Failure::Failed(anyhow::anyhow!("not there yet")))
}

fn parse_seconds(text: &str) -> Result<Duration, String> {
    let expected = "expected a number of seconds above zero";
    let seconds: f64 = text.parse().map_err(|_| expected.to_owned())?;
    match Duration::try_from_secs_f64(seconds) {
        Ok(duration) if !duration.is_zero() => Ok(duration),
        _ => Err(expected.to_owned()),
    }
}
