//! Locks of the C library, as the [self-test](super::self_test) uses them.

use std::cell::UnsafeCell;
use std::io;
use std::io::StdoutLock;
use std::os::raw::c_int;
use std::os::raw::c_void;

unsafe extern "C" {
    static stdout: *mut c_void;
    fn flockfile(file: *mut c_void);
    fn ftrylockfile(file: *mut c_void) -> c_int;
    fn funlockfile(file: *mut c_void);
}

struct Mutex(UnsafeCell<libc::pthread_mutex_t>);

// SAFETY: it is used by functions that are made for being called by several threads.
unsafe impl Sync for Mutex {}

static RECURSIVE: Mutex = Mutex(UnsafeCell::new(
    libc::PTHREAD_RECURSIVE_MUTEX_INITIALIZER_NP,
));
static CHECKING: Mutex = Mutex(UnsafeCell::new(
    libc::PTHREAD_ERRORCHECK_MUTEX_INITIALIZER_NP,
));

/// Locks that the calling thread has.
pub(super) struct Locks {
    _stdout: StdoutLock<'static>,
}

impl Locks {
    /// Takes them all.
    pub(super) fn take() -> Result<Locks, String> {
        let locks = Locks {
            _stdout: io::stdout().lock(),
        };
        // SAFETY: the file and the mutexes are statics.
        unsafe {
            flockfile(stdout);
            check(libc::pthread_mutex_lock(RECURSIVE.0.get()))?;
            check(libc::pthread_mutex_lock(CHECKING.0.get()))?;
        }
        Ok(locks)
    }

    /// Takes those that are recursive once more, and releases all.
    pub(super) fn release(self) -> Result<(), String> {
        // SAFETY: as above. `trylock` does not wait where the owner is not known any more.
        unsafe {
            if ftrylockfile(stdout) != 0 {
                return Err("a thread does not own its lock of a file".to_owned());
            }
            funlockfile(stdout);
            funlockfile(stdout);
            check(libc::pthread_mutex_trylock(RECURSIVE.0.get()))?;
            check(libc::pthread_mutex_unlock(RECURSIVE.0.get()))?;
            check(libc::pthread_mutex_unlock(RECURSIVE.0.get()))?;
            check(libc::pthread_mutex_unlock(CHECKING.0.get()))
        }
    }

    /// Checks that another thread can take each of them.
    pub(super) fn all_are_free() -> Result<(), String> {
        // SAFETY: as above.
        unsafe {
            if ftrylockfile(stdout) != 0 {
                return Err("the lock of a file is not released".to_owned());
            }
            funlockfile(stdout);
            for mutex in [&RECURSIVE, &CHECKING] {
                check(libc::pthread_mutex_trylock(mutex.0.get()))?;
                check(libc::pthread_mutex_unlock(mutex.0.get()))?;
            }
        }
        Ok(())
    }
}

fn check(error: c_int) -> Result<(), String> {
    match error {
        0 => Ok(()),
        error => Err(format!(
            "a mutex fails: {}",
            io::Error::from_raw_os_error(error)
        )),
    }
}
