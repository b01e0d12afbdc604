//! The kernel's part in comms: which are open, and what waits to be handled by the worker.
//!
//! Messages of clients are sent by a thread of their own, since the worker may take its time: each has a number, and the
//! worker reports the number when it has called what the message is for.

use std::collections::BTreeMap;
use std::collections::BTreeSet;
use std::os::unix::net::UnixDatagram;
use std::sync::Mutex;
use std::sync::MutexGuard;
use std::sync::PoisonError;
use std::sync::mpsc;

use bytes::Bytes;
use serde_json::Map;
use serde_json::Value;
use threadbook::wire;
use threadbook::wire::Delivery;
use threadbook_jupyter::contract::CommRequest;
use threadbook_jupyter::message::CommAct;
use threadbook_jupyter::message::CommMessage;
use threadbook_jupyter::output::Event;

/// The comms of a session.
#[derive(Debug)]
pub struct Comms {
    socket: UnixDatagram,
    state: Mutex<CommState>,
}

#[derive(Debug, Default)]
struct CommState {
    /// The open comms: id and target.
    open: BTreeMap<String, String>,
    /// The targets for which clients may open comms.
    targets: BTreeSet<String>,
    /// Messages of clients that the worker has not handled, by the numbers of their deliveries.
    waiting: BTreeMap<u32, CommRequest>,
    /// The number of the latest delivery.
    latest: u32,
    /// The way to the thread that sends, once there is one.
    sender_tx: Option<mpsc::Sender<(u32, Delivery)>>,
}

impl Comms {
    /// Comms whose messages go into a socket.
    pub(super) fn new(socket: UnixDatagram) -> Comms {
        Comms {
            socket,
            state: Mutex::default(),
        }
    }

    /// The open comms: id and target.
    pub fn open(&self) -> BTreeMap<String, String> {
        self.state().open.clone()
    }

    /// Takes a message of a client. Does not wait.
    pub fn deliver(&self, request: CommRequest) {
        let mut state = self.state();
        let message = request.message();
        let id = &message.comm_id;
        let is_known = match message.act {
            CommAct::Open if state.targets.contains(&message.target_name) => {
                let target = message.target_name.clone();
                state.open.insert(id.clone(), target);
                true
            }
            CommAct::Open => false,
            CommAct::Message => state.open.contains_key(id),
            CommAct::Close => state.open.remove(id).is_some(),
        };
        if !is_known {
            drop(state);
            request.refuse();
            return;
        }
        let delivery = Delivery::Message(Box::new(to_wire(message)));
        let number = self.send(&mut state, delivery);
        state.waiting.insert(number, request);
    }

    /// The worker sends a message, perhaps while it handles a delivery.
    pub(super) fn sent_by_worker(
        &self,
        within: Option<u32>,
        message: wire::CommMessage,
    ) -> Option<Event> {
        let mut state = self.state();
        let id = &message.comm_id;
        let is_known = match message.act {
            wire::CommAct::Open => {
                state.open.insert(id.clone(), message.target.clone());
                true
            }
            wire::CommAct::Message => state.open.contains_key(id),
            wire::CommAct::Close => state.open.remove(id).is_some(),
        };
        let request = within.and_then(|number| state.waiting.get(&number));
        let parent = request.map(|request| request.header().clone());
        is_known.then(|| Event::Comm {
            parent,
            message: from_wire(message),
        })
    }

    /// Clients may open comms of a target.
    pub(super) fn add_target(&self, name: String) {
        self.state().targets.insert(name);
    }

    /// The worker has handled a delivery, and those before it. A worker that has died has handled nothing more.
    pub(super) fn handled(&self, number: u32) -> Vec<Event> {
        let mut state = self.state();
        let later = match number.checked_add(1) {
            Some(next) => state.waiting.split_off(&next),
            None => BTreeMap::new(),
        };
        let handled = std::mem::replace(&mut state.waiting, later);
        handled.into_values().map(was_handled).collect()
    }

    /// The worker is gone, and so are its comms.
    pub(super) fn lost(&self) -> Vec<Event> {
        let mut state = self.state();
        state.targets.clear();
        let open = std::mem::take(&mut state.open);
        let waiting = std::mem::take(&mut state.waiting);
        drop(state);
        let handled = waiting.into_values().map(was_handled);
        handled.chain(open.into_keys().map(closed)).collect()
    }

    /// A copy of the worker has taken over, with these comms and targets. What is not open on both sides is closed.
    pub(super) fn taken_over(
        &self,
        open: Vec<(String, String)>,
        targets: Vec<String>,
    ) -> Vec<Event> {
        let mut state = self.state();
        state.targets = targets.into_iter().collect();
        let theirs: BTreeMap<String, String> = open.into_iter().collect();
        let ours = std::mem::take(&mut state.open);
        let (kept, gone): (BTreeMap<_, _>, BTreeMap<_, _>) = ours
            .into_iter()
            .partition(|(id, _)| theirs.contains_key(id));
        let only_theirs = theirs.into_keys().filter(|id| !kept.contains_key(id));
        for id in only_theirs {
            let close = to_wire(&CommMessage::close(id));
            self.send(&mut state, Delivery::Message(Box::new(close)));
        }
        let has_thread = !kept.is_empty() || !state.targets.is_empty();
        state.open = kept;
        if has_thread {
            // When this is handled, whatever the dead process has left unhandled counts as handled.
            self.send(&mut state, Delivery::Resume);
            drop(state);
            return gone.into_keys().map(closed).collect();
        }
        let waiting = std::mem::take(&mut state.waiting);
        drop(state);
        let handled = waiting.into_values().map(was_handled);
        handled.chain(gone.into_keys().map(closed)).collect()
    }

    /// Sends a delivery; gives its number.
    fn send(&self, state: &mut CommState, delivery: Delivery) -> u32 {
        state.latest = state.latest.wrapping_add(1);
        let number = state.latest;
        let sender_tx = match &state.sender_tx {
            Some(sender_tx) => sender_tx,
            None => match self.start_sender() {
                Ok(sender_tx) => state.sender_tx.insert(sender_tx),
                Err(error) => {
                    tracing::error!("no thread for messages on comms: {error}");
                    return number;
                }
            },
        };
        // The thread ends only when sending fails, which it has logged.
        let _ = sender_tx.send((number, delivery));
        number
    }

    fn start_sender(&self) -> std::io::Result<mpsc::Sender<(u32, Delivery)>> {
        let socket = self.socket.try_clone()?;
        let (sender_tx, sender_rx) = mpsc::channel();
        std::thread::Builder::new()
            .name("comm-messages".to_owned())
            .spawn(move || {
                if let Err(error) = send_all(&socket, &sender_rx) {
                    tracing::error!("messages on comms do not reach the worker: {error}");
                }
            })?;
        Ok(sender_tx)
    }

    fn state(&self) -> MutexGuard<'_, CommState> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Sends deliveries until the session ends. Waits where the worker is slow.
fn send_all(
    socket: &UnixDatagram,
    sender_rx: &mpsc::Receiver<(u32, Delivery)>,
) -> std::io::Result<()> {
    while let Ok((number, delivery)) = sender_rx.recv() {
        for datagram in wire::encode_delivery(number, &delivery)? {
            socket.send(&datagram)?;
        }
    }
    Ok(())
}

fn was_handled(request: CommRequest) -> Event {
    Event::CommHandled(Box::new(request))
}

fn closed(comm_id: String) -> Event {
    Event::Comm {
        parent: None,
        message: CommMessage::close(comm_id),
    }
}

fn to_wire(message: &CommMessage) -> wire::CommMessage {
    wire::CommMessage {
        act: match message.act {
            CommAct::Open => wire::CommAct::Open,
            CommAct::Message => wire::CommAct::Message,
            CommAct::Close => wire::CommAct::Close,
        },
        comm_id: message.comm_id.clone(),
        target: message.target_name.clone(),
        data: message.data.clone(),
        metadata: message.metadata.clone(),
        buffers: message
            .buffers
            .iter()
            .map(|buffer| buffer.to_vec())
            .collect(),
    }
}

fn from_wire(message: wire::CommMessage) -> CommMessage {
    CommMessage {
        act: match message.act {
            wire::CommAct::Open => CommAct::Open,
            wire::CommAct::Message => CommAct::Message,
            wire::CommAct::Close => CommAct::Close,
        },
        comm_id: message.comm_id,
        target_name: message.target,
        // The protocol has an object where there is nothing to send.
        data: match message.data {
            Value::Null => Map::new().into(),
            data => data,
        },
        metadata: message.metadata,
        buffers: message.buffers.into_iter().map(Bytes::from).collect(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn comms() -> (Comms, UnixDatagram) {
        let (ours, theirs) = UnixDatagram::pair().unwrap();
        (Comms::new(ours), theirs)
    }

    fn opened(comms: &Comms, id: &str) {
        let message = wire::CommMessage {
            act: wire::CommAct::Open,
            comm_id: id.to_owned(),
            target: "t".to_owned(),
            ..wire::CommMessage::default()
        };
        assert!(comms.sent_by_worker(None, message).is_some());
    }

    /// The ids of the comms that the events close.
    fn ids(events: Vec<Event>) -> Vec<String> {
        let ids = events.into_iter().map(|event| match event {
            Event::Comm { message, .. } if message.act == CommAct::Close => message.comm_id,
            other => panic!("{other:?}"),
        });
        ids.collect()
    }

    #[test]
    fn what_is_open_on_one_side_alone_is_closed_when_a_copy_takes_over() {
        let (comms, worker) = comms();
        for id in ["both", "kernel"] {
            opened(&comms, id);
        }
        let theirs = ["both", "worker"].map(|id| (id.to_owned(), "t".to_owned()));
        let events = comms.taken_over(theirs.into(), Vec::new());
        assert_eq!(ids(events), ["kernel"]);
        assert_eq!(comms.open().into_keys().collect::<Vec<_>>(), ["both"]);
        let mut decoder = wire::DeliveryDecoder::default();
        let mut buffer = vec![0; wire::DATAGRAM_MAX];
        let mut next = || {
            let len = worker.recv(&mut buffer).unwrap();
            decoder.take(&buffer[..len]).unwrap()
        };
        let (1, Delivery::Message(close)) = next() else {
            panic!("no close");
        };
        assert_eq!(
            (close.act, close.comm_id.as_str()),
            (wire::CommAct::Close, "worker")
        );
        assert_eq!(next(), (2, Delivery::Resume));
        assert!(comms.handled(2).is_empty());
        assert_eq!(ids(comms.lost()), ["both"]);
        assert!(comms.open().is_empty());
    }

    #[test]
    fn messages_on_closed_comms_go_nowhere() {
        let (comms, _worker) = comms();
        let message = wire::CommMessage {
            comm_id: "c".to_owned(),
            ..wire::CommMessage::default()
        };
        assert!(comms.sent_by_worker(None, message.clone()).is_none());
        opened(&comms, "c");
        assert!(comms.sent_by_worker(None, message).is_some());
    }
}
