//! A cache folder of a test's own that shares the prepared builds, which take half a minute to make, with the user's.

use std::fs;
use std::os::unix::fs::symlink;
use std::path::Path;
use std::path::PathBuf;

use anyhow::Context as _;
use anyhow::Result;
use tempfile::TempDir;
use threadbook_kernel::env::cache_folder;

/// The folder, removed on drop. Whatever other kernels the user runs, its sessions are those of the test.
#[derive(Debug)]
pub struct PrivateCache {
    folder: TempDir,
}

impl PrivateCache {
    /// Makes the folder.
    pub fn new() -> Result<PrivateCache> {
        let prepared = cache_folder()
            .context("neither a cache folder nor a home folder is known")?
            .join("prepared");
        fs::create_dir_all(&prepared)
            .with_context(|| format!("can't make `{}`", prepared.display()))?;
        let folder = tempfile::Builder::new()
            .prefix("threadbook-test-cache-")
            .tempdir()
            .context("can't make a cache folder")?;
        symlink(&prepared, folder.path().join("prepared")).context("can't link the builds")?;
        Ok(PrivateCache { folder })
    }

    /// The folder itself, for `THREADBOOK_CACHE`.
    pub fn path(&self) -> &Path {
        self.folder.path()
    }

    /// Where the folders of sessions are.
    pub fn sessions(&self) -> PathBuf {
        self.folder.path().join("sessions")
    }

    /// What sessions have there now.
    pub fn session_files(&self) -> Vec<PathBuf> {
        let Ok(entries) = fs::read_dir(self.sessions()) else {
            return Vec::new();
        };
        entries
            .flatten()
            .map(|entry| entry.path())
            .filter(|path| path.file_name().is_some_and(|name| name != ".cargo"))
            .collect()
    }
}
