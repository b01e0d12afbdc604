//! Values in memory that processes share.

use std::fmt;
use std::io;
use std::ops::Deref;
use std::ptr::NonNull;
use std::sync::Arc;
use std::sync::atomic;

use super::memory::Memory;

/// What may lie in memory that processes share: it is changed through a shared borrow, holds no address, and drops nothing.
///
/// # Safety
///
/// A value must be whole for each process that sees it at any moment, whatever the others do: as atomics are. It must own
/// nothing outside of itself, and need no drop.
pub unsafe trait InPlace: Sync {}

macro_rules! in_place {
    ($($name:ident),*) => {
        $(
            // SAFETY: an atomic is whole at any moment, and has no address in it.
            unsafe impl InPlace for atomic::$name {}
        )*
    };
}

in_place!(
    AtomicBool,
    AtomicI8,
    AtomicI16,
    AtomicI32,
    AtomicI64,
    AtomicIsize,
    AtomicU8,
    AtomicU16,
    AtomicU32,
    AtomicU64,
    AtomicUsize
);

// SAFETY: it has nothing but what may lie there.
unsafe impl<T: InPlace, const N: usize> InPlace for [T; N] {}
// SAFETY: as above.
unsafe impl<A: InPlace, B: InPlace> InPlace for (A, B) {}
// SAFETY: as above.
unsafe impl<A: InPlace, B: InPlace, C: InPlace> InPlace for (A, B, C) {}

/// A value in memory that is shared by any of the processes that have it: that is where it was made, and those that were
/// started since. Atomics, arrays and pairs of them; behind a [`Lock`](super::Lock) anything.
///
/// A clone is the same value. It goes when the last process that has it drops it or ends. It is not part of a session's
/// state: `%undo` does not change it.
///
/// # Python
///
/// `multiprocessing.Value("i", 0, lock=False)`, `Array("i", 10, lock=False)`.
///
/// ```
/// use std::sync::atomic::{AtomicU32, Ordering};
/// use threadbook::process::{self, Shared};
///
/// let count = Shared::new(AtomicU32::new(0));
/// let children: Vec<_> = (0..4)
///     .map(|_| process::spawn(|| { count.fetch_add(1, Ordering::SeqCst); }))
///     .collect();
/// for child in children {
///     child.join()?;
/// }
/// assert_eq!(count.load(Ordering::SeqCst), 4);
/// # Ok::<(), process::Ended>(())
/// ```
pub struct Shared<T: ?Sized> {
    /// Points into the memory.
    value: NonNull<T>,
    memory: Arc<Memory>,
}

// SAFETY: it gives no more than a shared borrow of the value, which may be used by several threads.
unsafe impl<T: ?Sized + Sync> Send for Shared<T> {}
// SAFETY: as above.
unsafe impl<T: ?Sized + Sync> Sync for Shared<T> {}

impl<T: InPlace> Shared<T> {
    /// Puts a value into shared memory.
    ///
    /// # Panics
    ///
    /// When the system gives no memory.
    #[track_caller]
    pub fn new(value: T) -> Shared<T> {
        let (memory, start) = room::<T>(1);
        // SAFETY: the memory is new, aligned to a page and large enough.
        unsafe { start.write(value) };
        Shared {
            value: start,
            memory,
        }
    }

    /// Puts so many values into shared memory, each made from its index.
    ///
    /// # Panics
    ///
    /// When the system gives no memory.
    ///
    /// ```
    /// use std::sync::atomic::{AtomicU64, Ordering};
    /// use threadbook::process::{self, Shared};
    ///
    /// let squares = Shared::array(10, |_| AtomicU64::new(0));
    /// process::spawn(|| {
    ///     for (number, square) in squares.iter().enumerate() {
    ///         square.store((number * number) as u64, Ordering::Relaxed);
    ///     }
    /// })
    /// .join()?;
    /// assert_eq!(squares[9].load(Ordering::Relaxed), 81);
    /// # Ok::<(), process::Ended>(())
    /// ```
    #[track_caller]
    pub fn array(len: usize, mut value: impl FnMut(usize) -> T) -> Shared<[T]> {
        let (memory, start) = room::<T>(len);
        for index in 0..len {
            // SAFETY: the memory is new, aligned to a page and has room for so many.
            unsafe { start.add(index).write(value(index)) };
        }
        Shared {
            value: NonNull::slice_from_raw_parts(start, len),
            memory,
        }
    }
}

#[track_caller]
fn room<T>(count: usize) -> (Arc<Memory>, NonNull<T>) {
    let memory = size_of::<T>()
        .checked_mul(count)
        .filter(|_| align_of::<T>() <= 4096)
        .ok_or_else(|| io::Error::from(io::ErrorKind::OutOfMemory))
        .and_then(Memory::new);
    match memory {
        Ok(memory) => {
            let start = memory.start().cast();
            (Arc::new(memory), start)
        }
        Err(error) => panic!("memory could not be shared: {error}"),
    }
}

impl<T: ?Sized> Deref for Shared<T> {
    type Target = T;

    fn deref(&self) -> &T {
        // SAFETY: the value lies in the memory, which is there as long as this.
        unsafe { self.value.as_ref() }
    }
}

impl<T: ?Sized> Clone for Shared<T> {
    fn clone(&self) -> Shared<T> {
        Shared {
            value: self.value,
            memory: Arc::clone(&self.memory),
        }
    }
}

impl<T: ?Sized + fmt::Debug> fmt::Debug for Shared<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let value: &T = self;
        write!(f, "Shared({value:?})")
    }
}
