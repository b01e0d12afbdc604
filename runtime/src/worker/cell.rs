//! What the worker knows about the cell that runs.

use std::sync::Mutex;
use std::sync::MutexGuard;
use std::sync::OnceLock;
use std::sync::PoisonError;
use std::sync::atomic::AtomicBool;
use std::sync::atomic::Ordering;
use std::thread::ThreadId;

use super::report;
use crate::wire::End;
use crate::wire::PanicInfo;
use crate::wire::Place;
use crate::wire::Report;

#[derive(Debug, Default)]
struct State {
    /// The last panic on the cell's own thread that is not known to have ended the cell.
    pending: Option<PanicInfo>,
    interrupted: bool,
    raised: Option<Raised>,
    end: Option<End>,
    type_changes: Vec<String>,
}

static STATE: Mutex<Option<State>> = Mutex::new(None);
static HAS_PENDING: AtomicBool = AtomicBool::new(false);
static MAIN_THREAD: OnceLock<ThreadId> = OnceLock::new();

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
    let _ = MAIN_THREAD.set(std::thread::current().id());
}

/// Whether the calling thread is the one that runs cells.
pub(crate) fn on_main_thread() -> bool {
    MAIN_THREAD.get() == Some(&std::thread::current().id())
}

/// A cell begins.
pub(crate) fn begin() {
    *state() = Some(State::default());
    HAS_PENDING.store(false, Ordering::Relaxed);
}

/// The cell's function has returned.
pub(crate) fn end() -> Ending {
    report_caught_panic();
    let state = state().take().unwrap_or_default();
    let end = match state.end {
        Some(_) if state.interrupted => End::Interrupted,
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

/// The person interrupted the cell while it waited.
pub(crate) fn interrupted() {
    with(|state| state.interrupted = true);
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
