//! The worker's end of the pipe to the kernel.

use std::sync::OnceLock;
use std::sync::atomic::AtomicU32;
use std::sync::atomic::Ordering;

use super::sys;
use crate::wire;
use crate::wire::Kind;
use crate::wire::PAYLOAD_MAX;
use crate::wire::Report;

static FD: OnceLock<sys::Fd> = OnceLock::new();

/// Frames go to this descriptor from now on.
pub(crate) fn open(fd: sys::Fd) {
    // There is no second call.
    let _ = FD.set(fd);
}

/// Whether there is a kernel to send to.
pub(crate) fn is_open() -> bool {
    FD.get().is_some()
}

/// Sends bytes of a stream. Allocates nothing and takes no lock.
pub(crate) fn send_stream(kind: Kind, load: u32, bytes: &[u8]) -> std::io::Result<()> {
    let &fd = FD.get().ok_or(std::io::ErrorKind::NotConnected)?;
    for chunk in bytes.chunks(PAYLOAD_MAX) {
        sys::write_frame(fd, &wire::header(kind, false, chunk.len(), load), chunk)?;
    }
    Ok(())
}

/// Sends a report. Where the kernel is gone, a report has no reader, and the failure is dropped.
pub(crate) fn send(report: &Report) {
    static NEXT: AtomicU32 = AtomicU32::new(0);
    let (Some(&fd), Ok(json)) = (FD.get(), serde_json::to_vec(report)) else {
        return;
    };
    // Forked processes count on from the same number: the pid keeps their pieces apart.
    let number = (std::process::id() << 16) | (NEXT.fetch_add(1, Ordering::Relaxed) & 0xffff);
    let mut chunks = json.chunks(PAYLOAD_MAX).peekable();
    while let Some(chunk) = chunks.next() {
        let header = wire::header(Kind::Report, chunks.peek().is_some(), chunk.len(), number);
        if sys::write_frame(fd, &header, chunk).is_err() {
            return;
        }
    }
}
