//! The stages of a Jupyter kernel that speak the protocol: sockets, messages, the dispatcher, iopub, and a client.
//!
//! Nothing here evaluates a cell or names a language. A language comes as an [`Evaluator`](contract::Evaluator), which
//! [`kernel::run`] makes on a thread of its own; `examples/echo.rs` is a whole kernel. One way through the code:
//! socket, message, dispatcher, evaluator, output, iopub.

pub mod client;
pub mod colours;
mod comm_request;
pub mod contract;
pub mod dispatcher;
pub mod history;
mod iopub;
pub mod kernel;
pub mod message;
pub mod output;
pub mod socket;
pub mod sys;
pub mod ticket;
