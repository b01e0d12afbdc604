//! The contract between the stages that speak Jupyter and a language: what evaluates cells, and the types that both
//! sides share.
//!
//! The dispatcher names only these types. Threadbook's evaluator wraps evcxr; the tests of the protocol script one, and
//! `examples/echo.rs` is a whole kernel.

use std::collections::BTreeMap;
use std::fmt::Debug;
use std::sync::Arc;

use serde::Serialize;
use serde_json::Map;
use serde_json::Value;

pub use crate::comm_request::CommRequest;

use crate::colours::ERROR;
use crate::colours::RESET;

/// Names one execute request for the life of a kernel, silent ones included. Never reused.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct CellId(pub u64);

/// One cell to run.
#[derive(Clone, Debug)]
pub struct Cell {
    /// Names this run of the cell.
    pub id: CellId,
    /// The number in `In [n]`; what error positions call "cell n". A silent cell repeats the last number.
    pub count: u32,
    /// The cell's text as the client sent it.
    pub code: String,
    /// Whether the final expression is to be shown (false for silent requests).
    pub silent: bool,
    /// Whether a person can answer questions. Under nbconvert, requests allow none.
    pub attended: bool,
}

/// How a cell ended. A failing cell is data, not an error of the kernel.
#[derive(Clone, Debug)]
pub enum Outcome {
    /// The cell ran to its end. The payloads go into the execute reply (`page`, `set_next_input`).
    Finished {
        /// Values for the reply's `payload` list.
        payload: Vec<Value>,
    },
    /// The cell failed: one `error` message on iopub and an error reply that repeats it.
    Failed(Diagnostic),
}

/// The error of a failed cell.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Diagnostic {
    /// One of the stable names: CompileError, Panic, ReturnedError, KeyboardInterrupt, WorkerCrashed, Exited, ...
    pub ename: String,
    /// Useful alone, plain text.
    pub evalue: String,
    /// Lines, ANSI colours allowed.
    pub traceback: Vec<String>,
}

impl Diagnostic {
    /// A diagnostic of one line or a few, without a place.
    pub fn of(ename: &str, evalue: impl Into<String>) -> Diagnostic {
        let evalue = evalue.into();
        let mut lines = evalue.lines();
        let first = lines.next().unwrap_or_default();
        let mut traceback = vec![format!("{ERROR}{ename}{RESET}: {first}")];
        traceback.extend(lines.map(str::to_owned));
        Diagnostic {
            ename: ename.to_owned(),
            evalue,
            traceback,
        }
    }
}

/// Whether a text is a whole cell.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Completeness {
    /// It can be run.
    Complete,
    /// More is to come, indented by this.
    Incomplete {
        /// White space for the next line.
        indent: String,
    },
    /// It can be run to see its error.
    Invalid,
    /// It is not known.
    Unknown,
}

/// A signal to the kernel's process, by what it means.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Signal {
    /// SIGINT: stop the running cell.
    Interrupt,
    /// SIGTERM, or the program that started the kernel is gone: end.
    Terminate,
}

/// The parts of the kernel_info reply that depend on the kernel.
#[derive(Clone, Debug, Default)]
pub struct KernelInfo {
    /// The kernel's name, such as `threadbook`.
    pub implementation: String,
    /// The kernel's version.
    pub version: String,
    /// One line, which consoles show first.
    pub banner: String,
    /// The protocol's `language_info`: name, version, MIME type, file extension, highlighters.
    pub language: Map<String, Value>,
    /// Pages for the front end's help menu.
    pub help_links: Vec<HelpLink>,
}

/// A page for the front end's help menu.
#[derive(Clone, Debug, Serialize)]
pub struct HelpLink {
    /// Its title.
    pub text: String,
    /// Where it is.
    pub url: String,
}

/// Completions for a place in a cell. Offsets are bytes of the request's code.
#[derive(Clone, Debug, Default)]
pub struct Completions {
    /// Where the text to be replaced starts.
    pub start_byte: usize,
    /// Where the text to be replaced ends.
    pub end_byte: usize,
    /// Candidates, best first.
    pub matches: Vec<Completion>,
}

/// One candidate.
#[derive(Clone, Debug)]
pub struct Completion {
    /// The text to insert.
    pub text: String,
    /// "function", "struct", "magic", ... for the `_jupyter_types_experimental` metadata.
    pub kind: String,
    /// The signature or label, where there is more to show than `text`.
    pub signature: String,
}

/// Runs cells, one at a time, on a thread of its own.
pub trait Evaluator: Send {
    /// Runs one cell to its end.
    ///
    /// Every event that belongs to the cell has been sent to the evaluator's [`OutputTx`](crate::output::OutputTx) when
    /// this returns, so that whatever the caller puts into the same queue afterwards comes after it.
    fn execute(&mut self, cell: &Cell) -> Outcome;

    /// Does ahead what the first cells would otherwise wait for. Called once, if no cell waits yet.
    fn warm_up(&mut self) {}

    /// Answers to questions that come while this is busy. They are taken after each cell.
    fn quick_answers(&self) -> Arc<dyn QuickAnswers> {
        Arc::new(NoAnswers)
    }

    /// Completes the code at a byte offset.
    fn complete(&mut self, code: &str, cursor_byte: usize) -> Completions;

    /// Describes what stands at a byte offset, as a MIME bundle. `None` where there is no description.
    fn inspect(&mut self, code: &str, cursor_byte: usize) -> Option<Map<String, Value>>;
}

/// Answers questions about code at once, while the evaluator is busy, from what was known after the latest cell.
pub trait QuickAnswers: Debug + Send + Sync {
    /// Completes the code at a byte offset.
    fn complete(&self, code: &str, cursor_byte: usize) -> Completions;

    /// Describes what stands at a byte offset, as a MIME bundle. `None` where there is no description.
    fn inspect(&self, code: &str, cursor_byte: usize) -> Option<Map<String, Value>>;
}

/// No answers at all.
#[derive(Debug)]
pub struct NoAnswers;

impl QuickAnswers for NoAnswers {
    fn complete(&self, _: &str, cursor_byte: usize) -> Completions {
        Completions {
            start_byte: cursor_byte,
            end_byte: cursor_byte,
            matches: Vec::new(),
        }
    }

    fn inspect(&self, _: &str, _: usize) -> Option<Map<String, Value>> {
        None
    }
}

/// Reaches a running evaluator from another thread. No call blocks.
pub trait Control: Send + Sync {
    /// Stops the cell that runs now, if any: its `execute` returns soon with a `KeyboardInterrupt`.
    fn interrupt(&self);

    /// Ends the evaluator's processes at once; a running `execute` returns soon, with whatever outcome.
    fn shutdown(&self);

    /// Takes a message of a client on a comm, also while a cell runs. They come in order.
    fn comm(&self, request: CommRequest) {
        request.refuse();
    }

    /// The comms that are open: id and target.
    fn comms(&self) -> BTreeMap<String, String> {
        BTreeMap::new()
    }
}
