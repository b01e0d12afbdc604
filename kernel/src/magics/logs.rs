//! `%log`: which events of `log` and `tracing` show.

use super::magic::LineEffect;
use super::magic::Magic;
use crate::cell::Expansion;

pub(super) const MAGICS: &[Magic] = &[Magic {
    name: "log",
    summary: "shows or sets which events of `log` and `tracing` show",
    help: "%log [LEVEL]
%log LEVEL,LIBRARY=LEVEL,cells=LEVEL

The levels are off, error, warn, info, debug and trace. At first events of
cells show from info on and those of libraries from warn on, or as RUST_LOG
says. They come on stderr, under the cell whose code logs.
`logging::format` changes the lines.",
    line: Some(LineEffect::InCode(Expansion::Call(
        "threadbook::abi::logging::log_levels",
    ))),
    cell: None,
}];
