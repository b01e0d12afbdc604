//! The panic hook: who panicked, where, with what message.

use std::panic::PanicHookInfo;

use super::calls;
use super::cell;
use super::loads;
use crate::panics;
use crate::process;
use crate::wire::PanicInfo;

/// Reports panics to the kernel instead of printing them.
pub(crate) fn install_hook() {
    std::panic::set_hook(Box::new(hook));
}

fn hook(info: &PanicHookInfo<'_>) {
    if cell::on_main_thread() && cell::is_interrupted() {
        // std's own way of not sleeping or waiting on.
        return;
    }
    let thread = std::thread::current();
    let message = panics::text_of(info.payload());
    let place = info.location().map(loads::place_of).unwrap_or_default();
    panics::note(&place);
    let info = PanicInfo {
        thread: thread.name().unwrap_or("<unnamed>").to_owned(),
        of_process: process::panicking(&place),
        message,
        place,
        calls: Box::new(calls::note()),
    };
    if cell::on_main_thread() {
        cell::panicking(info);
    } else {
        cell::thread_panicked(info);
    }
}
