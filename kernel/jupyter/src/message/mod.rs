//! Jupyter messages: from frames to typed requests and back.
//!
//! This module does no IO except for reading the connection file, and names no socket. What arrives here may come
//! from anybody who reaches the port, so nothing in it panics on any input.

mod comm;
mod connection;
mod cursor;
mod frame;
mod header;
mod request;
mod signature;

pub use comm::CommAct;
pub use comm::CommMessage;
pub use connection::ConnectionFileError;
pub use connection::endpoint;
pub use connection::read_connection_file;
pub use cursor::ByteOffset;
pub use cursor::CodePoints;
pub use frame::FrameError;
pub use frame::Frames;
pub use frame::Message;
pub use header::Header;
pub use jupyter_protocol::ConnectionInfo;
pub use request::ExecuteRequest;
pub use request::Request;
pub use request::RequestError;
pub use signature::Replays;
pub use signature::Signer;
pub use signature::UnknownScheme;

/// The version of the messaging protocol that this kernel speaks.
pub const PROTOCOL_VERSION: &str = "5.5";

/// One of the five sockets between a client and a kernel.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Channel {
    /// Execute requests and what else may wait for a cell.
    Shell,
    /// Interrupt and shutdown: answered while a cell runs.
    Control,
    /// Requests of the kernel to the user.
    Stdin,
    /// Outputs and states, to everybody who listens.
    Iopub,
    /// Echoes bytes.
    Heartbeat,
}

impl Channel {
    /// The name that the protocol gives to the channel.
    pub fn name(self) -> &'static str {
        match self {
            Channel::Shell => "shell",
            Channel::Control => "control",
            Channel::Stdin => "stdin",
            Channel::Iopub => "iopub",
            Channel::Heartbeat => "heartbeat",
        }
    }
}
