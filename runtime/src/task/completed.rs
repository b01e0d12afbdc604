//! Results of futures in the order in which they are ready.

use std::fmt;
use std::pin::Pin;
use std::task::Context;
use std::task::Poll;

use futures::Stream;
use futures::StreamExt;
use futures::stream::FuturesUnordered;

/// Awaits all futures at the same time, and gives their results as they are ready.
///
/// All of them run as one task, as with [`gather`](super::gather). They go on only while `next` is awaited. Dropping it, as an
/// interrupt does, drops the futures that are not ready.
///
/// ```
/// use std::time::Duration;
/// use threadbook::task;
///
/// async fn later(n: u64) -> u64 {
///     tokio::time::sleep(Duration::from_millis(10 * n)).await;
///     n
/// }
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() {
/// let mut results = task::as_completed([later(3), later(1)]);
/// while let Some(n) = results.next().await {
///     println!("{n}");
/// }
/// # }
/// ```
///
/// Python: `asyncio.as_completed(futures)`.
pub fn as_completed<I>(futures: I) -> AsCompleted<I::Item>
where
    I: IntoIterator<Item: Future>,
{
    AsCompleted {
        futures: futures.into_iter().collect(),
    }
}

/// What [`as_completed`] gives; also a [`Stream`].
pub struct AsCompleted<F> {
    futures: FuturesUnordered<F>,
}

impl<F: Future> AsCompleted<F> {
    /// Waits for the next result; `None` after the last.
    ///
    /// # Cancel safety
    ///
    /// A result that has not been given is not lost when this is dropped: the next call goes on.
    pub async fn next(&mut self) -> Option<F::Output> {
        self.futures.next().await
    }
}

impl<F: Future> Stream for AsCompleted<F> {
    type Item = F::Output;

    fn poll_next(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<F::Output>> {
        self.futures.poll_next_unpin(context)
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        self.futures.size_hint()
    }
}

impl<F> fmt::Debug for AsCompleted<F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "AsCompleted({} futures left)", self.futures.len())
    }
}
