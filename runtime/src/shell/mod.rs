//! What cells run outside of Rust: shell lines, scripts of other languages.
//!
//! A program's output is shown as it comes. Its stdout and stderr are terminals of 80 columns, not pipes: so programs
//! write each line as it is made, and in colours. Where the output becomes a value, stdout is a pipe.
//!
//! When the program waits for input, the person gets an input field; under `nbconvert`, where no person can answer, it
//! gets the end of the file.

mod asks;
pub(crate) mod commands;
mod follow;
mod lines;
mod program;
mod running;
pub(crate) mod sys;

pub use lines::Lines;
pub use program::Program;
pub(crate) use running::Running;

use std::fs::File;
use std::io;
use std::process::Command;
use std::process::ExitStatus;

use crate::worker;

/// The name under which the kernel's own program, in the session's `bin` folder, compiles a script.
#[doc(hidden)]
pub const SCRIPT_COMPILER: &str = "threadbook-script";
/// Names the session's folder to the kernel's own program in another role.
pub const SESSION_VAR: &str = "THREADBOOK_SESSION";
/// The folder, in the session's folder, with links to the kernel's program under the names of its roles.
pub const BIN_FOLDER: &str = "bin";

/// The program to run, and how.
#[derive(Debug)]
pub(crate) struct CommandRun {
    pub(crate) command: Command,
    /// What it reads; without, whatever the person types.
    pub(crate) input: Option<File>,
    /// Whether stdout becomes a value.
    pub(crate) captures: bool,
    /// The load of a cell that requested it.
    pub(crate) load: u32,
}

/// How a program ended.
#[derive(Debug)]
pub(crate) struct CommandEnd {
    pub(crate) status: ExitStatus,
    /// Its output on stdout, if that becomes a value.
    pub(crate) captured: Vec<u8>,
}

/// Runs a program to its end. Programs that it leaves in the background go on, and so does their output.
pub(crate) fn run(job: CommandRun) -> io::Result<CommandEnd> {
    Running::start(job)?.finish()
}

/// As a shell has it: a program that a signal ended has 128 and the signal's number.
pub(crate) fn code(status: ExitStatus) -> i32 {
    let of_signal = || 128 + sys::signal_of(status).unwrap_or(0);
    status.code().unwrap_or_else(of_signal)
}

/// Ends the cell where a program has failed.
pub(crate) fn raise_failure(what: &str, status: ExitStatus, remedy: &str) {
    if status.success() {
        return;
    }
    let how = match sys::signal_of(status) {
        Some(signal) => format!("was ended by signal {signal}"),
        None => format!("ended with exit code {}", code(status)),
    };
    worker::raise("ShellError", &format!("`{what}` {how} ({remedy})"));
}
