//! `%threads` and `%ps`: what the worker itself does.

use std::path::Path;

use crate::top;
use crate::top::Picture;
use crate::top::Proc;
use crate::top::Task;
use crate::top::now_ms;
use crate::top::table;
use crate::worker;

/// `%threads`: those of this process.
pub fn threads(_: &str) {
    show(["THREAD", "NAME"], &picture().threads, "");
}

/// `%ps`: the programs that cells have started and that are still there.
pub fn programs(_: &str) {
    let none = "no program that a cell has started is there";
    show(["PROGRAM", "COMMAND"], &picture().programs, none);
}

fn picture() -> Picture {
    if !top::is_known() {
        worker::raise("MagicError", top::UNKNOWN);
    }
    Proc::read(Path::new("/proc")).worker(std::process::id().cast_signed())
}

fn show(headings: [&'static str; 2], tasks: &[Task], none: &str) {
    if tasks.is_empty() {
        crate::println!("{none}");
        return;
    }
    crate::print!("{}", table(headings, tasks, &[], 0, now_ms()));
}
