//! The process that runs cells.
//!
//! It starts as a supervisor, which starts the live worker: the process in which cells run. The supervisor keeps
//! evcxr's pipes, ends what cells leave behind, and reports how the live worker died. Copies of the live worker take
//! over when it dies.
//!
//! The program itself is `worker_main.rs` beside this folder, a few lines that are compiled against the prepared
//! runtime; all it does is here.

mod ask;
mod at_fork;
pub(crate) mod awaits;
mod calls;
pub(crate) mod cell;
mod channel;
pub(crate) mod child;
pub(crate) mod comms;
mod copies;
mod crash;
mod dump;
pub mod hooks;
mod interrupt;
mod live;
mod loads;
mod names;
mod outbox;
mod owners;
mod panic;
mod print;
mod run;
mod session;
mod shared;
mod stdio;
mod streams;
mod supervisor;
pub(crate) mod sys;
pub(crate) mod timing;
mod unwind;

pub(crate) use ask::ask;
pub(crate) use ask::describe;
pub(crate) use at_fork::lock;
pub(crate) use at_fork::own_epoll_sets;
pub(crate) use cell::must_stop;
pub(crate) use channel::is_open;
pub(crate) use loads::load_of_caller;
pub(crate) use loads::place_of;
pub use names::COMPILER_FILE;
pub(crate) use names::COPY_NAME;
pub use names::LOCK_EXTENSION;
pub(crate) use names::PROGRAM_NAME;
pub use names::SOCKETS_LINK;
pub use names::SOURCE_FILE;
pub(crate) use outbox::report;
pub(crate) use print::print;
pub(crate) use print::print_for;
pub(crate) use print::show;
pub(crate) use session::session;
pub(crate) use streams::settle;
pub use supervisor::main;
pub(crate) use sys::waiting;
pub(crate) use unwind::raise;
pub(crate) use unwind::unwind_interrupted;
