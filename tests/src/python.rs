//! The virtual environments with Jupyter's own tools, made on first use.

use std::path::PathBuf;
use std::process::Command;

use anyhow::Result;
use anyhow::ensure;

use crate::made_once::made_once;
use crate::made_once::output;
use crate::made_once::printed;

const PACKAGES: &str = "python3 python3-venv";

/// The requirements files: name and text. One may include those before it.
const REQUIREMENTS: [(&str, &str); 2] = [
    (
        "requirements.txt",
        include_str!("../python/requirements.txt"),
    ),
    (
        "requirements-lab.txt",
        include_str!("../python/requirements-lab.txt"),
    ),
];

/// A virtual environment with all packages of a requirements file.
#[derive(Clone, Debug)]
pub struct Environment {
    folder: PathBuf,
}

impl Environment {
    /// The environment with the packages of `requirements.txt`. It is below the build folder, and is made if it does
    /// not exist.
    ///
    /// # Errors
    ///
    /// If Python is missing or too old, or a package can't be installed.
    pub fn ready() -> Result<Self> {
        Self::with(&REQUIREMENTS[..1])
    }

    /// The environment with the packages of `requirements-lab.txt`, which include JupyterLab.
    ///
    /// # Errors
    ///
    /// As for `ready`.
    pub fn with_jupyterlab() -> Result<Self> {
        Self::with(&REQUIREMENTS)
    }

    fn with(requirements: &[(&str, &str)]) -> Result<Self> {
        let key = (interpreter()?, requirements);
        let folder = made_once("python", key, |folder, lock| {
            let created = output(
                Command::new("python3")
                    .args(["-m", "venv"])
                    .arg(folder)
                    .stdin(lock.try_clone()?),
                PACKAGES,
            )?;
            ensure!(
                created.status.success(),
                "python3 can't make a virtual environment (on Debian: `apt-get install python3-venv`): {}",
                printed(&created)
            );
            let (file, _) = requirements[requirements.len() - 1];
            let installed = output(
                Command::new(folder.join("bin/python"))
                    .args(["-m", "pip", "install", "--quiet"])
                    .args(["--disable-pip-version-check", "--requirement"])
                    .arg(crate::scripts().join(file))
                    .stdin(lock.try_clone()?),
                PACKAGES,
            )?;
            ensure!(
                installed.status.success(),
                "pip can't install the packages of tests/python/{file}: {}",
                printed(&installed)
            );
            Ok(())
        })?;
        Ok(Environment { folder })
    }

    /// One of the installed programs, such as `python` or `jupyter`.
    pub fn program(&self, name: &str) -> PathBuf {
        self.folder.join("bin").join(name)
    }
}

/// A text that identifies this interpreter. Fails if the interpreter is too old.
fn interpreter() -> Result<String> {
    let script = "import sys; print(sys.executable, sys.version, sys.version_info >= (3, 11))";
    let asked = output(Command::new("python3").args(["-c", script]), PACKAGES)?;
    ensure!(
        asked.status.success(),
        "python3 does not run: {}",
        printed(&asked)
    );
    let answer = String::from_utf8_lossy(&asked.stdout).trim().to_owned();
    ensure!(
        answer.ends_with("True"),
        "python3 is older than 3.11: {answer}"
    );
    Ok(answer)
}
