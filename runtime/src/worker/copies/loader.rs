//! The locks of the dynamic linker, which name their owners by number and which no function of ours stands in front of.
//!
//! In a copy, a thread that has such a lock could not release it, and the next cell could not be loaded. Therefore no copy
//! is made while a thread has one. The C library does not tell where the locks are: one is found while this thread has it,
//! and the others beside it.

use std::os::raw::c_int;
use std::os::raw::c_void;
use std::sync::atomic::AtomicPtr;
use std::sync::atomic::AtomicUsize;
use std::sync::atomic::Ordering;

use super::raw;

/// The beginning of a mutex, in words: how it is locked, how often, its owner, how many use it, its kind.
type Words = [i32; 5];

const FREE: Words = [0, 0, 0, 0, libc::PTHREAD_MUTEX_RECURSIVE];
const STEP: usize = size_of::<libc::pthread_mutex_t>() / size_of::<i32>();
/// There are three: of the list of objects, for reading and for changing it, and of thread-local storage.
const MOST: usize = 4;

static FIRST: AtomicPtr<i32> = AtomicPtr::new(std::ptr::null_mut());
static COUNT: AtomicUsize = AtomicUsize::new(0);

/// Finds the locks; before the process has threads. Returns whether there were any.
pub(super) fn find() -> bool {
    // SAFETY: the function is called while this call runs.
    unsafe { libc::dl_iterate_phdr(Some(look), std::ptr::null_mut()) };
    COUNT.load(Ordering::Relaxed) > 0
}

/// Whether a thread has one of the locks, or waits for it. Allocates nothing, takes no lock.
pub(super) fn is_busy() -> bool {
    let first = FIRST.load(Ordering::Relaxed);
    (0..COUNT.load(Ordering::Relaxed)).any(|index| {
        // SAFETY: the locks were found there, and the dynamic linker is never unloaded.
        unsafe { first.wrapping_add(index * STEP).read_volatile() != 0 }
    })
}

/// Called with each object while this thread has one of the locks.
unsafe extern "C" fn look(info: *mut libc::dl_phdr_info, _: usize, _: *mut c_void) -> c_int {
    // SAFETY: the linker describes an object that is loaded, with as many segments as said.
    let (base, headers) = unsafe {
        let info = &*info;
        let headers = std::slice::from_raw_parts(info.dlpi_phdr, info.dlpi_phnum.into());
        (info.dlpi_addr as usize, headers)
    };
    // SAFETY: takes a number only.
    if base != unsafe { libc::getauxval(libc::AT_BASE) } as usize {
        return 0;
    }
    let held: Words = [1, 1, raw::thread_id(), 1, libc::PTHREAD_MUTEX_RECURSIVE];
    for header in headers {
        if header.p_type != libc::PT_LOAD || header.p_flags & libc::PF_W == 0 {
            continue;
        }
        let start = (base + header.p_vaddr as usize).next_multiple_of(align_of::<u64>());
        let end = base + (header.p_vaddr + header.p_memsz) as usize;
        let places = (start..end.saturating_sub(size_of::<libc::pthread_mutex_t>()))
            .step_by(align_of::<u64>());
        let is_in = |place: *mut i32| (start..end).contains(&(place as usize));
        let has = |place: *mut i32, words: Words| {
            // SAFETY: the place is in a segment of the linker's data, which stays mapped, and no other thread is there.
            is_in(place) && unsafe { place.cast::<Words>().read_volatile() == words }
        };
        let mut found = places
            .map(|place| place as *mut i32)
            .filter(|place| has(*place, held));
        let Some(mut first) = found.next() else {
            continue;
        };
        let mut count = 1;
        while count < MOST && has(first.wrapping_add(count * STEP), FREE) {
            count += 1;
        }
        while count < MOST && has(first.wrapping_sub(STEP), FREE) {
            first = first.wrapping_sub(STEP);
            count += 1;
        }
        FIRST.store(first, Ordering::Relaxed);
        COUNT.store(count, Ordering::Relaxed);
        return 1;
    }
    0
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_locks_of_the_dynamic_linker_are_found() {
        extern "C" fn visit(_: *mut libc::dl_phdr_info, _: usize, _: *mut c_void) -> c_int {
            i32::from(is_busy())
        }
        assert!(find());
        // At least the two locks of the list are found.
        assert!(COUNT.load(Ordering::Relaxed) >= 2);
        // SAFETY: the function is called while this call runs.
        let busy = unsafe { libc::dl_iterate_phdr(Some(visit), std::ptr::null_mut()) };
        assert_eq!(busy, 1);
    }
}
