//! Printing on behalf of a cell.

use std::io;
use std::io::Write;

use super::cell;
use super::channel;
use super::loads;
use super::streams;
use crate::cancel::check_interrupt;
use crate::wire::Kind;

/// Prints on behalf of the cell whose code holds the anchor.
pub(crate) fn print(kind: Kind, anchor: &'static str, text: &str) {
    print_for(kind, anchor.as_ptr(), text);
}

/// The same, by the address of a constant of the cell's; null where there is none.
pub(crate) fn print_for(kind: Kind, anchor: *const u8, text: &str) {
    check_interrupt();
    cell::report_caught_panic();
    streams::settle();
    let load = match anchor.is_null() {
        true => 0,
        false => loads::load_at(anchor),
    };
    if let Err(error) = channel::send_stream(kind, load, text.as_bytes()) {
        panic!("failed printing: {error}");
    }
}

/// Shows what a program that a cell has started wrote.
pub(crate) fn show(kind: Kind, load: u32, bytes: &[u8]) -> io::Result<()> {
    match kind {
        _ if channel::is_open() => channel::send_stream(kind, load, bytes),
        Kind::Stderr => io::stderr().write_all(bytes),
        Kind::Stdout | Kind::Report => io::stdout().write_all(bytes),
    }
}
