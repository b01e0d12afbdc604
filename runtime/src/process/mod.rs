//! Processes that run a closure.
//!
//! A process of a cell is a copy of the one that runs cells, made by `fork`: it has all variables as they are at that
//! moment, and what it does to them stays in it. That is the difference to a thread: memory is not shared, so a closure
//! may borrow, take `&mut`, or hold an `Rc`, and needs no `move`. What it returns comes back by [`Process::join`],
//! serialised.
//!
//! ```
//! use threadbook::process;
//!
//! let mut count = 1;
//! let child = process::spawn(|| {
//!     count += 1;
//!     count
//! });
//! assert_eq!(child.join(), Ok(2));
//! assert_eq!(count, 1);
//! ```
//!
//! | Python | here |
//! | --- | --- |
//! | `p = Process(target=f, args=(5,)); p.start()` | `let p = process::spawn(\|\| f(5));` |
//! | `Process(name="my_service", daemon=True)` | `process::named("my_service").daemon()`, started by `.spawn(..)` |
//! | `p.join()`, `p.join(1.0)` | `p.join()`, `p.join_within(Duration::from_secs(1))` |
//! | `p.exitcode` | `p.status()`, or what `join` gives |
//! | `current_process().name` | `process::current().name()` |
//! | `Pool(3).map(f, numbers)` | `Pool::new(3).map(numbers, f)` |
//! | `Queue()`, `Lock()`, `Value("i", 0)` | `Queue::new()`, `Lock::new(())`, `Shared::new(AtomicI32::new(0))` |
//! | `Pipe()` | `std::io::pipe()` |
//! | a lock on a file | `std::fs::File::lock` |
//!
//! # What is in the child, and what is not
//!
//! The thread that starts it, alone. A lock that another thread holds at that moment stays locked in the child for
//! ever; std's streams and this crate are taken care of. rayon's functions and `tokio::spawn` find pools of the child's
//! own; a `ThreadPool` or a `Runtime` that a variable holds has no threads there. `rand::rng()` gives each child other
//! numbers, which copies of other crates of random numbers may not. What is moved into the closure is dropped in the
//! parent at once, and once more in the child: a temporary folder would be gone.
//!
//! # Ends
//!
//! A process that is not joined runs on. In a notebook it ends with the kernel, and when the session goes back to a
//! state before it (`%undo`, `%restore`, a crash of a cell). An interrupt ends those that the interrupted cell has
//! started. In a program, the end of `main` ends daemons and waits for the others, as in Python.
//!
//! # Cost
//!
//! The tables of its memory are copied: about half a millisecond with 10 MB, tens with 500 MB.

mod atomics;
mod closure;
mod ended;
mod ending;
mod futex;
mod handle;
mod info;
mod lock;
mod memory;
mod mutex;
mod outcome;
mod pool;
mod queue;
mod registry;
mod ring;
mod shared;
mod start;
mod started;
mod sys;

use std::io;
use std::sync::Arc;

use serde::Serialize;
use serde::de::DeserializeOwned;

pub(crate) use closure::panicking;
pub use ended::Ended;
pub use info::Info;
pub use lock::HolderDied;
pub use lock::Lock;
pub use lock::LockGuard;
pub use pool::Imap;
pub use pool::Pool;
pub use pool::Pool as ProcessPoolExecutor;
pub use queue::Queue;
pub use shared::InPlace;
pub use shared::Shared;
use start::Plan;
pub use started::Process;
pub use started::Status;

use crate::worker;

/// Starts a process that runs the closure; its value comes back by [`Process::join`].
///
/// The closure has no bound: it may borrow and need not be `Send`. See the [module](self) for what it finds.
///
/// # Panics
///
/// When the system gives no process; [`Builder::try_spawn`] makes that an error. A panic of the closure is printed, and
/// given by `join`.
///
/// # Python
///
/// `Process(target=..).start()`.
///
/// ```
/// use threadbook::process;
///
/// let words = vec!["a", "b"];
/// let child = process::spawn(|| words.join("-"));
/// assert_eq!(child.join(), Ok("a-b".to_owned()));
/// ```
///
/// # Example: a process that never ends
///
/// A closure that can't come to its end needs a type for the value that it will not give:
///
/// ```
/// use threadbook::process;
///
/// let service = process::named("service").daemon().spawn(|| -> () {
///     loop {
///         std::thread::park();
///     }
/// });
/// service.terminate();
/// assert_eq!(service.join().unwrap_err().signal_name().as_deref(), Some("SIGTERM"));
/// ```
#[track_caller]
pub fn spawn<T: Serialize + DeserializeOwned>(closure: impl FnOnce() -> T) -> Process<T> {
    Builder::default().spawn(closure)
}

/// A process with a name, not started yet.
///
/// ```
/// use threadbook::process;
///
/// let child = process::named("my_service").daemon().spawn(|| process::current().name().to_owned());
/// assert_eq!(child.join(), Ok("my_service".to_owned()));
/// ```
pub fn named(name: impl Into<String>) -> Builder {
    Builder::default().named(name)
}

/// This process: the child inside of a closure, else `main`.
///
/// Stands for Python's `multiprocessing.current_process()`.
pub fn current() -> Info {
    registry::current()
}

/// The processes that this one has started and that run.
///
/// Stands for Python's `multiprocessing.active_children()`.
///
/// ```
/// use threadbook::process;
///
/// let (until, rest) = std::io::pipe()?;
/// let child = process::named("waits").spawn(|| std::io::read_to_string(&until).map_err(|_| ()));
/// assert!(process::active().iter().any(|info| info.name() == "waits"));
/// child.kill();
/// # drop(rest);
/// # Ok::<(), std::io::Error>(())
/// ```
pub fn active() -> Vec<Info> {
    registry::running()
        .iter()
        .map(|child| child.info.clone())
        .collect()
}

/// The cell whose code was loaded under this number was interrupted: what it has started ends too.
pub(crate) fn interrupt_children_of(load: u32) {
    for child in registry::running() {
        if child.load == load {
            child.signal_all(libc::SIGINT);
        }
    }
}

/// A process that is not started yet.
#[derive(Clone, Debug, Default)]
pub struct Builder {
    name: Option<Arc<str>>,
    is_daemon: bool,
}

impl Builder {
    /// Gives it a name, which `%ps`, `threadbook top` and its panics show; `ps` shows the first 15 bytes of it.
    pub fn named(self, name: impl Into<String>) -> Builder {
        Builder {
            name: Some(name.into().into()),
            ..self
        }
    }

    /// It is not waited for when the process that starts it ends, but ended by SIGTERM.
    ///
    /// In a notebook, where processes end with the kernel anyway, this makes no difference for those that cells start.
    pub fn daemon(self) -> Builder {
        Builder {
            is_daemon: true,
            ..self
        }
    }

    /// Starts it: see [`spawn`].
    ///
    /// # Panics
    ///
    /// When the system gives no process.
    #[track_caller]
    pub fn spawn<T: Serialize + DeserializeOwned>(self, closure: impl FnOnce() -> T) -> Process<T> {
        match self.try_spawn(closure) {
            Ok(process) => process,
            Err(error) => panic!("a process could not be started: {error}"),
        }
    }

    /// Starts it: see [`spawn`].
    ///
    /// # Errors
    ///
    /// When the system gives no process, no memory or no descriptor.
    #[track_caller]
    pub fn try_spawn<T: Serialize + DeserializeOwned>(
        self,
        closure: impl FnOnce() -> T,
    ) -> io::Result<Process<T>> {
        let plan = Plan {
            name: self.name,
            is_daemon: self.is_daemon,
            load: worker::load_of_caller(),
            ..Plan::default()
        };
        start::start(plan, closure).map(Process::new)
    }
}

#[cfg(test)]
mod tests;
