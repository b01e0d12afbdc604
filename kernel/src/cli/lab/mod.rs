//! `threadbook lab`: a JupyterLab of Threadbook's own, with the kernel in it.

mod environment;
mod pip;
mod python;

use std::convert::Infallible;
use std::ffi::OsString;
use std::path::Path;
use std::path::PathBuf;
use std::process::Command;

use anyhow::Context;
use anyhow::anyhow;
use clap::Args;

pub(super) use self::environment::Environment;
pub(super) use self::python::Python;
pub(super) use self::python::REMEDY as PYTHON_REMEDY;
use super::exit::Failure;
use super::kernelspec;
use crate::env;
use crate::sys::processes;
use crate::toolchain;

/// Where to start JupyterLab, and how.
#[derive(Debug, Args)]
pub(super) struct LabArgs {
    /// Folder that JupyterLab shows
    #[arg(value_name = "DIR", default_value = ".")]
    folder: PathBuf,
    /// Print the address and open no browser
    #[arg(long)]
    no_browser: bool,
    /// Port of the server (JupyterLab's default: 8888, or the next free one)
    #[arg(long, value_name = "N")]
    port: Option<u16>,
    /// Further arguments of `jupyter lab`
    #[arg(last = true, value_name = "JUPYTERLAB-ARGUMENTS")]
    arguments: Vec<OsString>,
}

/// Makes the environment if it is not there, and becomes JupyterLab: this process is JupyterLab from then on, with the
/// same terminal, signals and exit code. Returns only an error.
pub(super) fn run(args: &LabArgs) -> Result<Infallible, Failure> {
    let folder = start_folder(&args.folder).map_err(Failure::Usage)?;
    let cache = env::cache_folder().context(toolchain::Error::NoCache)?;
    let python = Python::find()
        .map_err(|error| anyhow!("{error}, and JupyterLab needs Python ({PYTHON_REMEDY})"))?;
    let environment = Environment::of(&cache, &python);
    let lock = environment.ready()?;
    let kernelspec = environment.kernels_folder().join(kernelspec::NAME);
    // Each time, because the environment may be older than this program, and this program may have moved.
    kernelspec::write(&kernelspec, kernelspec::DISPLAY_NAME)?;
    processes::share(&lock).context("can't pass the lock on")?;
    let mut command = command(&environment.python(), &folder, args);
    let error = processes::become_program(&mut command);
    let python = environment.python();
    Err(Failure::Failed(anyhow!(
        "can't start `{}`: {error} (remove `{}`, and run `threadbook lab` again)",
        python.display(),
        environment.folder().display()
    )))
}

fn start_folder(folder: &Path) -> anyhow::Result<PathBuf> {
    if !folder.is_dir() {
        return Err(anyhow!(
            "`{}` is no folder (expected the folder that JupyterLab is to show; its own arguments come after `--`)",
            folder.display()
        ));
    }
    std::path::absolute(folder).context("can't tell the current folder")
}

fn command(python: &Path, folder: &Path, args: &LabArgs) -> Command {
    // Not its program `jupyter-lab`: the path of the interpreter in a script's first line can be too long.
    let mut command = Command::new(python);
    command.args(["-m", "jupyterlab"]).current_dir(folder);
    let mut root = OsString::from("--ServerApp.root_dir=");
    root.push(folder);
    command.arg(root);
    if args.no_browser {
        command.arg("--no-browser");
    }
    if let Some(port) = args.port {
        command.arg(format!("--port={port}"));
    }
    command.args(&args.arguments);
    command
}
