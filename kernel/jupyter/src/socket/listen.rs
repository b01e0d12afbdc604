//! Binding the public addresses of a connection file.

use std::io;
use std::path::Path;
use std::path::PathBuf;

use jupyter_protocol::Transport;

use super::guard::PublicListener;
use super::local::IpcListener;
use crate::message::Channel;
use crate::message::ConnectionInfo;
use crate::message::endpoint;

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
        /// What the system said.
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

/// Binds the address that the connection file gives to a channel.
pub(super) fn listen(info: &ConnectionInfo, channel: Channel) -> Result<PublicListener, BindError> {
    let endpoint = endpoint(info, channel);
    bind(info, &endpoint).map_err(|source| BindError::Public {
        channel,
        endpoint,
        source,
    })
}

fn bind(info: &ConnectionInfo, endpoint: &str) -> io::Result<PublicListener> {
    match info.transport {
        Transport::TCP => {
            let address = endpoint
                .trim_start_matches("tcp://")
                .replace('*', "0.0.0.0");
            Ok(PublicListener::Tcp(std::net::TcpListener::bind(address)?))
        }
        Transport::IPC => {
            let path = Path::new(endpoint.trim_start_matches("ipc://"));
            Ok(PublicListener::Ipc(IpcListener::bind(path)?))
        }
    }
}
