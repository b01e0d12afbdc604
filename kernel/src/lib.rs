//! Threadbook: a Jupyter kernel that runs Rust cells about concurrency.
//!
//! One way through the code: socket, message, dispatcher, evaluator, worker, output, iopub.
//! ARCHITECTURE.md is the map.

// The library is the program's own: its documentation is for those who work on it, who see private items too.
#![expect(
    rustdoc::private_intra_doc_links,
    reason = "read by people who work on the kernel"
)]

#[cfg(feature = "evcxr")]
mod backtrace;
pub mod cell;
pub mod cli;
pub mod client;
pub mod dispatcher;
pub mod env;
pub mod evaluator;
pub mod history;
mod iopub;
pub mod kernel;
pub mod kernel_main;
pub mod magics;
pub mod message;
pub mod notebook;
pub mod output;
pub mod questions;
pub mod socket;
mod sys;
pub mod ticket;
pub mod toolchain;
pub mod worker;

pub use kernel_main::kernel_main;
