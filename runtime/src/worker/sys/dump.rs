//! System calls for looking at a process that dies. All of them may be made in a signal handler.

use std::ffi::CStr;
use std::io;
use std::os::fd::RawFd;
use std::os::raw::c_void;
use std::sync::atomic::AtomicU64;

use super::check;
use super::map_shared;

/// How many registers there are, the program counter among them.
#[cfg(target_arch = "x86_64")]
pub(crate) const REGISTERS: usize = 17;
#[cfg(not(target_arch = "x86_64"))]
pub(crate) const REGISTERS: usize = 33;

/// Which of them is the stack pointer.
#[cfg(target_arch = "x86_64")]
pub(crate) const STACK_POINTER: usize = 7;
#[cfg(not(target_arch = "x86_64"))]
pub(crate) const STACK_POINTER: usize = 31;

/// Registers by DWARF's numbers, the program counter last.
pub(crate) type Registers = [u64; REGISTERS];

/// Words that this process shares with those that it forks, zero at first. Pages that are never touched take no memory.
pub(crate) fn share_words(count: usize) -> io::Result<&'static [AtomicU64]> {
    let start = map_shared(count * size_of::<AtomicU64>(), libc::MAP_NORESERVE)?;
    // SAFETY: a new mapping of that length, which is never unmapped; zeros are valid words.
    Ok(unsafe { std::slice::from_raw_parts(start.cast(), count) })
}

/// Copies this process's own memory, from an address on, as far as there is some; gives the bytes copied.
pub(crate) fn copy_memory(from: u64, to: &[AtomicU64]) -> usize {
    const PAGE: usize = 4096;
    let wanted = size_of_val(to);
    let mut done = 0;
    while done < wanted {
        let address = from as usize + done;
        let len = (PAGE - address % PAGE).min(wanted - done);
        // SAFETY: the system checks the address that is read, and fails where nothing is mapped; what is written lies
        // within the words, which are atomic, so that writing behind a shared borrow is allowed.
        let copied = unsafe {
            let local = libc::iovec {
                iov_base: to.as_ptr().cast::<u8>().add(done) as *mut c_void,
                iov_len: len,
            };
            let remote = libc::iovec {
                iov_base: address as *mut c_void,
                iov_len: len,
            };
            libc::process_vm_readv(libc::getpid(), &raw const local, 1, &raw const remote, 1, 0)
        };
        if copied != len as isize {
            break;
        }
        done += len;
    }
    done
}

/// Opens a file to be read, private to this process.
pub(crate) fn open_to_read(path: &CStr) -> io::Result<RawFd> {
    // SAFETY: the path ends in a zero byte and lives through the call.
    check(unsafe { libc::open(path.as_ptr(), libc::O_RDONLY | libc::O_CLOEXEC) })
}

/// Reads a file into the words, to its end or theirs; gives the bytes read.
pub(crate) fn read_words(fd: RawFd, to: &[AtomicU64]) -> usize {
    let wanted = size_of_val(to);
    let mut done = 0;
    while done < wanted {
        // SAFETY: what is written lies within the words, which are atomic.
        let read = unsafe {
            let to = to.as_ptr().cast::<u8>().add(done) as *mut c_void;
            libc::syscall(libc::SYS_read, fd, to, wanted - done)
        };
        if read <= 0 {
            break;
        }
        done += read as usize;
    }
    done
}

/// The registers at the moment of a signal, from the handler's argument.
pub(crate) fn registers_at_signal(context: *const c_void) -> Registers {
    // SAFETY: the system gives a handler that was set with SA_SIGINFO a valid context.
    registers_of(unsafe { &*context.cast::<libc::ucontext_t>() })
}

/// Has a function look at the registers of its own caller, whose frame is there as long as the function runs.
#[inline(never)]
pub(crate) fn with_registers(look: impl FnOnce(&Registers)) {
    // SAFETY: zero is a valid value of the structure, which the call fills.
    let context = unsafe {
        let mut context: libc::ucontext_t = std::mem::zeroed();
        (libc::getcontext(&raw mut context) == 0).then_some(context)
    };
    if let Some(context) = context {
        look(&registers_of(&context));
    }
}

#[cfg(target_arch = "x86_64")]
fn registers_of(context: &libc::ucontext_t) -> Registers {
    [
        libc::REG_RAX,
        libc::REG_RDX,
        libc::REG_RCX,
        libc::REG_RBX,
        libc::REG_RSI,
        libc::REG_RDI,
        libc::REG_RBP,
        libc::REG_RSP,
        libc::REG_R8,
        libc::REG_R9,
        libc::REG_R10,
        libc::REG_R11,
        libc::REG_R12,
        libc::REG_R13,
        libc::REG_R14,
        libc::REG_R15,
        libc::REG_RIP,
    ]
    .map(|register| context.uc_mcontext.gregs[register as usize] as u64)
}

#[cfg(target_arch = "aarch64")]
fn registers_of(context: &libc::ucontext_t) -> Registers {
    let mut registers = [0; REGISTERS];
    registers[..31].copy_from_slice(&context.uc_mcontext.regs);
    registers[STACK_POINTER] = context.uc_mcontext.sp;
    registers[REGISTERS - 1] = context.uc_mcontext.pc;
    registers
}

#[cfg(not(any(target_arch = "x86_64", target_arch = "aarch64")))]
fn registers_of(_context: &libc::ucontext_t) -> Registers {
    // Without a program counter there is no backtrace.
    [0; REGISTERS]
}
