//! Code that blocks, beside futures.

use std::fmt;
use std::pin::Pin;
use std::task::Context;
use std::task::Poll;

use tokio::task::JoinHandle;

use crate::panics;
use crate::session_tokio;
use crate::threads::Panicked;

/// Calls a function that blocks on a thread of its own, and awaits what it returns, so that other futures go on meanwhile.
///
/// The function begins at once, on one of tokio's threads for such calls, which number up to 512; more calls wait. It is
/// [`tokio::task::spawn_blocking`] with an error that can be read.
///
/// Dropping the future, as an interrupt does, does not stop the function: a thread can't be stopped from outside. What it
/// returns is dropped then; where it has not begun, it is given up.
///
/// # Errors
///
/// The future gives the function's panic.
///
/// # Panics
///
/// When awaited after tokio has ended without calling the function.
///
/// ```
/// use threadbook::task;
///
/// fn slow_sum(numbers: &[u32]) -> u32 {
///     numbers.iter().sum()
/// }
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), threadbook::threads::Panicked> {
/// let numbers = vec![1, 2, 3];
/// assert_eq!(task::to_thread(move || slow_sum(&numbers)).await?, 6);
/// # Ok(())
/// # }
/// ```
///
/// Python: `await asyncio.to_thread(f)`.
pub fn to_thread<T, F>(run: F) -> ToThread<T>
where
    T: Send + 'static,
    F: FnOnce() -> T + Send + 'static,
{
    let caught = move || panics::catch(run).map_err(|caught| caught.panicked);
    ToThread(session_tokio::handle().spawn_blocking(caught))
}

/// What [`to_thread`] gives: a future.
///
/// # Cancel safety
///
/// Dropping it does not stop the function.
#[must_use = "what the function returns comes by awaiting it"]
pub struct ToThread<T>(JoinHandle<Result<T, Panicked>>);

impl<T> Future for ToThread<T> {
    type Output = Result<T, Panicked>;

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Result<T, Panicked>> {
        Pin::new(&mut self.0)
            .poll(context)
            .map(|joined| match joined {
                Ok(result) => result,
                Err(error) => panic!("tokio has ended without calling the function: {error}"),
            })
    }
}

impl<T> Drop for ToThread<T> {
    fn drop(&mut self) {
        // Which does nothing to one that has begun.
        self.0.abort();
    }
}

impl<T> fmt::Debug for ToThread<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let state = if self.0.is_finished() { "done" } else { "runs" };
        write!(f, "ToThread({state})")
    }
}
