//! Memory of this process, zero at first.

use std::alloc::Layout;
use std::io;
use std::ptr::NonNull;

/// A piece of memory at a page.
#[derive(Debug)]
pub(super) struct Memory {
    start: NonNull<u8>,
    layout: Layout,
}

// SAFETY: as for the memory that processes share, who uses it and how is for those who are given the pointer.
unsafe impl Send for Memory {}
// SAFETY: as above.
unsafe impl Sync for Memory {}

impl Memory {
    /// New memory of so many bytes.
    pub(super) fn new(len: usize) -> io::Result<Memory> {
        let layout = Layout::from_size_align(len.max(1), 4096).map_err(io::Error::other)?;
        // SAFETY: the layout has a size.
        let start = unsafe { std::alloc::alloc_zeroed(layout) };
        let start = NonNull::new(start).ok_or(io::ErrorKind::OutOfMemory)?;
        Ok(Memory { start, layout })
    }

    /// Where it begins.
    pub(super) fn start(&self) -> NonNull<u8> {
        self.start
    }
}

impl Drop for Memory {
    fn drop(&mut self) {
        // SAFETY: it was allocated with this layout, and nobody can reach it after this.
        unsafe { std::alloc::dealloc(self.start.as_ptr(), self.layout) };
    }
}
