//! Everything around rustc: finding it, the prepared build of the runtime, the folder of a session, and the stand-in
//! for cargo that evcxr calls.
//!
//! | file | what it does |
//! | --- | --- |
//! | `sysroot` | finds the toolchain |
//! | `sources` | the runtime's sources, which travel in the kernel's binary |
//! | `prepare` | builds the runtime once per toolchain, into the cache |
//! | `cache` | lists and prunes prepared builds |
//! | `dependencies` | what is built for the dependencies that a session adds |
//! | `session` | one folder per kernel; sweeps those of kernels that were killed |
//! | `roles` | this binary under another name: `cargo`, `rustup`, the recorder |
//! | `cargo` | the stand-in for cargo: calls rustc itself when only the cell has changed |
//! | `generated` | what is changed in the code that evcxr generates |
//! | `statics` | statics that keep their values from cell to cell |

pub mod cache;
pub mod cargo;
mod dependencies;
pub mod generated;
mod prepare;
pub mod roles;
mod session;
mod sources;
pub mod statics;
mod sysroot;

pub use prepare::Prepared;
pub use prepare::prepare;
pub use prepare::prepared_folder;
pub use session::Session;
pub use sysroot::Sysroot;

use std::path::PathBuf;

/// What can go wrong before a cell is compiled.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// Nothing says where to keep prepared builds.
    #[error("no folder for prepared builds (set `THREADBOOK_CACHE`, or `HOME`)")]
    NoCache,
    /// There is no usable toolchain.
    #[error(
        "`rustc` was not found ({reason}) (install Rust with rustup, or put `rustc` on the PATH)"
    )]
    NoRustc {
        /// What starting it said.
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
        /// The last lines of what cargo said.
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

/// Adds the path to an error of the file system.
pub(crate) fn at(path: impl Into<PathBuf>) -> impl FnOnce(std::io::Error) -> Error {
    move |source| Error::File {
        path: path.into(),
        source,
    }
}

/// The first sixteen digits of a hash: enough to tell apart what one machine holds.
fn short(hasher: sha2::Sha256) -> String {
    use sha2::Digest;

    hasher
        .finalize()
        .iter()
        .take(8)
        .map(|byte| format!("{byte:02x}"))
        .collect()
}
