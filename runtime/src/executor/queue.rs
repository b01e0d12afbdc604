//! The queue of a pool: jobs in the order in which they came, and the threads that take them.

use std::collections::VecDeque;
use std::future::poll_fn;
use std::task::Context;
use std::task::Poll;
use std::task::Waker;

use parking_lot::Condvar;
use parking_lot::Mutex;

use crate::blocking;
use crate::panics;
use crate::worker::cell;
use crate::worker::child;

/// Something that a thread of the pool does once.
pub(super) trait Job: Send {
    /// Does it.
    fn run(self: Box<Self>);

    /// Whether anybody can still see what comes of it.
    fn is_awaited(&self) -> bool;
}

/// Jobs that wait, and how many run.
pub(super) struct Queue<'job> {
    /// Where its threads are: see [`home`].
    home: u32,
    state: Mutex<QueueState<'job>>,
    /// There is a job, or there will be none any more.
    changed: Condvar,
}

struct QueueState<'job> {
    jobs: VecDeque<Box<dyn Job + 'job>>,
    running: usize,
    /// How many jobs may run at the same time.
    limit: usize,
    is_closed: bool,
    /// Who waits until there is nothing left to do.
    waiter: Option<Waker>,
}

impl<'job> Queue<'job> {
    pub(super) fn new() -> Queue<'job> {
        Queue {
            home: home(),
            state: Mutex::new(QueueState {
                jobs: VecDeque::new(),
                running: 0,
                limit: usize::MAX,
                is_closed: false,
                waiter: None,
            }),
            changed: Condvar::new(),
        }
    }

    /// Adds a job behind the others.
    ///
    /// # Panics
    ///
    /// In a process that has a copy of the pool without its threads: the job would wait for ever.
    pub(super) fn push(&self, job: Box<dyn Job + 'job>) {
        assert!(
            self.has_threads(),
            "the pool's threads are not in this process (make a pool in it: a process has a copy of memory, not of threads)"
        );
        self.state.lock().jobs.push_back(job);
        self.changed.notify_one();
    }

    /// Does jobs on the calling thread until the queue is closed and empty.
    pub(super) fn work(&self) {
        let mut state = self.state.lock();
        loop {
            if state.is_closed && state.jobs.is_empty() {
                drop(state);
                // Threads above the limit wait for the end of the jobs, too.
                self.changed.notify_all();
                return;
            }
            let Some(job) = state.next_job() else {
                self.changed.wait(&mut state);
                continue;
            };
            state.running += 1;
            drop(state);
            // The job has caught what its own code panics with; what a value's `drop` does there, the hook has shown.
            let _ = panics::catch(|| job.run());
            state = self.state.lock();
            state.running -= 1;
            if state.is_idle()
                && let Some(waiter) = state.waiter.take()
            {
                drop(state);
                waiter.wake();
                state = self.state.lock();
            }
        }
    }

    /// From now on so many jobs run at the same time; those that run above that end by themselves.
    pub(super) fn set_limit(&self, limit: usize) {
        self.state.lock().limit = limit;
        self.changed.notify_all();
    }

    /// The threads end when nothing is left to do.
    pub(super) fn close(&self) {
        self.state.lock().is_closed = true;
        self.changed.notify_all();
    }

    /// Waits until nothing is left to do. An interrupt ends that: a job whose end has no observer is not begun any
    /// more, and the cell unwinds, or goes on to do so.
    pub(super) fn wait_until_idle(&self) {
        if !self.has_threads() {
            return;
        }
        if cell::is_unwound_by_interrupt() {
            self.drop_unawaited();
            return;
        }
        let on_interrupt = OnInterrupt(self);
        blocking::block_on(poll_fn(|context| self.poll_idle(context)));
        drop(on_interrupt);
    }

    /// Whether its threads are in this process.
    pub(super) fn has_threads(&self) -> bool {
        self.home == home()
    }

    fn poll_idle(&self, context: &mut Context<'_>) -> Poll<()> {
        let mut state = self.state.lock();
        if state.is_idle() {
            return Poll::Ready(());
        }
        state.waiter = Some(context.waker().clone());
        Poll::Pending
    }

    /// Drops jobs whose ends have no observer.
    fn drop_unawaited(&self) {
        let mut kept = VecDeque::new();
        let mut given_up = Vec::new();
        let mut state = self.state.lock();
        for job in state.jobs.drain(..) {
            match job.is_awaited() {
                true => kept.push_back(job),
                false => given_up.push(job),
            }
        }
        state.jobs = kept;
        // What they own may be dropped by code that uses the pool.
        drop(state);
        drop(given_up);
    }
}

impl<'job> QueueState<'job> {
    fn next_job(&mut self) -> Option<Box<dyn Job + 'job>> {
        match self.running < self.limit {
            true => self.jobs.pop_front(),
            false => None,
        }
    }

    fn is_idle(&self) -> bool {
        self.jobs.is_empty() && self.running == 0
    }
}

/// The process, where cells have started it; 0 in the one that runs cells, which keeps its threads when a copy takes
/// over.
fn home() -> u32 {
    if child::is_child() {
        std::process::id()
    } else {
        0
    }
}

/// Empties the queue where the wait for it is unwound by an interrupt.
struct OnInterrupt<'a, 'job>(&'a Queue<'job>);

impl Drop for OnInterrupt<'_, '_> {
    fn drop(&mut self) {
        if cell::is_unwound_by_interrupt() {
            self.0.drop_unawaited();
        }
    }
}
