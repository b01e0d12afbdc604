//! A queue of values between processes.

use std::fmt;
use std::io;
use std::marker::PhantomData;
use std::sync::Arc;
use std::time::Duration;
use std::time::Instant;

use serde::Serialize;
use serde::de::DeserializeOwned;

use super::memory::Memory;
use super::mutex::Locked;
use super::mutex::Mutex;
use super::ring::Read;
use super::ring::Ring;
use crate::cancel::check_interrupt;

/// How many bytes wait in a queue at most.
const CAPACITY: usize = 1 << 20;
/// How long a wait lasts until it looks whether the cell was interrupted, or the other side has died.
const STEP: Duration = Duration::from_millis(50);

/// A queue of values between any of the processes that have it: that is where it was made, and those that were started
/// since. Each may put and get.
///
/// Values come out in the order in which they went in, each once. About a megabyte of serialised values may wait. A
/// clone is the same queue.
///
/// A process that is killed while it puts leaves nothing of its value; one that is killed while it gets may take its
/// value with it. The queue works on in both cases.
///
/// What the queue holds is not part of a session's state: `%undo` takes nothing out of it again.
///
/// # Python
///
/// `multiprocessing.Queue()`. There a thread takes what is put, so that `put` never waits; here it does when a megabyte
/// waits. [`Queue::get_within`] stands for `get(timeout=..)`, [`Queue::try_get`] for `get_nowait()`.
///
/// ```
/// use threadbook::process::{self, Queue};
///
/// let queue = Queue::new();
/// let child = process::spawn(|| {
///     for number in 1..=3 {
///         queue.put(&number);
///     }
/// });
/// assert_eq!((queue.get(), queue.get(), queue.get()), (1, 2, 3));
/// child.join()?;
/// # Ok::<(), process::Ended>(())
/// ```
pub struct Queue<T> {
    shared: Arc<Shared>,
    holds: PhantomData<fn(T) -> T>,
}

struct Shared {
    ring: Ring,
    locks: Memory,
}

#[repr(C)]
struct Locks {
    /// Held by the one that writes a message.
    put: Mutex,
    /// Held by the one that reads a message.
    get: Mutex,
}

impl<T> Queue<T> {
    /// An empty queue.
    ///
    /// # Panics
    ///
    /// When the system gives no memory.
    #[track_caller]
    pub fn new() -> Queue<T> {
        match Shared::new() {
            Ok(shared) => Queue {
                shared: Arc::new(shared),
                holds: PhantomData,
            },
            Err(error) => panic!("a queue could not be made: {error}"),
        }
    }

    /// Whether nothing waits in it.
    pub fn is_empty(&self) -> bool {
        self.shared.ring.waiting() == 0
    }
}

impl<T: Serialize> Queue<T> {
    /// Puts a value into it; waits while it is full.
    ///
    /// An interrupt of the cell unwinds it here.
    ///
    /// # Panics
    ///
    /// When the value can't be serialised.
    #[track_caller]
    pub fn put(&self, value: &T) {
        match postcard::to_stdvec(value) {
            Ok(bytes) => self.shared.put(&bytes),
            Err(error) => panic!("the value can't be put into a queue: {error}"),
        }
    }
}

impl<T: DeserializeOwned> Queue<T> {
    /// Takes the next value out; waits for one.
    ///
    /// An interrupt of the cell unwinds it here.
    ///
    /// # Panics
    ///
    /// When the bytes make no such value, as where its serialisation is not that of its type.
    #[track_caller]
    pub fn get(&self) -> T {
        match self.shared.get(None) {
            Some(bytes) => Self::value(&bytes),
            None => unreachable!("it waits as long as it takes"),
        }
    }

    /// As [`Queue::get`], but waits at most so long.
    ///
    /// ```
    /// use std::time::Duration;
    /// use threadbook::process::Queue;
    ///
    /// let queue = Queue::<u32>::new();
    /// assert_eq!(queue.get_within(Duration::from_millis(1)), None);
    /// ```
    #[track_caller]
    pub fn get_within(&self, limit: Duration) -> Option<T> {
        let bytes = self.shared.get(Some(Instant::now() + limit))?;
        Some(Self::value(&bytes))
    }

    /// As [`Queue::get`], but does not wait.
    #[track_caller]
    pub fn try_get(&self) -> Option<T> {
        self.get_within(Duration::ZERO)
    }

    #[track_caller]
    fn value(bytes: &[u8]) -> T {
        match postcard::from_bytes(bytes) {
            Ok(value) => value,
            Err(error) => panic!("what came out of the queue can't be read: {error}"),
        }
    }
}

impl Shared {
    fn new() -> io::Result<Shared> {
        let locks = Memory::new(size_of::<Locks>())?;
        let shared = Shared {
            ring: Ring::new(CAPACITY)?,
            locks,
        };
        shared.locks().put.prepare()?;
        shared.locks().get.prepare()?;
        Ok(shared)
    }

    fn put(&self, bytes: &[u8]) {
        let lock = &self.locks().put;
        // One that has died with it has left a message without an end, which the next beginning replaces.
        let _held = Held::wait(lock, None);
        let piece = self.ring.piece();
        let count = bytes.len().div_ceil(piece).max(1);
        for index in 0..count {
            let part = &bytes[index * piece..bytes.len().min((index + 1) * piece)];
            while !self.ring.write(part, index == 0, index + 1 == count) {
                check_interrupt();
                self.ring.wait_to_write(part.len(), STEP);
            }
        }
    }

    fn get(&self, end: Option<Instant>) -> Option<Vec<u8>> {
        let _held = Held::wait(&self.locks().get, end)?;
        let mut message = Vec::new();
        let mut has_begun = false;
        loop {
            match self.ring.read(&mut message) {
                Read::Whole => return Some(message),
                Read::Part => has_begun = true,
                Read::Nothing => {
                    check_interrupt();
                    let left = end.map(|end| end.saturating_duration_since(Instant::now()));
                    // A message that has begun is read to its end, which is on its way unless its writer has died.
                    if has_begun && self.is_without_writer() {
                        message.clear();
                        has_begun = false;
                    } else if left == Some(Duration::ZERO) && !has_begun {
                        return None;
                    }
                    let limit = left
                        .filter(|_| !has_begun)
                        .map_or(STEP, |left| left.min(STEP));
                    self.ring.wait_to_read(limit);
                }
            }
        }
    }

    /// Whether there is no writer left, and no written piece either.
    fn is_without_writer(&self) -> bool {
        let lock = &self.locks().put;
        match lock.try_lock() {
            Locked::Free | Locked::HolderDied => {
                let is_empty = self.ring.waiting() == 0;
                lock.unlock();
                is_empty
            }
            Locked::Busy | Locked::Own => false,
        }
    }

    fn locks(&self) -> &Locks {
        // SAFETY: the memory begins at a page and has room for it; both locks were prepared before anybody else has it.
        unsafe { self.locks.start().cast::<Locks>().as_ref() }
    }
}

struct Held<'a>(&'a Mutex);

impl Held<'_> {
    fn wait(lock: &Mutex, end: Option<Instant>) -> Option<Held<'_>> {
        loop {
            let left = end.map_or(STEP, |end| end.saturating_duration_since(Instant::now()));
            match lock.lock_within(left.min(STEP)) {
                Locked::Free | Locked::HolderDied => return Some(Held(lock)),
                // This thread was unwound out of a call, or a signal handler has called.
                Locked::Own | Locked::Busy => {}
            }
            check_interrupt();
            if end.is_some_and(|end| Instant::now() >= end) {
                return None;
            }
        }
    }
}

impl Drop for Held<'_> {
    fn drop(&mut self) {
        self.0.unlock();
    }
}

impl<T> Clone for Queue<T> {
    fn clone(&self) -> Queue<T> {
        Queue {
            shared: Arc::clone(&self.shared),
            holds: PhantomData,
        }
    }
}

impl<T> Default for Queue<T> {
    fn default() -> Queue<T> {
        Queue::new()
    }
}

impl<T> fmt::Debug for Queue<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Queue({} bytes wait)", self.shared.ring.waiting())
    }
}
