//! The folders that the kernel writes to: may it, and is there room?

use std::env;
use std::path::Path;
use std::path::PathBuf;

use tempfile::NamedTempFile;

use super::finding::Finding;
use crate::cli::location;
use crate::env as variables;
use crate::sys::files;

/// A prepared build takes about half of this; sessions with dependencies of their own take more.
const WANTED_BYTES: u64 = 2 << 30;

/// Below this not even the prepared build fits.
const NEEDED_BYTES: u64 = 512 << 20;

/// Connection files and sessions' scratch files are small.
const NEEDED_TEMP_BYTES: u64 = 16 << 20;

pub(super) fn check() -> Vec<Finding> {
    let data_folder = location::user_data_folder();
    vec![
        check_folder(
            "cache folder",
            variables::cache_folder(),
            Room {
                needed_bytes: NEEDED_BYTES,
                wanted_bytes: WANTED_BYTES,
            },
            "set `THREADBOOK_CACHE` to a folder that can be written to, with 2 GiB of room",
        ),
        check_folder(
            "temp folder",
            Some(env::temp_dir()),
            Room {
                needed_bytes: NEEDED_TEMP_BYTES,
                wanted_bytes: NEEDED_TEMP_BYTES,
            },
            "set `TMPDIR` to a folder that can be written to",
        ),
        check_folder(
            "jupyter data folder",
            data_folder.ok(),
            Room {
                needed_bytes: 0,
                wanted_bytes: 0,
            },
            "set `JUPYTER_DATA_DIR` to a folder that can be written to, or install with `--prefix`",
        ),
    ]
}

struct Room {
    needed_bytes: u64,
    wanted_bytes: u64,
}

fn check_folder(
    what: &'static str,
    folder: Option<PathBuf>,
    room: Room,
    remedy: &'static str,
) -> Finding {
    let Some(folder) = folder else {
        return Finding::fail(what, "no home folder is known", remedy);
    };
    // A folder that is not there yet is made when it is needed, inside the nearest one that is there.
    let existing = nearest_existing(&folder);
    if let Err(error) = NamedTempFile::new_in(existing) {
        let found = format!("`{}` can't be written to: {error}", existing.display());
        return Finding::fail(what, found, remedy);
    }
    let free_bytes = match files::free_bytes(existing) {
        Ok(bytes) => bytes,
        Err(error) => {
            let found = format!(
                "can't tell the free space of `{}`: {error}",
                existing.display()
            );
            return Finding::warn(what, found, remedy);
        }
    };
    let found = format!("`{}`, {} MiB free", folder.display(), free_bytes >> 20);
    if free_bytes < room.needed_bytes {
        Finding::fail(what, found, remedy)
    } else if free_bytes < room.wanted_bytes {
        Finding::warn(what, found, remedy)
    } else {
        Finding::ok(what, found)
    }
}

fn nearest_existing(folder: &Path) -> &Path {
    folder
        .ancestors()
        .find(|ancestor| ancestor.exists())
        .unwrap_or(folder)
}

#[cfg(test)]
mod tests {
    use super::super::Level;
    use super::*;

    fn check(folder: &Path, needed_bytes: u64, wanted_bytes: u64) -> Finding {
        let room = Room {
            needed_bytes,
            wanted_bytes,
        };
        check_folder("x", Some(folder.to_owned()), room, "make room")
    }

    #[test]
    fn a_folder_to_be_made_counts_as_the_one_it_will_be_in() {
        let folder = tempfile::tempdir().unwrap();
        let finding = check(&folder.path().join("a/b"), 0, 0);
        assert_eq!(finding.level, Level::Ok, "{}", finding.found);
    }

    #[test]
    fn little_room_is_a_warning_and_too_little_a_failure() {
        let folder = tempfile::tempdir().unwrap();
        assert_eq!(check(folder.path(), 0, u64::MAX).level, Level::Warn);
        assert_eq!(check(folder.path(), u64::MAX, u64::MAX).level, Level::Fail);
    }

    #[test]
    fn a_file_in_the_place_of_the_folder_is_a_failure() {
        let file = NamedTempFile::new().unwrap();
        assert_eq!(check(file.path(), 0, 0).level, Level::Fail);
    }
}
