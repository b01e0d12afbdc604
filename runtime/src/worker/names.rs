//! Names that processes know each other by: files in the session's folder, and programs.

use std::ffi::CStr;

/// The file, in the session's folder, that holds the process group of the compile that runs now.
pub const COMPILER_FILE: &str = "compiler.pid";
/// The link, in the session's folder, to the folder of the kernel's private sockets.
pub const SOCKETS_LINK: &str = "sockets";

/// The program's name, which `ps` shows for the process that runs cells.
pub(crate) const PROGRAM_NAME: &str = "worker";
/// What `ps` calls a copy.
pub(crate) const COPY_NAME: &CStr = c"threadbook-copy";
