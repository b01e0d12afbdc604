//! No sockets by the names of files: the private ones are on ports of this machine, which any of its users can reach. The
//! messages are signed all the same.

use std::convert::Infallible;
use std::io;
use std::io::Read;
use std::net::Ipv4Addr;
use std::net::SocketAddr;
use std::os::windows::io::AsSocket;
use std::path::Path;
use std::path::PathBuf;

use jupyter_protocol::Transport;
use tokio::net::TcpStream;
use tokio::net::tcp::OwnedReadHalf;
use tokio::net::tcp::OwnedWriteHalf;
use zeromq::Socket;

use super::Addresses;
use crate::message::Channel;
use crate::socket::BindError;

/// A public listener by a name: there is none.
#[derive(Debug)]
pub(in crate::socket) struct IpcListener(Infallible);

impl IpcListener {
    pub(in crate::socket) fn bind(_: &Path) -> io::Result<IpcListener> {
        Err(io::ErrorKind::Unsupported.into())
    }

    pub(in crate::socket) fn path(&self) -> &Path {
        match self.0 {}
    }

    pub(in crate::socket) fn accepting(self) -> io::Result<Accepting> {
        match self.0 {}
    }
}

/// A listener at work: there is none.
#[derive(Debug)]
pub(in crate::socket) struct Accepting(Infallible);

impl Accepting {
    pub(in crate::socket) async fn next(&self) -> io::Result<TcpStream> {
        match self.0 {}
    }
}

/// The private address of a socket of `zeromq`.
#[derive(Clone, Debug)]
pub(in crate::socket) struct Inner(SocketAddr);

pub(in crate::socket) type InnerRead = OwnedReadHalf;

impl Inner {
    pub(in crate::socket) async fn connect(&self) -> io::Result<(OwnedReadHalf, OwnedWriteHalf)> {
        let stream = TcpStream::connect(self.0).await?;
        stream.set_nodelay(true)?;
        Ok(stream.into_split())
    }
}

/// Reads what is there, without waiting for more. Asks the system itself: `try_read` only knows what the reactor has heard
/// of.
pub(in crate::socket) fn read_now(from: &InnerRead, chunk: &mut [u8]) -> io::Result<usize> {
    let socket = from.as_ref().as_socket().try_clone_to_owned()?;
    std::net::TcpStream::from(socket).read(chunk)
}

/// Ports that are free now, as jupyter_client chooses them.
pub(crate) fn fresh_addresses(_: &Path) -> io::Result<Addresses> {
    let mut ports = [0; 5];
    // All held until the last is found, so that no two are the same.
    let mut held = Vec::new();
    for port in &mut ports {
        let listener = std::net::TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?;
        *port = listener.local_addr()?.port();
        held.push(listener);
    }
    Ok(Addresses {
        transport: Transport::TCP,
        ip: Ipv4Addr::LOCALHOST.to_string(),
        ports,
    })
}

/// Stands for the private sockets, which need no folder.
#[derive(Debug)]
pub(in crate::socket) struct PrivateDir(());

impl PrivateDir {
    pub(in crate::socket) fn new() -> Result<PrivateDir, BindError> {
        Ok(PrivateDir(()))
    }

    /// No folder stays behind.
    pub(in crate::socket) fn path(&self) -> Option<&Path> {
        None
    }

    /// Where the socket of a channel is to be.
    pub(in crate::socket) fn socket(&self, channel: Channel) -> Place {
        Place(channel)
    }
}

/// Where a socket of `zeromq` is to be: on any port.
#[derive(Clone, Debug)]
pub(in crate::socket) struct Place(Channel);

impl Place {
    /// Says that there can't be a socket.
    pub(in crate::socket) fn refused(&self, reason: impl ToString) -> BindError {
        BindError::Private {
            path: PathBuf::from(self.0.name()),
            reason: reason.to_string(),
        }
    }

    /// Binds a socket of `zeromq`.
    pub(in crate::socket) async fn bind(
        &self,
        socket: &mut impl Socket,
    ) -> Result<Inner, BindError> {
        let listener = std::net::TcpListener::bind((Ipv4Addr::LOCALHOST, 0))
            .map_err(|error| self.refused(error))?;
        let address = listener.local_addr().map_err(|error| self.refused(error))?;
        let bound = socket.bind_listener(listener).await;
        bound.map_err(|error| self.refused(error))?;
        Ok(Inner(address))
    }
}

/// Where to make a folder for connection files.
pub(crate) fn socket_parent() -> PathBuf {
    std::env::temp_dir()
}
