//! What kernel and worker send to each other.
//!
//! | file | direction | form |
//! | --- | --- | --- |
//! | `launch` | kernel to worker | one environment variable, at the start |
//! | `command` | kernel to worker | lines on the control pipe, and evcxr's line on stdin |
//! | `reply` | kernel to worker | answers to questions, on the input pipe |
//! | `evcxr_lines` | both | the words of evcxr's own lines |
//! | `comm` | kernel to worker | messages on comms, as datagrams on a socket |
//! | `frame`, `report` | worker to kernel | printed bytes and reports, as frames on one pipe |

mod comm;
mod command;
pub(crate) mod evcxr_lines;
mod frame;
mod launch;
mod reply;
mod report;

pub use comm::CommAct;
pub use comm::CommMessage;
pub use comm::DATAGRAM_MAX;
pub use comm::Delivery;
pub use comm::DeliveryDecoder;
pub use comm::encode_delivery;
pub use command::Command;
pub use command::CopySetting;
pub use command::NAMED_COPIES;
pub use command::Role;
pub use frame::HEADER_LEN;
pub use frame::Item;
pub use frame::Kind;
pub use frame::PAYLOAD_MAX;
pub use frame::ReportDecoder;
pub use frame::header;
pub use launch::LAUNCH_VAR;
pub use launch::Launch;
pub use reply::Reply;
pub use reply::encode_reply;
pub use report::Calls;
pub use report::CopyStatus;
pub use report::CrashDump;
pub use report::End;
pub use report::Mapping;
pub use report::Outside;
pub use report::PanicInfo;
pub use report::Place;
pub use report::Report;
