//! A private cache folder for a test. Most of these folders share the user's prepared builds, because a prepared build
//! takes half a minute to make.

use std::fs;
use std::os::unix::fs::symlink;
use std::path::Path;
use std::path::PathBuf;

use anyhow::Context as _;
use anyhow::Result;
use tempfile::TempDir;
use threadbook_kernel::env::cache_folder;

/// The folder, removed on drop. It contains only the sessions of the test, even if the user runs other kernels.
#[derive(Debug)]
pub struct PrivateCache {
    folder: TempDir,
}

impl PrivateCache {
    /// Makes a folder that shares the user's prepared builds.
    pub fn new() -> Result<PrivateCache> {
        PrivateCache::new_in(&std::env::temp_dir())
    }

    /// Does the same as `new`, below another folder.
    pub fn new_in(parent: &Path) -> Result<PrivateCache> {
        let prepared = cache_folder()
            .context("neither a cache folder nor a home folder is known")?
            .join("prepared");
        fs::create_dir_all(&prepared)
            .with_context(|| format!("can't make `{}`", prepared.display()))?;
        let cache = PrivateCache::make(parent, "threadbook-test-cache-")?;
        symlink(&prepared, cache.prepared()).context("can't link the builds")?;
        Ok(cache)
    }

    /// Makes a folder without any build: the first kernel makes one. The folder's name contains characters that break
    /// commands which are built as unquoted text.
    pub fn empty() -> Result<PrivateCache> {
        PrivateCache::make(&std::env::temp_dir(), "threadbook test's кеш $1 ")
    }

    fn make(parent: &Path, prefix: &str) -> Result<PrivateCache> {
        let folder = tempfile::Builder::new()
            .prefix(prefix)
            .tempdir_in(parent)
            .context("can't make a cache folder")?;
        Ok(PrivateCache { folder })
    }

    /// The folder's path, for `THREADBOOK_CACHE`.
    pub fn path(&self) -> &Path {
        self.folder.path()
    }

    /// The folder of the prepared builds.
    pub fn prepared(&self) -> PathBuf {
        self.folder.path().join("prepared")
    }

    /// The folders of builds, finished or not.
    pub fn builds(&self) -> Vec<PathBuf> {
        let entries = fs::read_dir(self.prepared()).into_iter().flatten();
        let paths = entries.flatten().map(|entry| entry.path());
        paths.filter(|path| path.is_dir()).collect()
    }

    /// The folder that contains the session folders.
    pub fn sessions(&self) -> PathBuf {
        self.folder.path().join("sessions")
    }

    /// The session folders that exist now.
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
