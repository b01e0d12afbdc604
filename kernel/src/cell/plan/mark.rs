//! What a scan finds in a cell.

use std::ops::Range;

use super::types::Step;

/// Something that is not plain Rust. Marks come in the order of the text.
#[derive(Clone, Debug)]
pub(super) enum Mark {
    /// Rust stands for it, on its lines.
    Replace(Range<usize>, String),
    /// Whole lines that are a step of their own.
    Step(Range<usize>, Step),
    /// A command of evcxr's after Rust: evcxr takes it only at the beginning.
    Cut(usize),
    /// Rust or a command begins here, the first of it since the last step.
    Begins,
}
