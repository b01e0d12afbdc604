//! The real binary, over real sockets, with real cells. Each line of what other Rust kernels do wrong is a test here.

mod backtraces;
mod crashes;
mod errors;
mod files;
mod history;
mod input;
mod interrupts;
mod leftovers;
mod magics;
mod markers;
mod notebooks;
mod output;
mod prepared;
mod programs;
mod questions;
mod results;
mod rich;
mod session;
mod sessions;
mod shell;
mod snapshots;
mod statics;
mod streams;
mod texts;
mod timing;
mod top;
