//! A value that processes share behind a lock.

use std::error::Error;
use std::fmt;
use std::fs::File;
use std::io;
use std::marker::PhantomData;
use std::ops::Deref;
use std::ops::DerefMut;
use std::os::unix::fs::FileExt;
use std::sync::Arc;
use std::sync::atomic::AtomicU64;
use std::sync::atomic::Ordering;

use serde::Serialize;
use serde::de::DeserializeOwned;

use super::memory::Memory;
use super::mutex::Locked;
use super::mutex::Mutex;
use super::sys;

/// A value behind a lock, for any of the processes that have it: that is where it was made, and those that were started
/// since. One at a time holds it.
///
/// The value is kept serialised in shared memory: a guard has a copy of it, which is put back when the guard is
/// dropped. So it may be of any type that serde can serialise and read. A clone is the same lock. Use it as
/// [`std::sync::Mutex`], which for processes would be a copy in each; `Lock<()>` is a lock that guards something
/// outside, such as a file.
///
/// # A holder that dies
///
/// If a process ends while it holds the lock, what it has changed is not put back, and the next one that locks it gets
/// [`HolderDied`], once. After that the lock works on, with the value that was there before. A guard that a panic drops
/// puts its copy back.
///
/// # Python
///
/// `multiprocessing.Lock()`, `Value(..)` with its `get_lock()`.
///
/// ```
/// use threadbook::process::{self, Lock};
///
/// let count = Lock::new(0);
/// let children: Vec<_> = (0..4)
///     .map(|_| process::spawn(|| *count.lock().unwrap() += 1))
///     .collect();
/// for child in children {
///     child.join()?;
/// }
/// assert_eq!(*count.lock()?, 4);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub struct Lock<T> {
    shared: Arc<Shared>,
    holds: PhantomData<fn(T) -> T>,
}

#[derive(Debug)]
struct Shared {
    memory: Memory,
    /// The serialised value: at two places in turn, so that one that was not written to its end is never read.
    file: File,
}

#[repr(C)]
struct Header {
    mutex: Mutex,
    /// Where the value lies in the file, and how many bytes it has. Small ones lie in one of the two places here.
    now: AtomicU64,
    starts: [AtomicU64; 2],
    lens: [AtomicU64; 2],
}

impl<T: Serialize + DeserializeOwned> Lock<T> {
    /// A lock around a value.
    ///
    /// # Panics
    ///
    /// When the value can't be serialised, or the system gives no memory.
    #[track_caller]
    pub fn new(value: T) -> Lock<T> {
        match Shared::new(&value) {
            Ok(shared) => Lock {
                shared: Arc::new(shared),
                holds: PhantomData,
            },
            Err(error) => panic!("a lock could not be made: {error}"),
        }
    }

    /// Waits until it is free. Dropping the guard releases it.
    ///
    /// An interrupt of the cell unwinds it here.
    ///
    /// # Errors
    ///
    /// When a process has ended while it held the lock: once; the next call works.
    ///
    /// # Panics
    ///
    /// When the calling thread holds it already.
    ///
    /// ```
    /// use threadbook::process::{self, Lock};
    ///
    /// let lock = Lock::new(1);
    /// let child = process::spawn(|| -> () {
    ///     let _guard = lock.lock().unwrap();
    ///     std::process::exit(0)
    /// });
    /// assert!(child.join().is_err());
    /// assert_eq!(
    ///     lock.lock().unwrap_err().to_string(),
    ///     "the process that held the lock has ended (its changes are lost; lock again to go on)"
    /// );
    /// assert_eq!(*lock.lock()?, 1);
    /// # Ok::<(), process::HolderDied>(())
    /// ```
    #[track_caller]
    pub fn lock(&self) -> Result<LockGuard<'_, T>, HolderDied> {
        let locked = self.shared.header().mutex.lock();
        let result = self.guard(locked);
        match result {
            Ok(Some(guard)) => Ok(guard),
            Ok(None) => unreachable!("it waits as long as it takes"),
            Err(died) => Err(died),
        }
    }

    /// As [`Lock::lock`], but does not wait: `None` where it is held already.
    ///
    /// # Errors
    ///
    /// As [`Lock::lock`].
    ///
    /// # Panics
    ///
    /// When the calling thread holds it already.
    #[track_caller]
    pub fn try_lock(&self) -> Result<Option<LockGuard<'_, T>>, HolderDied> {
        self.guard(self.shared.header().mutex.try_lock())
    }

    #[track_caller]
    fn guard(&self, locked: Locked) -> Result<Option<LockGuard<'_, T>>, HolderDied> {
        match locked {
            Locked::Free => match self.shared.read() {
                Ok(value) => Ok(Some(LockGuard {
                    lock: self,
                    value: Some(value),
                })),
                Err(error) => {
                    self.shared.header().mutex.unlock();
                    panic!("the value behind the lock can't be read: {error}");
                }
            },
            Locked::HolderDied => {
                self.shared.header().mutex.unlock();
                Err(HolderDied(()))
            }
            Locked::Busy => Ok(None),
            Locked::Own => panic!("this thread holds the lock already (drop its guard first)"),
        }
    }
}

/// The value, until it is dropped.
pub struct LockGuard<'a, T: Serialize + DeserializeOwned> {
    lock: &'a Lock<T>,
    value: Option<T>,
}

const UNTIL_DROP: &str = "the value is there until the guard is dropped";

impl<T: Serialize + DeserializeOwned> Deref for LockGuard<'_, T> {
    type Target = T;

    fn deref(&self) -> &T {
        self.value.as_ref().expect(UNTIL_DROP)
    }
}

impl<T: Serialize + DeserializeOwned> DerefMut for LockGuard<'_, T> {
    fn deref_mut(&mut self) -> &mut T {
        self.value.as_mut().expect(UNTIL_DROP)
    }
}

impl<T: Serialize + DeserializeOwned> Drop for LockGuard<'_, T> {
    fn drop(&mut self) {
        let shared = &self.lock.shared;
        let written = self.value.take().map(|value| shared.write(&value));
        shared.header().mutex.unlock();
        if let Some(Err(error)) = written
            && !std::thread::panicking()
        {
            panic!("the value could not be put back behind the lock: {error}");
        }
    }
}

impl<T: Serialize + DeserializeOwned + fmt::Debug> fmt::Debug for LockGuard<'_, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.value.fmt(f)
    }
}

impl Shared {
    fn new<T: Serialize>(value: &T) -> io::Result<Shared> {
        let shared = Shared {
            memory: Memory::new(size_of::<Header>())?,
            file: sys::memory_file()?,
        };
        shared.header().mutex.prepare()?;
        shared.write(value)?;
        Ok(shared)
    }

    /// Puts the value into the place that is not read now, behind or before the one that is.
    fn write<T: Serialize>(&self, value: &T) -> io::Result<()> {
        let bytes = postcard::to_stdvec(value).map_err(io::Error::other)?;
        let header = self.header();
        let now = (header.now.load(Ordering::Relaxed) & 1) as usize;
        let next = 1 - now;
        let (start, len) = (
            header.starts[now].load(Ordering::Relaxed),
            header.lens[now].load(Ordering::Relaxed),
        );
        let at = if start >= bytes.len() as u64 {
            0
        } else {
            start + len
        };
        self.file.write_all_at(&bytes, at)?;
        header.starts[next].store(at, Ordering::Relaxed);
        header.lens[next].store(bytes.len() as u64, Ordering::Relaxed);
        header.now.store(next as u64, Ordering::Release);
        Ok(())
    }

    fn read<T: DeserializeOwned>(&self) -> io::Result<T> {
        let header = self.header();
        let now = (header.now.load(Ordering::Acquire) & 1) as usize;
        let len = header.lens[now]
            .load(Ordering::Relaxed)
            .min(self.file.metadata()?.len());
        let mut bytes = vec![0; len as usize];
        self.file
            .read_exact_at(&mut bytes, header.starts[now].load(Ordering::Relaxed))?;
        postcard::from_bytes(&bytes).map_err(io::Error::other)
    }

    fn header(&self) -> &Header {
        // SAFETY: the memory begins at a page and has room for it; zeros are valid until the lock is prepared, which it
        // is before anybody else has it.
        unsafe { self.memory.start().cast::<Header>().as_ref() }
    }
}

impl<T> Clone for Lock<T> {
    fn clone(&self) -> Lock<T> {
        Lock {
            shared: Arc::clone(&self.shared),
            holds: PhantomData,
        }
    }
}

impl<T: Serialize + DeserializeOwned + fmt::Debug> fmt::Debug for Lock<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.shared.header().mutex.try_lock() {
            Locked::Free => {
                let value = self.shared.read::<T>();
                self.shared.header().mutex.unlock();
                match value {
                    Ok(value) => write!(f, "Lock({value:?})"),
                    Err(error) => write!(f, "Lock({error})"),
                }
            }
            Locked::HolderDied => {
                self.shared.header().mutex.unlock();
                f.write_str("Lock(its holder has died)")
            }
            Locked::Busy | Locked::Own => f.write_str("Lock(held)"),
        }
    }
}

/// A process has ended while it held a lock; what it had changed is lost.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct HolderDied(());

impl fmt::Display for HolderDied {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(
            "the process that held the lock has ended (its changes are lost; lock again to go on)",
        )
    }
}

impl Error for HolderDied {}
