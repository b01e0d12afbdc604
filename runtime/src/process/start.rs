//! Starting a process: the fork, and what the child does from there to its end.

use std::fs::File;
use std::io;
use std::panic::AssertUnwindSafe;
use std::panic::catch_unwind;
use std::sync::Arc;
use std::sync::OnceLock;
use std::sync::atomic::AtomicBool;
use std::sync::atomic::Ordering;

use rayon::ThreadPoolBuilder;
use serde::Serialize;

use super::closure;
use super::ending;
use super::handle::Handle;
use super::info::Info;
use super::outcome;
use super::registry;
use super::sys;
use crate::panics;
use crate::session_tokio;
use crate::worker;
use crate::worker::child;

/// The settings of a process that is not started yet.
#[derive(Clone, Debug, Default)]
pub(super) struct Plan {
    pub(super) name: Option<Arc<str>>,
    pub(super) is_daemon: bool,
    /// Whether it gets a process group of its own wherever it is started.
    pub(super) is_group: bool,
    /// Whether it starts nothing but processes of ours: it needs no pools.
    pub(super) is_bare: bool,
    /// The load of the cell whose code starts it.
    pub(super) load: u32,
}

/// Whether some process that this one descends from had threads that this one lacks: pools that have none may be there.
static LACKS_THREADS: AtomicBool = AtomicBool::new(false);

/// Starts a process that runs the closure.
pub(super) fn start<T: Serialize>(
    plan: Plan,
    closure: impl FnOnce() -> T,
) -> io::Result<Arc<Handle>> {
    let file = sys::memory_file()?;
    let load = plan.load;
    let forked = fork(plan)?;
    match forked {
        Forked::Child(setting) => live(&setting, &file, closure),
        Forked::Parent { info, is_group } => {
            let watch = sys::watch(info.pid.cast_signed())
                // A process that can't be watched would stay in the system's table.
                .inspect_err(|_| sys::end_child(info.pid.cast_signed()))?;
            let handle = Arc::new(Handle {
                info,
                watch,
                file,
                parent: sys::pid(),
                load,
                is_group,
                exit: OnceLock::new(),
                outcome: OnceLock::new(),
            });
            let mut registry = registry::lock();
            let children = &mut registry.get_or_insert_default().children;
            children.push(Arc::clone(&handle));
            Ok(handle)
        }
    }
}

enum Forked {
    Parent { info: Info, is_group: bool },
    Child(Setting),
}

/// What a child finds.
struct Setting {
    is_bare: bool,
    /// Whether its parent, or one before, had threads that it lacks, besides the worker's own.
    had_threads: bool,
}

/// Forks with every lock held that the child needs and another thread could have.
fn fork(plan: Plan) -> io::Result<Forked> {
    ending::prepare();
    let was_live = child::is_live();
    let own_threads = if was_live { child::OWN_THREADS } else { 1 };
    let had_threads = LACKS_THREADS.load(Ordering::Relaxed) || !sys::has_threads_up_to(own_threads);
    let is_group = was_live || plan.is_group;
    // What is buffered would be printed by both.
    worker::settle();
    // In the order in which others take them, who may print while they hold the first ones.
    let out = io::stdout().lock();
    let err = io::stderr().lock();
    let mut runtime = worker::lock();
    let mut registry = registry::lock();
    let own = registry.get_or_insert_default();
    own.started += 1;
    let started = own.started;
    let name = plan
        .name
        .unwrap_or_else(|| format!("process-{started}").into());
    let mut own_closure = closure::lock();
    let held = sys::Held::new();
    // SAFETY: the locks above are those of std's streams and of this crate that code of the child may come to; what other
    // threads hold besides is for the person who starts the process to mind, which the module's documentation describes.
    let pid = unsafe { sys::fork() }?;
    if pid != 0 {
        drop(held);
        if is_group {
            sys::found_group(pid);
        }
        let info = Info {
            pid: pid.cast_unsigned(),
            name,
            is_daemon: plan.is_daemon,
        };
        return Ok(Forked::Parent { info, is_group });
    }
    if is_group {
        sys::found_group(0);
    }
    sys::reset_handlers();
    let info = Info {
        pid: std::process::id(),
        name,
        is_daemon: plan.is_daemon,
    };
    worker::sys::set_thread_name(&name_for_system(&info.name));
    runtime.forget_cell();
    registry::begin(&mut registry, info);
    own_closure.begin();
    LACKS_THREADS.store(had_threads, Ordering::Relaxed);
    drop((held, own_closure, registry, runtime, err, out));
    Ok(Forked::Child(Setting {
        is_bare: plan.is_bare,
        had_threads,
    }))
}

/// The child's life.
fn live<T: Serialize>(setting: &Setting, file: &File, closure: impl FnOnce() -> T) -> ! {
    if !setting.is_bare {
        worker::own_epoll_sets(setting.had_threads);
    }
    // It would give every child the numbers that the parent gets next.
    let _ = rand::rng().reseed();
    let is_bare = setting.is_bare || !setting.had_threads;
    let result = catch_unwind(AssertUnwindSafe(|| match is_bare {
        true => closure(),
        false => with_own_pools(closure),
    }));
    let code = match result {
        Ok(value) => match outcome::write_value(file, &value) {
            Ok(()) => 0,
            Err(error) => leave_panic(
                file,
                format!("its value can't be given to its parent: {error}"),
            ),
        },
        Err(payload) => leave_panic(file, panics::text_of(&*payload)),
    };
    ending::end(code)
}

fn leave_panic(file: &File, message: String) -> i32 {
    // If it fails, the exit code 1 remains.
    let _ = outcome::write_panic(file, &closure::panic_with(message));
    1
}

/// Runs the closure where rayon and tokio do not find the pools of the parent, whose threads this process lacks: what waits
/// for them would wait for ever.
fn with_own_pools<T>(closure: impl FnOnce() -> T) -> T {
    let is_of_pool = rayon::current_thread_index().is_some() || tokio::task::try_id().is_some();
    if !is_of_pool {
        return enter_pools(closure);
    }
    // What this thread has noted down belongs to the parent's pool.
    let closure = Alone(closure);
    let run = move || {
        // The whole value, not the field in it, which is not made for another thread.
        let closure = closure;
        closure::set_thread();
        Alone(enter_pools(closure.0))
    };
    let joined = std::thread::scope(|scope| {
        let thread = std::thread::Builder::new().spawn_scoped(scope, run);
        thread.map(std::thread::ScopedJoinHandle::join)
    });
    match joined {
        Ok(Ok(value)) => value.0,
        Ok(Err(payload)) => std::panic::resume_unwind(payload),
        Err(error) => panic!("a thread for the process could not be started: {error}"),
    }
}

/// What is used by one thread while the one that has made it waits.
struct Alone<T>(T);

// SAFETY: the thread that the value comes from waits for the one that it goes to, so no two use it at once.
unsafe impl<T> Send for Alone<T> {}

fn enter_pools<T>(closure: impl FnOnce() -> T) -> T {
    // For rayon this thread is one of the pool, so all that it does stays there. Where it fails the closure may do without.
    let pool = ThreadPoolBuilder::new().use_current_thread().build();
    // What the parent had entered.
    let tokio = tokio::runtime::Handle::try_current().is_ok();
    let _tokio = tokio.then(session_tokio::enter_anew);
    let value = closure();
    // Dropping it would wait for its threads.
    std::mem::forget(pool);
    value
}

/// What `ps` shows: up to 15 bytes, and not what the worker itself is called.
fn name_for_system(name: &str) -> std::ffi::CString {
    const LIMIT: usize = 15;
    let name = if name == worker::PROGRAM_NAME {
        "worker process"
    } else {
        name
    };
    let mut bytes: Vec<u8> = Vec::with_capacity(LIMIT);
    for char in name.chars().filter(|char| *char != '\0') {
        if bytes.len() + char.len_utf8() > LIMIT {
            break;
        }
        bytes.extend(char.encode_utf8(&mut [0; 4]).bytes());
    }
    std::ffi::CString::new(bytes).unwrap_or_default()
}
