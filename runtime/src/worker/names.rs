//! Names that processes know each other by: variables, files in the session's folder, programs.

use std::ffi::CStr;

/// Names the file descriptors that the kernel hands to the worker.
pub const FDS_VAR: &str = "THREADBOOK_WORKER_FDS";
/// The file, in the session's folder, that holds the process group of the compile that runs now.
pub const COMPILER_FILE: &str = "compiler.pid";
/// The link, in the session's folder, to the folder of the kernel's private sockets.
pub const SOCKETS_LINK: &str = "sockets";
/// Resident megabytes above which no copy of the live worker is made.
pub const SNAPSHOT_LIMIT_VAR: &str = "THREADBOOK_SNAPSHOT_LIMIT_MB";
/// Names the session's folder, which goes when the kernel does.
pub const SESSION_VAR: &str = "THREADBOOK_WORKER_SESSION";

/// The program's name, which `ps` shows for the process that runs cells.
pub(crate) const PROGRAM_NAME: &str = "worker";
/// What `ps` calls a copy.
pub(crate) const COPY_NAME: &CStr = c"threadbook-copy";
