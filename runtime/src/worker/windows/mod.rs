//! The worker where there is no `fork`: no copies, so what ends the process that runs cells takes its variables along.
//!
//! Two processes, as elsewhere: the supervisor, and the live worker, which it starts as a program of its own. What they
//! say to the kernel is the same. These are not there:
//!
//! - copies: `%undo`, `%checkpoint`, the state before a crash or before an interrupt by force,
//! - interrupts of calls of std that wait: a cell stops by itself in the runtime's own helpers, at an `.await` or where it
//!   prints; otherwise its process is ended after half a second,
//! - the calls that led to a panic or a crash, and the name of the thread that crashed,
//! - statics that keep their values: a library has statics of its own here, and each cell is one,
//! - questions by `std::io::stdin`, which finds the end of the file.

pub(super) mod calls;
mod job;
mod live;
pub(super) mod shared;
pub(super) mod stdio;
pub(super) mod supervisor;
pub(crate) mod sys;

pub use job::Job;
pub use sys::pass_on;
pub use sys::pipe;

/// Holds the PATH of cells; the worker's own leads to its libraries.
pub const PATH_VAR: &str = "THREADBOOK_WORKER_PATH";
