//! Jupyter's own programs. The only kernel of the user's folders that they find is ours.

use std::ffi::OsStr;
use std::fs;
use std::path::Path;
use std::path::PathBuf;
use std::process::Command;
use std::sync::OnceLock;

use anyhow::Context as _;
use anyhow::Result;
use anyhow::ensure;
use tempfile::TempDir;

use crate::cache::PrivateCache;
use crate::python::Environment;

/// Jupyter with private folders: tests share no history, settings or runtime files with each other or with the user.
#[derive(Debug)]
pub struct Jupyter {
    environment: Environment,
    prefix: Option<PathBuf>,
    cache: Option<PrivateCache>,
    home: TempDir,
}

/// The result of a program.
#[derive(Debug)]
pub struct Finished {
    /// The exit code; `None` if a signal ended the program.
    pub code: Option<i32>,
    /// Everything that the program printed, stdout first.
    pub text: String,
}

impl Jupyter {
    /// Jupyter with Threadbook installed by its own `threadbook install`.
    pub fn with_threadbook() -> Result<Self> {
        Self::alone()?.and_threadbook()
    }

    /// Jupyter with Threadbook and JupyterLab.
    pub fn with_jupyterlab() -> Result<Self> {
        Self::new(Environment::with_jupyterlab()?)?.and_threadbook()
    }

    /// Jupyter with ipykernel only.
    pub fn alone() -> Result<Self> {
        Self::new(Environment::ready()?)
    }

    fn new(environment: Environment) -> Result<Self> {
        Ok(Self {
            environment,
            prefix: None,
            cache: None,
            home: TempDir::new().context("can't make a folder for Jupyter's files")?,
        })
    }

    fn and_threadbook(mut self) -> Result<Self> {
        self.prefix = Some(installed_prefix()?);
        self.cache = Some(PrivateCache::new()?);
        Ok(self)
    }

    /// The folder with its settings and runtime files.
    pub fn home(&self) -> &Path {
        self.home.path()
    }

    /// The cache of our kernel, if our kernel is installed.
    pub fn cache(&self) -> Option<&PrivateCache> {
        self.cache.as_ref()
    }

    /// Runs one of the scripts in tests/python.
    pub fn script<A: AsRef<OsStr>>(&self, name: &str, arguments: &[A]) -> Result<Finished> {
        let script = crate::scripts().join(name);
        self.run(self.program("python").arg(script).args(arguments))
    }

    /// Runs `jupyter nbconvert` in the folder.
    pub fn nbconvert<A: AsRef<OsStr>>(&self, folder: &Path, arguments: &[A]) -> Result<Finished> {
        // Direct call: `jupyter nbconvert` would first search the PATH for another nbconvert.
        self.run(
            self.program("jupyter-nbconvert")
                .args(arguments)
                .current_dir(folder),
        )
    }

    /// A command that runs one of Jupyter's programs with these folders.
    pub fn program(&self, name: &str) -> Command {
        let mut command = Command::new(self.environment.program(name));
        for (variable, folder) in [
            ("JUPYTER_CONFIG_DIR", "config"),
            ("JUPYTER_DATA_DIR", "data"),
            ("JUPYTER_RUNTIME_DIR", "runtime"),
            ("IPYTHONDIR", "ipython"),
            ("XDG_DATA_HOME", "share"),
            ("XDG_STATE_HOME", "state"),
        ] {
            command.env(variable, self.home.path().join(folder));
        }
        if let Some(cache) = &self.cache {
            command.env("THREADBOOK_CACHE", cache.path());
            command.env("CHECK_EMPTY_FOLDERS", cache.sessions());
        }
        match &self.prefix {
            Some(prefix) => command.env("JUPYTER_PATH", prefix.join("share/jupyter")),
            None => command.env_remove("JUPYTER_PATH"),
        };
        command
    }

    fn run(&self, command: &mut Command) -> Result<Finished> {
        let program = Path::new(command.get_program()).display().to_string();
        let output = command
            .output()
            .with_context(|| format!("can't run `{program}`"))?;
        let text = [output.stdout, output.stderr].concat();
        Ok(Finished {
            code: output.status.code(),
            text: String::from_utf8_lossy(&text).into_owned(),
        })
    }
}

impl Finished {
    /// Asserts that the exit code is 0 and returns what was printed.
    #[track_caller]
    pub fn succeeded(self) -> String {
        assert_eq!(self.code, Some(0), "{}", self.text);
        self.text
    }

    /// Asserts that the program itself exited with a code other than 0, and returns what was printed.
    #[track_caller]
    pub fn failed(self) -> String {
        assert!(
            self.code.is_some_and(|code| code != 0),
            "exit code {:?}:\n{}",
            self.code,
            self.text
        );
        self.text
    }
}

/// The prefix in which the kernelspec of the built binary is installed, once for all tests of a process.
fn installed_prefix() -> Result<PathBuf> {
    static PREFIX: OnceLock<Result<PathBuf, String>> = OnceLock::new();
    let prefix = PREFIX.get_or_init(|| install().map_err(|error| format!("{error:#}")));
    prefix.clone().map_err(anyhow::Error::msg)
}

fn install() -> Result<PathBuf> {
    // This is not a TempDir, because the value of a `static` is never dropped.
    let prefix = crate::profile_folder()?.join("jupyter-prefix");
    if prefix.exists() {
        fs::remove_dir_all(&prefix)
            .with_context(|| format!("can't remove `{}`", prefix.display()))?;
    }
    let output = Command::new(crate::threadbook_binary()?)
        .args(["install", "--no-prepare", "--prefix"])
        .arg(&prefix)
        .output()
        .context("can't run `threadbook install`")?;
    ensure!(
        output.status.success(),
        "`threadbook install` failed: {}{}",
        String::from_utf8_lossy(&output.stdout),
        String::from_utf8_lossy(&output.stderr)
    );
    prepare_runtime()?;
    Ok(prefix)
}

/// Runs one empty notebook. On a fresh machine, the first kernel prepares the runtime and shows its progress, which no
/// check expects.
fn prepare_runtime() -> Result<()> {
    let folder = TempDir::new()?;
    let notebook = folder.path().join("empty.ipynb");
    let content = serde_json::json!({
        "cells": [{"cell_type": "code", "id": "a", "execution_count": null, "metadata": {}, "outputs": [], "source": "1"}],
        "metadata": {}, "nbformat": 4, "nbformat_minor": 5,
    });
    fs::write(&notebook, content.to_string())?;
    let output = Command::new(crate::threadbook_binary()?)
        .arg("run")
        .arg(&notebook)
        .output()
        .context("can't run `threadbook run`")?;
    ensure!(
        output.status.success(),
        "`threadbook run` failed: {}{}",
        String::from_utf8_lossy(&output.stdout),
        String::from_utf8_lossy(&output.stderr)
    );
    Ok(())
}
