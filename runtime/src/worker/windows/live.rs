//! The process in which cells run.

use std::ffi::c_void;
use std::io;
use std::io::BufRead;
use std::io::BufReader;
use std::io::Write;
use std::sync::mpsc;

use super::super::ask;
use super::super::cell;
use super::super::channel;
use super::super::panic;
use super::super::report;
use super::super::run;
use super::shared;
use super::stdio;
use super::supervisor::INTERRUPT;
use super::sys;
use crate::wire::Kind;
use crate::wire::Report;
use crate::wire::SnapshotStatus;

/// Runs cells until the commands end.
pub(super) fn main() -> ! {
    if let Err(error) = serve() {
        let words = format!("the worker ends: {error}\n");
        let _ = channel::send_stream(Kind::Stderr, 0, words.as_bytes());
        sys::exit_now(1);
    }
    sys::exit_now(0)
}

fn serve() -> io::Result<()> {
    let [channel, input, commands, mut markers, out, err] = sys::inherited()?;
    sys::forget_environment();
    sys::end_without_asking();
    channel::open(channel);
    ask::open(input);
    stdio::install([out, err])?;
    cell::set_main_thread();
    panic::install_hook();
    let (lines_tx, lines_rx) = mpsc::channel();
    // It ends with the process.
    std::thread::Builder::new()
        .name("threadbook-commands".to_owned())
        .spawn(move || listen(commands, &lines_tx))?;
    let mut store = std::ptr::null_mut();
    for line in lines_rx {
        obey(&line?, &mut markers, &mut store)?;
    }
    Ok(())
}

/// Passes commands on to the thread that runs cells, but for interrupts, which come while it does.
fn listen(commands: sys::Fd, lines_tx: &mpsc::Sender<io::Result<String>>) {
    for line in BufReader::new(commands).lines() {
        match &line {
            Ok(line) if line == INTERRUPT => {
                shared::set_interrupted(true);
                continue;
            }
            Ok(line) if line.starts_with(LOAD_AND_RUN) => shared::set_interrupted(false),
            _ => {}
        }
        if lines_tx.send(line).is_err() {
            return;
        }
    }
}

const LOAD_AND_RUN: &str = "LOAD_AND_RUN ";

fn obey(line: &str, markers: &mut sys::Fd, store: &mut *mut c_void) -> io::Result<()> {
    // The path may have blanks in it, the function's name has none.
    let what = line.strip_prefix(LOAD_AND_RUN);
    if let Some((so, function)) = what.and_then(|what| what.rsplit_once(' ')) {
        let (done, said) = run::run(so, function, store);
        report(&done);
        return markers.write_all(said.as_bytes());
    }
    match line.split(' ').next() {
        // A cell begins, or a copy is not needed any more: nothing is done about either.
        Some("CELL" | "FORGET") => {}
        _ => report(&Report::Snapshot(SnapshotStatus::default())),
    }
    Ok(())
}
