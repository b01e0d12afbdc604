//! All that a parent keeps of a process that it has started.

use std::fs::File;
use std::os::fd::AsFd;
use std::os::fd::OwnedFd;
use std::os::unix::fs::FileExt;
use std::sync::OnceLock;

use super::ended::Ended;
use super::info::Info;
use super::outcome;
use super::outcome::Outcome;
use super::sys;
use super::sys::Exit;

/// All that the parent keeps of a process.
#[derive(Debug)]
pub(super) struct Handle {
    pub(super) info: Info,
    /// Can be read once it has ended.
    pub(super) watch: OwnedFd,
    /// Where it leaves its value.
    pub(super) file: File,
    /// The process that has started it.
    pub(super) parent: i32,
    /// Whose code has started it: which load of a cell.
    pub(super) load: u32,
    /// Whether it has a process group of its own, with what it starts.
    pub(super) is_group: bool,
    pub(super) exit: OnceLock<Exit>,
    pub(super) outcome: OnceLock<Outcome>,
}

impl Handle {
    /// Whether it has not ended.
    pub(super) fn is_alive(&self) -> bool {
        !sys::is_ready(self.watch.as_fd())
    }

    /// Whether this process has started it, and not one that this one is a copy of.
    pub(super) fn is_own(&self) -> bool {
        self.parent == sys::pid()
    }

    /// Waits for its end, whatever happens; takes note of it once.
    pub(super) fn exit(&self) -> Exit {
        *self.exit.get_or_init(|| sys::reap(self.watch.as_fd()))
    }

    /// How it ended, once it has: the bytes of its value.
    pub(super) fn end(&self) -> Result<Vec<u8>, Ended> {
        let exit = self.exit();
        let outcome = self.outcome.get_or_init(|| {
            let mut bytes = vec![0; self.file.metadata().map_or(0, |file| file.len()) as usize];
            let read = self.file.read_exact_at(&mut bytes, 0);
            read.map_or(Outcome::Missing, |()| outcome::read(&bytes))
        });
        match (exit, outcome) {
            (Exit::Signal(number), _) => Err(Ended::Signal(number)),
            (_, Outcome::Value(bytes)) => Ok(bytes.clone()),
            (_, Outcome::Failed(ended)) => Err(ended.clone()),
            (Exit::Code(code), Outcome::Missing) => Err(Ended::Exited(code)),
            (Exit::Unknown, Outcome::Missing) => Err(Ended::Lost),
        }
    }

    /// Sends a signal to it and to what it has started, where these have a group of their own.
    pub(super) fn signal_all(&self, number: i32) {
        if self.is_group && self.is_own() && self.exit.get().is_none() {
            sys::signal_group(self.info.pid.cast_signed(), number);
        } else {
            sys::signal(self.watch.as_fd(), number);
        }
    }
}
