//! Jupyter, which the headless runner does without: nothing here is ever a failure.

use std::env;
use std::process::Command;

use super::finding::Finding;
use crate::cli::kernelspec;
use crate::cli::lab;
use crate::cli::lab::Environment;
use crate::cli::lab::Python;
use crate::cli::location;
use crate::cli::program::on_path;
use crate::cli::program::output;
use crate::env as variables;

const JUPYTER_REMEDY: &str = "run `threadbook lab`, which brings a JupyterLab, or `pip install jupyterlab` (`threadbook \
                              run` works without)";

pub(super) fn check() -> Vec<Finding> {
    vec![kernelspec(), python(), jupyter()]
}

fn kernelspec() -> Finding {
    let what = "kernelspec";
    let remedy = "run `threadbook install` (`threadbook lab` works without)";
    let installed = kernelspec::installed(&location::searched_folders());
    let this = env::current_exe().unwrap_or_default();
    let of_this = installed.iter().find(|(_, program)| *program == this);
    match (of_this, installed.first()) {
        (Some((folder, _)), _) => Finding::ok(what, folder.display().to_string()),
        (None, Some((folder, program))) => Finding::warn(
            what,
            format!(
                "`{}` starts another program, `{}`",
                folder.display(),
                program.display()
            ),
            remedy,
        ),
        (None, None) => Finding::warn(what, "not installed", remedy),
    }
}

fn python() -> Finding {
    let what = "python3";
    let found = output(Command::new("python3").arg("--version"));
    match (found, Python::find()) {
        (Ok(version), Ok(_)) => Finding::ok(what, version.trim()),
        (Err(error), _) | (Ok(_), Err(error)) => Finding::warn(
            what,
            error,
            format!("install it, for `threadbook lab` ({})", lab::PYTHON_REMEDY),
        ),
    }
}

fn jupyter() -> Finding {
    let what = "jupyter";
    // Asking `jupyter --version` takes seconds, so its presence has to do.
    let programs = ["jupyter-lab", "jupyter-notebook", "jupyter"];
    if let Some(name) = programs.into_iter().find(|name| on_path(name)) {
        return Finding::ok(what, format!("found `{name}`"));
    }
    match of_lab() {
        Some(environment) => {
            let folder = environment.folder().display().to_string();
            Finding::ok(what, format!("that of `threadbook lab`, in `{folder}`"))
        }
        None => Finding::warn(what, "not on the PATH", JUPYTER_REMEDY),
    }
}

/// The environment of `threadbook lab`, if it was made.
fn of_lab() -> Option<Environment> {
    let environment = Environment::of(&variables::cache_folder()?, &Python::find().ok()?);
    environment.is_complete().then_some(environment)
}
