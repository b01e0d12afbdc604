//! A kernel's sockets.

use std::path::Path;
use std::thread::JoinHandle;
use std::time::Duration;

use tokio::sync::mpsc;
use tokio::sync::oneshot;
use tokio::task::JoinHandle as Task;
use zeromq::RouterRecvHalf;
use zeromq::RouterSendHalf;
use zeromq::RouterSocket;
use zeromq::Socket;
use zeromq::SocketRecv;
use zeromq::SocketSend;
use zeromq::XPubSocket;
use zeromq::ZmqMessage;

use super::Connection;
use super::INCOMING_QUEUE;
use super::Incoming;
use super::Peer;
use super::bind_error::BindError;
use super::guard::Drain;
use super::guard::Guard;
use super::guard::PublicListener;
use super::join;
use super::listen::listen;
use super::local::PrivateDir;
use super::local::SocketPath;
use crate::message::Channel;
use crate::message::ConnectionInfo;
use crate::message::Frames;

/// Bound sockets. Dropped, they close at once; [`Sockets::close`] lets the last messages out first.
#[derive(Debug)]
pub struct Sockets {
    routers: Vec<Router>,
    iopub: Task<()>,
    iopub_guard: Guard,
    closing_tx: Vec<oneshot::Sender<()>>,
    dispatch: Task<()>,
    heartbeat: Heartbeat,
    private: PrivateDir,
}

#[derive(Debug)]
struct Router {
    reader: Task<()>,
    writer: Task<()>,
    guard: Guard,
}

#[derive(Debug)]
struct Heartbeat {
    stop_tx: Option<oneshot::Sender<()>>,
    thread: Option<JoinHandle<()>>,
}

/// Binds the five sockets of a connection file.
pub async fn bind(info: &ConnectionInfo) -> Result<(Connection, Sockets), BindError> {
    // All addresses first, so that a taken one leaves nothing behind.
    let shell = listen(info, Channel::Shell)?;
    let control = listen(info, Channel::Control)?;
    let stdin = listen(info, Channel::Stdin)?;
    let iopub = listen(info, Channel::Iopub)?;
    let heartbeat = listen(info, Channel::Heartbeat)?;
    let private = PrivateDir::new()?;

    let (incoming_tx, incoming) = mpsc::channel(INCOMING_QUEUE);
    let (requests_tx, _) = mpsc::unbounded_channel();
    let (connection, peer) = join(incoming, requests_tx);
    let Peer {
        replies_rx,
        iopub_rx,
        ..
    } = peer;

    let mut routers = Vec::new();
    let mut queues = Vec::new();
    let mut closing_tx = Vec::new();
    for (channel, listener) in [
        (Channel::Shell, shell),
        (Channel::Control, control),
        (Channel::Stdin, stdin),
    ] {
        let mut socket = RouterSocket::new();
        let guard = guarded(
            &mut socket,
            listener,
            private.socket(channel),
            Drain::Closed,
        )
        .await?;
        let (send_half, recv_half) = socket.split();
        let (queue_tx, queue_rx) = mpsc::unbounded_channel();
        queues.push((channel, queue_tx));
        routers.push(Router {
            reader: tokio::spawn(read(channel, recv_half, incoming_tx.clone())),
            writer: tokio::spawn(write(channel, send_half, queue_rx)),
            guard,
        });
    }
    let (close_tx, close_rx) = oneshot::channel();
    closing_tx.push(close_tx);
    let dispatch = tokio::spawn(dispatch(replies_rx, queues, close_rx));

    let mut socket = XPubSocket::new();
    let iopub_guard = guarded(
        &mut socket,
        iopub,
        private.socket(Channel::Iopub),
        Drain::Dry,
    )
    .await?;
    let (close_tx, close_rx) = oneshot::channel();
    closing_tx.push(close_tx);
    let iopub = tokio::spawn(publish(socket, iopub_rx, incoming_tx, close_rx));

    let heartbeat = Heartbeat::start(heartbeat, private.socket(Channel::Heartbeat))?;
    let sockets = Sockets {
        routers,
        iopub,
        iopub_guard,
        closing_tx,
        dispatch,
        heartbeat,
        private,
    };
    Ok((connection, sockets))
}

impl Sockets {
    /// The folder of the private sockets, which a kernel that is killed leaves behind.
    pub fn folder(&self) -> &Path {
        self.private.path()
    }

    /// Takes no more messages from the kernel, lets out what it has sent until now, and closes. A client that does not
    /// read delays this for at most `linger`.
    pub async fn close(self, linger: Duration) {
        let Sockets {
            routers,
            iopub,
            iopub_guard,
            closing_tx,
            dispatch,
            heartbeat,
            private: _private,
        } = self;
        let flushed = tokio::time::timeout(linger, async move {
            for close_tx in closing_tx {
                let _ = close_tx.send(());
            }
            let _ = dispatch.await;
            let _ = iopub.await;
            for Router {
                reader,
                writer,
                guard,
            } in routers
            {
                // With both halves gone `zeromq` writes out the queues of the peers and closes.
                reader.abort();
                let _ = reader.await;
                let _ = writer.await;
                guard.drained().await;
            }
            iopub_guard.drained().await;
        })
        .await;
        if flushed.is_err() {
            tracing::warn!(?linger, "a client did not take the last messages");
        }
        drop(heartbeat);
    }
}

/// Binds a socket of `zeromq` to a private address, and its public address in front of it.
async fn guarded(
    socket: &mut impl Socket,
    listener: PublicListener,
    place: SocketPath,
    drain: Drain,
) -> Result<Guard, BindError> {
    let inner = place.bind(socket).await?;
    Guard::new(listener, inner, drain).map_err(|error| place.refused(error))
}

async fn read(channel: Channel, mut socket: RouterRecvHalf, incoming_tx: mpsc::Sender<Incoming>) {
    loop {
        match socket.recv().await {
            Ok(message) => {
                let message = Incoming::Frames(channel, message.into_vec());
                if incoming_tx.send(message).await.is_err() {
                    return;
                }
            }
            Err(error) => {
                // What one peer does must not deafen the channel for the others.
                tracing::warn!(%error, channel = channel.name(), "a peer's message was lost");
                tokio::time::sleep(Duration::from_millis(10)).await;
            }
        }
    }
}

async fn write(
    channel: Channel,
    mut socket: RouterSendHalf,
    mut queue_rx: mpsc::UnboundedReceiver<Frames>,
) {
    while let Some(frames) = queue_rx.recv().await {
        let Ok(message) = ZmqMessage::try_from(frames) else {
            continue;
        };
        if let Err(error) = socket.send(message).await {
            // The client went away before its answer came.
            tracing::debug!(%error, channel = channel.name(), "a reply was not sent");
        }
    }
}

/// Sorts replies into one queue for each socket, so that a slow client of one does not hold up another.
async fn dispatch(
    mut replies_rx: mpsc::UnboundedReceiver<(Channel, Frames)>,
    queues: Vec<(Channel, mpsc::UnboundedSender<Frames>)>,
    mut close_rx: oneshot::Receiver<()>,
) {
    let mut open = true;
    loop {
        let reply = tokio::select! {
            biased;
            _ = &mut close_rx, if open => {
                replies_rx.close();
                open = false;
                continue;
            }
            reply = replies_rx.recv() => reply,
        };
        let Some((channel, frames)) = reply else {
            return;
        };
        if let Some((_, queue_tx)) = queues.iter().find(|(other, _)| *other == channel) {
            let _ = queue_tx.send(frames);
        }
    }
}

/// `zeromq` notices a subscription only during a receive. One task therefore does both.
async fn publish(
    mut socket: XPubSocket,
    mut iopub_rx: mpsc::Receiver<Frames>,
    incoming_tx: mpsc::Sender<Incoming>,
    mut close_rx: oneshot::Receiver<()>,
) {
    let mut open = true;
    // The first message reports that the kernel starts. There is no subscriber before the first receive, and each is to get
    // its welcome before anything else.
    tokio::select! {
        _ = &mut close_rx => {
            iopub_rx.close();
            open = false;
        }
        _starting = iopub_rx.recv() => {}
    }
    loop {
        tokio::select! {
            _ = &mut close_rx, if open => {
                iopub_rx.close();
                open = false;
            }
            subscription = socket.recv() => match subscription {
                Ok(message) => {
                    let frame = message.into_vec().into_iter().next().unwrap_or_default();
                    if frame.first() == Some(&1) {
                        let _ = incoming_tx.send(Incoming::Subscribed(frame.slice(1..))).await;
                    }
                }
                Err(error) => tracing::debug!(%error, "a subscriber left"),
            },
            frames = iopub_rx.recv() => {
                let Some(frames) = frames else { return };
                let Ok(message) = ZmqMessage::try_from(frames) else { continue };
                if let Err(error) = socket.send(message).await {
                    tracing::debug!(%error, "a message was not published");
                }
            }
        }
    }
}

impl Heartbeat {
    /// Echoes on a thread of its own, so that a client never takes a busy kernel for a dead one.
    fn start(listener: PublicListener, place: SocketPath) -> Result<Heartbeat, BindError> {
        let (stop_tx, stop_rx) = oneshot::channel();
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()
            .map_err(|error| place.refused(error))?;
        let inner = place.clone();
        let thread = std::thread::Builder::new()
            .name("heartbeat".into())
            .spawn(move || {
                runtime.block_on(async {
                    tokio::select! {
                        () = echo(listener, inner) => {}
                        _ = stop_rx => {}
                    }
                });
            })
            .map_err(|error| place.refused(error))?;
        Ok(Heartbeat {
            stop_tx: Some(stop_tx),
            thread: Some(thread),
        })
    }
}

impl Drop for Heartbeat {
    fn drop(&mut self) {
        drop(self.stop_tx.take());
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

async fn echo(listener: PublicListener, place: SocketPath) {
    // A ROUTER has no turns to keep, so no peer can put it out of step as it could a REP socket.
    let mut socket = RouterSocket::new();
    let _guard = match guarded(&mut socket, listener, place, Drain::Closed).await {
        Ok(guard) => guard,
        Err(error) => {
            tracing::error!(%error, "no heartbeat");
            return;
        }
    };
    loop {
        match socket.recv().await {
            Ok(message) => {
                if let Err(error) = socket.send(message).await {
                    tracing::debug!(%error, "a heartbeat was not echoed");
                }
            }
            Err(error) => {
                tracing::debug!(%error, "a heartbeat was lost");
                tokio::time::sleep(Duration::from_millis(10)).await;
            }
        }
    }
}
