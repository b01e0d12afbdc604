//! The transport: the only place that names `zeromq`.
//!
//! To the rest of the kernel a transport is a set of channels. [`bind`] puts sockets behind them,
//! [`Connection::memory`] another program's end of the same channels. The dispatcher sees no difference.

mod bind;
mod bind_error;
mod dial;
mod filter;
mod guard;
mod listen;
mod local;

use bytes::Bytes;
use tokio::sync::mpsc;

use crate::message::Channel;
use crate::message::Frames;

pub use bind::Sockets;
pub use bind::bind;
pub use bind_error::BindError;
pub use dial::DialError;
pub use dial::dial;
pub use local::Addresses;
pub use local::fresh_addresses;
pub use local::socket_parent;

/// How many iopub messages may wait for slow subscribers before their sender has to wait.
const IOPUB_QUEUE: usize = 64;

/// How many requests may wait for the dispatcher before the sockets are read no further.
const INCOMING_QUEUE: usize = 1024;

/// The kernel's end of a transport.
#[derive(Debug)]
pub struct Connection {
    /// What clients send.
    pub incoming: mpsc::Receiver<Incoming>,
    /// The way out.
    pub outgoing: Outgoing,
}

/// What arrives from clients.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Incoming {
    /// A message as frames, nothing about it checked.
    Frames(Channel, Frames),
    /// Somebody subscribed to iopub with this topic.
    Subscribed(Bytes),
}

/// The way to clients.
#[derive(Clone, Debug)]
pub struct Outgoing {
    replies_tx: mpsc::UnboundedSender<(Channel, Frames)>,
    iopub_tx: mpsc::Sender<Frames>,
}

impl Outgoing {
    /// Sends a reply (or an input request) to the identities at its front. Never waits: there is about one reply for
    /// each request.
    pub fn reply(&self, channel: Channel, frames: Frames) {
        // The receiver is dropped only when the kernel ends, and then the reply has no use.
        let _ = self.replies_tx.send((channel, frames));
    }

    /// Publishes on iopub; waits while subscribers are slow.
    pub async fn publish(&self, frames: Frames) {
        let _ = self.iopub_tx.send(frames).await;
    }
}

/// A client's end of a transport.
#[derive(Debug)]
pub struct Peer {
    /// Requests and input replies.
    pub requests_tx: mpsc::UnboundedSender<(Channel, Frames)>,
    /// Replies and input requests.
    pub replies_rx: mpsc::UnboundedReceiver<(Channel, Frames)>,
    /// What is published.
    pub iopub_rx: mpsc::Receiver<Frames>,
}

impl Connection {
    /// Two ends that are joined without sockets, for tests. A subscription to everything has already arrived.
    pub fn memory() -> (Connection, Peer) {
        let (incoming_tx, incoming) = mpsc::channel(INCOMING_QUEUE);
        let (requests_tx, mut requests_rx) = mpsc::unbounded_channel::<(Channel, Frames)>();
        let (connection, peer) = join(incoming, requests_tx);
        tokio::spawn(async move {
            let _ = incoming_tx.send(Incoming::Subscribed(Bytes::new())).await;
            while let Some((channel, frames)) = requests_rx.recv().await {
                if incoming_tx
                    .send(Incoming::Frames(channel, frames))
                    .await
                    .is_err()
                {
                    return;
                }
            }
        });
        (connection, peer)
    }
}

fn join(
    incoming: mpsc::Receiver<Incoming>,
    requests_tx: mpsc::UnboundedSender<(Channel, Frames)>,
) -> (Connection, Peer) {
    let (replies_tx, replies_rx) = mpsc::unbounded_channel();
    let (iopub_tx, iopub_rx) = mpsc::channel(IOPUB_QUEUE);
    let connection = Connection {
        incoming,
        outgoing: Outgoing {
            replies_tx,
            iopub_tx,
        },
    };
    let peer = Peer {
        requests_tx,
        replies_rx,
        iopub_rx,
    };
    (connection, peer)
}
