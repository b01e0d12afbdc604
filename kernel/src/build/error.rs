//! What can go wrong before a cell is compiled.

use std::io::ErrorKind;
use std::path::Path;
use std::path::PathBuf;

use crate::sys::files;

/// What can go wrong before a cell is compiled.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// There is no folder for prepared builds.
    #[error("no folder for prepared builds (set `THREADBOOK_CACHE`, or `HOME`)")]
    NoCache,
    /// There is no usable toolchain.
    #[error(
        "`rustc` was not found ({reason}) (install Rust with rustup, or put `rustc` on the PATH)"
    )]
    NoRustc {
        /// The system's error.
        reason: String,
    },
    /// rust-analyzer needs the standard library's sources.
    #[error("the standard library's sources are missing at `{}` (run `rustup component add rust-src`)", .path.display())]
    NoRustSrc {
        /// Where they were looked for.
        path: PathBuf,
    },
    /// The runtime did not compile.
    #[error("the runtime could not be built in `{}`: {reason} (run `threadbook doctor`)", .folder.display())]
    Build {
        /// Where it was built.
        folder: PathBuf,
        /// The last lines of cargo's output.
        reason: String,
    },
    /// There is no room for what has to be written.
    #[error(
        "no room for the prepared build in the cache folder `{}`: {reason} (free some space, or set \
         `THREADBOOK_CACHE` to a folder on another disk)",
        .cache.display()
    )]
    NoRoom {
        /// The cache folder.
        cache: PathBuf,
        /// The error of the system or of a compiler.
        reason: String,
    },
    /// A file or folder could not be made or read.
    #[error("`{}`: {source}", .path.display())]
    File {
        /// Which.
        path: PathBuf,
        /// Why.
        source: std::io::Error,
    },
}

impl Error {
    /// Says so where a full disk is the reason, be it that of the kernel or of a compiler.
    pub(crate) fn with_room_in(self, cache: &Path) -> Error {
        let reason = match &self {
            Error::File { source, .. } if is_no_room(source) => source.to_string(),
            Error::Build { reason, .. } => match no_room_line(reason) {
                Some(line) => line,
                None if is_full(cache) => "no space left".to_owned(),
                None => return self,
            },
            _ => return self,
        };
        Error::NoRoom {
            cache: cache.to_owned(),
            reason,
        }
    }
}

fn is_no_room(error: &std::io::Error) -> bool {
    // The last is a limit of the process's own, such as `ulimit -f` sets.
    [
        ErrorKind::StorageFull,
        ErrorKind::QuotaExceeded,
        ErrorKind::FileTooLarge,
    ]
    .contains(&error.kind())
}

/// The line of a compiler's output with this error.
fn no_room_line(said: &str) -> Option<String> {
    let reasons = files::no_room_words();
    let is_about_room = |line: &&str| {
        reasons.iter().any(|reason| {
            // Such as `No space left on device (os error 28)`; C programs leave out the number.
            line.contains(reason.split(" (").next().unwrap_or(reason))
        })
    };
    Some(said.lines().find(is_about_room)?.trim().to_owned())
}

/// A program whose file is mapped into memory dies of a full disk without a word.
fn is_full(folder: &Path) -> bool {
    const LEAST_BYTES: u64 = 4 << 20;
    files::free_bytes(folder).is_ok_and(|bytes| bytes < LEAST_BYTES)
}

/// Adds the path to an error of the file system.
pub(crate) fn at(path: impl Into<PathBuf>) -> impl FnOnce(std::io::Error) -> Error {
    move |source| Error::File {
        path: path.into(),
        source,
    }
}
