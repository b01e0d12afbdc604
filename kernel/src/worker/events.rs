//! What comes from the worker: events, deaths, notes, and the trait by which the pump looks cells up.

use serde_json::Map;
use serde_json::Value;
use threadbook::timing::Times;
use threadbook::wire::CopyStatus;
use threadbook::wire::CrashDump;
use threadbook::wire::End;
use threadbook::wire::Outside;
use threadbook::wire::PanicInfo;
use threadbook::wire::Place;

/// The pump's messages to the evaluator about the cell that runs. Output goes past it, to the output queue.
#[derive(Debug)]
pub enum WorkerEvent {
    /// Compiling is over: this shared object runs.
    Started {
        /// The object's file.
        so: String,
    },
    /// The cell has ended; everything it printed is in the output queue.
    Done {
        /// How.
        end: End,
        /// What running it took.
        times: Times,
    },
    /// The process that runs cells has died.
    Died(Death),
    /// A copy of it has taken over, without these threads.
    Resumed {
        /// Threads that could not be taken along, by name.
        missing_threads: Vec<String>,
        /// What the process that died may have changed for it.
        outside: Outside,
    },
    /// The status of the copies of the process.
    Copies(CopyStatus),
    /// There is no copy of the role that [`Worker::restore`](super::Worker::restore) has named.
    NoSuchCopy,
    /// Everything that was in the pipes at [`Worker::sync`](super::Worker::sync) has been taken.
    Synced,
}

/// How the process that runs cells died.
#[derive(Clone, Debug, Default)]
pub struct Death {
    /// The signal that ended it, if one did.
    pub signal: Option<i32>,
    /// Its exit code otherwise.
    pub code: Option<i32>,
    /// The name of the thread that did it, where that is known.
    pub thread: Option<String>,
    /// What a backtrace of that thread can be made of.
    pub remains: Option<CrashDump>,
    /// The cell's last panic that did not end it by itself.
    pub panic: Option<PanicInfo>,
    /// Whether a copy of it, made before the cell, has taken over.
    pub copy: bool,
    /// Processes that it had started and that ended with it, by name.
    pub children: Vec<String>,
    /// Whether the system has ended processes since memory ran out.
    pub out_of_memory: bool,
    /// Threads that the copy lacks, by name.
    pub missing_threads: Vec<String>,
    /// What lies outside of the copy and is as the process has left it.
    pub outside: Outside,
}

/// In the metadata of a display of warnings: how many there are.
pub const WARNINGS_KEY: &str = "threadbook_warnings";

/// A display that the kernel itself adds to a cell.
#[derive(Clone, Debug, PartialEq)]
pub struct Note {
    /// MIME type to value.
    pub data: Map<String, Value>,
    /// A mark by which it differs from displays of the cell.
    pub metadata: Map<String, Value>,
}

/// The pump's view of the cells' texts. Each returned text goes to stderr.
pub trait CellObserver: Send {
    /// A compiled cell starts, at a time since the system's start. Returns a note about it, such as rustc's warnings.
    fn started(&self, so: &str, at_ms: u64) -> Option<Note>;

    /// The code of the cell has ended, however.
    fn ended(&self);

    /// A place in code, in words.
    fn place(&self, place: &Place) -> String;

    /// A panic that does not end a cell.
    fn panic(&self, info: &PanicInfo) -> String;

    /// The process died while no cell ran.
    fn died(&self, death: &Death) -> String;
}
