//! What the kernel needs of the operating system itself. The system's own calls, for files, links, processes and signals,
//! are made here, and a port to another system begins here.

pub(crate) mod files;
pub(crate) mod links;
pub(crate) mod processes;
mod run_signals;

pub(crate) use run_signals::Signal;
pub(crate) use run_signals::Signals;
