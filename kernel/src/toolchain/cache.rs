//! The content of the cache, and the removal of what is not needed.

use std::fs::File;
use std::path::Path;
use std::path::PathBuf;
use std::time::SystemTime;

use super::session;
use crate::build::Error;
use crate::build::Prepared;
use crate::build::PreparedPaths;
use crate::build::cache_paths;
use crate::build::error::at;

/// One prepared build in the cache.
#[derive(Debug)]
pub struct Entry {
    /// Its folder.
    pub path: PathBuf,
    /// What it takes on disk.
    pub bytes: u64,
    /// The first line of its rustc's version text; `None` where the build was not finished.
    pub toolchain: Option<String>,
    /// How many kernels use it now.
    pub kernels: usize,
}

/// The prepared builds, by folder.
pub fn entries(cache: &Path) -> Result<Vec<Entry>, Error> {
    let folder = cache_paths::prepared(cache);
    if !folder.exists() {
        return Ok(Vec::new());
    }
    let in_use = session::prepared_in_use(cache);
    let mut entries = Vec::new();
    for entry in std::fs::read_dir(&folder).map_err(at(&folder))? {
        let path = entry.map_err(at(&folder))?.path();
        if !path.is_dir() {
            continue;
        }
        let toolchain = Prepared::open(PreparedPaths::new(&path))
            .ok()
            .and_then(|prepared| prepared.toolchain().lines().next().map(str::to_owned));
        let kernels = in_use.iter().filter(|used| **used == path).count();
        let bytes = size(&path).map_err(at(&path))?;
        entries.push(Entry {
            path,
            bytes,
            toolchain,
            kernels,
        });
    }
    entries.sort_by(|left, right| left.path.cmp(&right.path));
    Ok(entries)
}

/// The version text of the rustc of the build that was made last.
pub(super) fn latest_toolchain(cache: &Path) -> Option<String> {
    let entries = std::fs::read_dir(cache_paths::prepared(cache))
        .ok()?
        .flatten();
    let mut builds: Vec<(SystemTime, String)> = entries
        .filter_map(|entry| {
            let prepared = Prepared::open(PreparedPaths::new(entry.path())).ok()?;
            Some((prepared.made()?, prepared.toolchain().to_owned()))
        })
        .collect();
    builds.sort();
    builds.pop().map(|(_, toolchain)| toolchain)
}

/// Removes the builds that no kernel uses, but for the one to keep; gives what was removed.
pub fn prune(cache: &Path, keep: Option<&Path>) -> Result<Vec<Entry>, Error> {
    let mut removed = Vec::new();
    for entry in entries(cache)? {
        if entry.kernels > 0 || keep == Some(entry.path.as_path()) {
            continue;
        }
        let lock_path = PreparedPaths::new(&entry.path).lock();
        let lock = File::create(&lock_path).map_err(at(&lock_path))?;
        // A build that is being made holds its lock.
        if lock.try_lock().is_ok() {
            std::fs::remove_dir_all(&entry.path).map_err(at(&entry.path))?;
            // The empty lock file stays: a kernel that waits for it and one that made another would both build.
            removed.push(entry);
        }
    }
    // A script's program is compiled again in a moment; one that runs keeps its file.
    let scripts = cache_paths::scripts(cache);
    match std::fs::remove_dir_all(&scripts) {
        Err(error) if error.kind() != std::io::ErrorKind::NotFound => Err(at(&scripts)(error)),
        _ => Ok(removed),
    }
}

/// What a folder takes on disk.
pub fn size(path: &Path) -> std::io::Result<u64> {
    let mut bytes = 0;
    for entry in std::fs::read_dir(path)? {
        let entry = entry?;
        let metadata = entry.metadata()?;
        bytes += if metadata.is_dir() {
            size(&entry.path())?
        } else {
            metadata.len()
        };
    }
    Ok(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_unfinished_build_is_listed_and_pruned_and_the_kept_one_stays() {
        let cache = tempfile::tempdir().unwrap();
        for name in ["aa", "bb"] {
            std::fs::create_dir_all(cache.path().join("prepared").join(name)).unwrap();
            std::fs::write(
                cache.path().join("prepared").join(name).join("file"),
                "12345",
            )
            .unwrap();
        }
        let listed = entries(cache.path()).unwrap();
        assert_eq!(listed.len(), 2);
        assert_eq!(
            (listed[0].bytes, &listed[0].toolchain, listed[0].kernels),
            (5, &None, 0)
        );
        let keep = cache.path().join("prepared/bb");
        let removed = prune(cache.path(), Some(&keep)).unwrap();
        assert_eq!(removed.len(), 1);
        assert!(keep.exists() && !removed[0].path.exists());
    }

    #[test]
    fn a_cache_that_is_not_there_is_empty() {
        assert!(entries(Path::new("/nonexistent/cache")).unwrap().is_empty());
    }
}
