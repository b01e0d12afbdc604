//! The worker's state of the cell that runs.

use std::any::Any;
use std::collections::VecDeque;
use std::sync::Mutex;
use std::sync::MutexGuard;
use std::sync::PoisonError;
use std::sync::atomic::AtomicBool;
use std::sync::atomic::AtomicUsize;
use std::sync::atomic::Ordering;

use super::calls;
use super::outbox::report;
use super::shared;
use super::sys;
use crate::panics;
use crate::wire::Calls;
use crate::wire::End;
use crate::wire::PanicInfo;
use crate::wire::Place;
use crate::wire::Report;

#[derive(Debug, Default)]
pub(super) struct CellState {
    /// The last panic on the cell's own thread that is not known to have ended the cell.
    pending: Option<PanicInfo>,
    /// Panics that were shown and did not end the cell so far, the newest first.
    shown: VecDeque<PanicInfo>,
    /// The message of what the cell is unwound with.
    unwinds_with: Option<String>,
    raised: Option<Raised>,
    /// Where the cell was when it was made to stop.
    stopped: Option<Calls>,
    end: Option<End>,
    /// Whether a `return` has ended the cell before its last line.
    left: bool,
    type_changes: Vec<String>,
}

/// What std calls the thread that runs cells.
const MAIN: &str = "main";
/// How many panics are kept that were shown.
const KEPT: usize = 16;

static STATE: Mutex<Option<CellState>> = Mutex::new(None);
static HAS_PENDING: AtomicBool = AtomicBool::new(false);
/// The C library's name of the thread that runs cells; 0 outside a worker.
static MAIN_THREAD: AtomicUsize = AtomicUsize::new(0);
/// Whether a cell's code runs: what is done after it is not stopped by an interrupt that was for the cell.
static RUNS: AtomicBool = AtomicBool::new(false);
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
    /// Whether the cell has left out what would have kept its variables.
    pub(crate) left: bool,
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

/// In a child of the process that runs cells: no thread of it does. Takes no lock.
pub(super) fn leave() {
    MAIN_THREAD.store(0, Ordering::Relaxed);
    RUNS.store(false, Ordering::Relaxed);
    HAS_PENDING.store(false, Ordering::Relaxed);
    INTERRUPTED.store(false, Ordering::Relaxed);
}

/// The state of the cell, locked.
pub(super) fn lock() -> MutexGuard<'static, Option<CellState>> {
    state()
}

/// A cell begins.
pub(crate) fn begin() {
    *state() = Some(CellState::default());
    HAS_PENDING.store(false, Ordering::Relaxed);
    INTERRUPTED.store(false, Ordering::Relaxed);
    RUNS.store(true, Ordering::Relaxed);
}

/// Whether the calling thread runs a cell that the person has interrupted, and may be unwound.
pub(crate) fn must_stop() -> bool {
    shared::is_interrupted()
        && RUNS.load(Ordering::Relaxed)
        && on_main_thread()
        && !std::thread::panicking()
}

/// The cell's function has returned.
pub(crate) fn end() -> Ending {
    RUNS.store(false, Ordering::Relaxed);
    report_caught_panic();
    let state = state().take().unwrap_or_default();
    let is_own = |panic: &PanicInfo| panic.thread == MAIN;
    let mut shown = state.shown.into_iter();
    let of_thread = shown.find(|panic| !is_own(panic));
    let of_thread = of_thread.map(|panic| Box::new(located(panic)));
    let end = match state.end {
        Some(_) if INTERRUPTED.load(Ordering::Relaxed) => End::Interrupted {
            calls: Box::new(calls::locate(state.stopped.unwrap_or_default())),
        },
        Some(End::Panicked { .. }) if let Some(Raised { ename, message }) = state.raised => {
            End::Raised { ename, message }
        }
        Some(End::Panicked { panic, .. }) => End::Panicked {
            of_thread: of_thread.filter(|_| is_own(&panic)),
            panic: located(panic),
        },
        Some(End::Returned {
            message,
            type_name,
            place,
            ..
        }) => End::Returned {
            message,
            type_name,
            place,
            of_thread,
        },
        Some(end) => end,
        None => End::Finished,
    };
    Ending {
        left: state.left || matches!(end, End::Returned { .. }),
        end,
        type_changes: state.type_changes,
    }
}

/// A panic whose calls are to be shown.
fn located(panic: PanicInfo) -> PanicInfo {
    PanicInfo {
        calls: Box::new(calls::locate(*panic.calls)),
        ..panic
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
        report(&shown(earlier));
    }
}

/// A thread other than the cell's panics.
pub(crate) fn thread_panicked(info: PanicInfo) {
    report(&shown(info));
}

/// The cell's code is being unwound, with this.
pub(crate) fn unwinds_with(payload: &(dyn Any + Send)) {
    with(|state| state.unwinds_with = Some(panics::text_of(payload)));
}

/// The panic reached the edge of the cell.
pub(crate) fn panicked() {
    with(|state| {
        let panic = state.last_panic().unwrap_or_else(|| PanicInfo {
            thread: MAIN.to_owned(),
            of_process: None,
            message: "unwound without a panic (`resume_unwind`)".to_owned(),
            place: Place::default(),
            calls: Box::default(),
        });
        HAS_PENDING.store(state.pending.is_some(), Ordering::Relaxed);
        state.end = Some(End::Panicked {
            panic,
            of_thread: None,
        });
    });
}

impl CellState {
    /// The panic that unwinds the cell: its latest, or one that it goes on with after it was caught, as rayon does with
    /// those of its threads.
    fn last_panic(&mut self) -> Option<PanicInfo> {
        let is_it = |info: &PanicInfo| self.unwinds_with.as_ref() == Some(&info.message);
        if !self.pending.as_ref().is_some_and(is_it)
            && let Some(index) = self.shown.iter().position(is_it)
        {
            return self.shown.remove(index);
        }
        self.pending.take()
    }
}

/// If the cell has panicked and goes on, it has caught the panic: the message is shown as it would be in a program.
pub(crate) fn report_caught_panic() {
    if let Some(caught) = take_caught_panic() {
        report(&caught);
    }
}

/// Shows the panic that the cell has caught, once.
pub(crate) fn take_caught_panic() -> Option<Report> {
    if !HAS_PENDING.load(Ordering::Relaxed) || !on_main_thread() || std::thread::panicking() {
        return None;
    }
    HAS_PENDING.store(false, Ordering::Relaxed);
    let caught = state().as_mut().and_then(|state| state.pending.take());
    caught.map(shown)
}

/// Shows a panic that has not ended the cell: with its own place alone. What is known of it is kept for the case that
/// the cell goes on with it.
fn shown(mut info: PanicInfo) -> Report {
    let calls = std::mem::take(&mut info.calls);
    let report = Report::Panic(info.clone());
    info.calls = calls;
    with(|state| {
        state.shown.truncate(KEPT - 1);
        state.shown.push_front(info);
    });
    report
}

/// A `?` leaves the cell.
pub(crate) fn returned(message: String, type_name: String, place: Place) {
    with(|state| {
        state.end = Some(End::Returned {
            message,
            type_name,
            place,
            of_thread: None,
        })
    });
}

/// A `return` ends the cell.
pub(crate) fn left() {
    with(|state| state.left = true);
}

/// A program that the cell has run ends with an exit code that means a failure.
pub(crate) fn exited(message: &str) {
    with(|state| {
        state.end = Some(End::Raised {
            ename: "Exited".to_owned(),
            message: message.to_owned(),
        });
    });
}

/// The cell is made to stop, since the person interrupted it.
pub(crate) fn interrupted() {
    INTERRUPTED.store(true, Ordering::Relaxed);
    note_stop();
}

/// Notes where the cell is that is to stop, unless that is known.
pub(crate) fn note_stop() {
    if !on_main_thread() {
        return;
    }
    with(|state| {
        state.stopped.get_or_insert_with(calls::note);
    });
}

/// Whether the cell was made to stop.
pub(crate) fn is_interrupted() -> bool {
    INTERRUPTED.load(Ordering::Relaxed)
}

/// Whether the calling thread runs a cell that is being unwound since the person interrupted it.
pub(crate) fn is_unwound_by_interrupt() -> bool {
    is_interrupted() && on_main_thread() && std::thread::panicking()
}

/// A helper is about to unwind the cell.
pub(crate) fn raised(error: Raised) {
    with(|state| state.raised = Some(error));
}

/// evcxr finds a stored variable of another type.
pub(crate) fn type_changed(name: &str) {
    with(|state| state.type_changes.push(name.to_owned()));
}

fn with(change: impl FnOnce(&mut CellState)) {
    if let Some(state) = state().as_mut() {
        change(state);
    }
}

fn state() -> MutexGuard<'static, Option<CellState>> {
    STATE.lock().unwrap_or_else(PoisonError::into_inner)
}
