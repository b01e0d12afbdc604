//! Memory that a process shares with those that it forks afterwards.

use std::io;
use std::ptr::NonNull;

/// A piece of shared memory, zero at first. It goes when the last process that has it has dropped it or has ended.
#[derive(Debug)]
pub(super) struct Memory {
    start: NonNull<u8>,
    len: usize,
}

// SAFETY: the memory is no thread's own; who uses it, and how, is for those who are given the pointer.
unsafe impl Send for Memory {}
// SAFETY: as above.
unsafe impl Sync for Memory {}

impl Memory {
    /// New memory of so many bytes. It begins at a page.
    pub(super) fn new(len: usize) -> io::Result<Memory> {
        let len = len.max(1);
        // SAFETY: the system chooses an address where nothing is mapped.
        let start = unsafe {
            libc::mmap(
                std::ptr::null_mut(),
                len,
                libc::PROT_READ | libc::PROT_WRITE,
                libc::MAP_SHARED | libc::MAP_ANONYMOUS | libc::MAP_NORESERVE,
                -1,
                0,
            )
        };
        if start == libc::MAP_FAILED {
            return Err(io::Error::last_os_error());
        }
        let start = NonNull::new(start.cast()).ok_or(io::ErrorKind::OutOfMemory)?;
        Ok(Memory { start, len })
    }

    /// Where it begins.
    pub(super) fn start(&self) -> NonNull<u8> {
        self.start
    }
}

impl Drop for Memory {
    fn drop(&mut self) {
        // SAFETY: the mapping is this value's own, and no code can reach it after this.
        unsafe { libc::munmap(self.start.as_ptr().cast(), self.len) };
    }
}
