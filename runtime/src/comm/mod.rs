//! Comms: channels between cells and code in the front end, such as widgets, by Jupyter's own protocol.
//!
//! A comm is opened by either side, for a *target*: a name by which the other side finds what handles it. Then both sides
//! send JSON values, until one of them closes it.
//!
//! ```
//! use serde_json::json;
//! use threadbook::comm::Comm;
//!
//! let comm = Comm::open("chart", json!({"points": [1, 2, 3]}));
//! comm.on_message(|message| println!("clicked at {}", message.data["x"]));
//! comm.send(json!({"points": [1, 2, 3, 4]}));
//! comm.close();
//! assert!(!comm.is_open());
//! ```
//!
//! # Callbacks
//!
//! A thread of the worker calls the functions that are given to [`Comm::on_message`], [`Comm::on_close`] and [`target`],
//! one after another, in the order in which messages come. It does so while a cell runs, too. A callback that takes long
//! delays the next one.
//!
//! What a callback prints appears under the cell whose code it is. Its panic is shown there, too, and the comm goes on. An
//! interrupt stops the cell that runs and no callback. In callbacks of a session that uses tokio, `tokio::spawn` works.
//!
//! # The life of a comm
//!
//! A comm is open until one of the sides closes it, not until its last handle is dropped. `%reset` and the end of the
//! kernel close it. After a crash, `%undo` and `%restore`, those comms go on that are open on both sides then; the others
//! are closed.
//!
//! In processes of [`process`](crate::process), [`Comm::send`] works; messages and [`target`] belong to the process that
//! runs cells. Outside a notebook nothing is sent.

mod callback;
mod handled;
mod message;
mod table;
mod thread;

pub(crate) use callback::Callback;
pub(crate) use callback::Function;
pub use message::Message;
pub(crate) use thread::on_resume;
pub(crate) use thread::taken_over;

use std::fmt;
use std::sync::Arc;

use crate::wire::CommAct;
use crate::wire::CommMessage;
use crate::wire::Report;
use crate::worker;
use crate::worker::child;
use table::Entry;

/// One end of a channel to the front end. A clone is the same end.
#[derive(Clone)]
pub struct Comm(Arc<Entry>);

impl Comm {
    /// Opens a comm for a target of the front end.
    ///
    /// The front end closes it where it has no such target. In another process than the one that runs cells the comm is
    /// closed from the start.
    ///
    /// ```
    /// use serde_json::json;
    /// use threadbook::comm::Comm;
    ///
    /// let comm = Comm::open("chart", json!({}));
    /// assert_eq!(comm.target(), "chart");
    /// ```
    pub fn open(target: &str, message: impl Into<Message>) -> Comm {
        let comm = Comm::unopened(target);
        comm.announce(message.into());
        comm
    }

    /// A comm that is not open yet: callbacks can be set before a message comes.
    pub(crate) fn unopened(target: &str) -> Comm {
        Comm(Arc::new(Entry::new(new_id(), target.to_owned())))
    }

    /// Opens a comm that is not open yet.
    pub(crate) fn announce(&self, message: Message) {
        if child::is_child() {
            return;
        }
        thread::start();
        table::insert(&self.0);
        self.report(CommAct::Open, message);
    }

    /// The comm's name in the protocol.
    pub fn id(&self) -> &str {
        self.0.id()
    }

    /// What it was opened for.
    pub fn target(&self) -> &str {
        self.0.target()
    }

    /// Whether neither side has closed it.
    pub fn is_open(&self) -> bool {
        self.0.is_open()
    }

    /// Sends a message. Does nothing on a closed comm.
    ///
    /// The value is on its way when this returns; there is no answer. Waits while the front end is slow.
    ///
    /// ```
    /// use serde_json::json;
    /// use threadbook::comm::Comm;
    /// use threadbook::comm::Message;
    ///
    /// let comm = Comm::open("image", json!({"width": 2}));
    /// comm.send(json!({"width": 3}));
    /// comm.send(Message::new(json!({"pixels": 0})).with_buffer([0, 255]));
    /// ```
    pub fn send(&self, message: impl Into<Message>) {
        if self.is_open() {
            self.report(CommAct::Message, message.into());
        }
    }

    /// Closes the comm. [`Comm::on_close`] is not called: it is for the other side's close.
    ///
    /// Does nothing in another process than the one that runs cells.
    pub fn close(&self) {
        if child::is_child() {
            return;
        }
        if table::remove(self.id()).is_some() {
            self.0.close();
            self.report(CommAct::Close, Message::default());
        }
    }

    /// Calls a function with each message of the front end, in the place of the one that was given before.
    ///
    /// A panic of the function is shown, and the next message calls it again. See [the module](self) for the thread.
    ///
    /// ```
    /// use serde_json::json;
    /// use threadbook::comm::Comm;
    ///
    /// let comm = Comm::open("echo", json!({}));
    /// let replies = comm.clone();
    /// comm.on_message(move |message| replies.send(message.data));
    /// ```
    pub fn on_message(&self, callback: impl FnMut(Message) + Send + 'static) {
        self.0.on_message().set(Box::new(callback));
    }

    /// Calls a function when the front end closes the comm, in the place of the one that was given before.
    ///
    /// It is also called where a comm was open on this side alone, after a crash or `%undo`.
    pub fn on_close(&self, callback: impl FnMut(Message) + Send + 'static) {
        self.0.on_close().set(Box::new(callback));
    }

    fn report(&self, act: CommAct, message: Message) {
        let is_open = act == CommAct::Open;
        let target = if is_open { self.target() } else { "" };
        let report = Report::Comm {
            within: handled::number(),
            message: CommMessage {
                act,
                comm_id: self.id().to_owned(),
                target: target.to_owned(),
                data: message.data,
                metadata: message.metadata,
                buffers: message.buffers,
            },
        };
        #[cfg(test)]
        sent::note(&report);
        worker::report(&report);
    }
}

impl fmt::Debug for Comm {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let state = if self.is_open() { "open" } else { "closed" };
        write!(f, "Comm({}, {state})", self.target())
    }
}

/// Calls a function with each comm that the front end opens for a target, in the place of the one that was given before.
///
/// The function gets the comm and the message that opens it. It sets the comm's callbacks before the next message comes.
/// Where it panics, the panic is shown and the comm is closed. The front end may open comms of this target until the
/// session ends. In another process than the one that runs cells this does nothing.
///
/// ```
/// threadbook::comm::target("clock", |comm, message| {
///     println!("opened with {}", message.data);
///     comm.send(serde_json::json!({"time": "12:00"}));
/// });
/// ```
pub fn target(name: &str, callback: impl FnMut(Comm, Message) + Send + 'static) {
    if child::is_child() {
        return;
    }
    let mut callback = callback;
    thread::start();
    table::set_target(
        name,
        Box::new(move |(entry, message)| callback(Comm(entry), message)),
    );
    worker::report(&Report::CommTarget {
        name: name.to_owned(),
    });
}

/// A name that no other comm has. A copy of the process that takes over has the counter of the one before, and the
/// number of the process differs.
fn new_id() -> String {
    use std::sync::atomic::AtomicU32;
    use std::sync::atomic::Ordering;
    use std::time::SystemTime;
    use std::time::UNIX_EPOCH;

    static NEXT: AtomicU32 = AtomicU32::new(0);
    let now = SystemTime::now().duration_since(UNIX_EPOCH);
    let nanos = now.unwrap_or_default().as_nanos() as u64;
    let number = NEXT.fetch_add(1, Ordering::Relaxed);
    format!("{:08x}{nanos:016x}{number:08x}", std::process::id())
}

/// What tests see of the messages that would go to the kernel.
#[cfg(test)]
pub(crate) mod sent {
    use std::cell::RefCell;

    use crate::wire::CommMessage;
    use crate::wire::Report;

    std::thread_local! {
        static SENT: RefCell<Vec<CommMessage>> = const { RefCell::new(Vec::new()) };
    }

    pub(super) fn note(report: &Report) {
        if let Report::Comm { message, .. } = report {
            SENT.with_borrow_mut(|sent| sent.push(message.clone()));
        }
    }

    /// What this thread has sent since the last call.
    pub(crate) fn take() -> Vec<CommMessage> {
        SENT.take()
    }
}

#[cfg(test)]
mod tests;
