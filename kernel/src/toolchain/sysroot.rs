//! Finds the toolchain.

use std::fs::File;
use std::path::Path;
use std::path::PathBuf;
use std::process::Command;
use std::process::Stdio;

use crate::build::Error;
use crate::build::cache_paths;
use crate::build::steps::Step;
use crate::sys::processes;

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
    /// While one kernel does so, others that share its cache wait: rustup puts the files there one after the other, and
    /// does not work twice at one time. `restore` gives a command the environment that the kernel was started with.
    pub fn fetch_library_sources(
        &self,
        cache: &Path,
        progress: &dyn Fn(Step),
        restore: impl FnOnce(&mut Command),
    ) {
        let lock = match self.lock_library(cache, progress) {
            Ok(lock) => lock,
            Err(error) => return tracing::warn!("the lock of the library's sources: {error}"),
        };
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
        // rustup may have left a program behind that has inherited it.
        let _ = lock.unlock();
    }

    fn lock_library(&self, cache: &Path, progress: &dyn Fn(Step)) -> std::io::Result<File> {
        let lock = File::create(cache_paths::library_lock(cache))?;
        if lock.try_lock().is_err() {
            progress(Step::Note(
                "waiting for another kernel that is installing the standard library's sources"
                    .to_owned(),
            ));
            lock.lock()?;
        }
        if self.library_sources().is_err() {
            // If this kernel is killed, rustup still holds it.
            processes::share(&lock)?;
        }
        Ok(lock)
    }

    /// The standard library's sources, if all of them are there.
    pub fn library_sources(&self) -> Result<PathBuf, Error> {
        let rustlib = self.path.join("lib/rustlib");
        let path = rustlib.join("src/rust/library");
        // rustup, which keeps a list of components, writes a component's manifest when all its files are there.
        let is_whole =
            !rustlib.join("components").exists() || rustlib.join("manifest-rust-src").exists();
        if path.join("std").is_dir() && is_whole {
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

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt;
    use std::sync::Barrier;

    use super::*;

    #[test]
    fn sources_that_rustup_has_not_finished_do_not_count() {
        let folder = tempfile::tempdir().unwrap();
        let sysroot = Sysroot {
            path: folder.path().to_owned(),
            version: String::new(),
        };
        let rustlib = folder.path().join("lib/rustlib");
        std::fs::create_dir_all(rustlib.join("src/rust/library/std")).unwrap();
        assert!(sysroot.library_sources().is_ok());
        std::fs::write(rustlib.join("components"), "rustc\n").unwrap();
        assert!(sysroot.library_sources().is_err());
        std::fs::write(rustlib.join("manifest-rust-src"), "").unwrap();
        assert!(sysroot.library_sources().is_ok());
    }

    #[test]
    fn kernels_that_start_at_one_time_install_the_library_once() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("toolchain");
        let std = path.join("lib/rustlib/src/rust/library/std");
        let calls = folder.path().join("calls");
        let rustup = folder.path().join("rustup");
        let script = format!(
            "#!/bin/sh\necho \"$@\" >> {}\nmkdir -p {}\n",
            calls.display(),
            std.display()
        );
        std::fs::write(&rustup, script).unwrap();
        std::fs::set_permissions(&rustup, PermissionsExt::from_mode(0o755)).unwrap();
        let sysroot = Sysroot {
            path,
            version: String::new(),
        };
        let all_start = Barrier::new(4);
        std::thread::scope(|scope| {
            for _ in 0..4 {
                scope.spawn(|| {
                    all_start.wait();
                    sysroot.fetch_library_sources(folder.path(), &|_| {}, |command| {
                        command.env("PATH", format!("{}:/bin:/usr/bin", folder.path().display()));
                    });
                    assert!(sysroot.library_sources().is_ok());
                });
            }
        });
        assert_eq!(
            std::fs::read_to_string(calls).unwrap(),
            "component add rust-src --toolchain toolchain\n"
        );
    }
}
