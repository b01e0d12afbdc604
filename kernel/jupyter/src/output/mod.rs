//! From bytes and values to ordered, attributed iopub messages.

mod event;
mod marker;
mod mime;
mod sequence;
mod utf8;

pub use event::Answer;
pub use event::Event;
pub use event::OutputTx;
pub use event::StreamName;
pub(crate) use marker::CellMark;
pub use marker::Marker;
pub use sequence::COMPILING_KEY;
pub(crate) use sequence::Sequencer;
pub use sequence::WAITING_KEY;
