//! `threadbook run`.

use std::path::Path;
use std::path::PathBuf;
use std::process::ExitCode;
use std::time::Duration;

use anyhow::Context;
use anyhow::anyhow;
use clap::Args;

use super::exit;
use super::exit::Failure;
use crate::notebook::file::Notebook;
use crate::notebook::find;
use crate::notebook::session;
use crate::notebook::session::Ending;
use crate::notebook::session::Options;
use crate::notebook::terminal::Terminal;
use crate::sys::Signals;

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
    /// Fail where a dependency has another version than the notebook's lock file, which `%dep --lock` writes
    #[arg(long)]
    locked: bool,
    /// Longest time that a cell may take, as in `30` or `0.5` (default: no limit)
    #[arg(long, value_name = "SECONDS", value_parser = parse_seconds)]
    timeout: Option<Duration>,
}

/// Reads all notebooks first, so that a bad one is known before anything takes time; then runs one after the other.
pub(super) fn run(args: &RunArgs) -> Result<ExitCode, Failure> {
    let notebooks = read_notebooks(&args.paths).map_err(Failure::Usage)?;
    if let Some(output) = &args.output {
        check_output(output, notebooks.len()).map_err(Failure::Usage)?;
    }
    let code = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .enable_all()
        .build()
        .context("can't start the threads that talk to kernels")?
        .block_on(run_all(args, notebooks))?;
    Ok(ExitCode::from(code))
}

async fn run_all(args: &RunArgs, notebooks: Vec<Notebook>) -> anyhow::Result<u8> {
    let options = Options {
        allow_errors: args.allow_errors,
        locked: args.locked,
        timeout: args.timeout,
    };
    let mut signals = Signals::new().context("can't listen to signals")?;
    let mut terminal = Terminal::new();
    let count = notebooks.len();
    let mut failed = 0;
    for mut notebook in notebooks {
        if count > 1 {
            let name = notebook.path().display().to_string();
            terminal.notebook(&name).context("can't print")?;
        }
        let ending = session::execute(&mut notebook, &options, &mut signals, &mut terminal)
            .await
            .context("can't print")?;
        if let Some(output) = &args.output {
            notebook
                .write(output)
                .with_context(|| format!("can't write `{}`", output.display()))?;
        }
        match ending {
            Ending::Passed => {}
            Ending::Failed => failed += 1,
            Ending::Stopped(signal) => return Ok(signal.exit_code()),
        }
    }
    if count > 1 {
        let passed = count - failed;
        terminal
            .summary(&format!(
                "{count} notebooks: {passed} passed, {failed} failed"
            ))
            .context("can't print")?;
    }
    Ok(if failed == 0 { 0 } else { exit::FAILED })
}

fn read_notebooks(paths: &[PathBuf]) -> anyhow::Result<Vec<Notebook>> {
    let mut notebooks = Vec::new();
    for path in find::notebooks(paths)? {
        notebooks.push(Notebook::read(&path)?);
    }
    Ok(notebooks)
}

fn check_output(output: &Path, notebooks: usize) -> anyhow::Result<()> {
    if notebooks != 1 {
        return Err(anyhow!(
            "`--output` takes the result of one notebook, found {notebooks} (run them one by one)"
        ));
    }
    let folder = match output.parent() {
        Some(folder) if !folder.as_os_str().is_empty() => folder,
        _ => Path::new("."),
    };
    if output.is_dir() || !folder.is_dir() {
        return Err(anyhow!(
            "`--output` names no file in a folder that exists: `{}`",
            output.display()
        ));
    }
    Ok(())
}

fn parse_seconds(text: &str) -> Result<Duration, String> {
    let expected = "expected a number of seconds above zero";
    let seconds: f64 = text.parse().map_err(|_| expected.to_owned())?;
    match Duration::try_from_secs_f64(seconds) {
        Ok(duration) if !duration.is_zero() => Ok(duration),
        _ => Err(expected.to_owned()),
    }
}
