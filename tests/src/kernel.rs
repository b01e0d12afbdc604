//! A front end for the real binary: a kernel in its own process group, and functions that run cells in it.
//!
//! A test fails if a cell has published something that the test has not read.

mod comms;
mod process;
mod ran;

use std::collections::HashMap;
use std::collections::HashSet;
use std::collections::VecDeque;
use std::ops::Deref;
use std::ops::DerefMut;
use std::sync::Mutex;
use std::sync::Once;
use std::sync::PoisonError;
use std::time::Duration;
use std::time::Instant;

use serde_json::Value;
use serde_json::json;
use threadbook_jupyter::client::Client;
use threadbook_jupyter::client::is_idle;
use threadbook_jupyter::message::Channel;
use threadbook_jupyter::message::Message;
use threadbook_jupyter::output::COMPILING_KEY;
use tokio::runtime::Runtime;

pub use process::Process;
pub use process::Setup;
pub use process::free_port;
pub use process::wait_until;
pub use ran::Failure;
pub use ran::Ran;

/// A limit that only a hang exceeds. Two cores are shared by a few kernels that compile cells and perhaps the runtime.
pub const HANG: Duration = Duration::from_secs(1200);

/// A kernel and its client.
#[derive(Debug)]
pub struct Kernel {
    runtime: Runtime,
    client: Client,
    process: Process,
    requests: HashMap<String, Request>,
    answered: HashSet<String>,
    late: VecDeque<Message>,
    latest: String,
}

/// What has arrived about one request.
#[derive(Debug, Default)]
struct Request {
    iopub: Vec<Message>,
    /// Whether the last message was the line that reports compilation; the next message clears this line.
    is_compiling: bool,
    reply: Option<Message>,
    inputs: VecDeque<Message>,
}

impl Request {
    fn published(&mut self, message: Message) {
        // Only long compilations publish this line, which depends on timing. Therefore it is left out.
        let is_compiling = message.content["metadata"].get(COMPILING_KEY).is_some();
        let was_compiling = std::mem::replace(&mut self.is_compiling, is_compiling);
        let clears_it = was_compiling && message.msg_type() == "clear_output";
        if !is_compiling && !clears_it {
            self.iopub.push(message);
        }
    }
}

impl Kernel {
    /// Starts a kernel for this test only, ready to run cells.
    #[track_caller]
    pub fn start() -> Kernel {
        Kernel::start_with(&Setup::default())
    }

    /// Starts a kernel with other settings.
    #[track_caller]
    pub fn start_with(setup: &Setup) -> Kernel {
        let mut kernel = Kernel::connect(Process::start(setup));
        // The reply shows that the evaluator accepts cells. On a fresh machine, progress is published before it.
        let id = kernel.send_with("", json!({"silent": true}));
        kernel.wait_for_end(&id);
        kernel.forget(&id);
        kernel.late.clear();
        kernel
    }

    /// Connects to a kernel that was just started; the evaluator may not be ready.
    #[track_caller]
    pub fn connect(process: Process) -> Kernel {
        let runtime = tokio::runtime::Builder::new_multi_thread()
            .worker_threads(1)
            .enable_all()
            .build()
            .unwrap();
        let mut client = match runtime.block_on(Client::connect(process.info(), HANG)) {
            Ok(client) => client,
            Err(error) => panic!("{error}; the kernel's log: {}", process.log()),
        };
        runtime.block_on(client.wait_for_welcome(HANG)).unwrap();
        Kernel {
            runtime,
            client,
            process,
            requests: HashMap::new(),
            answered: HashSet::new(),
            late: VecDeque::new(),
            latest: String::new(),
        }
    }

    /// Takes a kernel from the pool, which other tests use before and after. The test must leave the kernel intact, and
    /// should choose names for its variables that no other test uses.
    #[track_caller]
    pub fn lease() -> Lease {
        static AT_EXIT: Once = Once::new();
        AT_EXIT.call_once(|| {
            // SAFETY: the function is called once, on a thread that runs no other code of ours any more.
            unsafe { libc::atexit(end_pool) };
        });
        let waiting = POOL.lock().unwrap_or_else(PoisonError::into_inner).pop();
        Lease(Some(waiting.unwrap_or_else(Kernel::start)))
    }

    /// The kernel's process.
    pub fn process(&mut self) -> &mut Process {
        &mut self.process
    }

    /// Sends a cell; returns its id.
    pub fn send(&mut self, code: &str) -> String {
        self.send_with(code, json!({}))
    }

    /// Sends a cell with other options than those of a notebook; returns its id.
    pub fn send_with(&mut self, code: &str, options: Value) -> String {
        let mut content = json!({"code": code, "silent": false, "store_history": true, "user_expressions": {},
            "allow_stdin": true, "stop_on_error": true});
        for (name, value) in options.as_object().unwrap() {
            content[name] = value.clone();
        }
        let id = self.client.send(Channel::Shell, "execute_request", content);
        self.requests.insert(id.clone(), Request::default());
        self.latest.clone_from(&id);
        id
    }

    /// Runs a cell to its end.
    #[track_caller]
    pub fn run(&mut self, code: &str) -> Ran {
        let id = self.send(code);
        self.finish(&id)
    }

    /// Runs a cell with other options than those of a notebook.
    #[track_caller]
    pub fn run_with(&mut self, code: &str, options: Value) -> Ran {
        let id = self.send_with(code, options);
        self.finish(&id)
    }

    /// Waits for the end of a cell that was sent before.
    #[track_caller]
    pub fn finish(&mut self, id: &str) -> Ran {
        self.wait_for_end(id);
        let request = self.forget(id);
        assert!(
            request.inputs.is_empty(),
            "nobody has read an input request"
        );
        Ran::new(request.iopub, request.reply.unwrap().content)
    }

    /// Waits until a running cell has printed the text on one of its streams.
    #[track_caller]
    pub fn until_text(&mut self, id: &str, text: &str) -> String {
        self.wait(&format!("the text {text:?}"), |kernel| {
            ran::text_of(&kernel.requests[id].iopub, None).contains(text)
        });
        ran::text_of(&self.requests[id].iopub, None)
    }

    /// Waits until a message of this type is published about a running cell.
    #[track_caller]
    pub fn until_message(&mut self, id: &str, msg_type: &str) {
        self.wait(msg_type, |kernel| {
            let mut iopub = kernel.requests[id].iopub.iter();
            iopub.any(|message| message.msg_type() == msg_type)
        });
    }

    /// Waits for text that the cell prints on `stream` after its end. Fails if another message has come.
    #[track_caller]
    pub fn late_text(&mut self, stream: &str, id: &str, text: &str) {
        let so_far = |kernel: &Kernel| {
            kernel
                .late
                .iter()
                .map(|message| {
                    assert_eq!(
                        (message.msg_type(), message.parent_id()),
                        ("stream", id),
                        "{:?}",
                        message.content
                    );
                    assert_eq!(message.content["name"], stream, "{:?}", message.content);
                    message.content["text"].as_str().unwrap()
                })
                .collect::<String>()
        };
        self.wait(&format!("the late text {text:?}"), |kernel| {
            so_far(kernel).len() >= text.len()
        });
        assert_eq!(so_far(self), text);
        self.late.clear();
    }

    /// The id of the latest cell that was sent.
    pub fn latest(&self) -> String {
        self.latest.clone()
    }

    /// Waits for an input request of a running cell.
    #[track_caller]
    pub fn question(&mut self, id: &str) -> Message {
        self.wait("an input request", |kernel| {
            !kernel.requests[id].inputs.is_empty()
        });
        let request = self.requests.get_mut(id).unwrap();
        request.inputs.pop_front().unwrap()
    }

    /// Answers an input request.
    pub fn answer(&self, question: &Message, value: &str) {
        self.client.answer_input(question, value);
    }

    /// Sends a request that causes a reply and no other message; returns the reply's content.
    #[track_caller]
    pub fn ask(&mut self, channel: Channel, stem: &str, content: Value) -> Value {
        let id = self
            .client
            .send(channel, &format!("{stem}_request"), content);
        self.requests.insert(id.clone(), Request::default());
        self.wait_for_end(&id);
        let request = self.forget(&id);
        let kinds: Vec<&str> = request.iopub.iter().map(Message::msg_type).collect();
        assert_eq!(kinds, ["status", "status"]);
        request.reply.unwrap().content
    }

    /// Stops the running cell.
    #[track_caller]
    pub fn interrupt(&mut self) {
        let reply = self.ask(Channel::Control, "interrupt", json!({}));
        assert_eq!(reply["status"], "ok");
    }

    /// Sends a shutdown request and waits for its reply.
    #[track_caller]
    pub fn shut_down(&mut self, restart: bool) {
        let content = json!({"restart": restart});
        let id = self
            .client
            .send(Channel::Control, "shutdown_request", content);
        self.requests.insert(id.clone(), Request::default());
        self.wait("the reply to a shutdown", |kernel| {
            kernel.requests[&id].reply.is_some()
        });
        let reply = self.forget(&id).reply.unwrap().content;
        assert_eq!(reply["status"], "ok");
        assert_eq!(reply["restart"], restart);
    }

    /// Completes at the end of the code.
    #[track_caller]
    pub fn complete(&mut self, code: &str) -> Vec<String> {
        let content = json!({"code": code, "cursor_pos": code.chars().count()});
        let reply = self.ask(Channel::Shell, "complete", content);
        assert_eq!(reply["status"], "ok", "{reply}");
        let matches = reply["matches"].as_array().unwrap().iter();
        matches
            .map(|text| text.as_str().unwrap().to_owned())
            .collect()
    }

    /// Completes at the end of the code until a name is offered: rust-analyzer may not have read it yet.
    #[track_caller]
    pub fn complete_until(&mut self, code: &str, expected: &str) -> Vec<String> {
        let deadline = Instant::now() + HANG;
        loop {
            let matches = self.complete(code);
            if matches.iter().any(|found| found == expected) {
                return matches;
            }
            assert!(
                Instant::now() < deadline,
                "`{expected}` is not in {matches:?}"
            );
        }
    }

    /// Inspects at the end of the code; returns the plain text.
    #[track_caller]
    pub fn inspect(&mut self, code: &str) -> Option<String> {
        let content = json!({"code": code, "cursor_pos": code.chars().count(), "detail_level": 0});
        let reply = self.ask(Channel::Shell, "inspect", content);
        assert_eq!(reply["status"], "ok", "{reply}");
        reply["data"]["text/plain"].as_str().map(str::to_owned)
    }

    /// Inspects until the text contains `expected`: what takes longer to find is only in a later reply.
    #[track_caller]
    pub fn inspect_until(&mut self, code: &str, expected: &str) -> String {
        let deadline = Instant::now() + HANG;
        loop {
            let text = self.inspect(code).unwrap_or_default();
            if text.contains(expected) {
                return text;
            }
            assert!(Instant::now() < deadline, "`{expected}` is not in {text:?}");
        }
    }

    /// Fails if a message came that the test has not read.
    #[track_caller]
    pub fn assert_quiet(&self) {
        let late: Vec<_> = self
            .late
            .iter()
            .map(|message| (message.msg_type(), message.content.to_string()))
            .collect();
        assert!(late.is_empty(), "nobody has read {late:?}");
    }

    /// Runs a cell to its end and ignores all its output and whether it failed.
    #[track_caller]
    pub fn run_unread(&mut self, code: &str) {
        let id = self.send(code);
        self.wait_for_end(&id);
        self.forget(&id);
    }

    fn forget(&mut self, id: &str) -> Request {
        self.answered.insert(id.to_owned());
        self.requests.remove(id).unwrap()
    }

    #[track_caller]
    fn wait_for_end(&mut self, id: &str) {
        self.wait("reply and idle", |kernel| {
            let request = &kernel.requests[id];
            request.reply.is_some() && request.iopub.last().is_some_and(is_idle)
        });
    }

    #[track_caller]
    fn wait(&mut self, what: &str, is_there: impl Fn(&Kernel) -> bool) {
        let deadline = Instant::now() + HANG;
        while !is_there(self) {
            let left = deadline.saturating_duration_since(Instant::now());
            let next = self
                .runtime
                .block_on(async { tokio::time::timeout(left, self.client.next()).await });
            match next {
                Ok(Some((channel, message))) => self.sort(channel, message),
                Ok(None) => panic!(
                    "the kernel is gone instead of {what}: {}",
                    self.process.log()
                ),
                Err(_) => panic!(
                    "no {what} within {HANG:?}; so far {:?}; log: {}",
                    self.requests
                        .values()
                        .map(|request| ran::brief(request.iopub.iter().chain(&request.reply)))
                        .collect::<Vec<_>>(),
                    self.process.log()
                ),
            }
        }
    }

    #[track_caller]
    fn sort(&mut self, channel: Channel, message: Message) {
        if let Some(request) = self.requests.get_mut(message.parent_id()) {
            match channel {
                Channel::Iopub => request.published(message),
                Channel::Stdin => request.inputs.push_back(message),
                _ => assert!(request.reply.replace(message).is_none(), "two replies"),
            }
        } else {
            // Messages about the kernel's own start and end belong to no request.
            let own = ["iopub_welcome", "status"].contains(&message.msg_type())
                && !self.answered.contains(message.parent_id());
            if !own {
                self.late.push_back(message);
            }
        }
    }
}

/// A kernel from the pool, to which it returns on drop.
#[derive(Debug)]
pub struct Lease(Option<Kernel>);

impl Deref for Lease {
    type Target = Kernel;

    fn deref(&self) -> &Kernel {
        self.0.as_ref().expect("there until it is dropped")
    }
}

impl DerefMut for Lease {
    fn deref_mut(&mut self) -> &mut Kernel {
        self.0.as_mut().expect("there until it is dropped")
    }
}

impl Drop for Lease {
    fn drop(&mut self) {
        let Some(kernel) = self.0.take() else { return };
        // After a failure the kernel's state is unknown. Therefore it ends here.
        if !std::thread::panicking() {
            kernel.assert_quiet();
            let mut pool = POOL.lock().unwrap_or_else(PoisonError::into_inner);
            pool.push(kernel);
        }
    }
}

static POOL: Mutex<Vec<Kernel>> = Mutex::new(Vec::new());

/// Ends all kernels of the pool, because statics are not dropped.
extern "C" fn end_pool() {
    let mut pool = POOL.lock().unwrap_or_else(PoisonError::into_inner);
    for mut kernel in pool.drain(..) {
        kernel.process.end();
        // The runtime's threads do no harm. A drop at this point would access thread-locals that no longer exist.
        std::mem::forget(kernel);
    }
}
