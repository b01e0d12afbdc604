//! Waiting for a word, with loom's lock and condition variable. There is no time limit, and no wake-up without a call of
//! `wake`.

use std::time::Duration;

use loom::sync::Condvar;
use loom::sync::Mutex;
use loom::sync::atomic::AtomicU32;
use loom::sync::atomic::Ordering;

loom::lazy_static! {
    static ref WAITERS: (Mutex<()>, Condvar) = (Mutex::new(()), Condvar::new());
}

/// Waits while the word has this value.
pub(super) fn wait(word: &AtomicU32, value: u32, _limit: Duration) {
    let (lock, woken) = &*WAITERS;
    let guard = lock.lock().unwrap();
    // The operating system also compares under its own lock.
    if word.load(Ordering::SeqCst) == value {
        drop(woken.wait(guard).unwrap());
    }
}

/// Wakes all waiting threads, for any word.
pub(super) fn wake(_word: &AtomicU32) {
    let (lock, woken) = &*WAITERS;
    let _guard = lock.lock().unwrap();
    woken.notify_all();
}
