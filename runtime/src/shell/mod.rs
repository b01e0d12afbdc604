//! What cells run outside of Rust: shell lines, scripts of other languages.
//!
//! A program's output is shown as it comes. Its stdout and stderr are terminals of 80 columns, not pipes: so programs
//! write each line as it is made, and in colours. Where the output is wanted as a value, stdout is a pipe.
//!
//! When the program waits for input, the person is asked; under `nbconvert`, where nobody can answer, it gets the end of
//! the file.

mod asks;
mod follow;
mod lines;
mod program;
pub(crate) mod sys;

pub use lines::Lines;
pub use program::Program;

use std::fs::File;
use std::io;
use std::io::PipeWriter;
use std::os::unix::process::CommandExt;
use std::os::unix::process::ExitStatusExt;
use std::process::Child;
use std::process::Command;
use std::process::ExitStatus;
use std::process::Stdio;

use self::follow::Output;
use self::follow::Sink;
use crate::wire::Kind;
use crate::worker;

/// The name under which the kernel's own program, in the session's `bin` folder, compiles a script.
#[doc(hidden)]
pub const SCRIPT_COMPILER: &str = "threadbook-script";

/// The program to run, and how.
#[derive(Debug)]
pub(crate) struct Job {
    pub(crate) command: Command,
    /// What it reads; without, whatever the person types.
    pub(crate) input: Option<File>,
    /// Whether stdout is wanted as a value.
    pub(crate) captures: bool,
    /// Which load of a cell asks for it.
    pub(crate) load: u32,
}

/// How a program ended.
#[derive(Debug)]
pub(crate) struct Ended {
    pub(crate) status: ExitStatus,
    /// What it wrote to stdout, if that was wanted.
    pub(crate) captured: Vec<u8>,
}

/// A program that runs.
#[derive(Debug)]
pub(crate) struct Running {
    child: Child,
    outputs: [Output; 2],
    /// The writing end of its stdin, while the person is asked for what it reads.
    stdin: Option<PipeWriter>,
}

/// Runs a program to its end. Programs that it leaves in the background go on, and so does their output.
pub(crate) fn run(job: Job) -> io::Result<Ended> {
    Running::start(job)?.finish()
}

impl Running {
    /// Starts a program, in a process group of its own.
    pub(crate) fn start(job: Job) -> io::Result<Running> {
        let Job {
            mut command,
            input,
            captures,
            load,
        } = job;
        let stdin = match input {
            Some(file) => {
                command.stdin(file);
                None
            }
            None => {
                let (read, write) = io::pipe()?;
                command.stdin(read);
                Some(write)
            }
        };
        let out = if captures {
            let (read, write) = io::pipe()?;
            command.stdout(write);
            Output::new(read.into(), Sink::Kept(Vec::new()))
        } else {
            let (master, slave) = sys::terminal()?;
            command.stdout(Stdio::from(slave));
            Output::new(master, Sink::Shown(Kind::Stdout, load))
        };
        let (master, slave) = sys::terminal()?;
        command.stderr(Stdio::from(slave));
        let err = Output::new(master, Sink::Shown(Kind::Stderr, load));
        if std::env::var_os("TERM").is_none_or(|term| term.is_empty() || term == "dumb") {
            command.env("TERM", "xterm-256color");
        }
        // A pager would wait for keys that nobody can press.
        command.env("PAGER", "cat").env("GIT_PAGER", "cat");
        worker::settle();
        // The command holds this process's copies of the other ends; they go with it.
        let child = command.process_group(0).spawn()?;
        Ok(Running {
            child,
            outputs: [out, err],
            stdin,
        })
    }

    /// Its process, and the group of what it starts.
    pub(crate) fn id(&self) -> u32 {
        self.child.id()
    }

    /// Shows what it writes until it has ended.
    pub(crate) fn finish(mut self) -> io::Result<Ended> {
        let interrupted = follow::until_end(&self.child, &mut self.outputs, &mut self.stdin)?;
        let status = sys::reap(self.child.id())?;
        if interrupted {
            worker::unwind_interrupted();
        }
        let [out, err] = self.outputs;
        let captured = out.finish()?;
        err.finish()?;
        Ok(Ended { status, captured })
    }
}

/// As a shell has it: a program that a signal ended has 128 and the signal's number.
pub(crate) fn code(status: ExitStatus) -> i32 {
    let of_signal = || 128 + status.signal().unwrap_or(0);
    status.code().unwrap_or_else(of_signal)
}

/// Ends the cell where a program has failed.
pub(crate) fn raise_failure(what: &str, status: ExitStatus, remedy: &str) {
    if status.success() {
        return;
    }
    let how = match status.signal() {
        Some(signal) => format!("was ended by signal {signal}"),
        None => format!("ended with exit code {}", code(status)),
    };
    worker::raise("ShellError", &format!("`{what}` {how} ({remedy})"));
}
