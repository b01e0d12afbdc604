//! What the worker knows about the cell that runs.

use std::sync::Mutex;
use std::sync::MutexGuard;
use std::sync::PoisonError;
use std::sync::atomic::AtomicBool;
use std::sync::atomic::AtomicUsize;
use std::sync::atomic::Ordering;

use super::report;
use super::shared;
use super::sys;
use crate::wire::End;
use crate::wire::PanicInfo;
use crate::wire::Place;
use crate::wire::Report;

#[derive(Debug, Default)]
struct State {
    /// The last panic on the cell's own thread that is not known to have ended the cell.
    pending: Option<PanicInfo>,
    raised: Option<Raised>,
    end: Option<End>,
    type_changes: Vec<String>,
}

static STATE: Mutex<Option<State>> = Mutex::new(None);
static HAS_PENDING: AtomicBool = AtomicBool::new(false);
/// The C library's name of the thread that runs cells; 0 outside a worker.
static MAIN_THREAD: AtomicUsize = AtomicUsize::new(0);
/// Whether something has made the cell stop since the person interrupted it.
static INTERRUPTED: AtomicBool = AtomicBool::new(false);

/// An error of a helper, which unwinds the cell.
#[derive(Debug)]
pub(crate) struct Raised {
    pub(crate) ename: String,
    pub(crate) message: String,
}

/// What a cell left behind.
#[derive(Debug)]
pub(crate) struct Ending {
    pub(crate) end: End,
    pub(crate) type_changes: Vec<String>,
}

/// The calling thread is the one that runs cells.
pub(crate) fn set_main_thread() {
    MAIN_THREAD.store(sys::this_thread(), Ordering::Relaxed);
}

/// Whether the calling thread is the one that runs cells.
pub(crate) fn on_main_thread() -> bool {
    MAIN_THREAD.load(Ordering::Relaxed) == sys::this_thread()
}

/// A cell begins.
pub(crate) fn begin() {
    *state() = Some(State::default());
    HAS_PENDING.store(false, Ordering::Relaxed);
    INTERRUPTED.store(false, Ordering::Relaxed);
}

/// Whether the calling thread runs a cell that the person has interrupted, and may be unwound.
pub(crate) fn must_stop() -> bool {
    shared::get().is_some_and(|shared| shared.interrupts.load(Ordering::Relaxed) > 0)
        && on_main_thread()
        && !std::thread::panicking()
}

/// The cell's function has returned.
pub(crate) fn end() -> Ending {
    report_caught_panic();
    let state = state().take().unwrap_or_default();
    let end = match state.end {
        Some(_) if INTERRUPTED.load(Ordering::Relaxed) => End::Interrupted,
        Some(End::Panicked(_)) if let Some(Raised { ename, message }) = state.raised => {
            End::Raised { ename, message }
        }
        Some(end) => end,
        None => End::Finished,
    };
    Ending {
        end,
        type_changes: state.type_changes,
    }
}

/// The cell's own thread panics; whether the cell catches it is not known yet.
pub(crate) fn panicking(info: PanicInfo) {
    let earlier = state().as_mut().and_then(|state| {
        // The cell has caught what a helper raised, or it would not have come to panic.
        state.raised = None;
        state.pending.replace(info)
    });
    HAS_PENDING.store(true, Ordering::Relaxed);
    if let Some(earlier) = earlier {
        // Had it not been caught, the cell would not have come to panic again.
        report(&Report::Panic(earlier));
    }
}

/// The panic reached the edge of the cell.
pub(crate) fn panicked() {
    HAS_PENDING.store(false, Ordering::Relaxed);
    with(|state| {
        let info = state.pending.take().unwrap_or_else(|| PanicInfo {
            thread: "main".to_owned(),
            message: "unwound without a panic (`resume_unwind`)".to_owned(),
            place: Place::default(),
        });
        state.end = Some(End::Panicked(info));
    });
}

/// If the cell has panicked and goes on, it has caught the panic: the message is shown as it would be in a program.
pub(crate) fn report_caught_panic() {
    if let Some(info) = take_caught_panic() {
        report(&Report::Panic(info));
    }
}

/// The panic that the cell has caught, once.
pub(crate) fn take_caught_panic() -> Option<PanicInfo> {
    if !HAS_PENDING.load(Ordering::Relaxed) || !on_main_thread() || std::thread::panicking() {
        return None;
    }
    HAS_PENDING.store(false, Ordering::Relaxed);
    state().as_mut().and_then(|state| state.pending.take())
}

/// A `?` leaves the cell.
pub(crate) fn returned(message: String, type_name: String, place: Place) {
    with(|state| {
        state.end = Some(End::Returned {
            message,
            type_name,
            place,
        })
    });
}

/// The cell is made to stop, since the person interrupted it.
pub(crate) fn interrupted() {
    INTERRUPTED.store(true, Ordering::Relaxed);
}

/// Whether the cell was made to stop.
pub(crate) fn is_interrupted() -> bool {
    INTERRUPTED.load(Ordering::Relaxed)
}

/// A helper is about to unwind the cell.
pub(crate) fn raised(error: Raised) {
    with(|state| state.raised = Some(error));
}

/// evcxr finds a stored variable of another type.
pub(crate) fn type_changed(name: &str) {
    with(|state| state.type_changes.push(name.to_owned()));
}

fn with(change: impl FnOnce(&mut State)) {
    if let Some(state) = state().as_mut() {
        change(state);
    }
}

fn state() -> MutexGuard<'static, Option<State>> {
    STATE.lock().unwrap_or_else(PoisonError::into_inner)
}
