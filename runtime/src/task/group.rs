//! Tasks that end with their group.

use std::error::Error;
use std::fmt;
use std::panic::AssertUnwindSafe;

use futures::FutureExt;
use tokio::task::JoinSet;

use crate::panics::Caught;
use crate::session_tokio;
use crate::threads::Panicked;

/// Tasks of tokio that end with the group: the first failure, or the group's drop, cancels the others.
///
/// Each task begins when it is spawned, perhaps on another thread. [`wait`](TaskGroup::wait) waits for all of them. A task fails
/// by a panic, or, where it was given to [`try_spawn`](TaskGroup::try_spawn), by an `Err`.
///
/// A cancelled task is dropped at its next await; one that computes or blocks without an await can't be stopped. Dropping the
/// group, as an interrupt does, cancels its tasks without waiting for their ends.
///
/// ```
/// use threadbook::task::TaskGroup;
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), threadbook::task::Failed> {
/// let mut group = TaskGroup::new();
/// for n in 1..4 {
///     group.spawn(async move { n * n });
/// }
/// assert_eq!(group.wait().await?, [1, 4, 9]);
/// # Ok(())
/// # }
/// ```
///
/// # Example: one task fails
///
/// ```
/// use std::future::pending;
/// use threadbook::task::TaskGroup;
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() {
/// let mut group = TaskGroup::new();
/// group.spawn(pending::<u8>());
/// group.try_spawn(async { "x".parse::<u8>() });
/// let failed = group.wait().await.unwrap_err();
/// assert_eq!(failed.to_string(), "invalid digit found in string");
/// # }
/// ```
///
/// Python: `async with asyncio.TaskGroup() as group`. Where the first failure is to stop nothing, take
/// [`tokio::task::JoinSet`].
pub struct TaskGroup<T> {
    tasks: JoinSet<(usize, Result<T, Failed>)>,
    count: usize,
}

/// The first failure of a [`TaskGroup`]: an error of a task, or its panic. It is shown as what it holds.
#[derive(Debug)]
pub struct Failed(Kind);

#[derive(Debug)]
enum Kind {
    Panicked(Panicked),
    Error(Box<dyn Error + Send + Sync>),
}

impl<T: Send + 'static> TaskGroup<T> {
    /// A group without tasks.
    pub fn new() -> TaskGroup<T> {
        TaskGroup {
            tasks: JoinSet::new(),
            count: 0,
        }
    }

    /// Begins a task, in the tokio that this runs in; where it runs in none, in the session's.
    ///
    /// Python: `group.create_task(f())`.
    pub fn spawn<F>(&mut self, future: F)
    where
        F: Future<Output = T> + Send + 'static,
    {
        self.add(future.map(Ok));
    }

    /// Begins a task whose `Err` is a failure of the group.
    pub fn try_spawn<F, E>(&mut self, future: F)
    where
        F: Future<Output = Result<T, E>> + Send + 'static,
        E: Into<Box<dyn Error + Send + Sync>>,
    {
        self.add(future.map(|result| result.map_err(|error| Failed(Kind::Error(error.into())))));
    }

    fn add(&mut self, future: impl Future<Output = Result<T, Failed>> + Send + 'static) {
        let number = self.count;
        self.count += 1;
        let task = async move {
            let result = match AssertUnwindSafe(future).catch_unwind().await {
                Ok(result) => result,
                // On the thread that has polled it, where the panic was.
                Err(payload) => Err(Failed(Kind::Panicked(Caught::of(payload).panicked))),
            };
            (number, result)
        };
        self.tasks.spawn_on(task, &session_tokio::handle());
    }

    /// Waits until all tasks have ended, and gives what they returned in the order in which they were spawned.
    ///
    /// # Errors
    ///
    /// The first failure in time. The other tasks have been cancelled, and have ended, when this returns.
    ///
    /// # Cancel safety
    ///
    /// Dropping it before it is ready drops the group: its tasks are cancelled.
    pub async fn wait(mut self) -> Result<Vec<T>, Failed> {
        let mut results: Vec<Option<T>> = Vec::new();
        results.resize_with(self.count, || None);
        while let Some(joined) = self.tasks.join_next().await {
            let failed = match joined {
                Ok((number, Ok(result))) => {
                    results[number] = Some(result);
                    continue;
                }
                Ok((_, Err(failed))) => failed,
                // Nobody but this aborts its tasks, and they catch panics: a value's drop has panicked, or their runtime ends.
                Err(error) => Failed(Kind::Error(error.into())),
            };
            self.tasks.shutdown().await;
            return Err(failed);
        }
        Ok(results.into_iter().flatten().collect())
    }

    /// How many tasks have not ended.
    pub fn len(&self) -> usize {
        self.tasks.len()
    }

    /// Whether all tasks have ended.
    pub fn is_empty(&self) -> bool {
        self.tasks.is_empty()
    }
}

impl<T: Send + 'static> Default for TaskGroup<T> {
    fn default() -> TaskGroup<T> {
        TaskGroup::new()
    }
}

impl<T> fmt::Debug for TaskGroup<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "TaskGroup({} tasks)", self.count)
    }
}

impl Failed {
    /// The panic, where that is what failed.
    pub fn panicked(&self) -> Option<&Panicked> {
        match &self.0 {
            Kind::Panicked(panicked) => Some(panicked),
            Kind::Error(_) => None,
        }
    }

    /// The task's error, where it is of this type.
    ///
    /// ```
    /// use threadbook::task::TaskGroup;
    ///
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() {
    /// let mut group = TaskGroup::<u8>::new();
    /// group.try_spawn(async { "x".parse() });
    /// let failed = group.wait().await.unwrap_err();
    /// assert!(failed.downcast_ref::<std::num::ParseIntError>().is_some());
    /// # }
    /// ```
    pub fn downcast_ref<E: Error + 'static>(&self) -> Option<&E> {
        match &self.0 {
            Kind::Panicked(_) => None,
            Kind::Error(error) => error.downcast_ref(),
        }
    }
}

impl fmt::Display for Failed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.0 {
            Kind::Panicked(panicked) => panicked.fmt(f),
            Kind::Error(error) => error.fmt(f),
        }
    }
}

impl Error for Failed {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        // What it is shown as is the error itself, so its cause is the next one.
        match &self.0 {
            Kind::Panicked(_) => None,
            Kind::Error(error) => error.source(),
        }
    }
}
