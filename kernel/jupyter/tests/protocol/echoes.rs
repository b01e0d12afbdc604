//! Comms of a scripted evaluator. A comm with the target `echo` sends each message back.

use std::collections::BTreeMap;
use std::sync::Mutex;
use std::sync::mpsc;

use threadbook_jupyter::contract::CommRequest;
use threadbook_jupyter::message::CommAct;
use threadbook_jupyter::output::Event;
use threadbook_jupyter::output::OutputTx;

#[derive(Debug)]
pub(crate) struct Echoes {
    open: Mutex<BTreeMap<String, String>>,
    requests_tx: mpsc::Sender<CommRequest>,
}

impl Echoes {
    /// The comms, and the receiver that [`answer`] needs.
    pub(crate) fn new() -> (Echoes, mpsc::Receiver<CommRequest>) {
        let (requests_tx, requests_rx) = mpsc::channel();
        let open = Mutex::default();
        (Echoes { open, requests_tx }, requests_rx)
    }

    pub(crate) fn open(&self) -> BTreeMap<String, String> {
        self.open.lock().unwrap().clone()
    }

    pub(crate) fn take(&self, request: CommRequest) {
        let mut open = self.open.lock().unwrap();
        let message = request.message();
        let id = message.comm_id.clone();
        let is_known = match message.act {
            CommAct::Open => {
                let is_known = message.target_name == "echo";
                if is_known {
                    open.insert(id, message.target_name.clone());
                }
                is_known
            }
            CommAct::Message => open.contains_key(&id),
            CommAct::Close => open.remove(&id).is_some(),
        };
        match is_known {
            true => self.requests_tx.send(request).unwrap(),
            false => request.refuse(),
        }
    }
}

/// Sends back messages, in order, on the calling thread.
pub(crate) fn answer(requests_rx: &mpsc::Receiver<CommRequest>, output: &OutputTx) {
    while let Ok(request) = requests_rx.recv() {
        let message = request.message().clone();
        if message.act == CommAct::Message {
            output.send(Event::Comm {
                parent: Some(request.header().clone()),
                message,
            });
        }
        output.send(Event::CommHandled(Box::new(request)));
    }
}
