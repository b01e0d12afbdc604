//! A lock between processes, which passes to the next one when its holder dies.

use std::cell::UnsafeCell;
use std::io;
use std::time::Duration;
use std::time::SystemTime;

use crate::cancel::check_interrupt;

/// How long it waits until it looks whether the cell was interrupted.
const STEP: Duration = Duration::from_millis(50);

/// The lock. It lies in shared memory and is prepared there once.
#[repr(C)]
pub(super) struct Mutex(UnsafeCell<libc::pthread_mutex_t>);

// SAFETY: the C library's lock is made for being used by several threads and processes.
unsafe impl Sync for Mutex {}

/// What came of a try to lock.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Locked {
    /// The calling thread holds it.
    Free,
    /// It does, and the one that held it before has died with it.
    HolderDied,
    /// Somebody else holds it.
    Busy,
    /// The calling thread holds it already.
    Own,
}

impl Mutex {
    /// Makes it usable; once, before anybody else uses it.
    pub(super) fn prepare(&self) -> io::Result<()> {
        // SAFETY: the attributes are ours; no other code uses the lock yet.
        let result = unsafe {
            let mut attributes: libc::pthread_mutexattr_t = std::mem::zeroed();
            libc::pthread_mutexattr_init(&raw mut attributes);
            libc::pthread_mutexattr_setpshared(&raw mut attributes, libc::PTHREAD_PROCESS_SHARED);
            libc::pthread_mutexattr_setrobust(&raw mut attributes, libc::PTHREAD_MUTEX_ROBUST);
            libc::pthread_mutexattr_settype(&raw mut attributes, libc::PTHREAD_MUTEX_ERRORCHECK);
            let result = libc::pthread_mutex_init(self.0.get(), &raw const attributes);
            libc::pthread_mutexattr_destroy(&raw mut attributes);
            result
        };
        match result {
            0 => Ok(()),
            code => Err(io::Error::from_raw_os_error(code)),
        }
    }

    /// Locks it where it is free.
    pub(super) fn try_lock(&self) -> Locked {
        // SAFETY: the lock was prepared.
        self.locked(unsafe { libc::pthread_mutex_trylock(self.0.get()) })
    }

    /// Waits for it. An interrupt of the cell unwinds it.
    pub(super) fn lock(&self) -> Locked {
        loop {
            match self.lock_within(STEP) {
                Locked::Busy => check_interrupt(),
                locked => return locked,
            }
        }
    }

    /// Waits for it at most for the limit.
    pub(super) fn lock_within(&self, limit: Duration) -> Locked {
        let quick = self.try_lock();
        if quick != Locked::Busy {
            return quick;
        }
        let until = SystemTime::now() + limit;
        let since = until
            .duration_since(SystemTime::UNIX_EPOCH)
            .unwrap_or_default();
        let until = libc::timespec {
            tv_sec: since.as_secs() as libc::time_t,
            tv_nsec: since.subsec_nanos().into(),
        };
        // SAFETY: the lock was prepared, and the time lives through the call.
        self.locked(unsafe { libc::pthread_mutex_timedlock(self.0.get(), &raw const until) })
    }

    /// Gives it free. Nothing happens where another process holds it, as for a guard that a child has inherited.
    pub(super) fn unlock(&self) {
        // SAFETY: the lock was prepared; it checks that it is held by the calling thread.
        unsafe { libc::pthread_mutex_unlock(self.0.get()) };
    }

    fn locked(&self, result: i32) -> Locked {
        match result {
            0 => Locked::Free,
            libc::EOWNERDEAD => {
                // SAFETY: the calling thread holds the lock.
                unsafe { libc::pthread_mutex_consistent(self.0.get()) };
                Locked::HolderDied
            }
            libc::EDEADLK => Locked::Own,
            _ => Locked::Busy,
        }
    }
}
