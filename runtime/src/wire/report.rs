//! What a worker reports to the kernel.

use std::ffi::OsString;

use serde::Deserialize;
use serde::Serialize;
use serde_json::Map;
use serde_json::Value;

use super::CommMessage;
use crate::timing::Times;

/// A worker's message to the kernel, other than printed text.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "type", rename_all = "snake_case")]
pub enum Report {
    /// The worker is up. Sent once for each process that runs cells.
    Ready {
        /// The process to end for ending all.
        supervisor: u32,
        /// The process that runs cells.
        worker: u32,
        /// Why copies of it do not work on this system, where they do not.
        no_copies: Option<String>,
    },
    /// A display: new, or replacing the earlier one of that id.
    Display {
        /// Which load of a cell shows it, 0 where that is not known.
        load: u32,
        /// MIME type to value.
        data: Map<String, Value>,
        /// The text of `application/json`, whose fields have an order, unlike those of the other types' values.
        json: Option<String>,
        /// Name for later updates.
        id: Option<String>,
        /// Whether it replaces.
        update: bool,
    },
    /// The value of a cell's final expression.
    Result {
        /// MIME type to value.
        data: Map<String, Value>,
    },
    /// clear_output.
    Clear {
        /// The load of a cell that requested it.
        load: u32,
        /// Whether to wait for the next output.
        wait: bool,
    },
    /// Asks for a line of input; the answer comes on the worker's input pipe.
    Input {
        /// Repeated in the answer, so that an answer to a question of an earlier worker is not taken for this one's.
        token: u32,
        /// Shown to the person.
        prompt: String,
        /// Whether to hide what is typed.
        password: bool,
    },
    /// Asks what a place in code is called; the answer comes on the worker's input pipe.
    Where {
        /// Repeated in the answer.
        token: u32,
        /// The place.
        place: Place,
    },
    /// A panic in a thread of the user, or one of the cell itself that the cell caught.
    Panic(PanicInfo),
    /// What `dbg!` prints.
    Debug {
        /// The expression and its value.
        text: String,
        /// Where the macro stands.
        place: Place,
    },
    /// A cell starts; compiling is over.
    Started {
        /// From now on this number in frames and reports means this cell's code.
        load: u32,
        /// The shared object, which identifies the build.
        so: String,
        /// Milliseconds since the system's start: threads that start from now on are this cell's.
        at_ms: u64,
    },
    /// A cell has ended, and everything that its own thread printed has been sent before this.
    Done {
        /// How.
        end: End,
        /// What running it took.
        times: Times,
        /// The working folder that it has left behind, if that is there.
        folder: Option<OsString>,
    },
    /// A message on a comm.
    Comm {
        /// The delivery in whose handling it was sent; `None` elsewhere.
        within: Option<u32>,
        /// The message.
        message: CommMessage,
    },
    /// Cells take comms of this target that front ends open.
    CommTarget {
        /// The target's name.
        name: String,
    },
    /// The delivery of this number has been handled, and so have those before it.
    CommHandled {
        /// The number.
        number: u32,
    },
    /// What a copy that has taken over has of comms.
    Comms {
        /// The open ones: id and target.
        open: Vec<(String, String)>,
        /// The targets that front ends may open comms of.
        targets: Vec<String>,
    },
    /// Sent by the kernel to itself: everything before it has been taken.
    Sync,
    /// The process that runs cells died.
    Died {
        /// The signal that ended it, if one did.
        signal: Option<i32>,
        /// Its exit code otherwise.
        code: Option<i32>,
        /// The name of the thread that did it, where that is known.
        thread: Option<String>,
        /// What a backtrace of that thread can be made of.
        remains: Option<CrashDump>,
        /// Whether no cell ran, and no request caused it.
        idle: bool,
        /// Whether a copy of it takes over: then [`Report::Resumed`] follows.
        copy: bool,
        /// Processes that it had started and that ended with it, by name.
        children: Vec<String>,
        /// Whether the system has ended processes since memory ran out.
        out_of_memory: bool,
    },
    /// A copy of the process that ran cells has taken over.
    Resumed {
        /// The process that runs cells from now on.
        worker: u32,
        /// Its working folder, if that is there.
        folder: Option<OsString>,
        /// Threads that could not be taken along, by name.
        missing_threads: Vec<String>,
        /// What the process that died may have changed for it.
        outside: Outside,
    },
    /// The answer to [`Command::Copy`](super::Command::Copy) and to
    /// [`Command::Copies`](super::Command::Copies).
    Copies(CopyStatus),
    /// The answer to [`Command::Restore`](super::Command::Restore) where there is no copy of that role.
    NoSuchCopy,
}

/// What a process has open that lies outside of it.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Outside {
    /// The paths of files.
    pub files: Vec<String>,
    /// How many network sockets there are.
    pub sockets: usize,
}

/// What a process that died has left behind for a backtrace.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct CrashDump {
    /// The registers of the thread that took it down, by DWARF's numbers; the program counter comes last.
    pub registers: Vec<u64>,
    /// Where its stack begins, the innermost frame first.
    pub stack_start: u64,
    /// What lay there, in words.
    pub stack: Vec<u64>,
    /// Whether there was more of it.
    pub is_cut: bool,
    /// The files whose code the stack may speak of.
    pub code: Vec<Mapping>,
}

/// Code of a file that was mapped into a process.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Mapping {
    /// The first address.
    pub start: u64,
    /// The one after the last.
    pub end: u64,
    /// What the first address is in the file, in bytes.
    pub offset: u64,
    /// The file.
    pub file: String,
}

impl Mapping {
    /// Whether an address is in it.
    pub fn holds(&self, address: u64) -> bool {
        (self.start..self.end).contains(&address)
    }
}

/// The status of the copies of the process.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct CopyStatus {
    /// Whether copies are made.
    pub enabled: bool,
    /// Why they do not work on this system, where they do not.
    pub unusable: Option<String>,
    /// Whether one would take over now.
    pub guard: bool,
    /// Whether the state before the latest cell is there.
    pub undo: bool,
    /// How long making the last one took, in microseconds.
    pub took_micros: u64,
    /// Resident bytes of the process.
    pub resident_bytes: u64,
    /// Resident bytes above which none is made.
    pub limit_bytes: u64,
    /// Memory of the copies, in which what they share counts in part.
    pub copies_bytes: u64,
    /// Why there was none the last time.
    pub skipped: Option<String>,
}

/// How a cell's code ended, as far as the worker saw it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "how", rename_all = "snake_case")]
pub enum End {
    /// It ran to its end.
    Finished,
    /// It panicked.
    Panicked {
        /// The panic.
        panic: PanicInfo,
        /// The latest one of another thread, which may be why.
        of_thread: Option<Box<PanicInfo>>,
    },
    /// A `?` left it.
    Returned {
        /// The error's text.
        message: String,
        /// The error's type.
        type_name: String,
        /// Where the `?` stands.
        place: Place,
        /// The latest panic of another thread, which may be why.
        of_thread: Option<Box<PanicInfo>>,
    },
    /// It was unwound, because the person interrupted it.
    Interrupted {
        /// The calls that it was in.
        calls: Box<Calls>,
    },
    /// A helper of the runtime unwound it, for a reason that has nothing to do with Rust.
    Raised {
        /// The error's name, such as `ShellError`.
        ename: String,
        /// The error's text.
        message: String,
    },
    /// It could not be loaded.
    NotLoaded {
        /// The dynamic linker's error.
        message: String,
    },
}

/// A panic as its hook saw it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct PanicInfo {
    /// The thread's name, or `<unnamed>`.
    pub thread: String,
    /// The process, or the thread of one, where it is not the process that runs cells: in words.
    pub of_process: Option<String>,
    /// The panic message.
    pub message: String,
    /// Where it happened.
    pub place: Place,
    /// The calls that led there, where they are needed.
    pub calls: Box<Calls>,
}

/// The calls that a thread was in.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Calls {
    /// Where each returns to, the innermost first.
    pub addresses: Vec<u64>,
    /// Whether there were more of them.
    pub is_cut: bool,
    /// The files whose code they are in.
    pub code: Vec<Mapping>,
}

/// A place in source code.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Place {
    /// The file as rustc named it.
    pub file: String,
    /// Line, from 1.
    pub line: u32,
    /// Column, from 1.
    pub column: u32,
    /// The shared object that holds the code, where it is known: by it, `src/lib.rs` of one cell differs from
    /// another's.
    pub so: Option<String>,
    /// Which load of a cell that was, 0 where it was none.
    pub load: u32,
}
