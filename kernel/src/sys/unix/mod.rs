//! Unix, which is Linux: elsewhere the runtime does not build.

pub(crate) mod files;
pub(crate) mod links;
pub(crate) mod processes;
pub(crate) mod run_signals;
pub(crate) mod signals;
