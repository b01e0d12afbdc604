//! Binding the public addresses of a connection file.

use std::io;
use std::path::Path;

use jupyter_protocol::Transport;

use super::bind_error::BindError;
use super::guard::PublicListener;
use super::local::IpcListener;
use crate::message::Channel;
use crate::message::ConnectionInfo;
use crate::message::endpoint;

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
