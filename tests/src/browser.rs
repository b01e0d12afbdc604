//! Chromium, driven by playwright-core from npm, which is installed on first use.

use std::env;
use std::ffi::OsString;
use std::fs;
use std::os::unix::fs::symlink;
use std::path::Path;
use std::path::PathBuf;
use std::process::Command;

use anyhow::Context as _;
use anyhow::Result;
use anyhow::ensure;
use tempfile::TempDir;

use crate::lab::Lab;
use crate::made_once::made_once;
use crate::made_once::output;
use crate::made_once::printed;

/// The oldest Node.js that the pinned playwright-core runs on.
const NODE_MAJOR: u32 = 18;

const PACKAGE_FILES: [(&str, &str); 2] = [
    ("package.json", include_str!("../browser/package.json")),
    (
        "package-lock.json",
        include_str!("../browser/package-lock.json"),
    ),
];

/// The programs that a browser test needs.
#[derive(Debug)]
pub struct Browser {
    chromium: PathBuf,
    node_version: String,
}

impl Browser {
    /// Finds Chromium (`$CHROMIUM`, or `chromium` on the path), Node.js and npm.
    ///
    /// # Errors
    ///
    /// If one of them is missing or too old.
    pub fn find() -> Result<Browser> {
        let chromium = match env::var_os("CHROMIUM") {
            Some(chromium) => PathBuf::from(chromium),
            None => on_path("chromium")
                .context("`chromium` is not installed (on Debian: `apt-get install chromium`)")?,
        };
        ensure!(
            chromium.is_file(),
            "`{}` is not there (CHROMIUM names it)",
            chromium.display()
        );
        on_path("npm").context("`npm` is not installed (on Debian: `apt-get install npm`)")?;
        let version = output(Command::new("node").arg("--version"), "nodejs")?;
        let node_version = String::from_utf8_lossy(&version.stdout).trim().to_owned();
        let major = node_version
            .strip_prefix('v')
            .and_then(|version| version.split('.').next()?.parse::<u32>().ok());
        ensure!(
            major.is_some_and(|major| major >= NODE_MAJOR),
            "node is `{node_version}`, expected v{NODE_MAJOR} or later"
        );
        Ok(Browser {
            chromium,
            node_version,
        })
    }

    /// Runs the checks of tests/browser in a running JupyterLab; returns what they printed. Screenshots of the steps
    /// stay in `browser/pictures` beside the test programs.
    ///
    /// # Errors
    ///
    /// If a check fails. The error contains everything that was printed.
    pub fn check(&self, lab: &Lab) -> Result<String> {
        let scripts = self.scripts()?;
        let pictures = crate::profile_folder()?.join("browser/pictures");
        let ran = output(
            Command::new("node")
                .arg(scripts.path().join("main.mjs"))
                .args([lab.url(), lab.token()])
                .args([lab.folder(), &pictures])
                .env("CHROMIUM", &self.chromium),
            "nodejs",
        )?;
        let text = printed(&ran);
        ensure!(
            ran.status.success(),
            "a check failed (`{}/failed.png` shows the page):\n{text}\nthe server:\n{}",
            pictures.display(),
            lab.log()
        );
        Ok(text)
    }

    /// A copy of the scripts beside the packages that they import.
    fn scripts(&self) -> Result<TempDir> {
        let packages = self.packages()?;
        let copy = TempDir::new().context("can't make a folder for the scripts")?;
        let sources = crate::root().join("tests/browser");
        for entry in fs::read_dir(&sources).context("can't list tests/browser")? {
            let path = entry?.path();
            if let (Some("mjs"), Some(name)) = (
                path.extension().and_then(|extension| extension.to_str()),
                path.file_name(),
            ) {
                fs::copy(&path, copy.path().join(name))
                    .with_context(|| format!("can't copy `{}`", path.display()))?;
            }
        }
        symlink(
            packages.join("node_modules"),
            copy.path().join("node_modules"),
        )
        .context("can't link the packages")?;
        Ok(copy)
    }

    fn packages(&self) -> Result<PathBuf> {
        made_once(
            "browser",
            (&self.node_version, PACKAGE_FILES),
            |folder, lock| {
                fs::create_dir_all(folder)?;
                for (name, text) in PACKAGE_FILES {
                    fs::write(folder.join(name), text)?;
                }
                let installed = output(
                    Command::new("npm")
                        .args(["ci", "--ignore-scripts", "--no-audit", "--no-fund"])
                        .current_dir(folder)
                        .stdin(lock.try_clone()?),
                    "npm",
                )?;
                ensure!(
                    installed.status.success(),
                    "npm can't install the packages of tests/browser: {}",
                    printed(&installed)
                );
                Ok(())
            },
        )
    }
}

fn on_path(name: &str) -> Option<PathBuf> {
    let path: OsString = env::var_os("PATH")?;
    env::split_paths(&path)
        .map(|folder: PathBuf| folder.join(name))
        .find(|program: &PathBuf| Path::is_file(program))
}
