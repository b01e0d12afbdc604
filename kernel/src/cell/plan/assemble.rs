//! Puts the marks of a scan together to steps.

use std::ops::Range;

use super::around;
use super::mark::Mark;
use super::types::CellMagic;
use super::types::Code;
use super::types::PlanError;
use super::types::Step;
use super::types::Wrap;
use crate::cell::edits::Edits;

/// The steps of a part of a text.
pub(super) fn steps(text: &str, part: Range<usize>, marks: Vec<Mark>) -> Vec<Step> {
    let mut steps = Vec::new();
    let mut rust = Rust::from(text, part.start);
    for mark in marks {
        match mark {
            Mark::Replace(range, with) => rust.edits.replace(text, range, with),
            Mark::Begins => rust.has_code = true,
            Mark::Step(range, step) => {
                rust.end(text, range.start, &mut steps);
                rust = Rust::from(text, range.end);
                steps.push(step);
            }
            Mark::Cut(at) => {
                rust.end(text, at, &mut steps);
                rust = Rust::from(text, at);
                rust.has_code = true;
            }
        }
    }
    rust.end(text, part.end, &mut steps);
    steps
}

/// The Rust between two steps.
struct Rust {
    edits: Edits,
    has_code: bool,
}

impl Rust {
    fn from(text: &str, start: usize) -> Rust {
        let mut edits = Edits::default();
        edits.blank(text, 0..start);
        Rust {
            edits,
            has_code: false,
        }
    }

    fn end(mut self, text: &str, end: usize, steps: &mut Vec<Step>) {
        if !self.has_code {
            return;
        }
        self.edits.blank(text, end..text.len());
        let text = self.edits.apply(text);
        steps.push(Step::Rust(Code {
            text: text.trim_end().to_owned(),
            edits: self.edits,
        }));
    }
}

/// The Rust of a cell magic's body as one piece, with something around it.
pub(super) fn wrapped(
    text: &str,
    magic: &CellMagic,
    wrap: &Wrap,
    marks: Vec<Mark>,
) -> Result<Code, PlanError> {
    let keep = magic.args_at + wrap.keep.start..magic.args_at + wrap.keep.end;
    let (between, after) = match around::awaits(text, &magic.body) {
        true => &wrap.awaiting,
        false => &(wrap.between.clone(), wrap.after.clone()),
    };
    let mut edits = Edits::default();
    edits.replace(text, 0..keep.start, wrap.before.clone());
    edits.replace(text, keep.end..magic.body.start, between.clone());
    for mark in marks {
        match mark {
            Mark::Replace(range, with) => edits.replace(text, range, with),
            Mark::Begins => {}
            Mark::Step(Range { start, .. }, _) | Mark::Cut(start) => {
                let message = format!("`%%{}` takes Rust and shell lines only", magic.name);
                return Err(PlanError::new(start, message));
            }
        }
    }
    edits.replace(text, text.len()..text.len(), after.clone());
    Ok(Code {
        text: edits.apply(text),
        edits,
    })
}
