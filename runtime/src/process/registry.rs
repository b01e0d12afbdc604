//! The processes that this process has started, and what it is itself.

use std::sync::Arc;
use std::sync::Mutex;
use std::sync::MutexGuard;
use std::sync::PoisonError;

use super::handle::Handle;
use super::info::Info;

#[derive(Debug, Default)]
pub(super) struct Registry {
    /// This process, where it was started by another one.
    pub(super) own: Option<Info>,
    /// How many processes this one has started, for the names of those that were given none.
    pub(super) started: u32,
    /// Those that may still run.
    pub(super) children: Vec<Arc<Handle>>,
}

static REGISTRY: Mutex<Option<Registry>> = Mutex::new(None);

/// The registry. Whoever forks holds it.
pub(super) fn lock() -> MutexGuard<'static, Option<Registry>> {
    REGISTRY.lock().unwrap_or_else(PoisonError::into_inner)
}

/// What a process that was just made finds there: nothing but itself.
pub(super) fn begin(registry: &mut Option<Registry>, own: Info) {
    let before = registry.replace(Registry {
        own: Some(own),
        ..Registry::default()
    });
    // Its handles are the parent's, and would be closed and waited for.
    std::mem::forget(before);
}

/// This process.
pub(super) fn current() -> Info {
    let own = lock().as_ref().and_then(|registry| registry.own.clone());
    own.unwrap_or_else(|| Info {
        pid: std::process::id(),
        name: "main".into(),
        is_daemon: false,
    })
}

/// The children that still run, without those that are not this process's own since the session went back.
pub(super) fn running() -> Vec<Arc<Handle>> {
    let mut registry = lock();
    let Some(registry) = registry.as_mut() else {
        return Vec::new();
    };
    registry.children.retain(|child| child.is_alive());
    registry.children.clone()
}

/// This child need not be listed any more.
pub(super) fn forget(handle: &Arc<Handle>) {
    if let Some(registry) = lock().as_mut() {
        registry
            .children
            .retain(|child| !Arc::ptr_eq(child, handle));
    }
}
