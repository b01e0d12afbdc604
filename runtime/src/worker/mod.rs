//! The process that runs cells.
//!
//! It starts as a supervisor, which starts the live worker: the process in which cells run. The supervisor keeps evcxr's
//! pipes, ends what cells leave behind, and says how the live worker died. Copies of the live worker take over
//! when it dies.
//!
//! The program itself is `worker_main.rs` beside this folder, a few lines that are compiled against the prepared
//! runtime; all it does is here.

mod ask;
pub(crate) mod awaits;
mod calls;
pub(crate) mod cell;
mod channel;
pub(crate) mod child;
mod crash;
mod dump;
pub mod hooks;
mod live;
mod loads;
mod panic;
mod run;
mod shared;
mod snapshot;
mod stdio;
mod supervisor;
pub(crate) mod sys;
pub(crate) mod timing;

pub(crate) use ask::ask;
pub(crate) use ask::describe;
pub(crate) use cell::must_stop;
pub(crate) use panic::place_of;
pub(crate) use stdio::settle;
pub(crate) use sys::waiting;

use std::ffi::CStr;
use std::path::Path;
use std::path::PathBuf;
use std::sync::OnceLock;

use crate::check_interrupt;
use crate::wire::Kind;
use crate::wire::Report;

/// Names the file descriptors that the kernel hands to the worker.
pub const FDS_VAR: &str = "THREADBOOK_WORKER_FDS";
/// The file, in the session's folder, that holds the process group of the compile that runs now.
pub const COMPILER_FILE: &str = "compiler.pid";
/// The ending of the lock file beside the session's folder.
pub const LOCK_EXTENSION: &str = "lock";
/// The file, in the session's folder, that a cell is compiled from, as rustc names it in places.
pub const SOURCE_FILE: &str = "src/lib.rs";
/// The link, in the session's folder, to the folder of the kernel's private sockets.
pub const SOCKETS_LINK: &str = "sockets";
/// Resident megabytes above which no copy of the live worker is made.
pub const SNAPSHOT_LIMIT_VAR: &str = "THREADBOOK_SNAPSHOT_LIMIT_MB";
/// Names the session's folder, which goes when the kernel does.
pub const SESSION_VAR: &str = "THREADBOOK_WORKER_SESSION";

/// How many named copies of the live worker there may be.
pub const NAMED_COPIES: usize = 16;
/// The program's name, which `ps` shows for the process that runs cells.
pub(crate) const PROGRAM_NAME: &str = "worker";
/// What `ps` calls a copy.
pub(crate) const COPY_NAME: &CStr = c"threadbook-copy";

/// Runs the worker to its end.
pub fn main() -> ! {
    match supervisor::run() {
        Ok(()) => sys::exit_now(0),
        Err(error) => {
            // evcxr reads stderr and the kernel shows what came there when the worker does not start.
            eprintln!("the worker did not start: {error}");
            sys::exit_now(1)
        }
    }
}

/// Sends a report to the kernel; outside a worker, prints the text that it shows.
pub(crate) fn report(report: &Report) {
    if channel::is_open() {
        stdio::settle();
        channel::send(report);
    } else if let Report::Display { data, .. } | Report::Result { data } = report
        && let Some(text) = data.get("text/plain").and_then(|text| text.as_str())
    {
        std::println!("{text}");
    }
}

/// Whether this process is a worker, with a kernel to show its output.
pub(crate) fn is_open() -> bool {
    channel::is_open()
}

/// Prints on behalf of the cell whose code holds the anchor.
pub(crate) fn print(kind: Kind, anchor: &'static str, text: &str) {
    print_for(kind, anchor.as_ptr(), text);
}

/// The same, by the address of a constant of the cell's; null where there is none.
pub(crate) fn print_for(kind: Kind, anchor: *const u8, text: &str) {
    check_interrupt();
    cell::report_caught_panic();
    stdio::settle();
    let load = match anchor.is_null() {
        true => 0,
        false => loads::load_at(anchor),
    };
    if let Err(error) = channel::send_stream(kind, load, text.as_bytes()) {
        panic!("failed printing: {error}");
    }
}

/// Which load of a cell the caller's code is in.
#[track_caller]
pub(crate) fn load_of_caller() -> u32 {
    loads::load_at(std::panic::Location::caller().file().as_ptr())
}

/// Unwinds the cell with an error that is not Rust's: it is shown by this name, without a place in code. On another thread
/// than the cell's it is a panic, which whoever joins the thread finds.
pub(crate) fn raise(ename: &str, message: &str) -> ! {
    if !cell::on_main_thread() {
        panic!("{message}");
    }
    cell::raised(cell::Raised {
        ename: ename.to_owned(),
        message: message.to_owned(),
    });
    // Values are dropped on the way, and no hook reports it.
    std::panic::resume_unwind(Box::new(message.to_owned()))
}

/// Shows what a program that a cell has started wrote.
pub(crate) fn show(kind: Kind, load: u32, bytes: &[u8]) -> std::io::Result<()> {
    use std::io::Write;

    match kind {
        _ if channel::is_open() => channel::send_stream(kind, load, bytes),
        Kind::Stderr => std::io::stderr().write_all(bytes),
        Kind::Stdout | Kind::Report => std::io::stdout().write_all(bytes),
    }
}

/// The session's folder, where this is a worker of one.
pub(crate) fn session() -> Option<&'static Path> {
    static SESSION: OnceLock<Option<PathBuf>> = OnceLock::new();
    let session = SESSION.get_or_init(sys::session);
    session.as_deref()
}

/// Unwinds the cell on behalf of the person who interrupted it.
pub(crate) fn unwind_interrupted() -> ! {
    cell::interrupted();
    // Not a panic: nothing went wrong, so no hook is to report it.
    std::panic::resume_unwind(Box::new("interrupted"))
}
