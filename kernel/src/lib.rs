//! Threadbook: a Jupyter kernel that runs Rust cells about concurrency.
//!
//! One way through the code: socket, message, dispatcher, evaluator, worker, output, iopub.
//! ARCHITECTURE.md is the map.

pub mod cell;
pub mod cli;
pub mod client;
pub mod dispatcher;
pub mod evaluator;
mod iopub;
pub mod kernel;
pub mod message;
pub mod notebook;
pub mod output;
mod signals;
pub mod socket;
pub mod ticket;
pub mod toolchain;
pub mod worker;
