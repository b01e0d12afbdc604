//! Starting the threads of a pool.

/// A thread of a pool, not started yet.
pub(super) fn named(number: usize) -> std::thread::Builder {
    std::thread::Builder::new().name(format!("worker-{number}"))
}

/// The thread that was started.
///
/// # Panics
///
/// When the system gives none.
pub(super) fn started<T>(thread: std::io::Result<T>) -> T {
    match thread {
        Ok(thread) => thread,
        Err(error) => panic!("a thread of a pool could not be started: {error}"),
    }
}
