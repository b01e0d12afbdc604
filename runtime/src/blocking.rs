//! Waiting for a future on the calling thread, so that an interrupt ends it: the loop that runs a cell's code, and that of
//! the runtime's own helpers.

use std::pin::pin;
use std::sync::Arc;
use std::sync::atomic::AtomicU32;
use std::sync::atomic::Ordering;
use std::task::Context;
use std::task::Poll;
use std::task::Wake;
use std::task::Waker;
use std::time::Duration;
use std::time::Instant;

use crate::cancel;
use crate::worker::awaits;
use crate::worker::cell;
use crate::worker::sys;

/// Polls until it is ready; between polls the thread sleeps. An interrupt unwinds.
///
/// tokio's own `block_on` would do, but under it a cell could not make and block on a runtime of its own, as programs do,
/// and would not notice an interrupt.
pub(crate) fn poll_until(poll: &mut dyn FnMut(&mut Context<'_>) -> Poll<()>) {
    poll_until_deadline(poll, None);
}

/// Waits for a future, as [`poll_until`] does.
pub(crate) fn block_on<F: Future>(future: F) -> F::Output {
    let mut future = pin!(future);
    let mut output = None;
    poll_until(&mut |context| {
        future
            .as_mut()
            .poll(context)
            .map(|done| output = Some(done))
    });
    output.expect("the loop ends when the future does")
}

/// Waits for a future at most so long, as [`poll_until`] does; `None` where it was not ready by then.
pub(crate) fn block_on_within<F: Future + Unpin>(
    future: &mut F,
    limit: Duration,
) -> Option<F::Output> {
    let mut future = pin!(future);
    let mut output = None;
    poll_until_deadline(
        &mut |context| {
            future
                .as_mut()
                .poll(context)
                .map(|done| output = Some(done))
        },
        // A limit that no clock can count to is none.
        Instant::now().checked_add(limit),
    );
    output
}

fn poll_until_deadline(
    poll: &mut dyn FnMut(&mut Context<'_>) -> Poll<()>,
    deadline: Option<Instant>,
) {
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
        let left = deadline.map(|deadline| deadline.saturating_duration_since(Instant::now()));
        if left.is_some_and(|left| left.is_zero()) {
            return;
        }
        // A wake since `seen` makes this return at once; so does the signal of an interrupt.
        sys::futex_wait(&wakes.0, seen, left);
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
    use tokio::runtime::Runtime;

    use super::*;
    use crate::session_tokio;

    #[test]
    fn timers_and_tasks_wake_the_loop() {
        let _tokio = session_tokio::enter();
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
        let _tokio = session_tokio::enter();
        let mut future = Box::pin(async {
            let own = Runtime::new().unwrap();
            assert_eq!(own.block_on(async { 1 }), 1);
            own.shutdown_background();
        });
        poll_until(&mut |context| future.as_mut().poll(context));
    }

    #[test]
    fn a_limit_ends_a_wait_that_nothing_wakes() {
        let mut never = std::future::pending::<()>();
        assert_eq!(block_on_within(&mut never, Duration::from_millis(1)), None);
        assert_eq!(block_on_within(&mut never, Duration::ZERO), None);
        let mut ready = std::future::ready(1);
        assert_eq!(block_on_within(&mut ready, Duration::MAX), Some(1));
    }
}
