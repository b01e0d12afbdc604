//! The number and the name of a process.

use std::fmt;
use std::sync::Arc;

/// The number and the name of a process: see [`current`](super::current) and [`active`](super::active).
///
/// Stands for an entry of Python's `multiprocessing.active_children()`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Info {
    pub(super) pid: u32,
    pub(super) name: Arc<str>,
    pub(super) is_daemon: bool,
}

impl Info {
    /// The number that the system gave it.
    pub fn pid(&self) -> u32 {
        self.pid
    }

    /// Its name: `main` for the process that runs cells or a program's `main`.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Whether it ends with the process that started it.
    pub fn is_daemon(&self) -> bool {
        self.is_daemon
    }
}

impl fmt::Display for Info {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Process({}, pid {})", self.name, self.pid)
    }
}
