//! What ends a process, in words, in two files with the same interface.

#[cfg(unix)]
mod unix;
#[cfg(unix)]
pub(super) use unix::is_abort;
#[cfg(unix)]
pub(super) use unix::is_kill;
#[cfg(unix)]
pub(super) use unix::of;

#[cfg(windows)]
mod windows;
#[cfg(windows)]
pub(super) use windows::is_abort;
#[cfg(windows)]
pub(super) use windows::is_kill;
#[cfg(windows)]
pub(super) use windows::of;
