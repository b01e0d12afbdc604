//! What the kernel stores for a thread, besides its registers: set again for the thread that takes its place in a copy.

use std::io;
use std::os::raw::c_int;
use std::os::raw::c_void;
use std::sync::atomic::AtomicIsize;
use std::sync::atomic::Ordering;

use super::context;
use super::raw;
use crate::worker::sys;

/// Where the C library keeps a thread's area for restartable sequences, from the thread pointer; 0 if it has none.
static RSEQ_OFFSET: AtomicIsize = AtomicIsize::new(0);

/// What the kernel stores for a thread.
#[derive(Clone, Copy)]
pub(super) struct Stored {
    pub(super) thread_pointer: usize,
    /// Where the thread's number is kept; the kernel clears it when the thread ends, for a thread that joins it. Null where
    /// the kernel does not show it.
    pub(super) id_address: *mut c_int,
    /// The list of locks that the kernel looks through when the thread ends.
    robust_list: *mut c_void,
    alt_stack: libc::stack_t,
    name: [u8; 16],
}

/// Finds the C library's area for restartable sequences; once, before the process has threads.
pub(super) fn install() {
    // SAFETY: the symbols, where there are such, are a `ptrdiff_t` and an `unsigned int` that the C library sets before
    // `main`.
    unsafe {
        let offset = libc::dlsym(libc::RTLD_DEFAULT, c"__rseq_offset".as_ptr());
        let size = libc::dlsym(libc::RTLD_DEFAULT, c"__rseq_size".as_ptr());
        // The size is 0 where the library has been configured not to register its area.
        if !offset.is_null() && !size.is_null() && *size.cast::<u32>() != 0 {
            RSEQ_OFFSET.store(*offset.cast::<isize>(), Ordering::Relaxed);
        }
    }
}

impl Stored {
    pub(super) const NONE: Stored = Stored {
        thread_pointer: 0,
        id_address: std::ptr::null_mut(),
        robust_list: std::ptr::null_mut(),
        alt_stack: libc::stack_t {
            ss_sp: std::ptr::null_mut(),
            ss_flags: 0,
            ss_size: 0,
        },
        name: [0; 16],
    };

    /// That of the calling thread. Allocates nothing, takes no lock.
    pub(super) fn of_this_thread() -> Stored {
        let mut stored = Stored {
            thread_pointer: context::thread_pointer(),
            name: sys::thread_name(),
            ..Stored::NONE
        };
        let mut len = 0_usize;
        // SAFETY: the kernel stores pointers, a length and a structure in our variables.
        unsafe {
            libc::prctl(libc::PR_GET_TID_ADDRESS, &raw mut stored.id_address);
            libc::syscall(
                libc::SYS_get_robust_list,
                0,
                &raw mut stored.robust_list,
                &raw mut len,
            );
            libc::sigaltstack(std::ptr::null(), &raw mut stored.alt_stack);
        }
        stored
    }

    /// Stores it for the calling thread.
    ///
    /// # Safety
    ///
    /// It is that of the thread whose stack and thread-local storage this one has, which does not exist in this process.
    pub(super) unsafe fn set_again(&self) {
        self.set_robust_list();
        register_rseq(self.thread_pointer);
        let mut alt_stack = self.alt_stack;
        alt_stack.ss_flags &= libc::SS_DISABLE;
        // SAFETY: the stack is the one that the thread had.
        unsafe { libc::sigaltstack(&raw const alt_stack, std::ptr::null_mut()) };
        sys::set_thread_name(sys::text_of_name(&self.name));
    }

    /// Stores the list of robust locks for the calling thread, which the kernel forgets at a fork.
    pub(super) fn set_robust_list(&self) {
        const LEN: usize = 3 * size_of::<usize>();
        // SAFETY: the head is one that the C library gave the kernel for this very thread.
        unsafe { libc::syscall(libc::SYS_set_robust_list, self.robust_list, LEN) };
    }

    /// In what the two differ, in words.
    pub(super) fn difference(&self, other: &Stored) -> Option<&'static str> {
        let alt_stack = |of: &Stored| {
            (
                of.alt_stack.ss_sp,
                of.alt_stack.ss_size,
                of.alt_stack.ss_flags,
            )
        };
        let parts = [
            (
                self.thread_pointer == other.thread_pointer,
                "its thread pointer",
            ),
            (
                self.id_address == other.id_address,
                "the address of its number",
            ),
            (
                self.robust_list == other.robust_list,
                "its list of robust locks",
            ),
            (
                alt_stack(self) == alt_stack(other),
                "its alternate signal stack",
            ),
            (self.name == other.name, "its name"),
        ];
        parts
            .into_iter()
            .find(|(is_same, _)| !is_same)
            .map(|(_, what)| what)
    }

    /// Whether the C library has the number that the kernel has given to the calling thread, whose state this is.
    pub(super) fn has_own_number(&self) -> bool {
        // SAFETY: the address is in the thread's own block, which lives as long as the thread.
        !self.id_address.is_null() && unsafe { *self.id_address } == raw::thread_id()
    }
}

/// Whether the C library has an area for restartable sequences, and the kernel does not have it for the calling thread.
pub(super) fn lacks_rseq() -> bool {
    register_rseq(context::thread_pointer()).is_some_and(|error| error == 0)
}

/// Gives the kernel the calling thread's area for restartable sequences. `None` where the C library has none; otherwise the
/// error, or 0.
fn register_rseq(thread_pointer: usize) -> Option<c_int> {
    // What every kernel accepts: the size of the first version.
    const LEN: usize = 32;
    #[cfg(target_arch = "x86_64")]
    const SIGNATURE: u32 = 0x5305_3053;
    #[cfg(not(target_arch = "x86_64"))]
    const SIGNATURE: u32 = 0xd428_bc00;
    let offset = RSEQ_OFFSET.load(Ordering::Relaxed);
    if offset == 0 {
        return None;
    }
    let area = thread_pointer.wrapping_add_signed(offset);
    // SAFETY: the area is the C library's for this thread. It is refused where it is registered already.
    let result = unsafe { libc::syscall(libc::SYS_rseq, area, LEN, 0, SIGNATURE) };
    Some(match result {
        0 => 0,
        _ => io::Error::last_os_error().raw_os_error().unwrap_or(-1),
    })
}
