//! Why a channel could not be bound.

use std::io;
use std::path::PathBuf;

use crate::message::Channel;

/// A channel that could not be bound.
#[derive(Debug, thiserror::Error)]
pub enum BindError {
    /// The address is taken or not ours.
    #[error("cannot listen on `{endpoint}` for the {} channel: {source}", channel.name())]
    Public {
        /// Which channel.
        channel: Channel,
        /// The address from the connection file, with its port.
        endpoint: String,
        /// The system's error.
        source: io::Error,
    },
    /// No private socket could be made.
    #[error("cannot make a private socket in `{}`: {reason}", path.display())]
    Private {
        /// Where it was to be.
        path: PathBuf,
        /// What went wrong.
        reason: String,
    },
}
