//! A process that was started, as its parent sees it.

use std::fmt;
use std::marker::PhantomData;
use std::os::fd::AsFd;
use std::sync::Arc;
use std::time::Duration;

use serde::de::DeserializeOwned;

use super::ended::Ended;
use super::handle::Handle;
use super::registry;
use super::sys;

/// A process that [`spawn`](super::spawn) has started, and the value that it will give.
///
/// As a cell's value it is shown in words: `Process(my_service, pid 30338, running)`.
///
/// # Dropping
///
/// The process runs on, and its value is lost. It ends with the kernel; for a program see the [module](super).
///
/// # Python
///
/// `multiprocessing.Process` after its `start`.
///
/// ```
/// use threadbook::process;
///
/// let doubler = process::named("doubler").spawn(|| 2 * 21);
/// assert!(doubler.to_string().starts_with("Process(doubler, pid "));
/// assert_eq!(doubler.join(), Ok(42));
/// ```
pub struct Process<T> {
    handle: Arc<Handle>,
    gives: PhantomData<fn() -> T>,
}

/// What a process does: see [`Process::status`].
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Status {
    /// It has not ended.
    Running,
    /// It came to its end; [`Process::join`] gives its value.
    Finished,
    /// It ended without a value.
    Failed(Ended),
}

impl fmt::Display for Status {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Status::Running => f.write_str("running"),
            Status::Finished => f.write_str("finished"),
            Status::Failed(Ended::Panicked { message, .. }) => write!(f, "panicked: {message}"),
            Status::Failed(Ended::Exited(code)) => write!(f, "exited with code {code}"),
            Status::Failed(Ended::Signal(number)) => {
                write!(f, "ended by {}", super::ended::name_of_signal(*number))
            }
            Status::Failed(Ended::Lost) => f.write_str("lost"),
        }
    }
}

impl<T> Process<T> {
    pub(super) fn new(handle: Arc<Handle>) -> Process<T> {
        Process {
            handle,
            gives: PhantomData,
        }
    }

    /// The number that the system gave it. Other processes may get it once this one was joined.
    pub fn pid(&self) -> u32 {
        self.handle.info.pid
    }

    /// Its name; `process-1` and so on where it was given none.
    pub fn name(&self) -> &str {
        &self.handle.info.name
    }

    /// Whether it ends with the process that has started it.
    pub fn is_daemon(&self) -> bool {
        self.handle.info.is_daemon
    }

    /// Whether it has not ended. Waits for nothing.
    pub fn is_alive(&self) -> bool {
        self.handle.is_alive()
    }

    /// What it does, or how it has ended. Waits for nothing.
    ///
    /// ```
    /// use std::time::Duration;
    /// use threadbook::process;
    ///
    /// let sleeper = process::spawn(|| std::thread::sleep(Duration::from_secs(3600)));
    /// assert_eq!(sleeper.status().to_string(), "running");
    /// sleeper.terminate();
    /// let sleeper = sleeper.join_within(Duration::from_secs(60)).unwrap();
    /// assert_eq!(sleeper.unwrap_err().to_string(), "the process was ended by SIGTERM");
    /// ```
    pub fn status(&self) -> Status {
        if self.is_alive() {
            return Status::Running;
        }
        match self.handle.end() {
            Ok(_) => Status::Finished,
            Err(ended) => Status::Failed(ended),
        }
    }

    /// Asks it to end, by SIGTERM: it ends at once, and drops nothing, unless its code has set a handler. Nothing happens
    /// where it has ended. What it has started itself goes on.
    ///
    /// Stands for Python's `Process.terminate()`.
    pub fn terminate(&self) {
        sys::signal(self.handle.watch.as_fd(), libc::SIGTERM);
    }

    /// Ends it, by SIGKILL. Nothing happens where it has ended.
    ///
    /// Stands for Python's `Process.kill()`.
    pub fn kill(&self) {
        sys::signal(self.handle.watch.as_fd(), libc::SIGKILL);
    }
}

impl<T: DeserializeOwned> Process<T> {
    /// Waits for its end; gives the value of its closure.
    ///
    /// An interrupt of the cell unwinds it here, and ends the processes that the cell has started.
    ///
    /// # Errors
    ///
    /// How it ended, where it has given no value.
    ///
    /// ```
    /// use threadbook::process::{self, Ended};
    ///
    /// let failed = process::spawn(|| -> u32 { panic!("no luck") }).join();
    /// assert!(matches!(failed, Err(Ended::Panicked { message, .. }) if message == "no luck"));
    /// ```
    pub fn join(self) -> Result<T, Ended> {
        sys::wait(&[self.handle.watch.as_fd()], None);
        self.value()
    }

    /// As [`Process::join`], but waits at most so long.
    ///
    /// # Errors
    ///
    /// The handle itself, where the process has not ended.
    ///
    /// ```
    /// use std::time::Duration;
    /// use threadbook::process;
    ///
    /// let sleeper = process::spawn(|| std::thread::sleep(Duration::from_secs(3600)));
    /// let Err(sleeper) = sleeper.join_within(Duration::from_millis(1)) else {
    ///     panic!("it sleeps for an hour");
    /// };
    /// sleeper.kill();
    /// ```
    pub fn join_within(self, limit: Duration) -> Result<Result<T, Ended>, Process<T>> {
        match sys::wait(&[self.handle.watch.as_fd()], Some(limit)) {
            Some(_) => Ok(self.value()),
            None => Err(self),
        }
    }

    fn value(self) -> Result<T, Ended> {
        let bytes = self.handle.end();
        registry::forget(&self.handle);
        postcard::from_bytes(&bytes?).map_err(|error| Ended::Panicked {
            message: format!("the value that the process gave can't be read: {error}"),
            place: String::new(),
        })
    }
}

impl<T> Drop for Process<T> {
    fn drop(&mut self) {
        if !self.handle.is_own() {
            return;
        }
        if !self.handle.is_alive() {
            self.handle.exit();
            registry::forget(&self.handle);
            return;
        }
        let handle = Arc::clone(&self.handle);
        // Somebody has to take note of its end, or it would stay in the system's table. Without this thread that is done
        // when this process ends.
        let _ = std::thread::Builder::new()
            .name("threadbook-wait".to_owned())
            .stack_size(64 * 1024)
            .spawn(move || {
                handle.exit();
                registry::forget(&handle);
            });
    }
}

impl<T> fmt::Display for Process<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "Process({}, pid {}, {})",
            self.name(),
            self.pid(),
            self.status()
        )
    }
}

impl<T> fmt::Debug for Process<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}
