//! One task of a pool, as its submitter sees it.

use std::fmt;
use std::future::Future;
use std::future::IntoFuture;
use std::pin::Pin;
use std::sync::Arc;
use std::task::Context;
use std::task::Poll;
use std::task::Waker;
use std::time::Duration;

use parking_lot::Mutex;

use super::queue::Job;
use crate::blocking;
use crate::display;
use crate::display::Display;
use crate::panics;
use crate::threads::Panicked;
use crate::worker::cell;

/// A task that was given to a pool: what [`submit`](super::ThreadPoolExecutor::submit) gives. A cell can keep it.
///
/// [`result`](Pending::result) waits for what the task returns; `pending.await` does the same without blocking other
/// futures of the cell. A cell that ends in a `Pending` shows what the task does, and that display changes when the
/// task does.
///
/// Dropping it lets the task go on; what it returns is dropped then. Where the cell that owns it is interrupted, its
/// task is not begun any more; one that runs goes on.
///
/// ```
/// use threadbook::executor::ThreadPoolExecutor;
///
/// let pool = ThreadPoolExecutor::new(2);
/// let pending = pool.submit(|| 6 * 7);
/// assert_eq!(pending.result()?, 42);
/// # Ok::<(), threadbook::threads::Panicked>(())
/// ```
///
/// Python: `concurrent.futures.Future`. It has no `add_done_callback`: await it.
pub struct Pending<T> {
    ticket: Ticket<T>,
}

/// What `pending.await` polls. Ready when the task has ended: with what it returned, or its panic.
///
/// # Cancel safety
///
/// Dropping it lets the task go on, as dropping the [`Pending`] does. Polled again after it was ready, it stays
/// pending.
pub struct PendingFuture<T> {
    ticket: Ticket<T>,
}

/// The one who waits. By dropping it an interrupt reaches the task.
struct Ticket<T>(Arc<Shared<T>>);

pub(super) struct Shared<T>(Mutex<TaskState<T>>);

struct TaskState<T> {
    phase: Phase<T>,
    waker: Option<Waker>,
    /// What shows the phase.
    displays: Vec<Display>,
}

enum Phase<T> {
    Waits,
    Cancelled,
    Runs,
    Done(Result<T, Panicked>),
    Panicked(String),
    Taken,
}

impl<T> Pending<T> {
    /// A task, and the job that does it.
    pub(super) fn of<'job, F>(run: F) -> (Pending<T>, Box<dyn Job + 'job>)
    where
        T: Send + 'job,
        F: FnOnce() -> T + Send + 'job,
    {
        let shared = Arc::new(Shared(Mutex::new(TaskState {
            phase: Phase::Waits,
            waker: None,
            displays: Vec::new(),
        })));
        let submitted = Submitted {
            run,
            shared: Arc::clone(&shared),
        };
        let ticket = Ticket(shared);
        (Pending { ticket }, Box::new(submitted))
    }

    /// Waits until the task has ended, and gives what it returned.
    ///
    /// An interrupt meanwhile unwinds the cell. A task that waits for a later one of the same pool, whose threads are
    /// all busy, waits for ever.
    ///
    /// # Errors
    ///
    /// The task's panic.
    ///
    /// ```
    /// use threadbook::executor::ThreadPoolExecutor;
    ///
    /// let pool = ThreadPoolExecutor::new(1);
    /// let panicked = pool.submit(|| -> u8 { panic!("no number") }).result().unwrap_err();
    /// assert_eq!(panicked.message(), "no number");
    /// assert_eq!(panicked.thread(), Some("worker-1"));
    /// ```
    ///
    /// Python: `future.result()`.
    pub fn result(self) -> Result<T, Panicked> {
        blocking::block_on(self.into_future())
    }

    /// Waits until the task has ended, at most so long.
    ///
    /// An interrupt meanwhile unwinds the cell.
    ///
    /// # Errors
    ///
    /// This handle, when the task has not ended by then. The inner result is that of [`result`](Pending::result).
    ///
    /// ```
    /// use std::time::Duration;
    /// use threadbook::executor::ThreadPoolExecutor;
    ///
    /// let (go_tx, go_rx) = std::sync::mpsc::channel();
    /// let pool = ThreadPoolExecutor::new(1);
    /// let pending = pool.submit(move || go_rx.recv().unwrap());
    /// let pending = pending.result_within(Duration::from_millis(1)).expect_err("it waits");
    /// go_tx.send(3)?;
    /// assert_eq!(pending.result()?, 3);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// Python: `future.result(timeout)`.
    pub fn result_within(self, limit: Duration) -> Result<Result<T, Panicked>, Pending<T>> {
        let mut future = self.into_future();
        blocking::block_on_within(&mut future, limit).ok_or(Pending {
            ticket: future.ticket,
        })
    }

    /// Whether the task has ended, be it by a panic. Python: `future.done()`.
    pub fn is_done(&self) -> bool {
        matches!(
            self.ticket.0.0.lock().phase,
            Phase::Done(_) | Phase::Panicked(_) | Phase::Taken
        )
    }

    /// Gives the task up, if it has not begun. What it owns is dropped when its turn comes.
    ///
    /// # Errors
    ///
    /// This handle, when the task runs or has ended: a thread can't be stopped from outside.
    ///
    /// ```
    /// use threadbook::executor::ThreadPoolExecutor;
    ///
    /// let (go_tx, go_rx) = std::sync::mpsc::channel();
    /// let pool = ThreadPoolExecutor::new(1);
    /// let first = pool.submit(move || go_rx.recv().is_ok());
    /// let second = pool.submit(|| println!("never printed"));
    /// assert!(second.cancel().is_ok());
    /// go_tx.send(())?;
    /// assert!(first.result()?);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// Python: `future.cancel()`, which gives `False` in place of the handle.
    pub fn cancel(self) -> Result<(), Pending<T>> {
        match self.ticket.cancel() {
            true => Ok(()),
            false => Err(self),
        }
    }

    /// Shows what the task does, in a display that changes with it.
    #[doc(hidden)]
    #[track_caller]
    pub fn evcxr_display(&self) {
        // Under the lock, so that no change comes between what is shown and its being noted.
        let mut state = self.ticket.0.0.lock();
        let shown = display::text(state.phase.to_string());
        state.displays.push(shown);
    }
}

impl<T> IntoFuture for Pending<T> {
    type Output = Result<T, Panicked>;
    type IntoFuture = PendingFuture<T>;

    fn into_future(self) -> PendingFuture<T> {
        PendingFuture {
            ticket: self.ticket,
        }
    }
}

impl<T> Future for PendingFuture<T> {
    type Output = Result<T, Panicked>;

    fn poll(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Self::Output> {
        let mut state = self.ticket.0.0.lock();
        match std::mem::replace(&mut state.phase, Phase::Taken) {
            Phase::Done(result) => {
                if let Err(panicked) = &result {
                    state.phase = Phase::Panicked(panicked.message().to_owned());
                }
                Poll::Ready(result)
            }
            other => {
                state.phase = other;
                state.waker = Some(context.waker().clone());
                Poll::Pending
            }
        }
    }
}

impl<T> Ticket<T> {
    fn cancel(&self) -> bool {
        let mut state = self.0.0.lock();
        let may = matches!(state.phase, Phase::Waits);
        if may {
            state.enter(Phase::Cancelled);
        }
        may
    }
}

impl<T> Drop for Ticket<T> {
    fn drop(&mut self) {
        if cell::is_unwound_by_interrupt() {
            self.cancel();
        }
    }
}

impl<T> TaskState<T> {
    /// Shown under the lock, so that displays change in the order of what they show.
    fn enter(&mut self, phase: Phase<T>) {
        self.phase = phase;
        for display in &self.displays {
            display.update_text(self.phase.to_string());
        }
    }
}

/// The job of a task.
struct Submitted<T, F> {
    run: F,
    shared: Arc<Shared<T>>,
}

impl<T: Send, F: FnOnce() -> T + Send> Job for Submitted<T, F> {
    fn run(self: Box<Self>) {
        let Submitted { run, shared } = *self;
        let mut state = shared.0.lock();
        if matches!(state.phase, Phase::Cancelled) {
            drop(state);
            drop(run);
            return;
        }
        state.enter(Phase::Runs);
        drop(state);
        let result = panics::catch(run).map_err(|caught| caught.panicked);
        let mut state = shared.0.lock();
        state.enter(Phase::Done(result));
        let waker = state.waker.take();
        drop(state);
        if let Some(waker) = waker {
            waker.wake();
        }
    }

    fn is_awaited(&self) -> bool {
        Arc::strong_count(&self.shared) > 1
    }
}

impl<T> fmt::Display for Phase<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Phase::Waits => f.write_str("Pending(waits for a thread)"),
            Phase::Cancelled => f.write_str("Pending(cancelled)"),
            Phase::Runs => f.write_str("Pending(runs)"),
            Phase::Done(Ok(_)) | Phase::Taken => f.write_str("Pending(done)"),
            Phase::Done(Err(panicked)) => write!(f, "Pending(panicked: {})", panicked.message()),
            Phase::Panicked(message) => write!(f, "Pending(panicked: {message})"),
        }
    }
}

impl<T> fmt::Debug for Pending<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.ticket.0.0.lock().phase)
    }
}

impl<T> fmt::Debug for PendingFuture<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.ticket.0.0.lock().phase)
    }
}
