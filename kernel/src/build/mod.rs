//! What the kernel process and the stand-in both use to compile cells. **Code here runs in both processes**: the kernel
//! (`crate::toolchain`, `crate::evaluator`) and the stand-in (`crate::standin`).
//!
//! | file | what it has |
//! | --- | --- |
//! | `session_paths` | the files of a session's folder: who writes and reads each, and how long it lives |
//! | `prepared_paths`, `cache_paths` | the same for a prepared build and for the cache |
//! | `prepared`, `preloaded` | a finished prepared build; the crates that every cell may name |
//! | `features` | features of the runtime's dependencies that are on from the start |
//! | `call` | how rustc is called for a cell |
//! | `optimizing` | whether a cell is compiled with ThinLTO |
//! | `again` | large cells that run again, of which rustc keeps what it has made |
//! | `linker` | how a cell's objects are linked |
//! | `added`, `lock_files`, `pinned` | the dependencies that a session has added, and their versions |
//! | `results` | how a cell's value is shown |
//! | `variables`, `phases` | what the stand-in notes of a compile for the kernel |
//! | `steps`, `cargo_said` | what a long build does, for the line under the cell; what else cargo prints |
//! | `role_names` | the names that the kernel's program plays |
//! | `cargo_cli`, `notes`, `error` | small helpers |

pub(crate) mod added;
pub(crate) mod again;
pub(crate) mod cache_paths;
pub(crate) mod call;
pub(crate) mod cargo_cli;
pub(crate) mod cargo_said;
pub(crate) mod error;
pub(crate) mod features;
pub(crate) mod linker;
pub(crate) mod lock_files;
pub(crate) mod notes;
pub(crate) mod optimizing;
pub mod phases;
pub mod pinned;
pub(crate) mod preloaded;
mod prepared;
mod prepared_paths;
mod results;
pub(crate) mod role_names;
pub mod session_paths;
pub mod steps;
pub mod variables;

pub use call::RustcCall;
pub use error::Error;
pub use prepared::Prepared;
pub use prepared_paths::PreparedPaths;
pub use results::Results;
pub use session_paths::SessionPaths;
