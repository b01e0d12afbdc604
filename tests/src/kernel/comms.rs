//! The front end's side of comms.

use serde_json::Value;
use serde_json::json;
use threadbook_jupyter::client::is_idle;
use threadbook_jupyter::message::Channel;
use threadbook_jupyter::message::Message;

use super::Kernel;
use super::Request;

impl Kernel {
    /// Sends a message on a comm; returns its id.
    pub fn send_on_comm(&mut self, comm_id: &str, data: Value) -> String {
        self.send_comm("comm_msg", json!({"comm_id": comm_id, "data": data}))
    }

    /// Sends a message about a comm; returns its id.
    pub fn send_comm(&mut self, msg_type: &str, content: Value) -> String {
        let id = self.client.send(Channel::Shell, msg_type, content);
        self.requests.insert(id.clone(), Request::default());
        id
    }

    /// Waits until a message on a comm has been handled; returns the type and the content of each message that was
    /// published about it between busy and idle.
    #[track_caller]
    pub fn handled(&mut self, id: &str) -> Vec<(String, Value)> {
        self.wait("the end of a message on a comm", |kernel| {
            let request = &kernel.requests[id];
            request.iopub.last().is_some_and(is_idle)
        });
        let request = self.forget(id);
        assert!(request.reply.is_none(), "{:?}", request.reply);
        let [busy, between @ .., _idle] = request.iopub.as_slice() else {
            panic!("{:?}", request.iopub);
        };
        assert_eq!(busy.content["execution_state"], "busy");
        let brief = |message: &Message| (message.msg_type().to_owned(), message.content.clone());
        between.iter().map(brief).collect()
    }

    /// Drops messages of this type that came after the end of their cells.
    pub fn skip_late(&mut self, msg_type: &str) {
        self.late.retain(|message| message.msg_type() != msg_type);
    }

    /// Waits for a text on any stream and under any cell, after the end of all cells. Drops all late messages.
    #[track_caller]
    pub fn late_words(&mut self, words: &str) {
        self.wait(&format!("the late words {words:?}"), |kernel| {
            let texts = kernel.late.iter();
            let texts = texts.filter_map(|message| message.content["text"].as_str());
            texts.collect::<String>().contains(words)
        });
        self.late.clear();
    }

    /// The open comms: id and target of each.
    #[track_caller]
    pub fn comms(&mut self) -> Vec<(String, String)> {
        let reply = self.ask(Channel::Shell, "comm_info", json!({}));
        assert_eq!(reply["status"], "ok");
        let comms = reply["comms"].as_object().unwrap().iter();
        let target = |comm: &Value| comm["target_name"].as_str().unwrap().to_owned();
        comms.map(|(id, comm)| (id.clone(), target(comm))).collect()
    }
}
