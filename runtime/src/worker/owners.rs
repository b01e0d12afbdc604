//! Locks of the C library that name their owner by its thread's number, which is another one in a copy of the process.
//!
//! A mutex that is recursive or checks for errors, and a read-write lock that is held for writing, compare the number of
//! their owner with that of the caller. The worker program defines the functions of these locks in front of the C
//! library's. In a copy they replace the number that the calling thread had in the process that was copied. Elsewhere they
//! cost a comparison.

use std::cell::Cell;
use std::ffi::CStr;
use std::os::raw::c_int;
use std::os::raw::c_void;
use std::sync::OnceLock;
use std::sync::atomic::AtomicBool;
use std::sync::atomic::AtomicI32;
use std::sync::atomic::Ordering;

/// How many copies in a row a thread may hold a lock for.
const MOST: usize = 16;

/// Whether this process has been a copy.
static WAS_COPY: AtomicBool = AtomicBool::new(false);

thread_local! {
    /// The numbers that the thread had in earlier processes.
    static EARLIER: [Cell<i32>; MOST] = const { [const { Cell::new(0) }; MOST] };
    static NEXT: Cell<usize> = const { Cell::new(0) };
}

/// In a copy: the calling thread had this number before. Allocates nothing, takes no lock.
pub(super) fn note_earlier(number: i32) {
    let next = NEXT.get();
    EARLIER.with(|earlier| earlier[next % MOST].set(number));
    NEXT.set(next.wrapping_add(1));
    WAS_COPY.store(true, Ordering::Relaxed);
}

/// The process's `pthread_mutex_lock`.
///
/// # Safety
///
/// As `pthread_mutex_lock(3)`.
pub unsafe fn pthread_mutex_lock(mutex: *mut libc::pthread_mutex_t) -> c_int {
    static FUNCTION: Next = Next::new(c"pthread_mutex_lock");
    // SAFETY: the caller vouches for the mutex.
    unsafe {
        adopt_mutex(mutex);
        FUNCTION.call(mutex.cast())
    }
}

/// The process's `pthread_mutex_trylock`.
///
/// # Safety
///
/// As `pthread_mutex_trylock(3)`.
pub unsafe fn pthread_mutex_trylock(mutex: *mut libc::pthread_mutex_t) -> c_int {
    static FUNCTION: Next = Next::new(c"pthread_mutex_trylock");
    // SAFETY: the caller vouches for the mutex.
    unsafe {
        adopt_mutex(mutex);
        FUNCTION.call(mutex.cast())
    }
}

/// The process's `pthread_mutex_unlock`.
///
/// # Safety
///
/// As `pthread_mutex_unlock(3)`.
pub unsafe fn pthread_mutex_unlock(mutex: *mut libc::pthread_mutex_t) -> c_int {
    static FUNCTION: Next = Next::new(c"pthread_mutex_unlock");
    // SAFETY: the caller vouches for the mutex.
    unsafe {
        adopt_mutex(mutex);
        FUNCTION.call(mutex.cast())
    }
}

/// The process's `pthread_rwlock_unlock`.
///
/// # Safety
///
/// As `pthread_rwlock_unlock(3)`.
pub unsafe fn pthread_rwlock_unlock(lock: *mut libc::pthread_rwlock_t) -> c_int {
    static FUNCTION: Next = Next::new(c"pthread_rwlock_unlock");
    // SAFETY: the caller vouches for the lock, which has a writer's number there on every 64-bit Linux.
    unsafe {
        adopt(lock.cast::<i32>().wrapping_add(WRITER));
        FUNCTION.call(lock.cast())
    }
}

/// Where a read-write lock keeps the number of the thread that writes, in words of 32 bits. The layout is part of the C
/// library's binary interface, since programs contain locks that they have initialised themselves.
const WRITER: usize = 6;
/// Where a mutex keeps its owner's number.
const OWNER: usize = 2;
/// Where a mutex keeps its kind.
const KIND: usize = 4;

/// Makes the calling thread the owner of a mutex again, where it was that in the process that was copied.
///
/// # Safety
///
/// It is a mutex.
unsafe fn adopt_mutex(mutex: *mut libc::pthread_mutex_t) {
    /// All but robust mutexes and those that change priorities: the kernel itself knows the owners of these.
    const KINDS: [i32; 2] = [
        libc::PTHREAD_MUTEX_RECURSIVE,
        libc::PTHREAD_MUTEX_ERRORCHECK,
    ];
    /// Above are notes about how it is implemented.
    const MASK: i32 = 127;
    if !WAS_COPY.load(Ordering::Relaxed) {
        return;
    }
    let words = mutex.cast::<i32>();
    // SAFETY: a mutex is longer than that. Its kind does not change.
    unsafe {
        if KINDS.contains(&(*words.wrapping_add(KIND) & MASK)) {
            adopt(words.wrapping_add(OWNER));
        }
    }
}

/// Replaces the number of an owner that is the calling thread's of an earlier process.
///
/// # Safety
///
/// The number is in a lock, where other threads may read it.
unsafe fn adopt(owner: *mut i32) {
    if !WAS_COPY.load(Ordering::Relaxed) {
        return;
    }
    // SAFETY: the word is part of a lock, which outlives the call of the lock's function.
    let owner = unsafe { AtomicI32::from_ptr(owner) };
    let number = owner.load(Ordering::Relaxed);
    let is_own = |earlier: &[Cell<i32>; MOST]| earlier.iter().any(|own| own.get() == number);
    if number != 0 && EARLIER.with(is_own) {
        // SAFETY: takes nothing and can't fail.
        owner.store(unsafe { libc::gettid() }, Ordering::Relaxed);
    }
}

/// A function of the C library that the worker program's own one hides.
struct Next {
    name: &'static CStr,
    function: OnceLock<LockFunction>,
}

type LockFunction = unsafe extern "C" fn(*mut c_void) -> c_int;

impl Next {
    const fn new(name: &'static CStr) -> Next {
        Next {
            name,
            function: OnceLock::new(),
        }
    }

    /// # Safety
    ///
    /// As that of the function.
    unsafe fn call(&self, lock: *mut c_void) -> c_int {
        let function = self.function.get_or_init(|| {
            // SAFETY: the name ends in a zero byte.
            let found = unsafe { libc::dlsym(libc::RTLD_NEXT, self.name.as_ptr()) };
            // SAFETY: these functions of the C library take a pointer to a lock and give a number.
            unsafe { std::mem::transmute::<*mut c_void, Option<LockFunction>>(found) }
                .expect("the C library has this function, or the program would not have started")
        });
        // SAFETY: the caller vouches for the lock.
        unsafe { function(lock) }
    }
}
