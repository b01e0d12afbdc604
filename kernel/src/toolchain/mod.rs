//! What the kernel process does around rustc: it finds the toolchain, prepares the runtime, and owns the session's folder.
//! **Code here runs in the kernel process.** The program that evcxr starts as cargo is in `crate::standin`, what both use
//! in `crate::build`, and changes of generated text in `crate::rewrite`.
//!
//! | file | what it does |
//! | --- | --- |
//! | `sysroot`, `configuration` | finds the toolchain; what `#[cfg(..)]` means for it |
//! | `sources`, `profile` | the runtime's sources, which travel in the kernel's binary; how dependencies are compiled |
//! | `recipe` | what a prepared build is made of, and its key |
//! | `prepare` | builds the runtime once per toolchain, into the cache |
//! | `analysis` | the toolchains that rust-analyzer is shown |
//! | `cache` | lists and prunes prepared builds |
//! | `session` | one folder per kernel; sweeps those of kernels that were killed |
//! | `dependencies` | pins and forgets the dependencies that a session has added |
//! | `compiled`, `phases` | what the stand-in has noted of a compile |
//! | `lines` | compiles a cell again with line tables, for a crash |

mod analysis;
pub mod cache;
pub(crate) mod compiled;
mod configuration;
mod dependencies;
pub mod lines;
pub mod phases;
mod prepare;
mod profile;
mod recipe;
mod session;
mod sources;
mod sysroot;

pub use crate::build::Error;
pub use configuration::RustcConfiguration;
pub use prepare::prepare;
pub use prepare::prepared_folder;
pub use session::SessionFolder;
pub use sysroot::Sysroot;
