//! A program that runs, at two terminals of its own.

use std::io;
use std::io::PipeWriter;
use std::os::unix::process::CommandExt;
use std::process::Child;
use std::process::Stdio;

use super::CommandEnd;
use super::CommandRun;
use super::follow;
use super::follow::Output;
use super::follow::Sink;
use super::sys;
use crate::wire::Kind;
use crate::worker;

/// A program that runs.
#[derive(Debug)]
pub(crate) struct Running {
    child: Child,
    outputs: [Output; 2],
    /// The writing end of its stdin, while the person types its input.
    stdin: Option<PipeWriter>,
}

impl Running {
    /// Starts a program, in a process group of its own.
    pub(crate) fn start(job: CommandRun) -> io::Result<Running> {
        let CommandRun {
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
        // A pager would wait for keys that can't be pressed here.
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
    pub(crate) fn finish(mut self) -> io::Result<CommandEnd> {
        let interrupted = follow::until_end(&self.child, &mut self.outputs, &mut self.stdin)?;
        let status = sys::reap(self.child.id())?;
        if interrupted {
            worker::unwind_interrupted();
        }
        let [out, err] = self.outputs;
        let captured = out.finish()?;
        err.finish()?;
        Ok(CommandEnd { status, captured })
    }
}
