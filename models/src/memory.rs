//! Memory of this process, initially zero.

use std::alloc::Layout;
use std::io;
use std::ptr::NonNull;

/// A piece of memory that begins at a page boundary.
#[derive(Debug)]
pub(super) struct Memory {
    start: NonNull<u8>,
    layout: Layout,
}

// SAFETY: like the memory that processes share, it may be used from any thread; the users of the pointer synchronise.
unsafe impl Send for Memory {}
// SAFETY: as above.
unsafe impl Sync for Memory {}

impl Memory {
    /// Allocates memory of this many bytes.
    pub(super) fn new(len: usize) -> io::Result<Memory> {
        let layout = Layout::from_size_align(len.max(1), 4096).map_err(io::Error::other)?;
        // SAFETY: the size of the layout is not zero.
        let start = unsafe { std::alloc::alloc_zeroed(layout) };
        let start = NonNull::new(start).ok_or(io::ErrorKind::OutOfMemory)?;
        Ok(Memory { start, layout })
    }

    /// The address of the first byte.
    pub(super) fn start(&self) -> NonNull<u8> {
        self.start
    }
}

impl Drop for Memory {
    fn drop(&mut self) {
        // SAFETY: the memory was allocated with this layout, and there is no access to it after this.
        unsafe { std::alloc::dealloc(self.start.as_ptr(), self.layout) };
    }
}
