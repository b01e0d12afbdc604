//! What the stages take from the operating system itself: private files and folders, and signals.

pub mod files;
pub(crate) mod signals;

/// The environment variable with the process id of the program that started the kernel, which the kernel must not
/// outlive.
pub const PARENT_PID: &str = "JPY_PARENT_PID";
