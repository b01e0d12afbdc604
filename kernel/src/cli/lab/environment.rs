//! The virtual environment with JupyterLab, in the cache: made once for each Python, and used again.
//!
//! A virtual environment cannot be moved, since its programs name its folder. Therefore it is made in its place, under a
//! lock, and a mark is written last: a folder without the mark was left by an installation that was cut short, and is made
//! anew. The programs that write into the folder inherit the lock and end with this process.

use std::fs;
use std::fs::File;
use std::io::ErrorKind;
use std::path::Path;
use std::path::PathBuf;
use std::process::Command;

use anyhow::Context;
use anyhow::Result;
use anyhow::bail;
use sha2::Digest;
use sha2::Sha256;

use super::pip;
use super::python::Python;
use crate::build::cache_paths;
use crate::build::role_names;
use crate::hash;
use crate::sys::processes;

/// What pip installs.
const REQUIREMENTS: &str = include_str!("../../../assets/lab-requirements.txt");

/// An environment's folder, `CACHE/lab/KEY/`. It need not be there.
#[derive(Clone, Debug)]
pub(crate) struct Environment {
    folder: PathBuf,
}

impl Environment {
    /// The environment of a Python. Another version and other requirements have another one.
    pub(crate) fn of(cache: &Path, python: &Python) -> Environment {
        let mut hasher = Sha256::new();
        for part in [REQUIREMENTS, &python.prefix, &python.version] {
            hasher.update(part);
            hasher.update([0]);
        }
        Environment {
            folder: cache_paths::lab(cache).join(hash::short(hasher)),
        }
    }

    /// All that are in the cache, finished or not.
    pub(crate) fn all(cache: &Path) -> Result<Vec<Environment>> {
        let parent = cache_paths::lab(cache);
        let entries = match fs::read_dir(&parent) {
            Ok(entries) => entries,
            Err(error) if error.kind() == ErrorKind::NotFound => return Ok(Vec::new()),
            Err(error) => bail!("can't read `{}`: {error}", parent.display()),
        };
        let mut folders: Vec<PathBuf> = entries
            .flatten()
            .map(|entry| entry.path())
            .filter(|path| path.is_dir())
            .collect();
        folders.sort();
        Ok(folders
            .into_iter()
            .map(|folder| Environment { folder })
            .collect())
    }

    pub(crate) fn folder(&self) -> &Path {
        &self.folder
    }

    pub(super) fn python(&self) -> PathBuf {
        self.folder.join("bin/python")
    }

    /// Where its Jupyter looks for kernelspecs.
    pub(super) fn kernels_folder(&self) -> PathBuf {
        self.folder.join("share/jupyter/kernels")
    }

    /// Whether JupyterLab is installed in it.
    pub(crate) fn is_complete(&self) -> bool {
        self.completion_mark().exists()
    }

    fn completion_mark(&self) -> PathBuf {
        self.folder.join("complete")
    }

    /// Makes the environment if it is not there. While the returned lock is held, nothing removes it.
    pub(super) fn ready(&self) -> Result<File> {
        let lock = self.lock_file()?;
        if lock.try_lock_shared().is_err() {
            eprintln!("waiting for another `threadbook lab`, which makes the environment");
            lock.lock_shared().context(LOCK)?;
        }
        // A lock that becomes another kind is free for a moment.
        while !self.is_complete() {
            lock.lock().context(LOCK)?;
            if !self.is_complete() {
                self.make(&lock)?;
            }
            lock.lock_shared().context(LOCK)?;
        }
        Ok(lock)
    }

    /// Removes it, unless a JupyterLab uses it or it is being made. Returns whether it is gone.
    pub(crate) fn remove(&self) -> Result<bool> {
        if self.lock_file()?.try_lock().is_err() {
            return Ok(false);
        }
        self.clear()?;
        // The empty lock file stays, since another process may wait for it.
        Ok(true)
    }

    fn lock_file(&self) -> Result<File> {
        let path = self.folder.with_extension("lock");
        let open = || {
            fs::create_dir_all(path.parent().unwrap_or(Path::new(".")))?;
            File::create(&path)
        };
        open().with_context(|| {
            format!(
                "can't write `{}` (set `THREADBOOK_CACHE` to a folder that can be written to)",
                path.display()
            )
        })
    }

    fn clear(&self) -> Result<()> {
        match fs::remove_dir_all(&self.folder) {
            Err(error) if error.kind() != ErrorKind::NotFound => {
                bail!("can't remove `{}`: {error}", self.folder.display())
            }
            _ => Ok(()),
        }
    }

    fn make(&self, lock: &File) -> Result<()> {
        self.clear()?;
        eprintln!(
            "installing JupyterLab into `{}`, once",
            self.folder.display()
        );
        let python = Path::new("python3");
        let mut venv = processes::bound(role_names::BOUND, python)?;
        venv.args(["-m", "venv"]).arg(&self.folder);
        pip::run(inheriting(lock, &mut venv)?, "making the environment").map_err(|error| {
            anyhow::anyhow!("`python3` can't make a virtual environment: {error}")
        })?;
        let mut install = processes::bound(role_names::BOUND, &self.python())?;
        pip::set_install(&mut install, REQUIREMENTS);
        pip::run(inheriting(lock, &mut install)?, "starting pip")
            .map_err(|failed| failed.of_install())?;
        fs::write(self.completion_mark(), "").context("can't mark the environment as complete")?;
        eprintln!("JupyterLab is installed");
        Ok(())
    }
}

const LOCK: &str = "can't lock the environment";

/// The lock becomes the standard input of a program, as a way for it to inherit the lock.
fn inheriting<'a>(lock: &File, command: &'a mut Command) -> Result<&'a mut Command> {
    Ok(command.stdin(lock.try_clone().context(LOCK)?))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn environment(cache: &Path, version: &str) -> Environment {
        let python = Python {
            prefix: "/usr".to_owned(),
            version: version.to_owned(),
        };
        Environment::of(cache, &python)
    }

    #[test]
    fn another_version_of_python_has_another_environment() {
        let cache = Path::new("/cache");
        assert_eq!(
            environment(cache, "3.11").folder,
            environment(cache, "3.11").folder
        );
        assert_ne!(
            environment(cache, "3.11").folder,
            environment(cache, "3.12").folder
        );
    }

    #[test]
    fn an_environment_in_use_is_not_removed() {
        let cache = tempfile::tempdir().unwrap();
        let environment = environment(cache.path(), "3.11");
        fs::create_dir_all(&environment.folder).unwrap();
        fs::write(environment.completion_mark(), "").unwrap();
        let lock = environment.ready().unwrap();
        assert!(!environment.remove().unwrap());
        drop(lock);
        assert!(environment.remove().unwrap());
        assert!(!environment.folder.exists());
    }
}
