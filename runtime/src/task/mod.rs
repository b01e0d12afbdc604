//! Several futures at once, on tokio: Python's `asyncio`.
//!
//! A cell may `.await` at its top. `async { .. }` makes a future, which does nothing until it is awaited or given to
//! [`tokio::spawn`]. Most of `asyncio` is tokio's or the `futures` crate's, and is called by its own name here:
//!
//! | Python's `asyncio` | here |
//! | --- | --- |
//! | `sleep(1)` | `tokio::time::sleep(Duration::from_secs(1)).await` |
//! | `create_task(f())` | `tokio::spawn(f())`; its task may run on another thread |
//! | `gather(*futures)` | [`gather(futures)`](gather), or `tokio::join!(a, b)` for futures of unlike types |
//! | `gather(..)` whose first exception counts | [`try_gather`], or `tokio::try_join!(a, b)` |
//! | `as_completed(futures)` | [`as_completed`] |
//! | `async with TaskGroup() as group` | [`TaskGroup`]; `tokio::task::JoinSet` where the first failure is to stop nothing |
//! | `to_thread(f)` | [`to_thread`] |
//! | `wait_for(f(), 1)`, `timeout(1)` | `tokio::time::timeout(Duration::from_secs(1), f()).await` |
//! | `wait(.., return_when=FIRST_COMPLETED)` | `tokio::select!` |
//! | `Queue`, `Lock`, `Event`, `Semaphore` | `tokio::sync::mpsc`, `Mutex`, `Notify`, `Semaphore` |
//! | `run(main())` | `.await` at a cell's top; `#[tokio::main]` in a program |
//!
//! An interrupt unwinds a cell that awaits. All that it awaits is dropped with it, and so cancelled: futures at once,
//! the tasks of a [`TaskGroup`] at their next await. A task of `tokio::spawn` goes on, as a thread does.

mod completed;
mod group;
mod thread;

pub use completed::AsCompleted;
pub use completed::as_completed;
pub use group::Failed;
pub use group::TaskGroup;
pub use thread::ToThread;
pub use thread::to_thread;

use futures::future::JoinAll;
use futures::future::TryJoinAll;

/// Awaits all futures at the same time, and gives their results in the order of the futures.
///
/// All of them run as one task, on the thread that awaits: while one computes, or blocks as `std::thread::sleep` does, none
/// of the others goes on. Futures that compute belong into `tokio::spawn`, which may run them on several threads.
///
/// A panic of one unwinds through the await. Dropping what this returns, as an interrupt does, drops all futures. It is that of
/// [`futures::future::join_all`], which this is; for futures of unlike types there is [`tokio::join!`].
///
/// # Cancel safety
///
/// Dropped before it is ready, it loses the results that had come.
///
/// ```
/// use std::time::Duration;
/// use threadbook::task;
///
/// async fn later(n: u64) -> u64 {
///     tokio::time::sleep(Duration::from_millis(n)).await;
///     n
/// }
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() {
/// assert_eq!(task::gather([later(3), later(1), later(2)]).await, [3, 1, 2]);
/// # }
/// ```
///
/// Python: `asyncio.gather(*futures)`; with `return_exceptions=True` where the futures give `Result`s.
pub fn gather<I>(futures: I) -> JoinAll<I::Item>
where
    I: IntoIterator<Item: Future>,
{
    futures::future::join_all(futures)
}

/// As [`gather`], for futures that can fail: gives all results, or the first error.
///
/// Then the other futures are dropped, and so cancelled; Python lets them go on. It is [`futures::future::try_join_all`]; for
/// futures of unlike types there is [`tokio::try_join!`].
///
/// # Errors
///
/// The first one in time.
///
/// # Cancel safety
///
/// As [`gather`].
///
/// ```
/// use threadbook::task;
///
/// async fn half(n: u32) -> Result<u32, String> {
///     if n % 2 == 0 { Ok(n / 2) } else { Err(format!("`{n}` is odd")) }
/// }
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() {
/// assert_eq!(task::try_gather([half(2), half(4)]).await, Ok(vec![1, 2]));
/// assert_eq!(task::try_gather([half(2), half(3)]).await, Err("`3` is odd".to_owned()));
/// # }
/// ```
///
/// Python: `asyncio.gather(*futures)`, where the exception of one is raised.
pub fn try_gather<I, T, E>(futures: I) -> TryJoinAll<I::Item>
where
    I: IntoIterator<Item: Future<Output = Result<T, E>>>,
{
    futures::future::try_join_all(futures)
}

#[cfg(test)]
mod tests;
