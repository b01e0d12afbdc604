//! A cache folder of a test's own. Most share the prepared builds, which take half a minute to make, with the user's.

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
    /// Makes a folder that shares the user's prepared builds.
    pub fn new() -> Result<PrivateCache> {
        PrivateCache::new_in(&std::env::temp_dir())
    }

    /// The same below another folder.
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

    /// Makes a folder without any build: the first kernel makes one. Its name has what breaks commands that are put
    /// together as text.
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

    /// The folder itself, for `THREADBOOK_CACHE`.
    pub fn path(&self) -> &Path {
        self.folder.path()
    }

    /// Where the prepared builds are.
    pub fn prepared(&self) -> PathBuf {
        self.folder.path().join("prepared")
    }

    /// The folders of builds, finished or not.
    pub fn builds(&self) -> Vec<PathBuf> {
        let entries = fs::read_dir(self.prepared()).into_iter().flatten();
        let paths = entries.flatten().map(|entry| entry.path());
        paths.filter(|path| path.is_dir()).collect()
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
