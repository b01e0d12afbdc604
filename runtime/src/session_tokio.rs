//! The session's one tokio runtime, which all cells share.

use std::sync::atomic::AtomicPtr;
use std::sync::atomic::Ordering;

use tokio::runtime::EnterGuard;
use tokio::runtime::Handle;
use tokio::runtime::Runtime;

/// The process's runtime, once there is one. It is never dropped.
static RUNTIME: AtomicPtr<Runtime> = AtomicPtr::new(std::ptr::null_mut());

/// Makes the session's tokio the one that `tokio::spawn` and timers of this thread use.
///
/// # Panics
///
/// When the system gives no threads.
pub(crate) fn enter() -> EnterGuard<'static> {
    runtime().enter()
}

/// The same where the session has a tokio; starts none.
pub(crate) fn enter_existing() -> Option<EnterGuard<'static>> {
    let there = RUNTIME.load(Ordering::Acquire);
    // SAFETY: what the pointer was set to is never dropped.
    unsafe { there.as_ref() }.map(Runtime::enter)
}

/// The same with a new runtime in the place of the one that is there: in a forked process that one has no threads.
///
/// # Panics
///
/// As [`enter`].
pub(crate) fn enter_anew() -> EnterGuard<'static> {
    replaced(RUNTIME.load(Ordering::Acquire)).enter()
}

/// The runtime that the calling code runs in; where it runs in none, the session's.
///
/// # Panics
///
/// As [`enter`].
pub(crate) fn handle() -> Handle {
    Handle::try_current().unwrap_or_else(|_| runtime().handle().clone())
}

fn runtime() -> &'static Runtime {
    let there = RUNTIME.load(Ordering::Acquire);
    if there.is_null() {
        return replaced(there);
    }
    // SAFETY: what the pointer was set to is never dropped.
    unsafe { &*there }
}

/// A new runtime, unless another thread has replaced `before` meanwhile.
fn replaced(before: *mut Runtime) -> &'static Runtime {
    let runtime = match Runtime::new() {
        Ok(runtime) => Box::into_raw(Box::new(runtime)),
        Err(error) => panic!("tokio's threads could not be started: {error}"),
    };
    let set = RUNTIME.compare_exchange(before, runtime, Ordering::AcqRel, Ordering::Acquire);
    let Err(other) = set else {
        // SAFETY: the runtime was just leaked, and is never dropped.
        return unsafe { &*runtime };
    };
    // Another thread has been faster.
    // SAFETY: no other thread has seen this one; the other one is never dropped.
    unsafe {
        Box::from_raw(runtime).shutdown_background();
        &*other
    }
}
