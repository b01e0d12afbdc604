//! What travels from a worker to the kernel, on one pipe, in the order in which it was made.
//!
//! A pipe takes writes of up to 4096 bytes whole (`PIPE_BUF`), also from several threads and forked processes at once.
//! Each frame is one such write, so nothing needs a lock and nothing is torn: a header of [`HEADER_LEN`] bytes and up
//! to [`PAYLOAD_MAX`] bytes. Streams are sent as bytes, cut anywhere. A [`Report`] is JSON; a longer one takes several
//! frames with the same number, and happens where its last frame stands.

use std::collections::HashMap;
use std::ffi::OsString;

use serde::Deserialize;
use serde::Serialize;
use serde_json::Map;
use serde_json::Value;

use crate::timing::Times;

/// Bytes before the payload: kind, whether more follows, payload length, and a number: of a report, or of the load of
/// a cell that a stream's bytes come from.
pub const HEADER_LEN: usize = 8;
/// Bytes that fit into one frame.
pub const PAYLOAD_MAX: usize = 4096 - HEADER_LEN;

/// What a frame holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// Bytes of stdout.
    Stdout,
    /// Bytes of stderr.
    Stderr,
    /// A piece of a [`Report`].
    Report,
}

impl Kind {
    const fn code(self) -> u8 {
        match self {
            Kind::Stdout => 1,
            Kind::Stderr => 2,
            Kind::Report => 3,
        }
    }

    fn from_code(code: u8) -> Option<Kind> {
        match code {
            1 => Some(Kind::Stdout),
            2 => Some(Kind::Stderr),
            3 => Some(Kind::Report),
            _ => None,
        }
    }
}

/// The header of a frame with `len` bytes of payload.
///
/// # Panics
///
/// When `len` is more than [`PAYLOAD_MAX`].
pub fn header(kind: Kind, more: bool, len: usize, number: u32) -> [u8; HEADER_LEN] {
    assert!(
        len <= PAYLOAD_MAX,
        "a frame holds at most {PAYLOAD_MAX} bytes, got {len}"
    );
    let len = (len as u16).to_le_bytes();
    let number = number.to_le_bytes();
    [
        kind.code(),
        more.into(),
        len[0],
        len[1],
        number[0],
        number[1],
        number[2],
        number[3],
    ]
}

/// Something other than printed text that a worker tells the kernel.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "type", rename_all = "snake_case")]
pub enum Report {
    /// The worker is up. Sent once for each process that runs cells.
    Ready {
        /// The process to end for ending all.
        supervisor: u32,
        /// The process that runs cells.
        worker: u32,
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
        /// Which load of a cell asks for it.
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
        /// The shared object, which tells the build.
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
        /// Whether no cell ran, and nobody has asked for it.
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
    /// Answers a command about copies.
    Snapshot(SnapshotStatus),
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

/// What there is to say about copies of the process.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct SnapshotStatus {
    /// Whether copies are made.
    pub enabled: bool,
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

/// The answer to [`Report::Input`], on the worker's input pipe.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "type", rename_all = "snake_case")]
pub enum Reply {
    /// What the person typed, without the end of the line.
    Line {
        /// The text.
        text: String,
    },
    /// The front end takes no input requests.
    NotAllowed,
    /// The person interrupted the cell instead.
    Interrupted,
}

/// A reply as it goes into the input pipe: token, length, JSON.
///
/// # Panics
///
/// Never: the reply's JSON is made of strings.
pub fn encode_reply(token: u32, reply: &Reply) -> Vec<u8> {
    let json = serde_json::to_vec(reply).expect("a reply is made of strings");
    let mut bytes = token.to_le_bytes().to_vec();
    bytes.extend((json.len() as u32).to_le_bytes());
    bytes.extend(json);
    bytes
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
        /// What the dynamic linker said.
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
    /// The shared object that holds the code, where it is known: it tells one cell's `src/lib.rs` from another's.
    pub so: Option<String>,
    /// Which load of a cell that was, 0 where it was none.
    pub load: u32,
}

/// One thing out of the pipe.
#[derive(Debug, PartialEq)]
pub enum Item {
    /// Bytes of stdout, and which load of a cell printed them (0: not known).
    Stdout(u32, Vec<u8>),
    /// Bytes of stderr, likewise.
    Stderr(u32, Vec<u8>),
    /// A whole report.
    Report(Box<Report>),
}

/// Puts frames together again.
#[derive(Debug, Default)]
pub struct ReportDecoder {
    buffer: Vec<u8>,
    start: usize,
    pieces: HashMap<u32, Vec<u8>>,
}

impl ReportDecoder {
    /// Takes bytes as they came out of the pipe.
    pub fn feed(&mut self, bytes: &[u8]) {
        self.buffer.drain(..self.start);
        self.start = 0;
        self.buffer.extend_from_slice(bytes);
    }

    /// Forgets what was begun by a process that has died.
    pub fn forget_pieces(&mut self) {
        self.pieces.clear();
    }

    /// The next whole item, if one is there. What is no frame of ours is skipped.
    #[expect(
        clippy::should_implement_trait,
        reason = "more may come after a None, which iterators do not promise"
    )]
    pub fn next(&mut self) -> Option<Item> {
        loop {
            let rest = &self.buffer[self.start..];
            let header = rest.first_chunk::<HEADER_LEN>()?;
            let [kind, more, len0, len1, n0, n1, n2, n3] = *header;
            let len = usize::from(u16::from_le_bytes([len0, len1]));
            let payload = rest.get(HEADER_LEN..HEADER_LEN + len)?.to_vec();
            self.start += HEADER_LEN + len;
            let number = u32::from_le_bytes([n0, n1, n2, n3]);
            match Kind::from_code(kind) {
                Some(Kind::Stdout) => return Some(Item::Stdout(number, payload)),
                Some(Kind::Stderr) => return Some(Item::Stderr(number, payload)),
                Some(Kind::Report) => {
                    let mut whole = self.pieces.remove(&number).unwrap_or_default();
                    whole.extend(payload);
                    if more == 1 {
                        self.pieces.insert(number, whole);
                    } else if let Ok(report) = serde_json::from_slice(&whole) {
                        return Some(Item::Report(report));
                    }
                }
                None => {}
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn frame(kind: Kind, more: bool, number: u32, payload: &[u8]) -> Vec<u8> {
        let mut bytes = header(kind, more, payload.len(), number).to_vec();
        bytes.extend_from_slice(payload);
        bytes
    }

    #[test]
    fn frames_survive_any_cut() {
        let mut bytes = frame(Kind::Stdout, false, 0, b"abc");
        let report = serde_json::to_vec(&Report::Clear {
            load: 0,
            wait: true,
        })
        .unwrap();
        bytes.extend(frame(Kind::Report, true, 7, &report[..5]));
        bytes.extend(frame(Kind::Stderr, false, 0, b"between"));
        bytes.extend(frame(Kind::Report, false, 7, &report[5..]));
        for cut in 0..bytes.len() {
            let mut decoder = ReportDecoder::default();
            let mut items = Vec::new();
            for part in [&bytes[..cut], &bytes[cut..]] {
                decoder.feed(part);
                items.extend(std::iter::from_fn(|| decoder.next()));
            }
            assert_eq!(
                items,
                [
                    Item::Stdout(0, b"abc".to_vec()),
                    Item::Stderr(0, b"between".to_vec()),
                    Item::Report(Box::new(Report::Clear {
                        load: 0,
                        wait: true
                    })),
                ],
                "cut at {cut}"
            );
        }
    }

    #[test]
    fn a_report_that_is_no_json_is_skipped() {
        let mut decoder = ReportDecoder::default();
        decoder.feed(&frame(Kind::Report, false, 1, b"{"));
        decoder.feed(&frame(Kind::Stdout, false, 0, b"on"));
        assert_eq!(decoder.next(), Some(Item::Stdout(0, b"on".to_vec())));
        assert_eq!(decoder.next(), None);
    }
}
