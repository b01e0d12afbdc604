//! Jupyter, which the headless runner does without: nothing here is ever a failure.

use std::env;
use std::process::Command;

use super::finding::Finding;
use super::toolchain::on_path;
use super::toolchain::output;
use crate::cli::kernelspec;
use crate::cli::location;

const JUPYTER_REMEDY: &str = "run `pip install jupyterlab` (`threadbook run` works without)";

pub(super) fn check() -> Vec<Finding> {
    vec![kernelspec(), python(), jupyter()]
}

fn kernelspec() -> Finding {
    let what = "kernelspec";
    let remedy = "run `threadbook install`";
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
    match output(Command::new("python3").arg("--version")) {
        Ok(version) => Finding::ok("python3", version.trim()),
        Err(error) => Finding::warn("python3", error, JUPYTER_REMEDY),
    }
}

fn jupyter() -> Finding {
    // Asking `jupyter --version` takes seconds, so its presence has to do.
    let programs = ["jupyter-lab", "jupyter-notebook", "jupyter"];
    match programs.into_iter().find(|name| on_path(name)) {
        Some(name) => Finding::ok("jupyter", format!("found `{name}`")),
        None => Finding::warn("jupyter", "not on the PATH", JUPYTER_REMEDY),
    }
}
