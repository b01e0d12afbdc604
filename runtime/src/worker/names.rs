//! Names that several processes share: files in the session's folder, and programs.

use std::ffi::CStr;

/// The file, in the session's folder, that holds the process group of the compile that runs now.
pub const COMPILER_FILE: &str = "compiler.pid";
/// The ending of the lock file beside the session's folder.
pub const LOCK_EXTENSION: &str = "lock";
/// The file, in the session's folder, that a cell is compiled from, as rustc names it in places.
pub const SOURCE_FILE: &str = "src/lib.rs";
/// The link, in the session's folder, to the folder of the kernel's private sockets.
pub const SOCKETS_LINK: &str = "sockets";

/// The program's name, which `ps` shows for the process that runs cells.
pub(crate) const PROGRAM_NAME: &str = "worker";
/// What `ps` calls a copy.
pub(crate) const COPY_NAME: &CStr = c"threadbook-copy";
