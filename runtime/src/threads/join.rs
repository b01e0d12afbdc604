//! Waiting for std's threads, with an error that can be read.

use std::thread::JoinHandle;
use std::thread::ScopedJoinHandle;
use std::time::Duration;
use std::time::Instant;

use super::Panicked;
use crate::cancel;
use crate::panics;

/// Waits for a thread of std: what `JoinHandle::join` lacks. In scope in every cell.
///
/// Dropping a handle without waiting lets its thread go on. A thread that is not waited for prints its panic like any
/// other.
pub trait Join<T>: Sized {
    /// Waits until the thread has ended, and gives what it returned.
    ///
    /// An interrupt meanwhile unwinds the cell; the thread goes on.
    ///
    /// # Errors
    ///
    /// The thread's panic.
    ///
    /// ```
    /// use threadbook::threads::Join;
    ///
    /// let handle = std::thread::spawn(|| 6 * 7);
    /// assert_eq!(handle.wait()?, 42);
    /// # Ok::<(), threadbook::threads::Panicked>(())
    /// ```
    ///
    /// Python: `thread.join()`, which gives neither the result nor the exception.
    fn wait(self) -> Result<T, Panicked>;

    /// Waits until the thread has ended, at most so long.
    ///
    /// std's handle can't wake a thread that waits with a limit. So this looks at it again and again, first after
    /// microseconds and at last every 5 ms: it may return that much after the thread's end.
    ///
    /// An interrupt meanwhile unwinds the cell; the thread goes on.
    ///
    /// # Errors
    ///
    /// The handle, when the thread has not ended by then. The inner result is that of [`wait`](Join::wait).
    ///
    /// ```
    /// use std::sync::mpsc;
    /// use std::time::Duration;
    /// use threadbook::threads::Join;
    ///
    /// let (go_tx, go_rx) = mpsc::channel();
    /// let handle = std::thread::spawn(move || go_rx.recv().unwrap());
    /// let handle = handle.wait_for(Duration::from_millis(1)).expect_err("it waits for a number");
    /// go_tx.send(7)?;
    /// assert_eq!(handle.wait()?, 7);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// Python: `thread.join(timeout)`, and then `thread.is_alive()`.
    fn wait_for(self, limit: Duration) -> Result<Result<T, Panicked>, Self>;
}

impl<T> Join<T> for JoinHandle<T> {
    fn wait(self) -> Result<T, Panicked> {
        let thread = self.thread().clone();
        let joined = self.join();
        joined.map_err(|payload| panics::of_thread(&thread, &*payload))
    }

    fn wait_for(self, limit: Duration) -> Result<Result<T, Panicked>, Self> {
        match is_true_within(limit, || self.is_finished()) {
            true => Ok(self.wait()),
            false => Err(self),
        }
    }
}

impl<T> Join<T> for ScopedJoinHandle<'_, T> {
    fn wait(self) -> Result<T, Panicked> {
        let thread = self.thread().clone();
        let joined = self.join();
        joined.map_err(|payload| panics::of_thread(&thread, &*payload))
    }

    fn wait_for(self, limit: Duration) -> Result<Result<T, Panicked>, Self> {
        match is_true_within(limit, || self.is_finished()) {
            true => Ok(self.wait()),
            false => Err(self),
        }
    }
}

/// Looks again and again, less and less often.
fn is_true_within(limit: Duration, is_true: impl Fn() -> bool) -> bool {
    const FIRST: Duration = Duration::from_micros(20);
    const LAST: Duration = Duration::from_millis(5);
    let deadline = Instant::now().checked_add(limit);
    let mut pause = FIRST;
    loop {
        cancel::check_interrupt();
        if is_true() {
            return true;
        }
        let left = deadline.map(|deadline| deadline.saturating_duration_since(Instant::now()));
        if left.is_some_and(|left| left.is_zero()) {
            return false;
        }
        std::thread::sleep(left.map_or(pause, |left| left.min(pause)));
        pause = (pause * 2).min(LAST);
    }
}

#[cfg(test)]
mod tests {
    use std::sync::mpsc;

    use super::*;

    #[test]
    fn a_panic_is_an_error_with_the_threads_name() {
        let builder = std::thread::Builder::new().name("own".to_owned());
        let handle = builder.spawn(|| -> i32 { panic!("boom {}", 1) }).unwrap();
        let panicked = handle.wait().unwrap_err();
        assert_eq!(panicked.thread(), Some("own"));
        assert_eq!(panicked.message(), "boom 1");
        let unnamed = std::thread::spawn(|| panic!("boom")).wait().unwrap_err();
        assert_eq!(
            unnamed.to_string(),
            "a thread without a name panicked: boom"
        );
    }

    #[test]
    fn scoped_threads_are_waited_for_in_the_same_way() {
        let word = String::from("four");
        std::thread::scope(|scope| {
            let good = scope.spawn(|| word.len());
            let bad = scope.spawn(|| -> usize { panic!("{word}") });
            assert_eq!(good.wait_for(Duration::MAX).unwrap().unwrap(), 4);
            assert_eq!(bad.wait().unwrap_err().message(), "four");
        });
    }

    #[test]
    fn the_handle_comes_back_as_often_as_the_thread_is_not_done() {
        let (go_tx, go_rx) = mpsc::channel::<()>();
        let mut handle = std::thread::spawn(move || go_rx.recv().is_err());
        for limit_ms in [0, 1, 3] {
            handle = handle
                .wait_for(Duration::from_millis(limit_ms))
                .unwrap_err();
        }
        drop(go_tx);
        assert!(handle.wait_for(Duration::MAX).unwrap().unwrap());
    }
}
