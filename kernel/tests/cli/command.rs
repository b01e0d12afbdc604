//! Runs `threadbook` in a private home folder.

use std::path::Path;
use std::path::PathBuf;
use std::process::Command;

use tempfile::TempDir;

/// A home folder, and additional environment variables.
pub(crate) struct Home {
    folder: TempDir,
    variables: Vec<(String, PathBuf)>,
}

impl Home {
    pub(crate) fn new() -> Home {
        Home {
            folder: TempDir::new().unwrap(),
            variables: Vec::new(),
        }
    }

    pub(crate) fn with(mut self, variable: &str, value: impl Into<PathBuf>) -> Home {
        self.variables.push((variable.to_owned(), value.into()));
        self
    }

    pub(crate) fn path(&self) -> &Path {
        self.folder.path()
    }

    /// Runs the command and returns all that it prints, with the home folder written as `~`.
    pub(crate) fn threadbook(&self, arguments: &[&str]) -> String {
        let output = self.command(arguments).output().unwrap();
        let text = format!(
            "{}{}exit code {}\n",
            String::from_utf8(output.stdout).unwrap(),
            String::from_utf8(output.stderr).unwrap(),
            output.status.code().unwrap(),
        );
        // On macOS, the path of the temp folder contains a link.
        let real = self.path().canonicalize().unwrap();
        text.replace(real.to_str().unwrap(), "~")
            .replace(self.path().to_str().unwrap(), "~")
    }

    /// The command, before its start.
    pub(crate) fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(program());
        command
            .args(arguments)
            .current_dir(self.path())
            .env_clear()
            .env("HOME", self.path())
            .env("TMPDIR", self.path())
            .env("PATH", "/nothing")
            .envs(self.variables.iter().map(|(name, value)| (name, value)));
        command
    }
}

pub(crate) fn program() -> &'static str {
    env!("CARGO_BIN_EXE_threadbook")
}
