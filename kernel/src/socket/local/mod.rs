//! Sockets of this machine alone, in two files with the same interface: those that a client may choose, and the private
//! ones of `zeromq` behind the guard.

#[cfg(unix)]
mod unix;
#[cfg(unix)]
use unix as system;

#[cfg(windows)]
mod windows;
#[cfg(windows)]
use windows as system;

pub(super) use system::Inner;
pub(super) use system::InnerRead;
pub(super) use system::IpcListener;
pub(super) use system::Place;
pub(super) use system::PrivateDir;
pub(crate) use system::fresh_addresses;
pub(super) use system::read_now;
pub(crate) use system::socket_parent;

use jupyter_protocol::Transport;

/// What a new kernel may bind: for shell, iopub, stdin, control and heartbeat.
#[derive(Debug)]
pub(crate) struct Addresses {
    pub(crate) transport: Transport,
    pub(crate) ip: String,
    pub(crate) ports: [u16; 5],
}
