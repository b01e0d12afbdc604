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
use std::sync::atomic::AtomicIsize;
use std::sync::atomic::AtomicU32;
use std::sync::atomic::AtomicUsize;
use std::sync::atomic::Ordering;
use std::time::Duration;
use std::time::Instant;

use super::context;
use super::raw;
use super::raw::Digits;
use crate::worker::sys;

/// More threads than this are not taken along.
const MOST: usize = 1024;
/// A thread that neither stops nor blocks the signal is waited for so long: it may wait for a processor.
const PATIENCE: Duration = Duration::from_secs(1);

/// A thread as the copy needs it.
#[repr(C)]
struct Slot {
    thread: i32,
    sp: usize,
    thread_pointer: usize,
    /// Where the thread's number is kept; the kernel clears it when the thread ends, for a thread that joins it.
    id_address: *mut c_int,
    robust_list: *mut c_void,
    alt_stack: libc::stack_t,
    name: [u8; 16],
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
            thread_pointer: 0,
            id_address: std::ptr::null_mut(),
            robust_list: std::ptr::null_mut(),
            alt_stack: libc::stack_t {
                ss_sp: std::ptr::null_mut(),
                ss_flags: 0,
                ss_size: 0,
            },
            name: [0; 16],
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
/// Where the C library keeps a thread's area for restartable sequences, from the thread pointer; 0 if it has none.
static RSEQ_OFFSET: AtomicIsize = AtomicIsize::new(0);

/// The signal that stops a thread: one that neither the C library nor programs commonly use.
fn stop_signal() -> c_int {
    libc::SIGRTMAX() - 3
}

/// Prepares the process for being copied; once, before it has threads.
pub(super) fn install() -> io::Result<()> {
    // SAFETY: the symbol, where there is one, is a `ptrdiff_t` that the C library sets before `main`.
    unsafe {
        let offset = libc::dlsym(libc::RTLD_DEFAULT, c"__rseq_offset".as_ptr());
        if !offset.is_null() {
            RSEQ_OFFSET.store(*offset.cast::<isize>(), Ordering::Relaxed);
        }
    }
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

    /// The threads that will not be in a copy.
    pub(super) fn missed(&self) -> Missed {
        self.missed
    }

    /// Makes the copy, as a sibling of this process. `None` in the copy, which has its other threads only once it
    /// calls [`Stopped::revive`].
    pub(super) fn copy(&self) -> io::Result<Option<i32>> {
        let id_address = id_address();
        let robust_list = robust_list();
        // SAFETY: a fork by system call. glibc's own `fork` would run the handlers of libraries, and take the stacks of
        // the other threads for its next ones; here these threads go on. The main thread's number is stored where glibc
        // keeps it.
        let pid = unsafe {
            let flags = libc::CLONE_PARENT
                | libc::SIGCHLD
                | libc::CLONE_CHILD_SETTID
                | libc::CLONE_CHILD_CLEARTID;
            fork_with(flags, id_address)
        };
        if pid < 0 {
            return Err(io::Error::last_os_error());
        }
        if pid == 0 {
            // The kernel has forgotten it for the copy.
            set_robust_list(robust_list);
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
            !is_here(*thread) && raw::signal_thread(*thread, 0) && !blocks_signal(tasks, *thread)
        });
        if !waits || started.elapsed() > PATIENCE {
            return;
        }
    }
}

/// Whether the thread does not take the signal that would stop it.
fn blocks_signal(tasks: RawFd, thread: i32) -> bool {
    let digits = Digits::new(thread);
    let Some(folder) = raw::open_at(tasks, digits.as_c_str(), libc::O_DIRECTORY) else {
        return false;
    };
    let mut buffer = [0; 4096];
    let status = raw::read_at(folder, c"status", &mut buffer);
    let mask = status
        .and_then(|status| raw::field(status, b"SigBlk:"))
        .and_then(raw::hex)
        .unwrap_or(0);
    sys::close(folder);
    mask & (1 << (stop_signal() - 1)) != 0
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
                (*slot).thread_pointer = context::thread_pointer();
                (*slot).id_address = id_address();
                (*slot).robust_list = robust_list();
                libc::sigaltstack(std::ptr::null(), &raw mut (*slot).alt_stack);
                (*slot).name = sys::thread_name();
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
            context::SUPPORTED && !(*slot.cast::<Slot>()).id_address.is_null(),
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
            (*slot).thread_pointer as *mut c_void,
            (*slot).id_address,
        );
    }
}

/// The new thread: what the kernel stores for a thread is set again.
extern "C" fn enter(slot: *mut c_void) -> c_int {
    const RSEQ_LEN: usize = 32;
    #[cfg(target_arch = "x86_64")]
    const RSEQ_SIGNATURE: u32 = 0x5305_3053;
    #[cfg(not(target_arch = "x86_64"))]
    const RSEQ_SIGNATURE: u32 = 0xd428_bc00;
    let slot = slot.cast::<Slot>();
    // SAFETY: all of these are the addresses that the thread itself gave the kernel before; the stack pointer is that
    // of its `park`, which waits to be returned from.
    unsafe {
        set_robust_list((*slot).robust_list);
        let rseq = RSEQ_OFFSET.load(Ordering::Relaxed);
        if rseq != 0 {
            let area = (*slot).thread_pointer.wrapping_add_signed(rseq);
            libc::syscall(libc::SYS_rseq, area, RSEQ_LEN, 0, RSEQ_SIGNATURE);
        }
        let mut alt_stack = (*slot).alt_stack;
        alt_stack.ss_flags &= libc::SS_DISABLE;
        libc::sigaltstack(&raw const alt_stack, std::ptr::null_mut());
        sys::set_thread_name(sys::text_of_name(&(*slot).name));
        context::resume((*slot).sp)
    }
}

/// Where the C library keeps the calling thread's number; null where the kernel does not show it.
fn id_address() -> *mut c_int {
    let mut address = std::ptr::null_mut();
    // SAFETY: the kernel stores a pointer in our variable.
    unsafe { libc::prctl(libc::PR_GET_TID_ADDRESS, &raw mut address) };
    address
}

/// The list of locks that the kernel looks through when the calling thread ends.
fn robust_list() -> *mut c_void {
    let mut head = std::ptr::null_mut::<c_void>();
    let mut len = 0_usize;
    // SAFETY: the kernel stores a pointer and a length in our variables.
    unsafe { libc::syscall(libc::SYS_get_robust_list, 0, &raw mut head, &raw mut len) };
    head
}

fn set_robust_list(head: *mut c_void) {
    const LEN: usize = 3 * size_of::<usize>();
    // SAFETY: the head is one that the C library gave the kernel for this very thread.
    unsafe { libc::syscall(libc::SYS_set_robust_list, head, LEN) };
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
