//! A page of memory that the supervisor, the live worker and its copies share.

use std::io;
use std::sync::OnceLock;
use std::sync::atomic::AtomicI32;
use std::sync::atomic::AtomicU8;
use std::sync::atomic::AtomicU32;
use std::sync::atomic::Ordering;
use std::time::Duration;

use super::child;
use super::sys;
use crate::wire::NAMED_COPIES;
use crate::wire::Role;

/// What lies in the page.
#[derive(Debug, Default)]
#[repr(C)]
pub(crate) struct Shared {
    /// How often the person has interrupted the cell that runs.
    pub(crate) interrupts: AtomicU32,
    /// Whether evcxr waits for a cell: 1 from the command until its markers are passed on.
    pub(crate) running: AtomicU32,
    /// Whether the copy that was made last waits. A futex between processes.
    pub(crate) copy_ready: AtomicU32,
    /// The thread that took the live worker down, and its name.
    crashed: AtomicI32,
    crashed_name: [AtomicU8; 16],
    /// Process numbers; 0 where there is no copy.
    copies: [AtomicI32; NAMED_COPIES + 2],
}

static SHARED: OnceLock<&'static Shared> = OnceLock::new();

/// Makes the page. Processes that are forked later have the same one.
pub(crate) fn make() -> io::Result<&'static Shared> {
    let page = sys::share_page()?;
    Ok(SHARED.get_or_init(|| page))
}

/// The page; `None` outside a worker, and in processes that cells have forked.
pub(crate) fn get() -> Option<&'static Shared> {
    SHARED.get().copied().filter(|_| !child::is_child())
}

/// Whether the person has interrupted the cell that runs.
pub(crate) fn is_interrupted() -> bool {
    get().is_some_and(|shared| shared.interrupts.load(Ordering::Relaxed) > 0)
}

impl Shared {
    /// The copy in a role.
    pub(crate) fn copy(&self, role: Role) -> Option<i32> {
        let pid = self.slot(role).load(Ordering::SeqCst);
        (pid != 0).then_some(pid)
    }

    /// Puts a copy, or none, into a role; gives back the one that had it.
    pub(crate) fn set(&self, role: Role, pid: Option<i32>) -> Option<i32> {
        let before = self.slot(role).swap(pid.unwrap_or(0), Ordering::SeqCst);
        (before != 0).then_some(before)
    }

    /// All copies.
    pub(crate) fn copies(&self) -> impl Iterator<Item = i32> {
        let pids = self.copies.iter().map(|copy| copy.load(Ordering::SeqCst));
        pids.filter(|pid| *pid != 0)
    }

    /// Whether the process is one of the copies.
    pub(crate) fn is_copy(&self, pid: i32) -> bool {
        self.copies
            .iter()
            .any(|copy| copy.load(Ordering::SeqCst) == pid)
    }

    /// The process is no copy any more.
    pub(crate) fn forget(&self, pid: i32) {
        for copy in &self.copies {
            let _ = copy.compare_exchange(pid, 0, Ordering::SeqCst, Ordering::SeqCst);
        }
    }

    /// A thread takes the process down. The first one counts. Returns whether this is it.
    pub(crate) fn note_crash(&self, thread: i32, name: [u8; 16]) -> bool {
        let first = self
            .crashed
            .compare_exchange(0, thread, Ordering::SeqCst, Ordering::SeqCst);
        if first.is_ok() {
            for (to, from) in self.crashed_name.iter().zip(name) {
                to.store(from, Ordering::SeqCst);
            }
        }
        first.is_ok()
    }

    /// The thread that took the live worker down, where it is known.
    pub(crate) fn crashed_thread(&self) -> Option<i32> {
        let thread = self.crashed.load(Ordering::SeqCst);
        (thread != 0).then_some(thread)
    }

    /// Its name.
    pub(crate) fn crashed_name(&self) -> Option<String> {
        self.crashed_thread()?;
        let name = self.crashed_name.each_ref();
        let name = name.map(|byte| byte.load(Ordering::SeqCst));
        let text = String::from_utf8_lossy(&name);
        Some(text.trim_end_matches('\0').to_owned())
    }

    /// The live worker is another process now.
    pub(crate) fn forget_crash(&self) {
        self.crashed.store(0, Ordering::SeqCst);
    }

    /// Waits until the copy that was just made waits; not for ever, since it may have been killed.
    pub(crate) fn wait_for_copy(&self) {
        for _ in 0..20 {
            if self.copy_ready.load(Ordering::SeqCst) != 0 {
                return;
            }
            sys::futex_wait_shared(&self.copy_ready, 0, Duration::from_millis(100));
        }
    }

    /// Said by the copy.
    pub(crate) fn say_copy_is_ready(&self) {
        self.copy_ready.store(1, Ordering::SeqCst);
        sys::futex_wake_shared(&self.copy_ready);
    }

    fn slot(&self, role: Role) -> &AtomicI32 {
        &self.copies[match role {
            Role::Guard => 0,
            Role::Undo => 1,
            Role::Named(index) => 2 + index.min(NAMED_COPIES - 1),
        }]
    }
}
