//! Finds the toolchain.

use std::path::Path;
use std::path::PathBuf;
use std::process::Command;
use std::process::Stdio;

use crate::build::Error;
use crate::build::steps::Step;

/// A Rust toolchain on this machine.
#[derive(Clone, Debug)]
pub struct Sysroot {
    path: PathBuf,
    version: String,
}

impl Sysroot {
    /// Asks `rustc` on the PATH, or where rustup puts it.
    pub fn find() -> Result<Sysroot, Error> {
        let installed = dirs::home_dir().map(|home| home.join(".cargo/bin/rustc"));
        let candidates = [Some(PathBuf::from("rustc")), installed];
        let mut reason = String::new();
        for rustc in candidates.into_iter().flatten() {
            match print(&rustc, &["--print", "sysroot"]) {
                Ok(path) => {
                    let path = PathBuf::from(path.trim());
                    let version = print(&path.join("bin/rustc"), &["-vV"])
                        .map_err(|reason| Error::NoRustc { reason })?;
                    return Ok(Sysroot { path, version });
                }
                // The first answer is the one about the PATH.
                Err(why) if reason.is_empty() => reason = why,
                Err(_) => {}
            }
        }
        Err(Error::NoRustc { reason })
    }

    /// rustc itself, not rustup's stand-in, which costs 20 ms a call.
    pub fn rustc(&self) -> PathBuf {
        self.tool("rustc")
    }

    /// cargo itself.
    pub fn cargo(&self) -> PathBuf {
        self.tool("cargo")
    }

    fn tool(&self, name: &str) -> PathBuf {
        self.path.join("bin").join(name)
    }

    /// What `rustc -vV` prints.
    pub fn version(&self) -> &str {
        &self.version
    }

    /// The target that rustc builds for, such as `x86_64-unknown-linux-gnu`.
    pub fn host(&self) -> &str {
        self.version
            .lines()
            .find_map(|line| line.strip_prefix("host: "))
            .unwrap_or("unknown")
    }

    /// Has rustup install the standard library's sources where they are missing. Without rustup nothing happens.
    ///
    /// `restore` gives a command the environment that the kernel was started with.
    pub fn fetch_library_sources(
        &self,
        progress: &dyn Fn(Step),
        restore: impl FnOnce(&mut Command),
    ) {
        let name = self.path.file_name();
        let (Err(_), Some(name)) = (self.library_sources(), name) else {
            return;
        };
        let mut command = Command::new("rustup");
        restore(&mut command);
        command
            .args(["component", "add", "rust-src", "--toolchain"])
            .arg(name);
        progress(Step::Note(
            "installing the standard library's sources, once for this toolchain (`rustup component add rust-src`)".to_owned(),
        ));
        match command.stdin(Stdio::null()).output() {
            Ok(output) if output.status.success() => {}
            Ok(output) => {
                tracing::warn!("rustup: {}", String::from_utf8_lossy(&output.stderr).trim())
            }
            Err(error) => tracing::debug!("rustup was not started: {error}"),
        }
    }

    /// The standard library's sources.
    pub fn library_sources(&self) -> Result<PathBuf, Error> {
        let path = self.path.join("lib/rustlib/src/rust/library");
        if path.join("std").is_dir() {
            Ok(path)
        } else {
            Err(Error::NoRustSrc { path })
        }
    }
}

fn print(rustc: &Path, args: &[&str]) -> Result<String, String> {
    let output = Command::new(rustc)
        .args(args)
        .output()
        .map_err(|error| error.to_string())?;
    if output.status.success() {
        Ok(String::from_utf8_lossy(&output.stdout).into_owned())
    } else {
        Err(String::from_utf8_lossy(&output.stderr).trim().to_owned())
    }
}
