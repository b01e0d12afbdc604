//! Follows a program: shows its output, requests its input from the person, passes an interrupt on.

use std::io;
use std::io::PipeWriter;
use std::io::Write;
use std::os::fd::AsFd;
use std::os::fd::OwnedFd;
use std::process::Child;
use std::time::Duration;
use std::time::Instant;

use super::asks;
use super::sys;
use crate::wire::Kind;
use crate::wire::Reply;
use crate::worker;

/// A program that has been quiet for so long is looked at: it may wait for input.
const QUIET: Duration = Duration::from_millis(50);

/// A program has so long to end by itself when the cell is interrupted. The cell itself has half a second.
const GRACE: Duration = Duration::from_millis(250);

/// One of a program's two streams.
#[derive(Debug)]
pub(super) struct Output {
    /// `None` once it has no writer any more.
    from: Option<OwnedFd>,
    sink: Sink,
}

/// Where what is written goes.
#[derive(Debug)]
pub(super) enum Sink {
    /// To the cell that was loaded under a number.
    Shown(Kind, u32),
    /// Here.
    Kept(Vec<u8>),
}

/// Follows a program until it has ended. Returns whether the person interrupted the cell.
pub(super) fn until_end(
    child: &Child,
    outputs: &mut [Output; 2],
    stdin: &mut Option<PipeWriter>,
) -> io::Result<bool> {
    let ended = sys::ended(child.id())?;
    let mut deadline: Option<Instant> = None;
    loop {
        let [out, err] = outputs.each_ref().map(Output::fd);
        let fds = [out, err, Some(ended.as_fd())];
        let [out, err, has_ended] = sys::wait(fds, QUIET)?;
        let [first, second] = outputs;
        if out {
            first.take()?;
        }
        if err {
            second.take()?;
        }
        if deadline.is_none() && worker::must_stop() {
            sys::signal_group(child.id(), libc::SIGINT);
            deadline = Some(Instant::now() + GRACE);
        }
        if has_ended {
            return Ok(deadline.is_some());
        }
        if deadline.is_some_and(|deadline| deadline <= Instant::now()) {
            sys::kill_group(child.id());
        }
        let is_quiet = !(out || err);
        if is_quiet && deadline.is_none() && answer(child, stdin)? {
            sys::signal_group(child.id(), libc::SIGINT);
            deadline = Some(Instant::now() + GRACE);
        }
    }
}

/// Requests a line from the person where the program waits for input. Returns whether the cell was interrupted instead.
fn answer(child: &Child, stdin: &mut Option<PipeWriter>) -> io::Result<bool> {
    let Some(pipe) = stdin else {
        return Ok(false);
    };
    if !asks::waits_for(child.id(), pipe) {
        return Ok(false);
    }
    match worker::ask("", false)? {
        Reply::Line { text } => {
            // It may have ended meanwhile, which is no fault.
            if pipe.write_all(format!("{text}\n").as_bytes()).is_err() {
                *stdin = None;
            }
        }
        Reply::NotAllowed => *stdin = None,
        Reply::Interrupted => return Ok(true),
    }
    Ok(false)
}

impl Output {
    pub(super) fn new(from: OwnedFd, sink: Sink) -> Output {
        Output {
            from: Some(from),
            sink,
        }
    }

    fn fd(&self) -> Option<std::os::fd::BorrowedFd<'_>> {
        self.from.as_ref().map(AsFd::as_fd)
    }

    /// Passes on what can be read.
    fn take(&mut self) -> io::Result<()> {
        let Some(from) = &self.from else {
            return Ok(());
        };
        let mut buffer = [0; 4096];
        match sys::read(from, &mut buffer)? {
            0 => self.from = None,
            count => self.sink.put(&buffer[..count])?,
        }
        Ok(())
    }

    /// The program has ended: passes on what it has written. What it left in the background may write for long: a
    /// thread goes on with that.
    pub(super) fn finish(mut self) -> io::Result<Vec<u8>> {
        while let Some(from) = self.fd()
            && sys::wait([Some(from)], Duration::ZERO)? == [true]
        {
            self.take()?;
        }
        if let Sink::Kept(bytes) = &mut self.sink {
            return Ok(std::mem::take(bytes));
        }
        if self.from.is_some() {
            std::thread::Builder::new()
                .name("threadbook-shell".to_owned())
                .spawn(move || {
                    while self.from.is_some() {
                        if self.take().is_err() {
                            return;
                        }
                    }
                })?;
        }
        Ok(Vec::new())
    }
}

impl Sink {
    fn put(&mut self, bytes: &[u8]) -> io::Result<()> {
        match self {
            Sink::Shown(kind, load) => worker::show(*kind, *load, bytes),
            Sink::Kept(kept) => {
                kept.extend_from_slice(bytes);
                Ok(())
            }
        }
    }
}
