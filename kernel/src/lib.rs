//! Threadbook: a Jupyter kernel that runs Rust cells about concurrency.
//!
//! One way through the code: socket, message, dispatcher, evaluator, worker, output, iopub.
//! ARCHITECTURE.md is the map.

// The library is the program's own: its documentation is for those who work on it, who see private items too.
#![expect(
    rustdoc::private_intra_doc_links,
    reason = "read by people who work on the kernel"
)]

mod backtrace;
pub mod build;
pub mod cell;
pub mod cli;
pub mod env;
pub mod evaluator;
mod evcxr_text;
mod hash;
mod kernel_info;
pub mod kernel_main;
pub mod magics;
pub mod notebook;
pub mod questions;
pub mod rewrite;
pub mod standin;
mod sys;
pub mod toolchain;
pub mod worker;

pub use kernel_main::kernel_main;
