//! A function of a cell that is called with messages.

use std::panic::AssertUnwindSafe;
use std::panic::catch_unwind;
use std::sync::Mutex;
use std::sync::MutexGuard;
use std::sync::PoisonError;

/// A function that takes one value.
pub(crate) type Function<T> = Box<dyn FnMut(T) + Send>;

/// The place of a function. No lock is held while the function runs: it may set another one.
pub(crate) struct Callback<T>(Mutex<Option<Function<T>>>);

impl<T> Callback<T> {
    pub(crate) fn new() -> Callback<T> {
        Callback(Mutex::new(None))
    }

    /// Puts a function in the place of the one that is there.
    pub(crate) fn set(&self, function: Function<T>) {
        let before = self.place().replace(function);
        // What it owns may be dropped by code that uses this.
        drop(before);
    }

    /// Drops the function.
    pub(crate) fn clear(&self) {
        let before = self.place().take();
        drop(before);
    }

    /// Calls the function, if there is one. A panic of the function leaves this, and the function stays.
    pub(crate) fn call(&self, value: T) {
        let function = self.place().take();
        let Some(function) = function else { return };
        let mut taken = PutBack(self, Some(function));
        if let Some(function) = &mut taken.1 {
            function(value);
        }
    }

    /// The same; `false` where the function has panicked, which the panic hook has shown.
    pub(crate) fn call_and_catch(&self, value: T) -> bool {
        let called = catch_unwind(AssertUnwindSafe(|| self.call(value)));
        let is_ok = called.is_ok();
        // A panic's payload may panic when it is dropped.
        let _ = called.map_err(std::mem::forget);
        is_ok
    }

    fn place(&self) -> MutexGuard<'_, Option<Function<T>>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A function that is called, and then goes back to its place unless it has set another one.
struct PutBack<'a, T>(&'a Callback<T>, Option<Function<T>>);

impl<T> Drop for PutBack<'_, T> {
    fn drop(&mut self) {
        let mut place = self.0.place();
        if place.is_none() {
            *place = self.1.take();
        }
        // Released before a function that is not put back is dropped.
        drop(place);
    }
}
