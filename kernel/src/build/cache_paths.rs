//! The folders of the cache. `docs/files.md` lists what they hold.

use std::path::Path;
use std::path::PathBuf;

/// The prepared builds.
pub(crate) fn prepared(cache: &Path) -> PathBuf {
    cache.join("prepared")
}

/// The sessions of kernels, see [`SessionPaths`](crate::build::SessionPaths).
pub(crate) fn sessions(cache: &Path) -> PathBuf {
    cache.join("sessions")
}

/// The programs of `%run`.
pub(crate) fn scripts(cache: &Path) -> PathBuf {
    cache.join("scripts")
}

/// How fast builds are on this machine, see [`WaitingLine`](crate::worker::WaitingLine).
pub(crate) fn pace(cache: &Path) -> PathBuf {
    cache.join("pace")
}

/// Locked while the standard library's sources are looked for and installed.
pub(crate) fn library_lock(cache: &Path) -> PathBuf {
    cache.join("rust-src.lock")
}

/// The environments with JupyterLab of `threadbook lab`.
pub(crate) fn lab(cache: &Path) -> PathBuf {
    cache.join("lab")
}
