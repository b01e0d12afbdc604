//! What the worker's side puts into the output queue.

use std::sync::Arc;
use std::sync::Mutex;
use std::sync::MutexGuard;
use std::sync::PoisonError;

use serde_json::Map;
use serde_json::Value;
use tokio::sync::mpsc;
use tokio::sync::oneshot;

use super::Marker;
use crate::contract::CellId;
use crate::contract::CommRequest;
use crate::message::CommMessage;

/// stdout or stderr.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum StreamName {
    /// Standard output.
    Stdout,
    /// Standard error.
    Stderr,
}

/// One piece of output, in the order in which it was made. `cell: None` means the latest cell.
#[derive(Debug)]
pub enum Event {
    /// Bytes of a stream, cut anywhere: the output stage joins characters again.
    Stream {
        /// Whose output it is.
        cell: Option<CellId>,
        /// Which stream.
        stream: StreamName,
        /// Any bytes, also invalid UTF-8.
        bytes: Vec<u8>,
    },
    /// display_data, or update_display_data when `update` is set.
    Display {
        /// Whose output it is.
        cell: Option<CellId>,
        /// MIME type to value, in the protocol's form (JSON types unpacked, images base64).
        data: Map<String, Value>,
        /// Metadata for the MIME types.
        metadata: Map<String, Value>,
        /// Name by which a later update finds the display.
        display_id: Option<String>,
        /// Whether it replaces an earlier display of that id.
        update: bool,
    },
    /// execute_result: the cell's final expression.
    Result {
        /// Whose output it is.
        cell: Option<CellId>,
        /// MIME type to value; contains text/plain.
        data: Map<String, Value>,
        /// Metadata for the MIME types.
        metadata: Map<String, Value>,
    },
    /// clear_output.
    Clear {
        /// Whose output it is.
        cell: Option<CellId>,
        /// Whether to wait for the next output.
        wait: bool,
    },
    /// Asks the user for a line. What was printed before is shown first.
    Input {
        /// Shown before the input field.
        prompt: String,
        /// Whether to hide what is typed.
        password: bool,
        /// Gets the answer; dropped when the cell is interrupted or ends.
        answer: oneshot::Sender<Answer>,
    },
    /// A message on a comm. Whoever has the comm gets it, whatever cell or message it belongs to.
    Comm {
        /// The header of the message of a client that it answers; without one it belongs to the latest cell.
        parent: Option<Map<String, Value>>,
        /// The message.
        message: CommMessage,
    },
    /// A message of a client has been handled, and all that it has led to is before this.
    CommHandled(Box<CommRequest>),
    /// From here on the latest cell is compiled, or is not any more. Where somebody watches, and the cell has shown nothing,
    /// a display says so after a while.
    Compiling(bool),
    /// The start or the end of a cell. Only the kernel itself sends it.
    Marker(Marker),
}

/// The answer to a request for input.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Answer {
    /// The line that the user typed, without its end.
    Line(String),
    /// The client takes no input requests (`allow_stdin: false`), or no cell is running.
    NotAllowed,
}

/// The way into the output queue. It is bounded: a sender waits while the client is slow.
#[derive(Clone, Debug)]
pub struct OutputTx {
    tx: mpsc::Sender<Event>,
    capture: Arc<Mutex<Option<Capture>>>,
}

/// What a cell shows while it is kept back.
#[derive(Debug)]
struct Capture {
    cell: CellId,
    events: Vec<Event>,
}

impl OutputTx {
    /// Wraps the sending end of a queue.
    pub fn new(tx: mpsc::Sender<Event>) -> OutputTx {
        OutputTx {
            tx,
            capture: Arc::default(),
        }
    }

    /// Sends from a thread that is not a task; waits for room. Does nothing once the kernel is ending.
    pub fn send(&self, event: Event) {
        let Some(event) = self.unless_captured(event) else {
            return;
        };
        // The receiver is dropped only when the kernel ends, and then the output has no use.
        let _ = self.tx.blocking_send(event);
    }

    /// From now on what a cell shows is kept back, whichever clone of this sends it.
    pub fn begin_capture(&self, cell: CellId) {
        let events = Vec::new();
        *self.capture() = Some(Capture { cell, events });
    }

    /// Whether something is kept back.
    pub fn is_capturing(&self) -> bool {
        self.capture().is_some()
    }

    /// What was kept back; nothing is any more.
    pub fn end_capture(&self) -> Vec<Event> {
        self.capture()
            .take()
            .map(|capture| capture.events)
            .unwrap_or_default()
    }

    fn unless_captured(&self, event: Event) -> Option<Event> {
        let cell = match &event {
            Event::Stream { cell, .. }
            | Event::Display { cell, .. }
            | Event::Result { cell, .. }
            | Event::Clear { cell, .. } => *cell,
            Event::Input { .. }
            | Event::Comm { .. }
            | Event::CommHandled(_)
            | Event::Compiling(_)
            | Event::Marker(_) => return Some(event),
        };
        match self.capture().as_mut() {
            Some(capture) if cell.is_none_or(|cell| cell == capture.cell) => {
                capture.events.push(event);
                None
            }
            _ => Some(event),
        }
    }

    fn capture(&self) -> MutexGuard<'_, Option<Capture>> {
        self.capture.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
