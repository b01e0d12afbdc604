//! From bytes and values to ordered, attributed iopub messages.

mod event;

pub use event::Answer;
pub use event::Event;
pub use event::OutputTx;
pub use event::StreamName;
