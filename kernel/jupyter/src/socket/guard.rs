//! The public listeners. Each connection is passed on to a private listener of `zeromq`, through a [`Filter`].
//!
//! The guard also notices what `zeromq` does not: when the last byte has left, and when a subscriber has stopped
//! reading.

use std::io;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use bytes::Buf;
use bytes::BytesMut;
use tokio::io::AsyncRead;
use tokio::io::AsyncReadExt;
use tokio::io::AsyncWrite;
use tokio::io::AsyncWriteExt;
use tokio::net::TcpListener;
use tokio::sync::Semaphore;
use tokio::sync::mpsc;
use tokio::sync::watch;
use tokio::time::Instant;

use super::filter::Filter;
use super::local::Inner;
use super::local::InnerRead;
use super::local::IpcListener;
use super::local::read_now;

/// A peer that has not shown in this time that it speaks ZMTP only holds a connection.
const HANDSHAKE_LIMIT: Duration = Duration::from_secs(30);

/// A subscriber that reads nothing makes the cell wait for it once the bytes read ahead for it are many. After this
/// time it is cut off; ZeroMQ's clients connect again by themselves when they are back.
const STALLED_LIMIT: Duration = Duration::from_secs(60);

/// Connections of one channel at a time.
const CONNECTIONS_LIMIT: usize = 512;

const CHUNK_BYTES: usize = 64 << 10;

/// So much waits for a slow peer: more than a cell's output by default.
const AHEAD_BYTES: usize = 16 << 20;

/// A bound public listener.
#[derive(Debug)]
pub(super) enum PublicListener {
    Tcp(std::net::TcpListener),
    Ipc(IpcListener),
}

/// How a connection learns that nothing more will come out of `zeromq`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Drain {
    /// `zeromq` closes its end behind the last byte.
    Closed,
    /// `zeromq` has written everything before it reports a message as sent, but it keeps its end open.
    Dry,
}

/// Accepts connections until dropped, and reports when all of them have been served.
#[derive(Debug)]
pub(super) struct Guard {
    accepting: tokio::task::JoinHandle<()>,
    closing_tx: watch::Sender<bool>,
    served_rx: mpsc::Receiver<()>,
    ipc_path: Option<PathBuf>,
}

impl Guard {
    /// Passes connections on to the private listener at `inner`.
    pub(super) fn new(listener: PublicListener, inner: Inner, drain: Drain) -> io::Result<Guard> {
        let (closing_tx, closing_rx) = watch::channel(false);
        let (served_tx, served_rx) = mpsc::channel(1);
        let shared = Shared {
            inner,
            drain,
            closing_rx,
            served_tx,
            permits: Arc::new(Semaphore::new(CONNECTIONS_LIMIT)),
        };
        let mut ipc_path = None;
        let accepting = match listener {
            PublicListener::Tcp(listener) => {
                listener.set_nonblocking(true)?;
                let listener = TcpListener::from_std(listener)?;
                tokio::spawn(accept(shared, async move || {
                    let (stream, _) = listener.accept().await?;
                    // Replies are small, and a client waits for each.
                    stream.set_nodelay(true)?;
                    Ok(stream)
                }))
            }
            PublicListener::Ipc(listener) => {
                ipc_path = Some(listener.path().to_owned());
                let listener = listener.accepting()?;
                tokio::spawn(accept(shared, async move || listener.next().await))
            }
        };
        Ok(Guard {
            accepting,
            closing_tx,
            served_rx,
            ipc_path,
        })
    }

    /// Waits until every connection has got what `zeromq` had for it. Call it when `zeromq` gets nothing more to send.
    pub(super) async fn drained(mut self) {
        self.accepting.abort();
        let _ = self.closing_tx.send(true);
        // Nothing is ever sent: the channel ends when the last connection has dropped its sender.
        let _ = self.served_rx.recv().await;
    }
}

impl Drop for Guard {
    fn drop(&mut self) {
        self.accepting.abort();
        if let Some(path) = &self.ipc_path {
            let _ = std::fs::remove_file(path);
        }
    }
}

#[derive(Clone)]
struct Shared {
    inner: Inner,
    drain: Drain,
    closing_rx: watch::Receiver<bool>,
    served_tx: mpsc::Sender<()>,
    permits: Arc<Semaphore>,
}

async fn accept<S>(shared: Shared, next: impl AsyncFn() -> io::Result<S>)
where
    S: AsyncRead + AsyncWrite + Send + 'static,
{
    loop {
        let Ok(permit) = shared.permits.clone().acquire_owned().await else {
            return;
        };
        match next().await {
            Ok(stream) => {
                let shared = shared.clone();
                tokio::spawn(async move {
                    serve(&shared, stream).await;
                    drop(permit);
                });
            }
            Err(error) => {
                // Out of file descriptors, mostly: trying at once would only burn the processor.
                tracing::warn!(%error, "cannot accept a connection");
                tokio::time::sleep(Duration::from_millis(100)).await;
            }
        }
    }
}

async fn serve<S>(shared: &Shared, stream: S)
where
    S: AsyncRead + AsyncWrite + Send + 'static,
{
    let (inner_rx, inner_tx) = match shared.inner.connect().await {
        Ok(halves) => halves,
        Err(error) => {
            tracing::warn!(%error, "cannot pass a connection on");
            return;
        }
    };
    let (peer_rx, peer_tx) = tokio::io::split(stream);
    let closing_rx = shared.closing_rx.clone();
    let drain = shared.drain;
    let served_tx = shared.served_tx.clone();
    let outward = async move {
        if let Err(error) = pass_out(inner_rx, peer_tx, drain, closing_rx).await {
            tracing::debug!(%error, "a connection ended");
        }
        drop(served_tx);
    };
    let inward = async move {
        if let Err(error) = pass_in(peer_rx, inner_tx).await {
            tracing::warn!(%error, "cut a connection off");
            return;
        }
        // The peer has closed only its sending end: it still receives its replies.
        std::future::pending::<()>().await;
    };
    tokio::select! {
        () = outward => {}
        () = inward => {}
    }
}

async fn pass_in<R, W>(mut from: R, mut to: W) -> io::Result<()>
where
    R: AsyncRead + Unpin,
    W: AsyncWrite + Unpin,
{
    let mut filter = Filter::new();
    let mut chunk = vec![0; CHUNK_BYTES];
    let deadline = tokio::time::Instant::now() + HANDSHAKE_LIMIT;
    loop {
        let count = if filter.is_ready() {
            from.read(&mut chunk).await?
        } else {
            tokio::time::timeout_at(deadline, from.read(&mut chunk)).await??
        };
        let bytes = chunk.get(..count).unwrap_or_default();
        if bytes.is_empty() {
            return to.shutdown().await;
        }
        filter.check(bytes).map_err(io::Error::other)?;
        to.write_all(bytes).await?;
    }
}

/// Passes bytes on to the peer, reading ahead of it: a slow subscriber must not hold up the others at once.
async fn pass_out<W>(
    mut from: InnerRead,
    mut to: W,
    drain: Drain,
    mut closing_rx: watch::Receiver<bool>,
) -> io::Result<()>
where
    W: AsyncWrite + Unpin,
{
    let mut chunk = vec![0; CHUNK_BYTES];
    let mut ahead = BytesMut::new();
    let mut stalled_at = Instant::now() + STALLED_LIMIT;
    let mut closing = false;
    let mut ended = false;
    while !ended || !ahead.is_empty() {
        let has_room = ahead.len() < AHEAD_BYTES;
        // Neither reading nor writing has done anything when its branch is not the one taken.
        tokio::select! {
            count = from.read(&mut chunk), if !ended && !closing && has_room => {
                let count = count?;
                ended = count == 0;
                if ahead.is_empty() {
                    stalled_at = Instant::now() + STALLED_LIMIT;
                }
                ahead.extend_from_slice(chunk.get(..count).unwrap_or_default());
            }
            written = tokio::time::timeout_at(stalled_at, to.write(&ahead)), if !ahead.is_empty() => {
                let written = written??;
                if written == 0 {
                    return Err(io::ErrorKind::WriteZero.into());
                }
                ahead.advance(written);
                stalled_at = Instant::now() + STALLED_LIMIT;
            }
            _ = closing_rx.wait_for(|closing| *closing), if drain == Drain::Dry && !closing => {
                closing = true;
            }
        }
        if closing && !ended && ahead.len() < AHEAD_BYTES {
            ended = take_ready(&from, &mut ahead)?;
        }
    }
    to.shutdown().await
}

/// Takes what is there without waiting for more. Returns whether that was all.
fn take_ready(from: &InnerRead, ahead: &mut BytesMut) -> io::Result<bool> {
    let mut chunk = vec![0; CHUNK_BYTES];
    while ahead.len() < AHEAD_BYTES {
        match read_now(from, &mut chunk) {
            Ok(0) => return Ok(true),
            Ok(count) => ahead.extend_from_slice(chunk.get(..count).unwrap_or_default()),
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => return Ok(true),
            Err(error) => return Err(error),
        }
    }
    Ok(false)
}
