//! A small client: for the notebook runner, and for tests that talk to a kernel as others would.

use std::collections::VecDeque;
use std::time::Duration;

use bytes::Bytes;
use serde_json::Value;
use serde_json::json;
use tokio::sync::mpsc;
use uuid::Uuid;

use crate::message::Channel;
use crate::message::ConnectionInfo;
use crate::message::Frames;
use crate::message::Message;
use crate::message::Replays;
use crate::message::Signer;
use crate::message::UnknownScheme;
use crate::socket::DialError;
use crate::socket::Peer;
use crate::socket::dial;

/// A client that is connected to one kernel.
#[derive(Debug)]
pub struct Client {
    peer: Peer,
    signer: Signer,
    replays: Replays,
    session: String,
    backlog: VecDeque<(Channel, Message)>,
    welcomed: bool,
    echoes: VecDeque<Frames>,
}

/// A request's reply, and what was published about it up to its idle.
#[derive(Clone, Debug)]
pub struct Exchange {
    /// The reply.
    pub reply: Message,
    /// The messages on iopub whose parent is the request, from busy to idle.
    pub iopub: Vec<Message>,
}

/// Why a client got no answer.
#[derive(Debug, thiserror::Error)]
pub enum ClientError {
    /// No connection.
    #[error(transparent)]
    Dial(#[from] DialError),
    /// The connection file requires an unsupported signature scheme.
    #[error(transparent)]
    Scheme(#[from] UnknownScheme),
    /// The connection broke.
    #[error("the kernel closed the connection while {0}")]
    Closed(&'static str),
    /// The time was up.
    #[error("nothing from the kernel within {limit:?} while {doing}")]
    TimedOut {
        /// The time that was given.
        limit: Duration,
        /// What was waited for.
        doing: &'static str,
    },
}

impl Client {
    /// Connects all five channels, waiting up to `limit` for sockets that are not there yet.
    pub async fn connect(info: &ConnectionInfo, limit: Duration) -> Result<Client, ClientError> {
        let signer = Signer::new(&info.signature_scheme, &info.key)?;
        Ok(Client::over(dial(info, limit).await?, signer))
    }

    /// Talks over any transport.
    pub fn over(peer: Peer, signer: Signer) -> Client {
        Client {
            peer,
            signer,
            replays: Replays::default(),
            session: Uuid::new_v4().to_string(),
            backlog: VecDeque::new(),
            welcomed: false,
            echoes: VecDeque::new(),
        }
    }

    /// The session's id, which all requests carry.
    pub fn session(&self) -> &str {
        &self.session
    }

    /// Sends a request; gives its message id.
    pub fn send(&self, channel: Channel, msg_type: &str, content: Value) -> String {
        let message = Message::new(msg_type, &self.session, content);
        self.send_message(channel, &message);
        message.header.msg_id().to_owned()
    }

    /// Signs and sends a message that the caller made.
    pub fn send_message(&self, channel: Channel, message: &Message) {
        self.send_frames(channel, message.encode(&self.signer));
    }

    /// Sends frames as they are, for tests of what a kernel does with bad ones.
    pub fn send_frames(&self, channel: Channel, frames: Frames) {
        // Where the other end has gone, the caller sees it when it waits for the answer.
        let _ = self.peer.requests_tx.send((channel, frames));
    }

    /// Answers an input request.
    pub fn answer_input(&self, request: &Message, value: &str) {
        let mut message = Message::new(
            "input_reply",
            &self.session,
            json!({"status": "ok", "value": value}),
        );
        message.parent_header = request.header.raw().clone();
        self.send_message(Channel::Stdin, &message);
    }

    /// The next message of any channel, in the order of arrival within each channel; `None` once the kernel has closed
    /// the connection. Messages that [`Client::request`] passed over come first.
    ///
    /// # Cancel safety
    ///
    /// No message is lost when the future is dropped.
    pub async fn next(&mut self) -> Option<(Channel, Message)> {
        if let Some(message) = self.backlog.pop_front() {
            return Some(message);
        }
        loop {
            match self.receive().await? {
                Received::Message(channel, message) => return Some((channel, *message)),
                Received::Echo(echo) => self.echoes.push_back(echo),
            }
        }
    }

    /// Sends a request on shell or control and collects its reply and what is published about it, until both the reply
    /// and idle have come. Messages about other requests are kept for [`Client::next`].
    pub async fn request(
        &mut self,
        channel: Channel,
        msg_type: &str,
        content: Value,
        limit: Duration,
    ) -> Result<Exchange, ClientError> {
        let id = self.send(channel, msg_type, content);
        self.exchange(&id, limit).await
    }

    /// Collects the reply of a request that was already sent, and what is published about it.
    pub async fn exchange(&mut self, id: &str, limit: Duration) -> Result<Exchange, ClientError> {
        let doing = "waiting for a reply and idle";
        let mut reply = None;
        let mut iopub = Vec::new();
        let mut idle = false;
        let mut others = VecDeque::new();
        let ended = tokio::time::timeout(limit, async {
            while reply.is_none() || !idle {
                let Some((channel, message)) = self.next().await else {
                    return Err(ClientError::Closed(doing));
                };
                if message.parent_id() != id || channel == Channel::Stdin {
                    others.push_back((channel, message));
                } else if channel == Channel::Iopub {
                    idle |= is_idle(&message);
                    iopub.push(message);
                } else {
                    reply = Some(message);
                }
            }
            Ok(())
        })
        .await;
        others.append(&mut self.backlog);
        self.backlog = others;
        match (ended, reply) {
            (Ok(Ok(())), Some(reply)) => Ok(Exchange { reply, iopub }),
            (Ok(Err(error)), _) => Err(error),
            _ => Err(ClientError::TimedOut { limit, doing }),
        }
    }

    /// Waits until the kernel has confirmed the subscription to iopub (JEP 65); from then on nothing is missed.
    /// A kernel that is older than that never does.
    pub async fn wait_for_welcome(&mut self, limit: Duration) -> Result<(), ClientError> {
        let doing = "waiting for its welcome on iopub";
        let mut others = VecDeque::new();
        let ended = tokio::time::timeout(limit, async {
            while !self.welcomed {
                match self.next().await {
                    Some(message) => others.push_back(message),
                    None => return Err(ClientError::Closed(doing)),
                }
            }
            Ok(())
        })
        .await;
        others.append(&mut self.backlog);
        self.backlog = others;
        ended.unwrap_or(Err(ClientError::TimedOut { limit, doing }))
    }

    /// Sends a heartbeat and waits for its echo.
    pub async fn ping(&mut self, limit: Duration) -> Result<(), ClientError> {
        let doing = "waiting for a heartbeat";
        let beat = vec![Bytes::new(), Bytes::from(Uuid::new_v4().to_string())];
        self.send_frames(Channel::Heartbeat, beat.clone());
        let ended = tokio::time::timeout(limit, async {
            loop {
                while let Some(echo) = self.echoes.pop_front() {
                    if echo == beat {
                        return Ok(());
                    }
                }
                match self.receive().await {
                    Some(Received::Message(channel, message)) => {
                        self.backlog.push_back((channel, *message));
                    }
                    Some(Received::Echo(echo)) => self.echoes.push_back(echo),
                    None => return Err(ClientError::Closed(doing)),
                }
            }
        })
        .await;
        ended.unwrap_or(Err(ClientError::TimedOut { limit, doing }))
    }

    async fn receive(&mut self) -> Option<Received> {
        loop {
            let (channel, frames) =
                receive_frames(&mut self.peer.replies_rx, &mut self.peer.iopub_rx).await?;
            if channel == Channel::Heartbeat {
                return Some(Received::Echo(frames));
            }
            match Message::decode(&self.signer, &mut self.replays, frames) {
                Ok(message) => {
                    self.welcomed |= message.msg_type() == "iopub_welcome";
                    return Some(Received::Message(channel, Box::new(message)));
                }
                Err(error) => tracing::warn!(%error, channel = channel.name(), "dropped a message"),
            }
        }
    }
}

enum Received {
    Message(Channel, Box<Message>),
    Echo(Frames),
}

/// Whether a message reports that the kernel has finished with the message's parent.
pub fn is_idle(message: &Message) -> bool {
    message.msg_type() == "status" && message.content["execution_state"] == "idle"
}

async fn receive_frames(
    replies_rx: &mut mpsc::UnboundedReceiver<(Channel, Frames)>,
    iopub_rx: &mut mpsc::Receiver<Frames>,
) -> Option<(Channel, Frames)> {
    // Either channel may end first. What the other still holds is read too.
    tokio::select! {
        Some(reply) = replies_rx.recv() => Some(reply),
        Some(frames) = iopub_rx.recv() => Some((Channel::Iopub, frames)),
        else => None,
    }
}
