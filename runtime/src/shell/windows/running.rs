//! A program that runs, at two pipes.

use std::io;
use std::io::PipeReader;
use std::io::Read;
use std::process::Child;
use std::process::Stdio;
use std::sync::mpsc;
use std::thread::JoinHandle;
use std::time::Duration;

use super::super::Ended;
use super::super::Job;
use super::sys;
use crate::wire::Kind;
use crate::worker;

/// How often it is looked whether the person has interrupted the cell.
const TICK: Duration = Duration::from_millis(20);

/// A program that runs.
#[derive(Debug)]
pub(crate) struct Running {
    child: Child,
    /// Each has its end once nobody can write to a stream any more.
    outputs: [Output; 2],
}

/// The thread that takes what comes out of one stream.
#[derive(Debug)]
struct Output {
    thread: JoinHandle<io::Result<Vec<u8>>>,
    ended_rx: mpsc::Receiver<()>,
}

impl Running {
    /// Starts a program.
    pub(crate) fn start(job: Job) -> io::Result<Running> {
        let Job {
            mut command,
            input,
            captures,
            load,
        } = job;
        let (out, child_out) = io::pipe()?;
        let (err, child_err) = io::pipe()?;
        command
            .stdin(input.map_or_else(Stdio::null, Stdio::from))
            .stdout(child_out)
            .stderr(child_err);
        worker::settle();
        let child = command.spawn()?;
        // The command holds this process's copies of the other ends.
        drop(command);
        let outputs = [
            Output::take(out, (!captures).then_some((Kind::Stdout, load)))?,
            Output::take(err, Some((Kind::Stderr, load)))?,
        ];
        Ok(Running { child, outputs })
    }

    /// Its process.
    pub(crate) fn id(&self) -> u32 {
        self.child.id()
    }

    /// Shows what it writes until it has ended.
    pub(crate) fn finish(mut self) -> io::Result<Ended> {
        let interrupted = self
            .outputs
            .iter()
            .any(|output| output.until_end(self.child.id()));
        let status = self.child.wait()?;
        if interrupted {
            worker::unwind_interrupted();
        }
        let [out, err] = self.outputs.map(Output::taken);
        err?;
        Ok(Ended {
            status,
            captured: out?,
        })
    }
}

impl Output {
    /// Takes it to a cell that was loaded under a number, or keeps it.
    fn take(mut from: PipeReader, to: Option<(Kind, u32)>) -> io::Result<Output> {
        let (ended_tx, ended_rx) = mpsc::channel();
        let thread = std::thread::Builder::new()
            .name("threadbook-shell".to_owned())
            .spawn(move || {
                // Dropped when this thread ends.
                let _ended_tx: mpsc::Sender<()> = ended_tx;
                let mut kept = Vec::new();
                let mut buffer = [0; 4096];
                loop {
                    match (from.read(&mut buffer)?, to) {
                        (0, _) => return Ok(kept),
                        (count, Some((kind, load))) => worker::show(kind, load, &buffer[..count])?,
                        (count, None) => kept.extend_from_slice(&buffer[..count]),
                    }
                }
            })?;
        Ok(Output { thread, ended_rx })
    }

    /// Waits for its end; says whether the person has interrupted the cell, which ends the program.
    fn until_end(&self, program: u32) -> bool {
        while self.ended_rx.recv_timeout(TICK) == Err(mpsc::RecvTimeoutError::Timeout) {
            if worker::must_stop() {
                sys::kill_group(program);
                return true;
            }
        }
        false
    }

    fn taken(self) -> io::Result<Vec<u8>> {
        let lost = || io::Error::other("the thread that took it has panicked");
        self.thread.join().map_err(|_| lost())?
    }
}
