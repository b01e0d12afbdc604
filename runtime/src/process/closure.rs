//! The closure that this process runs, where another process has started it for one: which thread runs it, and where it
//! has panicked.

use std::any::Any;
use std::io;
use std::io::Write;
use std::sync::Mutex;
use std::sync::MutexGuard;
use std::sync::PoisonError;
use std::thread::ThreadId;

use super::outcome::Panic;
use super::registry;
use crate::panics;
use crate::wire::Place;
use crate::worker;

/// The thread of this process that runs its closure; nothing where the process was not started by this module.
static THREAD: Mutex<Option<ThreadId>> = Mutex::new(None);
/// Where the closure has panicked last.
static PANICKED: Mutex<Option<Place>> = Mutex::new(None);

/// The locks of this file, which a forking thread holds.
pub(super) struct Locks {
    thread: MutexGuard<'static, Option<ThreadId>>,
    panicked: MutexGuard<'static, Option<Place>>,
}

/// Takes the locks of this file.
pub(super) fn lock() -> Locks {
    Locks {
        thread: THREAD.lock().unwrap_or_else(PoisonError::into_inner),
        panicked: PANICKED.lock().unwrap_or_else(PoisonError::into_inner),
    }
}

impl Locks {
    /// In the child: its closure runs on the calling thread, and has not panicked.
    pub(super) fn begin(&mut self) {
        *self.thread = Some(std::thread::current().id());
        *self.panicked = None;
    }
}

/// The closure runs on the calling thread from now on.
pub(super) fn set_thread() {
    *THREAD.lock().unwrap_or_else(PoisonError::into_inner) = Some(std::thread::current().id());
}

/// The panic that the closure was unwound with.
pub(super) fn panic_of(payload: &(dyn Any + Send)) -> Panic {
    panic_with(panics::text_of(payload))
}

pub(super) fn panic_with(message: String) -> Panic {
    let place = PANICKED
        .lock()
        .unwrap_or_else(PoisonError::into_inner)
        .take();
    Panic { message, place }
}

/// The words for the process, or the thread of one, that panics; `None` in a process that this module has not started.
pub(crate) fn panicking(place: &Place) -> Option<String> {
    let closure = *THREAD.lock().unwrap_or_else(PoisonError::into_inner);
    let thread = std::thread::current();
    let is_closure = closure? == thread.id();
    if is_closure {
        *PANICKED.lock().unwrap_or_else(PoisonError::into_inner) = Some(place.clone());
    }
    let info = registry::current();
    let process = format!("process \"{}\" ({})", info.name, info.pid);
    Some(match is_closure {
        true => process,
        false => format!(
            "thread '{}' of {process}",
            thread.name().unwrap_or("<unnamed>")
        ),
    })
}

/// Writes out what this process has printed and not yet written.
pub(super) fn flush() {
    worker::settle();
    let _ = io::stderr().flush();
}
