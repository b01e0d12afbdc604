//! The files of a prepared build's folder, `CACHE/prepared/KEY/`.
//!
//! | file | writer | reader | life |
//! | --- | --- | --- | --- |
//! | `../KEY.lock` | kernel, which locks it while it builds | other kernels | stays, empty |
//! | `runtime/` | kernel | cargo, rust-analyzer | the build |
//! | `features/` | kernel | cargo | the build |
//! | `.cargo/config.toml` | kernel | cargo | the build |
//! | `template/` | kernel, cargo | rustc, worker | the build; the crate that was compiled in place of a cell |
//! | `worker` | rustc | evcxr | the build; the worker program |
//! | `bare/`, `slim/` | kernel | rust-analyzer | the build; toolchains with fewer sources |
//! | `ready.json` | kernel, as the last file | kernel, stand-in | the build |
//! | `answers/` | stand-in | stand-in | the build; what cargo and rustc have printed about the toolchain, and rustc of the code with which every session begins |
//! | `linker.json` | stand-in, kernel | stand-in, kernel | the build; the C compiler's linker |
//! | `dependencies/` | stand-in | stand-ins of all sessions | the build; what sessions have built |
//! | `built/` | stand-in | stand-ins of all sessions | the build; notes about which dependencies were built |

use std::path::Path;
use std::path::PathBuf;

use super::SessionPaths;
use crate::sys::links;

/// The path of a prepared build's folder, with a method for each file in it. Nothing is opened or made here.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PreparedPaths(PathBuf);

impl PreparedPaths {
    /// A prepared build's folder.
    pub fn new(root: impl Into<PathBuf>) -> PreparedPaths {
        PreparedPaths(root.into())
    }

    /// The prepared build of the session that this process belongs to.
    pub fn of_this_process() -> anyhow::Result<PreparedPaths> {
        Ok(PreparedPaths::of(&SessionPaths::of_this_process()?)?)
    }

    /// The prepared build of a session.
    pub fn of(session: &SessionPaths) -> std::io::Result<PreparedPaths> {
        let ready = links::pointed(&session.prepared())?;
        Ok(PreparedPaths(ready.parent().unwrap_or(&ready).to_owned()))
    }

    /// The folder itself.
    pub fn root(&self) -> &Path {
        &self.0
    }

    /// The lock of the kernel that builds, beside the folder.
    pub fn lock(&self) -> PathBuf {
        self.0.with_extension("lock")
    }

    /// The linker of the C compiler.
    pub fn linker(&self) -> PathBuf {
        self.0.join("linker.json")
    }

    /// The runtime's crate.
    pub fn runtime(&self) -> PathBuf {
        self.0.join("runtime")
    }

    /// The source of the worker program.
    pub fn worker_source(&self) -> PathBuf {
        self.runtime().join("src/worker_main.rs")
    }

    /// The worker program.
    pub fn worker(&self) -> PathBuf {
        self.0.join("worker")
    }

    /// The crate without code that turns features on.
    pub fn features(&self) -> PathBuf {
        self.0.join("features")
    }

    /// cargo's configuration for the build.
    pub fn cargo_config(&self) -> PathBuf {
        self.0.join(".cargo/config.toml")
    }

    /// The crate that is compiled in place of a session's.
    pub fn template(&self) -> PathBuf {
        self.0.join("template")
    }

    /// The manifest of that crate.
    pub fn template_manifest(&self) -> PathBuf {
        self.template().join("Cargo.toml")
    }

    /// The versions of the runtime's dependencies.
    pub fn template_lock(&self) -> PathBuf {
        self.template().join("Cargo.lock")
    }

    /// The source of that crate.
    pub fn template_source(&self) -> PathBuf {
        self.template().join("src/lib.rs")
    }

    /// The folder that cargo has built that crate in.
    pub fn template_target(&self) -> PathBuf {
        self.template().join("target")
    }

    /// The toolchain whose standard library has no contents.
    pub fn bare_toolchain(&self) -> PathBuf {
        self.0.join("bare")
    }

    /// The toolchain without rare intrinsics.
    pub fn slim_toolchain(&self) -> PathBuf {
        self.0.join("slim")
    }

    /// The description of the finished build.
    pub fn ready(&self) -> PathBuf {
        self.0.join("ready.json")
    }

    /// What cargo and rustc have printed about the toolchain.
    pub fn answers(&self) -> PathBuf {
        self.0.join("answers")
    }

    /// What sessions have built for their dependencies.
    pub fn dependencies(&self) -> PathBuf {
        self.0.join("dependencies")
    }

    /// Notes about which dependencies were built.
    pub fn built(&self) -> PathBuf {
        self.0.join("built")
    }
}
