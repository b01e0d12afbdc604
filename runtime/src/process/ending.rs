//! The end of a process that has started others: it ends its daemons and waits for the rest, as Python's does.

use std::sync::Once;
use std::sync::atomic::AtomicBool;
use std::sync::atomic::Ordering;

use super::closure;
use super::registry;
use crate::panics;
use crate::worker;
use crate::worker::child;

/// Whether this program prints panics of its processes by our hook. The worker has one of its own.
static HOOKED: Once = Once::new();
static AT_EXIT: AtomicBool = AtomicBool::new(false);

/// Before the first process is started: in a program, has the end of its `main` end daemons and wait for the others. A
/// worker's supervisor ends all.
pub(super) fn prepare() {
    if worker::is_open() && !child::is_child() {
        return;
    }
    if !AT_EXIT.swap(true, Ordering::Relaxed) {
        worker::sys::at_exit(at_exit);
    }
    if !worker::is_open() {
        HOOKED.call_once(hook);
    }
}

/// Ends this process, which was started by another one.
pub(super) fn end(code: i32) -> ! {
    closure::flush();
    end_children();
    closure::flush();
    worker::sys::exit_now(code)
}

extern "C" fn at_exit() {
    // In a worker's copy this would be the supervisor's to do.
    if !child::is_live() {
        end_children();
    }
}

fn end_children() {
    let (daemons, others): (Vec<_>, Vec<_>) = registry::running()
        .into_iter()
        .filter(|child| child.is_own())
        .partition(|child| child.info.is_daemon);
    for daemon in &daemons {
        daemon.signal_all(libc::SIGTERM);
    }
    for child in others.iter().chain(&daemons) {
        child.exit();
    }
}

/// Prints the panics of processes with the process's name; all others go to the hook that was there.
fn hook() {
    let before = std::panic::take_hook();
    std::panic::set_hook(Box::new(move |info| {
        let place = info.location().map(worker::place_of).unwrap_or_default();
        match closure::panicking(&place) {
            Some(who) => {
                let text = panics::text_of(info.payload());
                let crate::wire::Place {
                    file, line, column, ..
                } = place;
                eprintln!("{who} panicked at {file}:{line}:{column}:\n{text}");
            }
            None => before(info),
        }
    }));
}
