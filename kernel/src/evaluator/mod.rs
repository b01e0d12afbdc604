//! Evaluates cells: wraps evcxr, and words what a cell comes to.

mod advice;
mod backtrace;
mod cargo_words;
mod cause;
mod cell_place;
mod checkpoints;
mod colours;
mod covers;
mod dependencies;
mod diagnostics;
mod ended;
mod form;
mod help;
mod imports;
mod interpreter;
mod interrupt;
mod missing_crate;
mod observer;
mod phase_log;
mod positions;
mod report;
mod rust;
mod saved_state;
mod session_log;
mod source;
mod source_index;
mod source_map;
mod spans;
mod steps;
mod unsettled;
mod visible;
mod warnings;

pub use interrupt::Interrupter;
pub use rust::RustEvaluator;
