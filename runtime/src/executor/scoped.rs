//! A pool whose tasks may borrow.

use std::fmt;
use std::marker::PhantomData;
use std::sync::Arc;

use super::Map;
use super::Pending;
use super::TryMap;
use super::map::Mapping;
use super::queue::Queue;
use super::start::named;
use super::start::started;

/// The pool of [`ThreadPoolExecutor::scope`](super::ThreadPoolExecutor::scope). Its methods are those of
/// [`ThreadPoolExecutor`](super::ThreadPoolExecutor), but tasks may borrow what lives longer than the scope.
pub struct ScopedExecutor<'scope, 'env: 'scope> {
    queue: Arc<Queue<'scope>>,
    workers: usize,
    /// As std's: the caller's borrows are not to be shortened.
    env: PhantomData<&'scope mut &'env ()>,
}

/// Runs code with a pool, and waits until all is done.
pub(super) fn scope<'env, R>(
    workers: usize,
    run: impl for<'scope> FnOnce(&ScopedExecutor<'scope, 'env>) -> R,
) -> R {
    std::thread::scope(|scope| {
        let pool = ScopedExecutor {
            queue: Arc::new(Queue::new()),
            workers,
            env: PhantomData,
        };
        // Also where the system gives too few threads, or the code panics.
        let close = Close(Arc::clone(&pool.queue));
        for number in 1..=workers {
            let queue = Arc::clone(&pool.queue);
            started(named(number).spawn_scoped(scope, move || queue.work()));
        }
        let result = run(&pool);
        drop(close);
        result
    })
}

impl<'scope> ScopedExecutor<'scope, '_> {
    /// As [`ThreadPoolExecutor::submit`](super::ThreadPoolExecutor::submit).
    pub fn submit<T, F>(&self, run: F) -> Pending<T>
    where
        T: Send + 'scope,
        F: FnOnce() -> T + Send + 'scope,
    {
        let (pending, job) = Pending::of(run);
        self.queue.push(job);
        pending
    }

    /// As [`ThreadPoolExecutor::map`](super::ThreadPoolExecutor::map).
    pub fn map<I, R, F>(&self, items: I, function: F) -> Map<'scope, R>
    where
        I: IntoIterator<IntoIter: Send + 'scope, Item: Send + 'scope>,
        R: Send + 'scope,
        F: Fn(I::Item) -> R + Send + Sync + 'scope,
    {
        Map::new(self.try_map(items, function))
    }

    /// As [`ThreadPoolExecutor::try_map`](super::ThreadPoolExecutor::try_map).
    pub fn try_map<I, R, F>(&self, items: I, function: F) -> TryMap<'scope, R>
    where
        I: IntoIterator<IntoIter: Send + 'scope, Item: Send + 'scope>,
        R: Send + 'scope,
        F: Fn(I::Item) -> R + Send + Sync + 'scope,
    {
        let queue = Arc::clone(&self.queue);
        let items = items.into_iter();
        TryMap::new(Mapping::new(items, function, self.workers, queue, None))
    }

    /// How many threads it has.
    pub fn workers(&self) -> usize {
        self.workers
    }
}

impl fmt::Debug for ScopedExecutor<'_, '_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "ScopedExecutor({} threads)", self.workers)
    }
}

/// Waits for the tasks, and has the threads end.
struct Close<'scope>(Arc<Queue<'scope>>);

impl Drop for Close<'_> {
    fn drop(&mut self) {
        struct Last<'a, 'scope>(&'a Queue<'scope>);
        impl Drop for Last<'_, '_> {
            fn drop(&mut self) {
                self.0.close();
            }
        }
        // The wait may be unwound.
        let _last = Last(&self.0);
        self.0.wait_until_idle();
    }
}
