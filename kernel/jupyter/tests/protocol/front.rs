//! A front end whose methods name the message that must come next. A test fails at its end if a message is unread.

use std::collections::VecDeque;
use std::sync::Arc;
use std::time::Duration;

use serde_json::Value;
use serde_json::json;
use threadbook_jupyter::client::Client;
use threadbook_jupyter::contract::Diagnostic;
use threadbook_jupyter::contract::Signal;
use threadbook_jupyter::kernel::Options;
use threadbook_jupyter::kernel::serve;
use threadbook_jupyter::message::Channel;
use threadbook_jupyter::message::Message;
use threadbook_jupyter::message::Signer;
use threadbook_jupyter::output::OutputTx;
use threadbook_jupyter::socket::Connection;
use tokio::runtime::Runtime;
use tokio::sync::mpsc;
use tokio::task::JoinHandle;

use super::echoes;
use super::echoes::Echoes;
use super::script::Gate;
use super::script::Script;
use super::script::ScriptControl;

/// The limit of one wait. A longer wait is a hang.
const HANG: Duration = Duration::from_secs(30);

pub(crate) struct Front {
    runtime: Runtime,
    pub(crate) client: Client,
    pub(crate) gate: Arc<Gate>,
    /// Blocks until the evaluator may be made.
    pub(crate) made: Arc<Gate>,
    pub(crate) signals_tx: mpsc::UnboundedSender<Signal>,
    kernel: JoinHandle<()>,
    iopub: VecDeque<Message>,
    replies: VecDeque<(Channel, Message)>,
}

impl Front {
    /// Starts a kernel and waits until its evaluator is ready.
    #[track_caller]
    pub(crate) fn start() -> Front {
        Front::start_with(Options::default())
    }

    /// Starts a kernel with these options and waits until its evaluator is ready.
    #[track_caller]
    pub(crate) fn start_with(options: Options) -> Front {
        let front = Front::unready(None, options);
        front.made.say(super::script::Word::Go);
        front.until_ready()
    }

    /// Starts a kernel whose evaluator is made when the test opens the gate `made`, or fails with this error.
    #[track_caller]
    pub(crate) fn unready(failure: Option<Diagnostic>, options: Options) -> Front {
        Front::making(
            |_, made| {
                made.wait();
                failure.map_or(Ok(()), Err)
            },
            options,
        )
    }

    /// Starts a kernel whose evaluator is made by a function, which gets the output and the gate `made`.
    #[track_caller]
    pub(crate) fn making(
        making: impl FnOnce(&OutputTx, &Gate) -> Result<(), Diagnostic> + Send + 'static,
        options: Options,
    ) -> Front {
        let runtime = Runtime::new().unwrap();
        let gate = Arc::new(Gate::default());
        let made = Arc::new(Gate::default());
        let (signals_tx, signals_rx) = mpsc::unbounded_channel();
        let (connection, peer) = runtime.block_on(async { Connection::memory() });
        let (echoes, echoes_rx) = Echoes::new();
        let control = Arc::new(ScriptControl(gate.clone(), echoes));
        let (script_gate, script_made) = (gate.clone(), made.clone());
        let kernel = runtime.spawn(async move {
            let make = Box::new(move |output: OutputTx| {
                making(&output, &script_made)?;
                let echo_output = OutputTx::clone(&output);
                std::thread::spawn(move || echoes::answer(&echoes_rx, &echo_output));
                let script = Script {
                    output,
                    gate: script_gate,
                };
                Ok(Box::new(script) as Box<_>)
            });
            serve(connection, None, signals_rx, options, control, make)
                .await
                .unwrap();
        });
        let client = Client::over(peer, Signer::new("", "").unwrap());
        let mut front = Front {
            runtime,
            client,
            gate,
            made,
            signals_tx,
            kernel,
            iopub: VecDeque::new(),
            replies: VecDeque::new(),
        };
        assert_eq!(front.recv_iopub().content["execution_state"], "starting");
        assert_eq!(front.recv_iopub().msg_type(), "iopub_welcome");
        front.recv_idle("");
        front
    }

    /// Waits for the reply to an empty cell, which shows that the evaluator accepts cells.
    #[track_caller]
    fn until_ready(mut self) -> Front {
        let id = self.execute_with("", json!({"silent": true}));
        self.recv_busy(&id);
        self.recv_reply(&id, "execute_reply");
        self.recv_idle(&id);
        self
    }

    pub(crate) fn send(&self, channel: Channel, msg_type: &str, content: Value) -> String {
        self.client.send(channel, msg_type, content)
    }

    pub(crate) fn execute(&self, code: &str) -> String {
        self.execute_with(code, json!({}))
    }

    pub(crate) fn execute_with(&self, code: &str, options: Value) -> String {
        let mut content = json!({"code": code, "silent": false, "store_history": true, "user_expressions": {},
            "allow_stdin": true, "stop_on_error": true});
        for (name, value) in options.as_object().unwrap() {
            content[name] = value.clone();
        }
        self.send(Channel::Shell, "execute_request", content)
    }

    /// Sends a request that causes busy, a reply and idle, and nothing else; returns the reply's content.
    #[track_caller]
    pub(crate) fn ask(&mut self, channel: Channel, stem: &str, content: Value) -> Value {
        let id = self.send(channel, &format!("{stem}_request"), content);
        self.recv_busy(&id);
        let reply = self.recv_reply(&id, &format!("{stem}_reply"));
        self.recv_idle(&id);
        reply
    }

    /// Does the same while a cell runs.
    #[track_caller]
    pub(crate) fn ask_while_busy(&mut self, channel: Channel, stem: &str, content: Value) -> Value {
        let reply = self.ask(channel, stem, content);
        self.recv_still_busy();
        reply
    }

    #[track_caller]
    pub(crate) fn recv_iopub(&mut self) -> Message {
        while self.iopub.is_empty() {
            self.pump();
        }
        self.iopub.pop_front().unwrap()
    }

    #[track_caller]
    pub(crate) fn recv(&mut self, id: &str, msg_type: &str) -> Value {
        let message = self.recv_iopub();
        assert_eq!(
            (message.msg_type(), message.parent_id()),
            (msg_type, id),
            "{:?}",
            message.content
        );
        message.content
    }

    #[track_caller]
    pub(crate) fn recv_busy(&mut self, id: &str) {
        assert_eq!(self.recv(id, "status")["execution_state"], "busy");
    }

    #[track_caller]
    pub(crate) fn recv_idle(&mut self, id: &str) {
        assert_eq!(self.recv(id, "status")["execution_state"], "idle");
    }

    /// Reads the busy that follows the idle of another request while a cell runs.
    #[track_caller]
    pub(crate) fn recv_still_busy(&mut self) {
        self.recv_busy("");
    }

    #[track_caller]
    pub(crate) fn recv_input(&mut self, id: &str, count: u32) {
        assert_eq!(self.recv(id, "execute_input")["execution_count"], count);
    }

    /// Reads the text of a stream, in any number of messages.
    #[track_caller]
    pub(crate) fn recv_stream(&mut self, id: &str, name: &str, expected: &str) {
        let mut text = String::new();
        while text.len() < expected.len() {
            let content = self.recv(id, "stream");
            assert_eq!(content["name"], name, "{content}");
            text.push_str(content["text"].as_str().unwrap());
        }
        assert_eq!(text, expected);
    }

    #[track_caller]
    pub(crate) fn recv_reply(&mut self, id: &str, msg_type: &str) -> Value {
        let message = loop {
            if let Some(place) = self
                .replies
                .iter()
                .position(|(_, reply)| reply.parent_id() == id)
            {
                break self.replies.remove(place).unwrap().1;
            }
            self.pump();
        };
        assert_eq!(message.msg_type(), msg_type, "{:?}", message.content);
        message.content
    }

    #[track_caller]
    pub(crate) fn recv_input_request(&mut self, id: &str) -> Message {
        loop {
            let asked = |(channel, message): &(Channel, Message)| {
                *channel == Channel::Stdin && message.parent_id() == id
            };
            if let Some(place) = self.replies.iter().position(asked) {
                return self.replies.remove(place).unwrap().1;
            }
            self.pump();
        }
    }

    /// Runs a cell that prints nothing, to its end.
    #[track_caller]
    pub(crate) fn run(&mut self, code: &str, count: u32) -> Value {
        let id = self.execute(code);
        self.recv_busy(&id);
        self.recv_input(&id, count);
        let reply = self.recv_reply(&id, "execute_reply");
        self.recv_idle(&id);
        reply
    }

    /// Ends the kernel. Fails if there are unread messages.
    #[track_caller]
    pub(crate) fn end(mut self) {
        let reply = self.ask(Channel::Control, "shutdown", json!({"restart": false}));
        assert_eq!(reply["restart"], false);
        self.ended();
    }

    /// Waits until the kernel ends by itself. Fails if there are unread messages.
    #[track_caller]
    pub(crate) fn ended(mut self) {
        let Front {
            runtime,
            client,
            kernel,
            replies,
            ..
        } = &mut self;
        runtime.block_on(async {
            tokio::time::timeout(HANG, kernel)
                .await
                .expect("the kernel does not end")
                .unwrap();
            while let Some((channel, message)) = client.next().await {
                replies.push_back((channel, message));
            }
        });
        assert!(
            self.iopub.is_empty() && self.replies.is_empty(),
            "unread: {:?} {:?}",
            self.iopub,
            self.replies
        );
    }

    #[track_caller]
    fn pump(&mut self) {
        let next = self
            .runtime
            .block_on(async { tokio::time::timeout(HANG, self.client.next()).await });
        match next {
            Ok(Some((Channel::Iopub, message))) => self.iopub.push_back(message),
            Ok(Some(reply)) => self.replies.push_back(reply),
            Ok(None) => panic!(
                "the kernel closed the connection; unread: {:?} {:?}",
                self.iopub, self.replies
            ),
            Err(_) => panic!("nothing comes; unread: {:?} {:?}", self.iopub, self.replies),
        }
    }
}
