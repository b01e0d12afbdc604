//! The contract between the dispatcher and whatever evaluates cells.
//!
//! The dispatcher knows only these types. The real evaluator wraps evcxr; tests of the protocol script one.

mod interrupt;

#[cfg(feature = "evcxr")]
mod advice;
#[cfg(feature = "evcxr")]
mod backtrace;
#[cfg(feature = "evcxr")]
mod builds;
#[cfg(feature = "evcxr")]
mod cargo_words;
#[cfg(feature = "evcxr")]
mod cause;
#[cfg(feature = "evcxr")]
mod copies;
#[cfg(feature = "evcxr")]
mod dependencies;
#[cfg(feature = "evcxr")]
mod diagnostics;
#[cfg(feature = "evcxr")]
mod ended;
#[cfg(feature = "evcxr")]
mod help;
#[cfg(feature = "evcxr")]
mod imports;
#[cfg(feature = "evcxr")]
mod missing_crate;
#[cfg(feature = "evcxr")]
mod past;
mod phase_log;
#[cfg(feature = "evcxr")]
mod positions;
#[cfg(feature = "evcxr")]
mod report;
#[cfg(feature = "evcxr")]
mod rust;
#[cfg(feature = "evcxr")]
mod source;
#[cfg(feature = "evcxr")]
mod source_map;
#[cfg(feature = "evcxr")]
mod spans;
#[cfg(feature = "evcxr")]
mod steps;
#[cfg(feature = "evcxr")]
mod unsettled;
#[cfg(feature = "evcxr")]
mod visible;
#[cfg(feature = "evcxr")]
pub use interrupt::Stop;
#[cfg(feature = "evcxr")]
pub use rust::RustEvaluator;

use serde_json::Map;
use serde_json::Value;

use crate::output::OutputTx;
use crate::questions::Known;

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
    /// Whether somebody is there: not under nbconvert, whose requests allow no questions.
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

/// What a failed cell says.
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
        let mut traceback = vec![format!("\x1b[1;31m{ename}\x1b[0m: {first}")];
        traceback.extend(lines.map(str::to_owned));
        Diagnostic {
            ename: ename.to_owned(),
            evalue,
            traceback,
        }
    }
}

/// Completions for a place in a cell. Offsets are bytes of the code that was asked about.
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
    /// Every event that belongs to the cell has been sent to the evaluator's [`OutputTx`] when this returns, so that
    /// whatever the caller puts into the same queue afterwards comes after it.
    fn execute(&mut self, cell: &Cell) -> Outcome;

    /// Does ahead what the first cells would otherwise wait for. Called once, if no cell waits yet.
    fn warm_up(&mut self) {}

    /// What there is to say of the session while this is busy. It is read after each cell.
    fn known(&self) -> Known {
        Known::default()
    }

    /// Completes the code at a byte offset.
    fn complete(&mut self, code: &str, cursor_byte: usize) -> Completions;

    /// Describes what stands at a byte offset: a MIME bundle, or nothing where nothing is known.
    fn inspect(&mut self, code: &str, cursor_byte: usize) -> Option<Map<String, Value>>;
}

/// Reaches a running evaluator from another thread. No call blocks.
pub trait Control: Send + Sync {
    /// Stops the cell that runs now, if any: its `execute` returns soon with a `KeyboardInterrupt`.
    fn interrupt(&self);

    /// Ends the evaluator's processes at once; a running `execute` returns soon, with whatever outcome.
    fn shutdown(&self);
}

/// Makes the evaluator. It is called on the evaluator's own thread, after the sockets answer; it may take seconds.
pub type MakeEvaluator = Box<dyn FnOnce(OutputTx) -> Result<Box<dyn Evaluator>, Diagnostic> + Send>;
