//! The worker's end of the socket on which messages on comms come.

use std::io;
use std::sync::OnceLock;

use super::child;
use super::sys;

/// Nothing outside a worker.
static SOCKET: OnceLock<sys::Fd> = OnceLock::new();

/// Datagrams come from here from now on.
pub(super) fn open(socket: sys::Fd) {
    // There is no second call.
    let _ = SOCKET.set(socket);
}

/// Whether messages may come to this process: it is the one that runs cells.
pub(crate) fn is_open() -> bool {
    SOCKET.get().is_some() && !child::is_child()
}

/// Waits for a datagram and reads it; gives its length.
///
/// # Errors
///
/// When there is no socket, or it is closed.
pub(crate) fn read(buffer: &mut [u8]) -> io::Result<usize> {
    let &socket = SOCKET.get().ok_or(io::ErrorKind::NotConnected)?;
    loop {
        let read = sys::read_through(socket, buffer.as_mut_ptr().cast(), buffer.len());
        if let Ok(read) = usize::try_from(read) {
            return Ok(read);
        }
        let error = io::Error::last_os_error();
        if error.kind() != io::ErrorKind::Interrupted {
            return Err(error);
        }
    }
}

/// Drops what waits: it was meant for a process that is gone.
pub(crate) fn drain(buffer: &mut [u8]) {
    while let Some(&socket) = SOCKET.get()
        && sys::waiting(socket) > 0
        && read(buffer).is_ok()
    {}
}
