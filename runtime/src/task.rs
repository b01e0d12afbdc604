//! The session's one tokio runtime, and the loop that runs a cell's code.

use std::sync::Arc;
use std::sync::atomic::AtomicPtr;
use std::sync::atomic::AtomicU32;
use std::sync::atomic::Ordering;
use std::task::Context;
use std::task::Poll;
use std::task::Wake;
use std::task::Waker;

use tokio::runtime::EnterGuard;
use tokio::runtime::Runtime;

use crate::cancel;
use crate::worker::awaits;
use crate::worker::cell;
use crate::worker::sys;

/// The process's runtime, once there is one. It is never dropped.
static RUNTIME: AtomicPtr<Runtime> = AtomicPtr::new(std::ptr::null_mut());

/// Makes the session's tokio the one that `tokio::spawn` and timers of this thread use.
///
/// # Panics
///
/// When the system gives no threads.
pub(crate) fn enter() -> EnterGuard<'static> {
    let there = RUNTIME.load(Ordering::Acquire);
    if there.is_null() {
        return enter_anew();
    }
    // SAFETY: what the pointer was set to is never dropped.
    unsafe { &*there }.enter()
}

/// The same with a new runtime in the place of the one that is there: in a forked process that one has no threads.
///
/// # Panics
///
/// When the system gives no threads.
pub(crate) fn enter_anew() -> EnterGuard<'static> {
    let before = RUNTIME.load(Ordering::Acquire);
    let runtime = match Runtime::new() {
        Ok(runtime) => Box::into_raw(Box::new(runtime)),
        Err(error) => panic!("tokio's threads could not be started: {error}"),
    };
    let set = RUNTIME.compare_exchange(before, runtime, Ordering::AcqRel, Ordering::Acquire);
    let Err(other) = set else {
        // SAFETY: the runtime was just leaked, and is never dropped.
        return unsafe { &*runtime }.enter();
    };
    // Another thread has been faster.
    // SAFETY: nobody else has seen this one; the other one is never dropped.
    unsafe {
        Box::from_raw(runtime).shutdown_background();
        (*other).enter()
    }
}

/// Polls until it is ready; between polls the thread sleeps. An interrupt unwinds.
///
/// tokio's own `block_on` would do, but under it a cell could not make and block on a runtime of its own, as programs do,
/// and would not notice an interrupt.
pub(crate) fn poll_until(poll: &mut dyn FnMut(&mut Context<'_>) -> Poll<()>) {
    let wakes = Arc::new(Wakes::default());
    let waker = Waker::from(Arc::clone(&wakes));
    let mut context = Context::from_waker(&waker);
    loop {
        let seen = wakes.0.load(Ordering::SeqCst);
        if cell::must_stop() {
            let waker = awaits::noting_waker();
            if poll(&mut Context::from_waker(&waker)).is_ready() {
                return;
            }
        }
        cancel::check_interrupt();
        if poll(&mut context).is_ready() {
            return;
        }
        // A wake since `seen` makes this return at once; so does the signal of an interrupt.
        sys::futex_wait(&wakes.0, seen, None);
    }
}

/// How often the loop was woken.
#[derive(Default)]
struct Wakes(AtomicU32);

impl Wake for Wakes {
    fn wake(self: Arc<Self>) {
        self.0.fetch_add(1, Ordering::SeqCst);
        sys::futex_wake(&self.0);
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    #[test]
    fn timers_and_tasks_wake_the_loop() {
        let _tokio = enter();
        let mut future = Box::pin(async {
            let task = tokio::spawn(async {
                tokio::time::sleep(Duration::from_millis(1)).await;
                7
            });
            assert_eq!(task.await.ok(), Some(7));
        });
        poll_until(&mut |context| future.as_mut().poll(context));
    }

    #[test]
    fn a_runtime_of_ones_own_can_be_blocked_on_inside() {
        let _tokio = enter();
        let mut future = Box::pin(async {
            let own = Runtime::new().unwrap();
            assert_eq!(own.block_on(async { 1 }), 1);
            own.shutdown_background();
        });
        poll_until(&mut |context| future.as_mut().poll(context));
    }
}
