//! The dependencies of a session, and cargo's data about crates.

use std::process::Command;

use threadbook_jupyter::contract::Diagnostic;

use super::diagnostics;
use super::missing_crate;
use super::rust::RustEvaluator;
use crate::build::pinned;

/// How long cargo waits for a registry, in seconds, where a cell that has failed waits for the answer.
const REGISTRY_SECONDS: &str = "3";

impl RustEvaluator {
    /// Pins the versions of the session's dependencies; gives what to print.
    pub(super) fn pin_dependencies(&self) -> Result<String, Diagnostic> {
        let failed = |why: String| diagnostics::plain("DependencyError", why);
        // The notebook's, wherever its cells have gone.
        let folder = std::env::current_dir().map_err(|error| failed(error.to_string()))?;
        let count = self
            .session
            .pin_dependencies(&self.prepared, &folder)
            .map_err(|error| failed(error.to_string()))?;
        let packages = match count {
            1 => "1 package".to_owned(),
            count => format!("{count} packages"),
        };
        Ok(format!("{packages} pinned in `{}`\n", pinned::name()))
    }

    /// The name of a crate in its registry and the newest version there, of those downloaded if one is.
    pub(super) fn newest(&self, name: &str) -> Option<(String, String)> {
        let with_hyphens = name.replace('_', "-");
        let mut names = vec![name];
        if with_hyphens != name {
            names.push(&with_hyphens);
        }
        let attempts = [true, false].into_iter();
        let mut attempts =
            attempts.flat_map(|offline| names.iter().map(move |name| (offline, name)));
        attempts.find_map(|(offline, name)| {
            let mut command = Command::new(&self.cargo);
            command
                .args(["info", "--quiet", "--color=never"])
                .args(offline.then_some("--offline"))
                .arg(name)
                // Not the session's own crate, which has versions already.
                .current_dir(self.folder().parent()?)
                .env("CARGO_NET_RETRY", "0")
                .env("CARGO_HTTP_TIMEOUT", REGISTRY_SECONDS);
            self.session.restore_environment(&mut command);
            let output = command.output().ok()?;
            let told = String::from_utf8_lossy(&output.stdout);
            missing_crate::described(&told).filter(|_| output.status.success())
        })
    }

    /// What `cargo tree` prints.
    pub(super) fn dependency_tree(&self) -> Result<String, Diagnostic> {
        let mut command = Command::new(&self.cargo);
        command
            .args(["tree", "--edges", "normal", "--depth", "1"])
            .current_dir(self.folder());
        self.session.restore_environment(&mut command);
        let failed = |why: String| {
            diagnostics::plain("DependencyError", format!("`cargo tree` failed: {why}"))
        };
        let output = command
            .output()
            .map_err(|error| failed(error.to_string()))?;
        match output.status.success() {
            // The first line is the crate that cells are; the runtime's line names a folder of this machine.
            true => Ok(String::from_utf8_lossy(&output.stdout)
                .lines()
                .skip(1)
                .filter(|line| !line.contains(" threadbook v"))
                .map(|line| format!("{line}\n"))
                .collect()),
            false => Err(failed(
                String::from_utf8_lossy(&output.stderr).trim().to_owned(),
            )),
        }
    }
}
