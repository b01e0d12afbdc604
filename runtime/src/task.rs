//! The session's one tokio runtime, and the loop that runs a cell's code.

use std::sync::Arc;
use std::sync::OnceLock;
use std::task::Context;
use std::task::Poll;
use std::task::Wake;
use std::task::Waker;
use std::thread::Thread;

use tokio::runtime::EnterGuard;
use tokio::runtime::Runtime;

/// Makes the session's tokio the one that `tokio::spawn` and timers of this thread use.
///
/// # Panics
///
/// When the system gives no threads.
pub(crate) fn enter() -> EnterGuard<'static> {
    static RUNTIME: OnceLock<Runtime> = OnceLock::new();
    RUNTIME
        .get_or_init(|| match Runtime::new() {
            Ok(runtime) => runtime,
            Err(error) => panic!("tokio's threads could not be started: {error}"),
        })
        .enter()
}

/// Polls until it is ready; between polls the thread sleeps.
///
/// tokio's own `block_on` would do, but under it a cell could not make and block on a runtime of its own, as programs do.
pub(crate) fn poll_until(poll: &mut dyn FnMut(&mut Context<'_>) -> Poll<()>) {
    let waker = Waker::from(Arc::new(Unpark(std::thread::current())));
    let mut context = Context::from_waker(&waker);
    while poll(&mut context).is_pending() {
        // A wake between the poll and here is not lost: it makes this return at once.
        std::thread::park();
    }
}

struct Unpark(Thread);

impl Wake for Unpark {
    fn wake(self: Arc<Self>) {
        self.0.unpark();
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
