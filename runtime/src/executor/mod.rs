//! A pool of threads for tasks that wait or compute: Python's `concurrent.futures.ThreadPoolExecutor`.
//!
//! A pool starts its threads at once and does what it is given on them: [`submit`](ThreadPoolExecutor::submit) one task,
//! [`map`](ThreadPoolExecutor::map) a function over many items, in order. A panic of a task is an error of that task alone;
//! the others go on. Dropping the pool waits until all is done, as Python's `with` does. [`ThreadPoolExecutor::scope`] is a
//! pool whose tasks may borrow.
//!
//! ```
//! use threadbook::executor::ThreadPoolExecutor;
//!
//! let pool = ThreadPoolExecutor::new(4);
//! let lengths: Vec<usize> = pool.map(["one", "three"], |word| word.len()).collect();
//! assert_eq!(lengths, [3, 5]);
//! ```
//!
//! In a program that computes, rayon is the better choice: `items.par_iter().map(f).collect()` splits the work by itself and
//! has no queue. For many requests that wait, take futures on one thread: `futures::StreamExt::buffered(n)`, or
//! [`task`](crate::task). A pool of threads is for code that blocks.
//!
//! | Python | here |
//! | --- | --- |
//! | `with ThreadPoolExecutor(4) as pool:` | `ThreadPoolExecutor::scope(4, \|pool\| ..)` |
//! | `pool.submit(f, x)` | `pool.submit(move \|\| f(x))` |
//! | `pool.map(f, items)` | `pool.map(items, f)` |
//! | `future.result()`, `.result(timeout)` | [`pending.result()?`](Pending::result), [`.result_within(limit)`](Pending::result_within) |
//! | `future.done()`, `.cancel()` | [`.is_done()`](Pending::is_done), [`.cancel()`](Pending::cancel) |
//! | `as_completed(futures)` | [`as_completed(pendings)`](as_completed) |
//! | `asyncio.wrap_future(future)` | `pending.await` |

mod completed;
mod map;
mod pending;
mod queue;
mod scoped;
mod start;

pub use completed::AsCompleted;
pub use completed::as_completed;
pub use map::Map;
pub use map::TryMap;
pub use pending::Pending;
pub use pending::PendingFuture;
pub use scoped::ScopedExecutor;

use std::any::Any;
use std::fmt;
use std::sync::Arc;
use std::sync::atomic::AtomicUsize;
use std::sync::atomic::Ordering;
use std::thread::JoinHandle;

use parking_lot::Mutex;

use crate::worker::cell;
use map::Mapping;
use queue::Queue;
use start::named;
use start::started;

/// A pool of threads, with the names `worker-1`, `worker-2`, ...
///
/// Dropping it waits until all that it was given is done: tasks that were submitted, and the items that a [`Map`] has taken
/// ahead. A [`Map`] that lives longer keeps the threads, and goes on. They end with the last of both.
///
/// A task that waits for another one of the same pool needs a thread for each: with all threads busy so, nothing goes on.
///
/// An interrupt unwinds the cell out of all of this. What no longer has an owner and has not begun is given up; what runs goes
/// on, since a thread can't be stopped from outside, and its thread ends after it.
///
/// A process of [`process`](crate::process) has a copy of the pool without its threads: giving it work there panics. Make
/// another one there.
pub struct ThreadPoolExecutor {
    pool: Arc<Pool>,
}

/// The threads, which live as long as what can give them work.
struct Pool {
    queue: Arc<Queue<'static>>,
    threads: Mutex<Vec<JoinHandle<()>>>,
    workers: AtomicUsize,
}

impl ThreadPoolExecutor {
    /// Starts a pool with so many threads.
    ///
    /// # Panics
    ///
    /// With 0 threads, or when the system gives none.
    ///
    /// Python: `ThreadPoolExecutor(workers)`, which starts a thread when a task needs it.
    pub fn new(workers: usize) -> ThreadPoolExecutor {
        let pool = Arc::new(Pool {
            queue: Arc::new(Queue::new()),
            threads: Mutex::default(),
            workers: AtomicUsize::new(checked(workers)),
        });
        pool.start_up_to(&mut pool.threads.lock(), workers);
        ThreadPoolExecutor { pool }
    }

    /// Runs code with a pool whose tasks may borrow what lives longer than the call, and returns what the code returns, once
    /// all is done.
    ///
    /// A panic of the code is passed on then. After an interrupt, tasks that have not begun are given up where nobody can see
    /// their ends, and those that run are waited for, since they may borrow; where they take longer than half a second, the
    /// process goes back to the state before the cell.
    ///
    /// # Panics
    ///
    /// As [`new`](ThreadPoolExecutor::new).
    ///
    /// ```
    /// use threadbook::executor::ThreadPoolExecutor;
    ///
    /// let words = ["one".to_owned(), "three".to_owned()];
    /// let total: usize = ThreadPoolExecutor::scope(2, |pool| pool.map(&words, |word| word.len()).sum());
    /// assert_eq!(total, 8);
    /// assert_eq!(words.len(), 2);
    /// ```
    ///
    /// Python: `with ThreadPoolExecutor(2) as pool:`.
    pub fn scope<'env, R>(
        workers: usize,
        run: impl for<'scope> FnOnce(&ScopedExecutor<'scope, 'env>) -> R,
    ) -> R {
        scoped::scope(checked(workers), run)
    }

    /// Has a thread of the pool call the function, after what was submitted before.
    ///
    /// A panic of the function is printed when it happens, as every thread's is, and is the error of
    /// [`Pending::result`].
    ///
    /// # Panics
    ///
    /// In another process than the pool's.
    ///
    /// Python: `pool.submit(f)`.
    pub fn submit<T, F>(&self, run: F) -> Pending<T>
    where
        T: Send + 'static,
        F: FnOnce() -> T + Send + 'static,
    {
        let (pending, job) = Pending::of(run);
        self.pool.queue.push(job);
        pending
    }

    /// Calls the function with each item, in the threads of the pool, and gives the results in the order of the items.
    ///
    /// It is an iterator, and lazy: see [`Map`] for what is taken when. The items may be endless.
    ///
    /// ```
    /// use threadbook::executor::ThreadPoolExecutor;
    ///
    /// let mut squares = ThreadPoolExecutor::new(2).map(1_u64.., |n| n * n);
    /// assert_eq!(squares.by_ref().take(3).collect::<Vec<_>>(), [1, 4, 9]);
    /// assert_eq!(squares.next(), Some(16));
    /// ```
    ///
    /// Python: `pool.map(f, items)`, which takes all items at once, and ends at the first exception.
    pub fn map<I, R, F>(&self, items: I, function: F) -> Map<'static, R>
    where
        I: IntoIterator<IntoIter: Send + 'static, Item: Send + 'static>,
        R: Send + 'static,
        F: Fn(I::Item) -> R + Send + Sync + 'static,
    {
        Map::new(self.try_map(items, function))
    }

    /// As [`map`](ThreadPoolExecutor::map), but a panic of the function is that item's error.
    ///
    /// ```
    /// use threadbook::executor::ThreadPoolExecutor;
    ///
    /// let pool = ThreadPoolExecutor::new(2);
    /// let results: Vec<_> = pool.try_map([2, 0, 3], |n| 12 / n).collect();
    /// assert_eq!(*results[0].as_ref().unwrap(), 6);
    /// assert_eq!(results[1].as_ref().unwrap_err().message(), "attempt to divide by zero");
    /// assert_eq!(*results[2].as_ref().unwrap(), 4);
    /// ```
    pub fn try_map<I, R, F>(&self, items: I, function: F) -> TryMap<'static, R>
    where
        I: IntoIterator<IntoIter: Send + 'static, Item: Send + 'static>,
        R: Send + 'static,
        F: Fn(I::Item) -> R + Send + Sync + 'static,
    {
        let pool = Arc::clone(&self.pool);
        let queue = Arc::clone(&pool.queue);
        let workers = self.workers();
        let pool: Arc<dyn Any + Send + Sync> = pool;
        let items = items.into_iter();
        TryMap::new(Mapping::new(items, function, workers, queue, Some(pool)))
    }

    /// How many threads do its work.
    pub fn workers(&self) -> usize {
        self.pool.workers.load(Ordering::Relaxed)
    }

    /// Changes how many threads do its work, also while it works: a slider can do so.
    ///
    /// More threads are started where they are needed. Fewer take effect when tasks end: none is stopped, and threads above
    /// the number wait. A [`Map`] that has begun takes as many items ahead as before.
    ///
    /// # Panics
    ///
    /// With 0 threads, when the system gives none, or in another process than the pool's.
    ///
    /// ```
    /// use threadbook::executor::ThreadPoolExecutor;
    ///
    /// let pool = ThreadPoolExecutor::new(1);
    /// pool.set_workers(2);
    /// let (tx, rx) = std::sync::mpsc::channel();
    /// // With one thread this would wait for ever.
    /// let waits = pool.submit(move || rx.recv().is_ok());
    /// pool.submit(move || tx.send(())).result()?.unwrap();
    /// assert!(waits.result()?);
    /// # Ok::<(), threadbook::threads::Panicked>(())
    /// ```
    pub fn set_workers(&self, workers: usize) {
        assert!(
            self.pool.queue.has_threads(),
            "the pool's threads are not in this process (make a pool in it: a process has a copy of memory, not of threads)"
        );
        let mut threads = self.pool.threads.lock();
        self.pool.workers.store(checked(workers), Ordering::Relaxed);
        self.pool.start_up_to(&mut threads, workers);
        self.pool.queue.set_limit(workers);
    }
}

impl Drop for ThreadPoolExecutor {
    fn drop(&mut self) {
        self.pool.queue.wait_until_idle();
    }
}

impl Pool {
    /// Starts threads until there are so many.
    fn start_up_to(&self, threads: &mut Vec<JoinHandle<()>>, workers: usize) {
        for number in threads.len() + 1..=workers {
            let queue = Arc::clone(&self.queue);
            let thread = named(number).spawn(move || queue.work());
            threads.push(started(thread));
        }
    }
}

impl Drop for Pool {
    fn drop(&mut self) {
        // A map may have been the last owner, with items that run.
        if !self.queue.has_threads() {
            return;
        }
        self.queue.close();
        if cell::is_unwound_by_interrupt() {
            return;
        }
        for thread in self.threads.get_mut().drain(..) {
            // A task that owned the pool drops it on a thread of it.
            if thread.thread().id() != std::thread::current().id() {
                let _ = thread.join();
            }
        }
    }
}

impl fmt::Debug for ThreadPoolExecutor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "ThreadPoolExecutor({} threads)", self.workers())
    }
}

fn checked(workers: usize) -> usize {
    assert!(
        workers > 0,
        "a pool of `0` threads would do nothing (expected 1 or more)"
    );
    workers
}

#[cfg(test)]
mod tests;
