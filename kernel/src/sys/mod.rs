//! What the kernel asks of the operating system itself: one interface, and a folder for each kind of system.

#[cfg(unix)]
mod unix;
#[cfg(unix)]
use unix as system;

#[cfg(windows)]
mod windows;
#[cfg(windows)]
use windows as system;

pub(crate) use system::files;
pub(crate) use system::links;
pub(crate) use system::processes;
pub(crate) use system::run_signals::Signals;
pub(crate) use system::signals;
