//! The session's one tokio runtime, which all cells share.

use std::sync::OnceLock;

use tokio::runtime::EnterGuard;
use tokio::runtime::Handle;
use tokio::runtime::Runtime;

/// Makes the session's tokio the one that `tokio::spawn` and timers of this thread use.
///
/// # Panics
///
/// When the system gives no threads.
pub(crate) fn enter() -> EnterGuard<'static> {
    runtime().enter()
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
    static RUNTIME: OnceLock<Runtime> = OnceLock::new();
    RUNTIME.get_or_init(|| match Runtime::new() {
        Ok(runtime) => runtime,
        Err(error) => panic!("tokio's threads could not be started: {error}"),
    })
}
