//! A function of each item of an iterator, in the threads of a pool.
//!
//! Items and results lie in one place under one lock: a thread puts a result there and takes the next item, one at a
//! time, so that no item waits behind another while a thread is free. Whoever iterates takes all results that have come
//! at once, and hands out new items in rounds: so a small item costs one short lock, and no wake.

use std::any::Any;
use std::collections::VecDeque;
use std::fmt;
use std::future::poll_fn;
use std::iter::FusedIterator;
use std::sync::Arc;
use std::task::Context;
use std::task::Poll;
use std::task::Waker;
use std::time::Duration;
use std::time::Instant;

use parking_lot::Mutex;

use super::queue::Job;
use super::queue::Queue;
use crate::blocking;
use crate::panics;
use crate::panics::Caught;
use crate::threads::Panicked;

/// So many items are taken ahead for each thread, unless [`Map::ahead`] sets another number.
pub(super) const AHEAD: usize = 64;

/// The results of a function in the order of the items: what [`map`](super::ThreadPoolExecutor::map) gives. A cell can
/// keep it.
///
/// Nothing is taken from the items before the first `next`. Then items are taken on the thread that calls `next`, and
/// the pool works ahead: at most 64 items for each of its threads, or as many as [`ahead`](Map::ahead) sets. So the
/// items may be endless. Between two calls of `next` the pool works on what it has.
///
/// `next` waits for the next result. An interrupt meanwhile unwinds the cell: a map of that cell ends, one of an
/// earlier cell can be gone on with. Dropping it gives up the items that have not begun; those that run go on.
///
/// # Panics
///
/// `next` panics where the function did, with who has panicked, with what message and where, and the call after that
/// goes on with the next item. With [`try_map`](super::ThreadPoolExecutor::try_map) panics are errors.
pub struct Map<'pool, R> {
    tried: TryMap<'pool, R>,
}

/// As [`Map`], but gives a panic of the function as an error: what [`try_map`](super::ThreadPoolExecutor::try_map)
/// gives.
pub struct TryMap<'pool, R> {
    source: Box<dyn Source<R> + Send + 'pool>,
}

impl<'pool, R> Map<'pool, R> {
    pub(super) fn new(tried: TryMap<'pool, R>) -> Map<'pool, R> {
        Map { tried }
    }

    /// Takes at most so many items ahead of `next`; 1 at least. Fewer take less memory where results are large and less
    /// work in vain where not all are used; with fewer than the pool has threads, some are idle.
    ///
    /// ```
    /// use threadbook::executor::ThreadPoolExecutor;
    ///
    /// let pool = ThreadPoolExecutor::new(4);
    /// let mut squares = pool.map(1_u64.., |n| n * n).ahead(4);
    /// assert_eq!(squares.next(), Some(1));
    /// assert_eq!(squares.next(), Some(4));
    /// ```
    #[must_use]
    pub fn ahead(self, items: usize) -> Map<'pool, R> {
        Map::new(self.tried.ahead(items))
    }
}

impl<'pool, R> TryMap<'pool, R> {
    pub(super) fn new<T, I, F>(mapping: Mapping<'pool, T, R, I, F>) -> TryMap<'pool, R>
    where
        T: Send + 'pool,
        R: Send + 'pool,
        I: Iterator<Item = T> + Send + 'pool,
        F: Fn(T) -> R + Send + Sync + 'pool,
    {
        TryMap {
            source: Box::new(mapping),
        }
    }

    /// As [`Map::ahead`].
    #[must_use]
    pub fn ahead(mut self, items: usize) -> TryMap<'pool, R> {
        self.source.set_ahead(items.max(1));
        self
    }
}

impl<R> Iterator for Map<'_, R> {
    type Item = R;

    #[track_caller]
    fn next(&mut self) -> Option<R> {
        match self.tried.source.next()? {
            Ok(result) => Some(result),
            Err(caught) => panic!("{}", caught.panicked),
        }
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        self.tried.source.size_hint()
    }
}

impl<R> Iterator for TryMap<'_, R> {
    type Item = Result<R, Panicked>;

    fn next(&mut self) -> Option<Result<R, Panicked>> {
        let result = self.source.next()?;
        Some(result.map_err(|caught| caught.panicked))
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        self.source.size_hint()
    }
}

impl<R> FusedIterator for Map<'_, R> {}
impl<R> FusedIterator for TryMap<'_, R> {}

impl<R> fmt::Debug for Map<'_, R> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.tried.source.describe(f, "Map")
    }
}

impl<R> fmt::Debug for TryMap<'_, R> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.source.describe(f, "TryMap")
    }
}

/// A mapping whose items and function are of types that have no names.
trait Source<R> {
    fn next(&mut self) -> Option<Result<R, Box<Caught>>>;
    fn size_hint(&self) -> (usize, Option<usize>);
    fn set_ahead(&mut self, ahead: usize);
    fn describe(&self, f: &mut fmt::Formatter<'_>, name: &str) -> fmt::Result;
}

/// The end of a mapping that is iterated.
pub(super) struct Mapping<'pool, T, R, I, F> {
    items: I,
    /// Whether the items have come to their end.
    has_ended: bool,
    /// Items that were taken and not handed out.
    taken: Vec<T>,
    ahead: usize,
    /// Items that were handed out, whose results have not been given.
    outstanding: usize,
    /// Results that are next.
    ready: VecDeque<Result<R, Box<Caught>>>,
    workers: usize,
    shared: Arc<Shared<T, R, F>>,
    queue: Arc<Queue<'pool>>,
    /// What keeps the pool's threads, where the mapping may outlive the pool's handle.
    _pool: Option<Arc<dyn Any + Send + Sync>>,
}

/// What the iterating end and the threads share.
struct Shared<T, R, F> {
    function: F,
    state: Mutex<MapState<T, R>>,
}

struct MapState<T, R> {
    /// With the number of each.
    items: VecDeque<(usize, T)>,
    /// A place for each item that was handed out and whose result was not taken, in their order.
    results: VecDeque<Option<Result<R, Box<Caught>>>>,
    /// The number of the first one.
    first: usize,
    /// How many threads work for this mapping, or are about to.
    threads: usize,
    /// Who waits for the first result.
    waker: Option<Waker>,
}

impl<'pool, T, R, I, F> Mapping<'pool, T, R, I, F> {
    pub(super) fn new(
        items: I,
        function: F,
        workers: usize,
        queue: Arc<Queue<'pool>>,
        pool: Option<Arc<dyn Any + Send + Sync>>,
    ) -> Mapping<'pool, T, R, I, F> {
        Mapping {
            items,
            has_ended: false,
            taken: Vec::new(),
            ahead: AHEAD * workers,
            outstanding: 0,
            ready: VecDeque::new(),
            workers,
            shared: Arc::new(Shared {
                function,
                state: Mutex::new(MapState {
                    items: VecDeque::new(),
                    results: VecDeque::new(),
                    first: 0,
                    threads: 0,
                    waker: None,
                }),
            }),
            queue,
            _pool: pool,
        }
    }
}

impl<'pool, T, R, I, F> Source<R> for Mapping<'pool, T, R, I, F>
where
    T: Send + 'pool,
    R: Send + 'pool,
    I: Iterator<Item = T>,
    F: Fn(T) -> R + Send + Sync + 'pool,
{
    fn next(&mut self) -> Option<Result<R, Box<Caught>>> {
        // In rounds of half of what may be ahead, so that not each item takes a lock and perhaps a wake.
        let room = self.ahead - self.outstanding;
        if !self.has_ended && room >= self.ahead.div_ceil(2) {
            self.take_items(room);
            self.hand_out();
        }
        if self.outstanding == 0 {
            return None;
        }
        if self.ready.is_empty() {
            let shared = Arc::clone(&self.shared);
            blocking::block_on(poll_fn(|context| {
                shared.poll_results(&mut self.ready, context)
            }));
        }
        self.outstanding -= 1;
        self.ready.pop_front()
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        let known = self.outstanding + self.taken.len();
        let (least, most) = match self.has_ended {
            true => (0, Some(0)),
            false => self.items.size_hint(),
        };
        let most = most.and_then(|most| most.checked_add(known));
        (least.saturating_add(known), most)
    }

    fn set_ahead(&mut self, ahead: usize) {
        // No fewer than there are already.
        self.ahead = ahead.max(self.outstanding);
    }

    fn describe(&self, f: &mut fmt::Formatter<'_>, name: &str) -> fmt::Result {
        let ended = if self.has_ended {
            ", no more items"
        } else {
            ""
        };
        write!(f, "{name}({} ahead of `next`{ended})", self.outstanding)
    }
}

impl<'pool, T, R, I, F> Mapping<'pool, T, R, I, F>
where
    T: Send + 'pool,
    R: Send + 'pool,
    I: Iterator<Item = T>,
    F: Fn(T) -> R + Send + Sync + 'pool,
{
    /// Takes at most so many items. Where each takes long to come, the first are handed out before the others come.
    fn take_items(&mut self, most: usize) {
        const ENOUGH: Duration = Duration::from_micros(50);
        let begin = Instant::now();
        while self.taken.len() < most {
            // Its panic goes to the caller of `next`, and what was taken before is handed out in the next round.
            let Some(item) = self.items.next() else {
                self.has_ended = true;
                return;
            };
            self.taken.push(item);
            if begin.elapsed() > ENOUGH {
                return;
            }
        }
    }

    fn hand_out(&mut self) {
        let count = self.taken.len();
        if count == 0 {
            return;
        }
        self.outstanding += count;
        let mut state = self.shared.state.lock();
        for item in self.taken.drain(..) {
            let number = state.first + state.results.len();
            state.results.push_back(None);
            state.items.push_back((number, item));
        }
        let more = state.items.len().min(self.workers - state.threads);
        state.threads += more;
        drop(state);
        for _ in 0..more {
            self.queue.push(Box::new(Work(Arc::clone(&self.shared))));
        }
    }
}

impl<T, R, F> Shared<T, R, F> {
    /// Takes all results that are next, as soon as there is one.
    fn poll_results(
        &self,
        ready: &mut VecDeque<Result<R, Box<Caught>>>,
        context: &mut Context<'_>,
    ) -> Poll<()> {
        let mut state = self.state.lock();
        while let Some(Some(_)) = state.results.front() {
            state.first += 1;
            ready.extend(state.results.pop_front().flatten());
        }
        if ready.is_empty() {
            state.waker = Some(context.waker().clone());
            return Poll::Pending;
        }
        Poll::Ready(())
    }
}

impl<T, R, I, F> Drop for Mapping<'_, T, R, I, F> {
    fn drop(&mut self) {
        // What the items own may be dropped by code that uses the pool.
        let given_up = std::mem::take(&mut self.shared.state.lock().items);
        drop(given_up);
    }
}

/// A thread's work for a mapping: one item after the other, until none is left.
struct Work<T, R, F>(Arc<Shared<T, R, F>>);

impl<T, R, F> Job for Work<T, R, F>
where
    T: Send,
    R: Send,
    F: Fn(T) -> R + Send + Sync,
{
    fn run(self: Box<Self>) {
        let shared = &*self.0;
        let mut state = shared.state.lock();
        while let Some((number, item)) = state.items.pop_front() {
            drop(state);
            let result = panics::catch(|| (shared.function)(item));
            state = shared.state.lock();
            let place = number - state.first;
            state.results[place] = Some(result);
            if place == 0
                && let Some(waker) = state.waker.take()
            {
                drop(state);
                waker.wake();
                state = shared.state.lock();
            }
        }
        state.threads -= 1;
    }

    fn is_awaited(&self) -> bool {
        // The iterating end holds one, and each job.
        true
    }
}
