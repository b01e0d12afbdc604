//! The ritual around each request: busy, one reply, idle. Nothing else sends any of the three for a request.

use std::sync::Arc;

use bytes::Bytes;
use serde_json::Map;
use serde_json::Value;
use serde_json::json;
use tokio::sync::mpsc;
use tokio::sync::oneshot;

use crate::contract::Diagnostic;
use crate::message::Channel;
use crate::message::CommMessage;
use crate::message::Message;
use crate::message::Signer;
use crate::socket::Outgoing;

/// What goes to iopub beside the output of cells.
#[derive(Debug)]
pub(crate) enum Direct {
    /// A message to publish.
    Message(Box<Message>),
    /// Answered when everything before it has been handed to the socket.
    Barrier(oneshot::Sender<()>),
}

/// Makes and sends the kernel's messages. It holds the session, the key and the sockets.
#[derive(Clone, Debug)]
pub(crate) struct IopubSender {
    session: Arc<str>,
    signer: Signer,
    outgoing: Outgoing,
    direct_tx: mpsc::UnboundedSender<Direct>,
}

impl IopubSender {
    /// What is published goes into `direct_tx`: about two small messages for each request.
    pub(crate) fn new(
        session: &str,
        signer: Signer,
        outgoing: Outgoing,
        direct_tx: mpsc::UnboundedSender<Direct>,
    ) -> IopubSender {
        IopubSender {
            session: Arc::from(session),
            signer,
            outgoing,
            direct_tx,
        }
    }

    /// Makes a message for iopub. Subscribers filter by its topic, which is its type.
    pub(crate) fn published(
        &self,
        msg_type: &str,
        parent: &Map<String, Value>,
        content: Value,
    ) -> Message {
        let mut message = Message::new(msg_type, &self.session, content);
        message.identities = vec![Bytes::copy_from_slice(msg_type.as_bytes())];
        message.parent_header = parent.clone();
        message
    }

    /// Makes a message on a comm.
    pub(crate) fn on_comm(&self, parent: &Map<String, Value>, comm: CommMessage) -> Message {
        let mut message = self.published(comm.msg_type(), parent, comm.content());
        message.metadata = comm.metadata;
        message.buffers = comm.buffers;
        message
    }

    /// Publishes beside the output of cells.
    pub(crate) fn publish(&self, msg_type: &str, parent: &Map<String, Value>, content: Value) {
        self.publish_message(self.published(msg_type, parent, content));
    }

    /// Publishes a state of the kernel.
    pub(crate) fn status(&self, state: &str, parent: &Map<String, Value>) {
        self.publish("status", parent, json!({"execution_state": state}));
    }

    /// Confirms a subscription (JEP 65). The topic is the subscription, so that the new subscriber gets it.
    pub(crate) fn welcome(&self, topic: Bytes) {
        let content = json!({"subscription": String::from_utf8_lossy(&topic)});
        let mut message = self.published("iopub_welcome", &Map::new(), content);
        message.identities = vec![topic];
        self.publish_message(message);
    }

    fn publish_message(&self, message: Message) {
        // The stage ends only with the kernel.
        let _ = self.direct_tx.send(Direct::Message(Box::new(message)));
    }

    /// Completes when everything published so far has been handed to the socket.
    pub(crate) async fn flushed(&self) {
        let (barrier_tx, barrier_rx) = oneshot::channel();
        let _ = self.direct_tx.send(Direct::Barrier(barrier_tx));
        let _ = barrier_rx.await;
    }

    /// Sends a message to one client; gives its id.
    pub(crate) fn send(
        &self,
        channel: Channel,
        to: &Message,
        msg_type: &str,
        content: Value,
    ) -> String {
        let mut message = Message::new(msg_type, &self.session, content);
        message.identities = to.identities.clone();
        message.parent_header = to.header.raw().clone();
        self.outgoing.reply(channel, message.encode(&self.signer));
        message.header.msg_id().to_owned()
    }

    /// Hands a message to the iopub socket; waits while subscribers are slow.
    pub(crate) async fn transmit(&self, message: &Message) {
        self.outgoing.publish(message.encode(&self.signer)).await;
    }
}

/// One request that is owed busy, a reply and idle. Dropped without an answer it replies that the kernel is at fault.
#[derive(Debug)]
pub struct Ticket {
    voice: IopubSender,
    channel: Channel,
    request: Message,
    reply_type: Option<String>,
    started: bool,
}

impl Ticket {
    /// For a request that came on `channel`. Types that do not end in `_request` get no reply.
    pub(crate) fn new(voice: &IopubSender, channel: Channel, mut request: Message) -> Ticket {
        let reply_type = request
            .msg_type()
            .strip_suffix("_request")
            .map(|stem| format!("{stem}_reply"));
        // A ticket may wait in a queue; buffers are nothing that a reply needs.
        request.buffers = Vec::new();
        Ticket {
            voice: voice.clone(),
            channel,
            request,
            reply_type,
            started: false,
        }
    }

    /// The request.
    pub(crate) fn request(&self) -> &Message {
        &self.request
    }

    /// Publishes busy.
    pub(crate) fn start(&mut self) {
        if !self.started {
            self.started = true;
            self.voice.status("busy", self.request.header.raw());
        }
    }

    /// Publishes something on behalf of the request.
    pub(crate) fn publish(&self, msg_type: &str, content: Value) {
        self.voice
            .publish(msg_type, self.request.header.raw(), content);
    }

    /// Sends the reply; idle follows.
    pub(crate) fn answer(mut self, content: Value) {
        self.reply(content);
    }

    /// Sends the reply. Idle follows when the ticket is dropped.
    pub(crate) fn reply(&mut self, content: Value) {
        self.start();
        if let Some(reply_type) = self.reply_type.take() {
            self.voice
                .send(self.channel, &self.request, &reply_type, content);
        }
    }

    /// Replies with an error.
    pub(crate) fn refuse(self, ename: &str, evalue: &str) {
        self.answer(error_content(&Diagnostic {
            ename: ename.into(),
            evalue: evalue.into(),
            traceback: Vec::new(),
        }));
    }
}

impl Drop for Ticket {
    fn drop(&mut self) {
        self.start();
        if let Some(reply_type) = self.reply_type.take() {
            let evalue = format!(
                "the kernel lost this `{}` (a fault of the kernel, not of the cell; please report it)",
                self.request.msg_type()
            );
            let content = error_content(&Diagnostic {
                ename: "InternalError".into(),
                evalue,
                traceback: Vec::new(),
            });
            self.voice
                .send(self.channel, &self.request, &reply_type, content);
        }
        self.voice.status("idle", self.request.header.raw());
    }
}

/// The content of an error reply.
pub(crate) fn error_content(diagnostic: &Diagnostic) -> Value {
    json!({
        "status": "error",
        "ename": diagnostic.ename,
        "evalue": diagnostic.evalue,
        "traceback": traceback(diagnostic),
    })
}

/// Clients show the traceback and nothing else, so it is never empty.
pub(crate) fn traceback(diagnostic: &Diagnostic) -> Vec<String> {
    if diagnostic.traceback.is_empty() {
        vec![format!("{}: {}", diagnostic.ename, diagnostic.evalue)]
    } else {
        diagnostic.traceback.clone()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::message::Frames;
    use crate::message::Replays;
    use crate::socket::Connection;

    fn decode(frames: Frames) -> Message {
        let signer = Signer::new("", "").unwrap();
        Message::decode(&signer, &mut Replays::default(), frames).unwrap()
    }

    /// Calls `act` with the ticket of a request of this type. Checks the replies, then the published messages.
    async fn check(msg_type: &str, act: impl FnOnce(Ticket), replies: &[&str], published: &[&str]) {
        let (connection, mut peer) = Connection::memory();
        let (direct_tx, mut direct_rx) = mpsc::unbounded_channel();
        let voice = IopubSender::new(
            "s",
            Signer::new("", "").unwrap(),
            connection.outgoing,
            direct_tx,
        );
        let request = Message::new(msg_type, "client", json!({}));
        let id = request.header.msg_id().to_owned();
        act(Ticket::new(&voice, Channel::Shell, request));
        drop(voice);
        let mut seen = Vec::new();
        while let Some((_, frames)) = peer.replies_rx.recv().await {
            let reply = decode(frames);
            assert_eq!(reply.parent_id(), id);
            seen.push(format!(
                "{} {}",
                reply.msg_type(),
                reply.content["status"].as_str().unwrap()
            ));
        }
        assert_eq!(seen, replies);
        seen.clear();
        while let Some(Direct::Message(message)) = direct_rx.recv().await {
            assert_eq!(message.parent_id(), id);
            seen.push(
                message.content["execution_state"]
                    .as_str()
                    .unwrap()
                    .to_owned(),
            );
        }
        assert_eq!(seen, published);
    }

    #[tokio::test]
    async fn a_ticket_that_is_dropped_blames_the_kernel() {
        check(
            "execute_request",
            drop,
            &["execute_reply error"],
            &["busy", "idle"],
        )
        .await;
    }

    #[tokio::test]
    async fn an_answer_is_sent_once() {
        let answer = |ticket: Ticket| ticket.answer(json!({"status": "ok"}));
        check(
            "execute_request",
            answer,
            &["execute_reply ok"],
            &["busy", "idle"],
        )
        .await;
    }

    #[tokio::test]
    async fn idle_comes_when_a_ticket_with_a_reply_is_dropped() {
        let reply = |mut ticket: Ticket| ticket.reply(json!({"status": "ok"}));
        check(
            "interrupt_request",
            reply,
            &["interrupt_reply ok"],
            &["busy", "idle"],
        )
        .await;
    }

    #[tokio::test]
    async fn busy_is_published_once() {
        let start = |mut ticket: Ticket| {
            ticket.start();
            ticket.start();
            ticket.refuse("Unsupported", "no");
        };
        check(
            "no_such_request",
            start,
            &["no_such_reply error"],
            &["busy", "idle"],
        )
        .await;
    }

    #[tokio::test]
    async fn a_message_without_reply_is_busy_and_idle() {
        check("comm_msg", drop, &[], &["busy", "idle"]).await;
    }

    #[tokio::test]
    async fn a_panic_on_the_way_still_answers() {
        let panicking = |ticket: Ticket| {
            let _ = std::panic::catch_unwind(std::panic::AssertUnwindSafe(move || {
                let _ticket = ticket;
                panic!("on the way");
            }));
        };
        check(
            "inspect_request",
            panicking,
            &["inspect_reply error"],
            &["busy", "idle"],
        )
        .await;
    }
}
