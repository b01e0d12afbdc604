//! Progress bars: [`progress`] for what is iterated over, [`of`] for a handle that threads and tasks advance.
//!
//! ```
//! use threadbook::progress;
//!
//! let mut sum = 0;
//! for number in progress(0..1000) {
//!     sum += number;
//! }
//! assert_eq!(sum, 499_500);
//! ```
//!
//! In a notebook a bar is one display that changes in place, in a terminal a line. Where nothing can change what was
//! written, as in a file, one line comes at the end. A bar is drawn at most ten times a second, by whatever thread
//! advances it.
//!
//! A bar that begins while another one of the same cell and thread is at work stands below it, and goes when it
//! is full. A bar stays where it was where the work ends early: by a `break`, an error, a panic or an interrupt.
//!
//! In Python: `tqdm`.

mod bar;
mod draw;
mod group;
mod row;
mod state;

pub use bar::Bar;
#[doc(hidden)]
pub use draw::PROGRESS_MIME;

use std::iter::FusedIterator;

use futures::Stream;
use futures::StreamExt;
use rayon::iter::ParallelIterator;

/// Shows how far an iteration has come: a bar that counts each item when the next one is requested.
///
/// What is left over comes from [`Iterator::size_hint`]; where that is not known, the bar shows the count and the
/// speed.
///
/// Dropping the iterator ends the bar where it is, as a panic or an interrupt of the loop does.
///
/// In Python: `tqdm(items)`.
///
/// ```
/// use threadbook::progress;
///
/// let lengths: Vec<usize> = progress(["a", "bc"]).named("words").map(str::len).collect();
/// assert_eq!(lengths, [1, 2]);
/// ```
#[track_caller]
pub fn progress<I: IntoIterator>(items: I) -> Progress<I::IntoIter> {
    let items = items.into_iter();
    Progress {
        bar: Bar::begin(total_of(items.size_hint())),
        items,
        has_item: false,
    }
}

/// A bar of a number of steps, which threads and tasks advance by [`Bar::advance`].
///
/// The bar ends when its last clone is dropped.
///
/// In Python: `tqdm(total=n)`.
///
/// ```
/// use threadbook::progress;
///
/// let bar = progress::of(4);
/// std::thread::scope(|scope| {
///     for _ in 0..2 {
///         scope.spawn(|| bar.advance(2));
///     }
/// });
/// assert_eq!(bar.position(), 4);
/// ```
#[track_caller]
pub fn of(total: u64) -> Bar {
    Bar::begin(Some(total))
}

/// A bar of an unknown number of steps: it shows the count and the speed.
///
/// ```
/// let bar = threadbook::progress::endless();
/// bar.advance(3);
/// assert_eq!(bar.total(), None);
/// ```
#[track_caller]
pub fn endless() -> Bar {
    Bar::begin(None)
}

/// Shows how far a parallel iteration of rayon's has come: each item is counted when it is given to a thread.
///
/// The bar ends with the iteration, also where that panics. How many items there are is known of iterators that are
/// indexed, such as those of slices and ranges.
///
/// ```
/// use rayon::prelude::*;
/// use threadbook::progress;
///
/// let sum: u64 = progress::parallel((0..100u64).into_par_iter()).sum();
/// assert_eq!(sum, 4950);
/// ```
#[track_caller]
pub fn parallel<P: ParallelIterator>(
    items: P,
) -> rayon::iter::Inspect<P, impl Fn(&P::Item) + Send + Sync> {
    let total = items.opt_len().and_then(|total| u64::try_from(total).ok());
    let bar = Bar::begin(total);
    items.inspect(move |_| bar.advance(1))
}

/// Shows how far a stream has come: each item is counted when it comes.
///
/// The bar ends when the stream is dropped, which cancels nothing else.
///
/// ```
/// use futures::StreamExt;
/// use threadbook::progress;
///
/// # futures::executor::block_on(async {
/// let numbers = progress::stream(futures::stream::iter([1, 2, 3]));
/// let doubled: Vec<i32> = numbers.map(|number| 2 * number).collect().await;
/// assert_eq!(doubled, [2, 4, 6]);
/// # });
/// ```
#[track_caller]
pub fn stream<S: Stream>(items: S) -> futures::stream::Inspect<S, impl FnMut(&S::Item)> {
    let bar = Bar::begin(total_of(items.size_hint()));
    items.inspect(move |_| bar.advance(1))
}

/// The length that a hint is sure of.
fn total_of(hint: (usize, Option<usize>)) -> Option<u64> {
    let (least, most) = hint;
    let total = most.filter(|most| *most == least)?;
    u64::try_from(total).ok()
}

/// An iterator with a bar, made by [`progress`].
#[derive(Debug)]
#[must_use = "an iterator does nothing until it is iterated over"]
pub struct Progress<I> {
    bar: Bar,
    items: I,
    /// Whether an item was given that is being worked on.
    has_item: bool,
}

impl<I> Progress<I> {
    /// Puts a name before the bar.
    pub fn named(self, name: impl Into<String>) -> Progress<I> {
        self.bar.name(name);
        self
    }

    /// The bar, to be named anew or advanced by hand.
    pub fn bar(&self) -> &Bar {
        &self.bar
    }

    fn given<T>(&mut self, item: Option<T>) -> Option<T> {
        self.has_item = item.is_some();
        item
    }

    fn count(&mut self) {
        if std::mem::take(&mut self.has_item) {
            self.bar.advance(1);
        }
    }
}

impl<I: Iterator> Iterator for Progress<I> {
    type Item = I::Item;

    fn next(&mut self) -> Option<I::Item> {
        self.count();
        let item = self.items.next();
        self.given(item)
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        self.items.size_hint()
    }
}

impl<I: DoubleEndedIterator> DoubleEndedIterator for Progress<I> {
    fn next_back(&mut self) -> Option<I::Item> {
        self.count();
        let item = self.items.next_back();
        self.given(item)
    }
}

impl<I: ExactSizeIterator> ExactSizeIterator for Progress<I> {}

impl<I: FusedIterator> FusedIterator for Progress<I> {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_item_counts_when_the_next_is_asked_for() {
        let mut items = progress([1, 2, 3]);
        assert_eq!((items.next(), items.bar().position()), (Some(1), 0));
        assert_eq!((items.next_back(), items.bar().position()), (Some(3), 1));
        assert_eq!((items.next(), items.bar().position()), (Some(2), 2));
        assert_eq!((items.next(), items.bar().position()), (None, 3));
        assert_eq!((items.next(), items.bar().position()), (None, 3));
    }

    #[test]
    fn a_length_that_is_not_sure_is_none() {
        assert_eq!(progress(0..7).bar().total(), Some(7));
        assert_eq!(progress((0..7).filter(|n| n % 2 == 0)).bar().total(), None);
        assert_eq!(progress(0..).bar().total(), None);
    }

    #[test]
    fn a_loop_that_panics_leaves_the_bar_where_it_was() {
        let bar = of(3);
        let moved = bar.clone();
        let ended = std::panic::catch_unwind(move || {
            moved.advance(2);
            panic!("early");
        });
        assert!(ended.is_err());
        assert_eq!(bar.position(), 2);
    }

    #[test]
    fn threads_of_rayon_advance_one_bar() {
        use rayon::prelude::*;
        let squares: Vec<u64> = parallel((0..1000u64).into_par_iter())
            .map(|number| number * number)
            .collect();
        assert_eq!(squares.len(), 1000);
    }
}
