//! A number of processes that do the same for many items.

mod board;
mod crew;
mod imap;
mod record;

use std::fmt;
use std::num::NonZero;
use std::os::fd::AsFd;
use std::sync::Arc;
use std::sync::Mutex;
use std::sync::PoisonError;
use std::thread::available_parallelism;

use serde::Serialize;
use serde::de::DeserializeOwned;

use super::ended::Ended;
use super::handle::Handle;
use super::start;
use super::start::Plan;
use super::started::Process;
use super::sys;
use crate::worker;
use board::Board;
use board::Patience;
pub use imap::Imap;
use imap::Results;

/// Calls a function for many items in a number of processes at once.
///
/// The processes are made at each call and end with it. So the function may be any closure of any cell, and may borrow;
/// items are not serialised, only results are; and each item is seen as it is when the call is made. A worker takes the
/// next items whenever it has done its own.
///
/// To compute something in Rust, `rayon` does the same with threads, faster; a pool is for what is not safe to share, may
/// crash, or has to be a process of its own.
///
/// # A panic, the end of a worker, an interrupt
///
/// A panic is its item's error; the worker goes on. Where a worker is killed or crashes, the item that it was at fails with
/// the reason, and another process takes its place. An interrupt of the cell, and dropping an [`Imap`], end the workers.
///
/// # Python
///
/// `multiprocessing.Pool(2)`, `concurrent.futures.ProcessPoolExecutor(2)`; it is there under both names. Neither is closed
/// or joined here, since no process waits between two calls.
///
/// ```
/// use threadbook::process::Pool;
///
/// let numbers = [1, 2, 3];
/// let offset = 10;
/// assert_eq!(Pool::new(2).map(&numbers, |number| number * number + offset), [11, 14, 19]);
/// ```
pub struct Pool {
    workers: usize,
    chunk: Option<NonZero<usize>>,
    initializer: Option<Arc<dyn Fn() + Send + Sync>>,
    /// What was submitted and may still run.
    submitted: Mutex<Vec<Arc<Handle>>>,
}

impl Pool {
    /// A pool of so many processes at a time; 0 means as many as there are processors.
    pub fn new(workers: usize) -> Pool {
        let workers = match workers {
            0 => available_parallelism().map_or(1, NonZero::get),
            workers => workers.min(board::MOST_WORKERS),
        };
        Pool {
            workers,
            chunk: None,
            initializer: None,
            submitted: Mutex::default(),
        }
    }

    /// Has each worker call this once, before its first item. Where it panics, all items fail.
    ///
    /// ```
    /// use std::sync::OnceLock;
    /// use threadbook::process::Pool;
    ///
    /// static PREFIX: OnceLock<String> = OnceLock::new();
    ///
    /// let pool = Pool::new(2).initializer(|| drop(PREFIX.set("item ".to_owned())));
    /// let texts = pool.map(1..3, |number| format!("{}{number}", PREFIX.get().unwrap()));
    /// assert_eq!(texts, ["item 1", "item 2"]);
    /// assert_eq!(PREFIX.get(), None);
    /// ```
    pub fn initializer(self, initializer: impl Fn() + Send + Sync + 'static) -> Pool {
        Pool {
            initializer: Some(Arc::new(initializer)),
            ..self
        }
    }

    /// Has a worker take so many items at a time. Without it one for [`Pool::imap`], and for [`Pool::map`] as many as give
    /// each worker some thirty turns.
    ///
    /// # Panics
    ///
    /// When it is 0.
    #[track_caller]
    pub fn chunk(self, items: usize) -> Pool {
        let chunk = NonZero::new(items);
        assert!(chunk.is_some(), "a chunk has at least one item, got `0`");
        Pool { chunk, ..self }
    }

    /// How many processes it has at a time.
    pub fn workers(&self) -> usize {
        self.workers
    }

    /// Calls the function for each item; gives the results in the order of the items. Waits for all of them.
    ///
    /// # Panics
    ///
    /// When an item fails, by a panic or the end of its worker; the others are given up then. [`Pool::try_map`] gives
    /// errors instead.
    ///
    /// # Python
    ///
    /// `pool.map(f, items)`, `list(executor.map(f, items))`.
    #[track_caller]
    pub fn map<I: IntoIterator, R: Serialize + DeserializeOwned>(
        &self,
        items: I,
        function: impl FnMut(I::Item) -> R,
    ) -> Vec<R> {
        let load = worker::load_of_caller();
        let mut results = self.call(items, function, Patience::Much, load);
        let mut values: Vec<Option<R>> = (0..results.count()).map(|_| None).collect();
        while let Some((item, result)) = results.next() {
            match result {
                Ok(value) => values[item] = Some(value),
                Err(ended) => panic!("item {item} of the pool's failed: {ended}"),
            }
        }
        values.into_iter().flatten().collect()
    }

    /// As [`Pool::map`], with an error for each item that fails.
    ///
    /// ```
    /// use threadbook::process::{Ended, Pool};
    ///
    /// let results = Pool::new(2).try_map([1, 0, 2], |number| match number {
    ///     0 => std::process::exit(7),
    ///     number => 10 / number,
    /// });
    /// assert_eq!(results, [Ok(10), Err(Ended::Exited(7)), Ok(5)]);
    /// ```
    #[track_caller]
    pub fn try_map<I: IntoIterator, R: Serialize + DeserializeOwned>(
        &self,
        items: I,
        function: impl FnMut(I::Item) -> R,
    ) -> Vec<Result<R, Ended>> {
        let load = worker::load_of_caller();
        let mut results = self.call(items, function, Patience::Much, load);
        let mut values: Vec<Option<_>> = (0..results.count()).map(|_| None).collect();
        while let Some((item, result)) = results.next() {
            values[item] = Some(result);
        }
        values.into_iter().flatten().collect()
    }

    /// As [`Pool::try_map`], but gives each result when it is there, in the order of the items.
    ///
    /// The items are collected at once. The workers stop when a quarter of a megabyte of results waits for each.
    ///
    /// # Python
    ///
    /// `pool.imap(f, items)`.
    ///
    /// ```
    /// use threadbook::process::Pool;
    ///
    /// let mut squares = Pool::new(2).imap(1..1_000_000_u64, |number| number * number);
    /// assert_eq!(squares.next(), Some(Ok(1)));
    /// assert_eq!(squares.next(), Some(Ok(4)));
    /// ```
    #[track_caller]
    pub fn imap<I: IntoIterator, R: Serialize + DeserializeOwned>(
        &self,
        items: I,
        function: impl FnMut(I::Item) -> R,
    ) -> Imap<R> {
        let load = worker::load_of_caller();
        Imap::new(self.call(items, function, Patience::Any, load), true)
    }

    /// As [`Pool::imap`], in the order in which results come.
    ///
    /// # Python
    ///
    /// `pool.imap_unordered(f, items)`, `as_completed(..)`.
    #[track_caller]
    pub fn imap_unordered<I: IntoIterator, R: Serialize + DeserializeOwned>(
        &self,
        items: I,
        function: impl FnMut(I::Item) -> R,
    ) -> Imap<R> {
        let load = worker::load_of_caller();
        Imap::new(self.call(items, function, Patience::Any, load), false)
    }

    /// Starts a process for one call, as [`spawn`](super::spawn) does. Waits before that while as many run as the pool has
    /// workers. The initializer is called first.
    ///
    /// An interrupt of the cell unwinds the wait.
    ///
    /// # Panics
    ///
    /// When the system gives no process.
    ///
    /// # Python
    ///
    /// `executor.submit(f)`, `pool.apply_async(f)`.
    ///
    /// ```
    /// use threadbook::process::ProcessPoolExecutor;
    ///
    /// let pool = ProcessPoolExecutor::new(2);
    /// let answers: Vec<_> = (0..4).map(|number| pool.submit(move || number * 2)).collect();
    /// let answers: Result<Vec<i32>, _> = answers.into_iter().map(|process| process.join()).collect();
    /// assert_eq!(answers, Ok(vec![0, 2, 4, 6]));
    /// ```
    #[track_caller]
    pub fn submit<T: Serialize + DeserializeOwned>(
        &self,
        function: impl FnOnce() -> T,
    ) -> Process<T> {
        self.wait_for_room();
        let plan = Plan {
            load: worker::load_of_caller(),
            ..Plan::default()
        };
        let initializer = self.initializer.as_deref();
        let started = start::start(plan, || {
            if let Some(initializer) = initializer {
                initializer();
            }
            function()
        });
        match started {
            Ok(handle) => {
                self.submitted().push(Arc::clone(&handle));
                Process::new(handle)
            }
            Err(error) => panic!("a process could not be started: {error}"),
        }
    }

    fn wait_for_room(&self) {
        loop {
            let running = {
                let mut submitted = self.submitted();
                submitted.retain(|handle| handle.is_alive());
                submitted.clone()
            };
            if running.len() < self.workers {
                return;
            }
            let watches: Vec<_> = running.iter().map(|handle| handle.watch.as_fd()).collect();
            sys::wait(&watches, None);
        }
    }

    fn submitted(&self) -> std::sync::MutexGuard<'_, Vec<Arc<Handle>>> {
        self.submitted
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
    }

    #[track_caller]
    fn call<I: IntoIterator, R: Serialize>(
        &self,
        items: I,
        function: impl FnMut(I::Item) -> R,
        patience: Patience,
        load: u32,
    ) -> Results {
        let items: Vec<I::Item> = items.into_iter().collect();
        let turns = items.len() / (self.workers * 32);
        let usual = match patience {
            Patience::Any => 1,
            Patience::Much => turns.clamp(1, 4096),
        };
        let started = Board::new(self.workers, items.len(), patience).and_then(|board| {
            let task = crew::Task {
                workers: self.workers,
                chunk: self.chunk.map_or(usual, NonZero::get),
                initializer: self
                    .initializer
                    .as_deref()
                    .map(|function| function as &dyn Fn()),
                items,
                function,
                load,
            };
            let supervisor = crew::start(&board, task)?;
            Ok(Results::new(board, supervisor, self.workers + 1))
        });
        match started {
            Ok(results) => results,
            Err(error) => panic!("the pool's processes could not be started: {error}"),
        }
    }
}

impl fmt::Debug for Pool {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let word = if self.workers == 1 {
            "process"
        } else {
            "processes"
        };
        write!(f, "Pool({} {word})", self.workers)
    }
}
