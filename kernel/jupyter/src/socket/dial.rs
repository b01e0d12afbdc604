//! A client's sockets.

use std::time::Duration;

use bytes::Bytes;
use tokio::sync::mpsc;
use uuid::Uuid;
use zeromq::DealerSocket;
use zeromq::Socket;
use zeromq::SocketOptions;
use zeromq::SocketRecv;
use zeromq::SocketSend;
use zeromq::SubSocket;
use zeromq::ZmqError;
use zeromq::ZmqMessage;
use zeromq::util::PeerIdentity;

use super::IOPUB_QUEUE;
use super::Peer;
use crate::message::Channel;
use crate::message::ConnectionInfo;
use crate::message::endpoint;

/// A kernel that could not be reached.
#[derive(Debug, thiserror::Error)]
#[error("cannot connect to the kernel's {} channel at `{endpoint}`: {source}", channel.name())]
pub struct DialError {
    channel: Channel,
    endpoint: String,
    source: ZmqError,
}

/// Connects to all channels of a kernel. A socket that is not there yet is waited for, up to `limit`.
pub async fn dial(info: &ConnectionInfo, limit: Duration) -> Result<Peer, DialError> {
    let (requests_tx, mut requests_rx) = mpsc::unbounded_channel();
    let (replies_tx, replies_rx) = mpsc::unbounded_channel();
    let (iopub_tx, iopub_rx) = mpsc::channel(IOPUB_QUEUE);

    let iopub = connected(
        SubSocket::with_options(options(None, limit)),
        info,
        Channel::Iopub,
    )
    .await?;
    tokio::spawn(subscribe(iopub, iopub_tx));

    // The kernel sends input requests to the identity that the execute request came from, so shell and stdin share it.
    let identity = Uuid::new_v4().to_string();
    let mut requests = Vec::new();
    for channel in [
        Channel::Shell,
        Channel::Control,
        Channel::Stdin,
        Channel::Heartbeat,
    ] {
        let socket = DealerSocket::with_options(options(Some(&identity), limit));
        let (mut send_half, mut recv_half) = connected(socket, info, channel).await?.split();
        let (tx, mut rx) = mpsc::unbounded_channel::<Vec<Bytes>>();
        requests.push((channel, tx));
        tokio::spawn(async move {
            while let Some(frames) = rx.recv().await {
                let Ok(message) = ZmqMessage::try_from(frames) else {
                    continue;
                };
                if let Err(error) = send_half.send(message).await {
                    tracing::debug!(%error, channel = channel.name(), "request not sent");
                }
            }
        });
        let replies_tx = replies_tx.clone();
        tokio::spawn(async move {
            while let Ok(message) = recv_half.recv().await {
                if replies_tx.send((channel, message.into_vec())).is_err() {
                    return;
                }
            }
        });
    }
    tokio::spawn(async move {
        while let Some((channel, frames)) = requests_rx.recv().await {
            for (other, tx) in &requests {
                if *other == channel {
                    let _ = tx.send(frames);
                    break;
                }
            }
        }
    });
    Ok(Peer {
        requests_tx,
        replies_rx,
        iopub_rx,
    })
}

async fn subscribe(mut socket: SubSocket, iopub_tx: mpsc::Sender<Vec<Bytes>>) {
    if socket.subscribe("").await.is_err() {
        return;
    }
    loop {
        let message = tokio::select! {
            message = socket.recv() => message,
            () = iopub_tx.closed() => return,
        };
        match message {
            Ok(message) => {
                if iopub_tx.send(message.into_vec()).await.is_err() {
                    return;
                }
            }
            Err(error) => {
                tracing::debug!(%error, "the iopub subscription was interrupted");
                return;
            }
        }
    }
}

async fn connected<S: Socket>(
    mut socket: S,
    info: &ConnectionInfo,
    channel: Channel,
) -> Result<S, DialError> {
    let endpoint = endpoint(info, channel);
    match socket.connect(&endpoint).await {
        Ok(()) => Ok(socket),
        Err(source) => Err(DialError {
            channel,
            endpoint,
            source,
        }),
    }
}

fn options(identity: Option<&str>, limit: Duration) -> SocketOptions {
    let mut options = SocketOptions::default();
    options.connect_timeout(limit);
    if let Some(identity) = identity
        && let Ok(identity) = identity.parse::<PeerIdentity>()
    {
        options.peer_identity(identity);
    }
    options
}
