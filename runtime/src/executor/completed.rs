//! Results of tasks in the order in which they end.

use std::fmt;
use std::future::IntoFuture;

use futures::StreamExt;
use futures::stream::FuturesUnordered;

use super::Pending;
use super::PendingFuture;
use crate::blocking;
use crate::threads::Panicked;

/// Gives the results of tasks in the order in which the tasks end, be they of one pool or of several.
///
/// `next` waits for the next one. An interrupt meanwhile unwinds the cell; then, as when the iterator is dropped in an
/// interrupted cell, tasks that have not begun are given up. Dropped otherwise, all go on.
///
/// The first result alone, which is Python's `wait(.., FIRST_COMPLETED)`, is one `next`.
///
/// ```
/// use threadbook::executor::ThreadPoolExecutor;
/// use threadbook::executor::as_completed;
///
/// let (go_tx, go_rx) = std::sync::mpsc::channel();
/// let pool = ThreadPoolExecutor::new(2);
/// let slow = pool.submit(move || go_rx.recv().unwrap());
/// let quick = pool.submit(|| 1);
/// let mut results = as_completed([slow, quick]);
/// assert_eq!(results.next().unwrap()?, 1);
/// go_tx.send(2)?;
/// assert_eq!(results.next().unwrap()?, 2);
/// assert!(results.next().is_none());
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
///
/// Python: `concurrent.futures.as_completed(futures)`.
pub fn as_completed<T>(pendings: impl IntoIterator<Item = Pending<T>>) -> AsCompleted<T> {
    let futures = pendings.into_iter().map(IntoFuture::into_future);
    AsCompleted {
        futures: futures.collect(),
    }
}

/// What [`as_completed`] gives. A cell can keep it.
pub struct AsCompleted<T> {
    futures: FuturesUnordered<PendingFuture<T>>,
}

impl<T> Iterator for AsCompleted<T> {
    type Item = Result<T, Panicked>;

    fn next(&mut self) -> Option<Result<T, Panicked>> {
        blocking::block_on(self.futures.next())
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        (self.futures.len(), Some(self.futures.len()))
    }
}

impl<T> ExactSizeIterator for AsCompleted<T> {}

impl<T> fmt::Debug for AsCompleted<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "AsCompleted({} tasks left)", self.futures.len())
    }
}
