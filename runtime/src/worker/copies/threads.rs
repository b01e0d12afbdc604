//! A copy of this process with all of its threads.
//!
//! `fork` gives the copy the memory of the process, but only the thread that calls it. Here every other thread is
//! stopped first, inside a signal handler, with its registers on its stack. The copy has these stacks too, so it can
//! start a thread for each and go on where it was: locks have their owners, pools their threads, and nothing of a
//! library needs to know. What can't be stopped, such as a thread that blocks every signal, is not in the copy.
//!
//! While threads are stopped they may hold any lock, the allocator's included: nothing here allocates or locks, from
//! the first signal to the release, and in the copy until its threads run.

use std::cell::UnsafeCell;
use std::io;
use std::os::fd::RawFd;
use std::os::raw::c_int;
use std::os::raw::c_void;
use std::sync::atomic::AtomicBool;
use std::sync::atomic::AtomicU32;
use std::sync::atomic::AtomicUsize;
use std::sync::atomic::Ordering;
use std::time::Duration;
use std::time::Instant;

use super::context;
use super::loader;
use super::raw;
use super::raw::Digits;
use super::stored;
use super::stored::Stored;
use crate::worker::owners;
use crate::worker::sys;

/// More threads than this are not taken along.
const MOST: usize = 1024;
/// A thread that neither stops nor blocks the signal is waited for so long: it may wait for a processor.
const PATIENCE: Duration = Duration::from_secs(1);

/// A thread that blocks the signal, and runs, is waited for so long.
const PATIENCE_WHERE_BLOCKED: Duration = Duration::from_millis(100);

/// A thread as the copy needs it.
struct Slot {
    thread: i32,
    sp: usize,
    stored: Stored,
    ready: AtomicBool,
}

struct Slots([UnsafeCell<Slot>; MOST]);

// SAFETY: a slot is written by the one thread that has drawn its number, before it sets `ready`, and read by the main
// thread only after it has seen `ready`, until the next round, which begins when every handler has returned.
unsafe impl Sync for Slots {}

static SLOTS: Slots = Slots(
    [const {
        UnsafeCell::new(Slot {
            thread: 0,
            sp: 0,
            stored: Stored::NONE,
            ready: AtomicBool::new(false),
        })
    }; MOST],
);

/// Whether a handler is to wait. A signal may be delivered late, when it has no use any more.
static STOPPING: AtomicBool = AtomicBool::new(false);
/// Handlers that have not returned.
static INSIDE: AtomicU32 = AtomicU32::new(0);
/// The next free slot.
static NEXT: AtomicUsize = AtomicUsize::new(0);
/// How many slots are ready; the main thread waits for it.
static ARRIVED: AtomicU32 = AtomicU32::new(0);
/// Changes when the threads are released; they wait for it.
static ROUND: AtomicU32 = AtomicU32::new(0);

/// The signal that stops a thread: one that neither the C library nor programs commonly use.
fn stop_signal() -> c_int {
    libc::SIGRTMAX() - 3
}

/// Prepares the process for being copied; once, before it has threads.
pub(super) fn install() -> io::Result<()> {
    stored::install();
    sys::handle_signal(stop_signal(), on_stop, libc::SA_RESTART)
}

/// The folder that lists this process's threads.
pub(super) fn tasks() -> Option<RawFd> {
    raw::open_at(libc::AT_FDCWD, c"/proc/self/task", libc::O_DIRECTORY)
}

/// The other threads of this process, stopped until this is dropped.
pub(super) struct Stopped {
    missed: Missed,
}

/// Threads that could not be stopped.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Missed {
    count: usize,
    names: [[u8; 16]; 8],
}

impl Missed {
    fn add(&mut self, tasks: RawFd, thread: i32) {
        if let Some(name) = self.names.get_mut(self.count) {
            let digits = Digits::new(thread);
            if let Some(folder) = raw::open_at(tasks, digits.as_c_str(), libc::O_DIRECTORY) {
                raw::read_at(folder, c"comm", name);
                sys::close(folder);
            }
        }
        self.count += 1;
    }

    /// Their names, as far as there was room for them.
    pub(super) fn names(&self) -> Vec<String> {
        let known = self.names.iter().take(self.count);
        known
            .map(|name| {
                let text = String::from_utf8_lossy(name);
                text.trim_end_matches(['\0', '\n']).to_owned()
            })
            .collect()
    }
}

impl Stopped {
    /// Stops every other thread. `None` where a handler of an earlier time still has not returned.
    pub(super) fn all(tasks: RawFd) -> Option<Stopped> {
        let started = Instant::now();
        loop {
            // Released a moment ago, a thread may not have come back to what it did.
            let inside = INSIDE.load(Ordering::SeqCst);
            if inside == 0 {
                break;
            }
            if started.elapsed() > PATIENCE {
                return None;
            }
            sys::futex_wait(&INSIDE, inside, Some(Duration::from_millis(10)));
        }
        for slot in used() {
            // SAFETY: no handler runs, and therefore no other code uses the slots.
            unsafe { (*slot.get()).ready.store(false, Ordering::Relaxed) };
        }
        NEXT.store(0, Ordering::SeqCst);
        ARRIVED.store(0, Ordering::SeqCst);
        STOPPING.store(true, Ordering::SeqCst);
        // From here a drop releases.
        let mut stopped = Stopped {
            missed: Missed::default(),
        };
        let started = Instant::now();
        let own = raw::thread_id();
        let mut signalled = [0; MOST];
        let mut count = 0;
        loop {
            let before = count;
            raw::for_each_number(tasks, |thread| {
                if thread == own || signalled[..count].contains(&thread) {
                    return;
                }
                if count == MOST {
                    stopped.missed.add(tasks, thread);
                } else if raw::signal_thread(thread, stop_signal()) {
                    signalled[count] = thread;
                    count += 1;
                }
            });
            wait_for(&signalled[..count], tasks, started);
            // A thread may have started another before it stopped, and the list ends early where one ends meanwhile. By
            // now those that were signalled have stopped or are gone, so their number does not change.
            let alive = |thread: &&i32| raw::signal_thread(**thread, 0);
            let known = 1 + signalled[..count].iter().filter(alive).count();
            let is_whole = raw::count_threads().is_none_or(|there| known >= there);
            if count == before && (is_whole || count == MOST || started.elapsed() > PATIENCE) {
                for thread in &signalled[..count] {
                    if !is_here(*thread) && raw::signal_thread(*thread, 0) {
                        stopped.missed.add(tasks, *thread);
                    }
                }
                return Some(stopped);
            }
        }
    }

    /// As [`Stopped::all`], at a moment when no thread has a lock of the dynamic linker. Fails with the reason, in words.
    pub(super) fn outside_loader(tasks: RawFd) -> Result<Stopped, String> {
        let started = Instant::now();
        while started.elapsed() <= PATIENCE {
            let stopped = Stopped::all(tasks).ok_or("a thread does not stop")?;
            if !loader::is_busy() {
                return Ok(stopped);
            }
            drop(stopped);
            std::thread::yield_now();
        }
        Err("a thread is in the dynamic linker".to_owned())
    }

    /// The threads that will not be in a copy.
    pub(super) fn missed(&self) -> Missed {
        self.missed
    }

    /// Makes the copy, as a sibling of this process. `None` in the copy, which has its other threads only once it
    /// calls [`Stopped::revive`].
    pub(super) fn copy(&self) -> io::Result<Option<i32>> {
        let stored = Stored::of_this_thread();
        let number = raw::thread_id();
        // SAFETY: a fork by system call. glibc's own `fork` would run the handlers of libraries, and take the stacks of
        // the other threads for its next ones; here these threads go on. The main thread's number is stored where glibc
        // keeps it.
        let pid = unsafe {
            let flags = libc::CLONE_PARENT
                | libc::SIGCHLD
                | libc::CLONE_CHILD_SETTID
                | libc::CLONE_CHILD_CLEARTID;
            fork_with(flags, stored.id_address)
        };
        if pid < 0 {
            return Err(io::Error::last_os_error());
        }
        if pid == 0 {
            stored.set_robust_list();
            owners::note_earlier(number);
            return Ok(None);
        }
        Ok(Some(pid))
    }

    /// In the copy: starts every thread that was stopped, but for one.
    pub(super) fn revive(self, except: Option<i32>) {
        let ready = || {
            // SAFETY: the number was written before the slot was ready.
            let is_wanted = |slot: *const Slot| unsafe { Some((*slot).thread) != except };
            used()
                .iter()
                .filter(move |slot| is_ready(slot.get()) && is_wanted(slot.get()))
        };
        // A handler that had not come so far is not in the copy.
        INSIDE.store(ready().count() as u32, Ordering::SeqCst);
        for slot in ready() {
            revive(slot.get());
        }
    }
}

impl Drop for Stopped {
    fn drop(&mut self) {
        STOPPING.store(false, Ordering::SeqCst);
        ROUND.fetch_add(1, Ordering::SeqCst);
        sys::futex_wake(&ROUND);
    }
}

fn used() -> &'static [UnsafeCell<Slot>] {
    &SLOTS.0[..NEXT.load(Ordering::SeqCst).min(MOST)]
}

fn is_ready(slot: *const Slot) -> bool {
    // SAFETY: slots are statics, and this field is atomic.
    unsafe { (*slot).ready.load(Ordering::Acquire) }
}

/// Whether the thread has stopped and can be taken along.
fn is_here(thread: i32) -> bool {
    used().iter().any(|slot| {
        let slot = slot.get();
        // SAFETY: the number was written before the slot was ready.
        is_ready(slot) && unsafe { (*slot).thread } == thread
    })
}

/// Waits until the threads have stopped or are gone, as long as there is hope.
fn wait_for(threads: &[i32], tasks: RawFd, started: Instant) {
    loop {
        let arrived = ARRIVED.load(Ordering::SeqCst);
        if arrived as usize >= threads.len() {
            return;
        }
        sys::futex_wait(&ARRIVED, arrived, Some(Duration::from_millis(2)));
        if ARRIVED.load(Ordering::SeqCst) != arrived {
            continue;
        }
        let waits = threads.iter().any(|thread| {
            !is_here(*thread)
                && raw::signal_thread(*thread, 0)
                && started.elapsed() <= patience_with(tasks, *thread)
        });
        if !waits {
            return;
        }
    }
}

/// How long to wait for a thread to stop. One that blocks the signal and sleeps does not take it; one that runs may be about
/// to start a thread or a program, for which the C library blocks all signals.
fn patience_with(tasks: RawFd, thread: i32) -> Duration {
    let digits = Digits::new(thread);
    let Some(folder) = raw::open_at(tasks, digits.as_c_str(), libc::O_DIRECTORY) else {
        return PATIENCE;
    };
    let mut buffer = [0; 4096];
    let status = raw::read_at(folder, c"status", &mut buffer).unwrap_or_default();
    let state = raw::field(status, b"State:").and_then(|text| text.first());
    let mask = raw::field(status, b"SigBlk:").and_then(raw::hex);
    sys::close(folder);
    match mask.unwrap_or(0) & (1 << (stop_signal() - 1)) {
        0 => PATIENCE,
        _ if state == Some(&b'S') => Duration::ZERO,
        _ => PATIENCE_WHERE_BLOCKED,
    }
}

extern "C" fn on_stop(_signal: c_int, _info: *mut libc::siginfo_t, _context: *mut c_void) {
    let error = sys::errno();
    INSIDE.fetch_add(1, Ordering::SeqCst);
    if STOPPING.load(Ordering::SeqCst) {
        let number = NEXT.fetch_add(1, Ordering::SeqCst);
        if let Some(slot) = SLOTS.0.get(number) {
            let slot = slot.get();
            // SAFETY: the number was drawn, so the slot is this thread's until the round ends.
            unsafe {
                (*slot).thread = raw::thread_id();
                (*slot).stored = Stored::of_this_thread();
                context::park(&raw mut (*slot).sp, wait_for_release, slot.cast());
            }
        }
    }
    if INSIDE.fetch_sub(1, Ordering::SeqCst) == 1 {
        sys::futex_wake(&INSIDE);
    }
    sys::set_errno(error);
}

extern "C" fn wait_for_release(slot: *mut c_void) {
    let round = ROUND.load(Ordering::SeqCst);
    // SAFETY: the slot is this thread's until the round ends.
    unsafe {
        (*slot.cast::<Slot>()).ready.store(
            context::SUPPORTED && !(*slot.cast::<Slot>()).stored.id_address.is_null(),
            Ordering::Release,
        );
    }
    ARRIVED.fetch_add(1, Ordering::SeqCst);
    sys::futex_wake(&ARRIVED);
    while STOPPING.load(Ordering::SeqCst) && ROUND.load(Ordering::SeqCst) == round {
        sys::futex_wait(&ROUND, round, None);
    }
}

/// Starts the thread of a slot again.
fn revive(slot: *mut Slot) {
    const FLAGS: c_int = libc::CLONE_VM
        | libc::CLONE_FS
        | libc::CLONE_FILES
        | libc::CLONE_SIGHAND
        | libc::CLONE_THREAD
        | libc::CLONE_SYSVSEM
        | libc::CLONE_SETTLS
        | libc::CLONE_CHILD_SETTID
        | libc::CLONE_CHILD_CLEARTID;
    // SAFETY: the new thread gets the storage and the stack of one that does not exist in this process, below all that
    // it had there. The number goes where the C library keeps it, which makes joining and ending work as before.
    unsafe {
        let stack = ((*slot).sp - context::BELOW) & !15;
        let null = std::ptr::null_mut::<c_int>();
        libc::clone(
            enter,
            stack as *mut c_void,
            FLAGS,
            slot.cast(),
            null,
            (*slot).stored.thread_pointer as *mut c_void,
            (*slot).stored.id_address,
        );
    }
}

/// The new thread: what the kernel stores for a thread is set again.
extern "C" fn enter(slot: *mut c_void) -> c_int {
    let slot = slot.cast::<Slot>();
    // SAFETY: the slot is that of the thread whose stack and storage this one has; the stack pointer is that of its `park`,
    // which waits to be returned from.
    unsafe {
        (*slot).stored.set_again();
        owners::note_earlier((*slot).thread);
        context::resume((*slot).sp)
    }
}

/// The order of the arguments differs between machines.
unsafe fn fork_with(flags: c_int, id_address: *mut c_int) -> i32 {
    // SAFETY: without a new stack or shared memory this is a fork; the caller describes what else it means.
    unsafe {
        #[cfg(not(target_arch = "aarch64"))]
        let pid = libc::syscall(libc::SYS_clone, flags, 0, 0, id_address, 0);
        #[cfg(target_arch = "aarch64")]
        let pid = libc::syscall(libc::SYS_clone, flags, 0, 0, 0, id_address);
        pid as i32
    }
}
