//! From a cell's text to what is to be done: magics, shell lines, questions and Rust, in order. Pure.
//!
//! Magics and shell lines are recognised where a Rust statement could begin and nowhere else: on a line of its own
//! whose first token is `%` or `!`, at the top of the cell or in a block, and behind `let x =`. Rust's own lexer reads
//! what is in between, so that strings, comments, lifetimes and macros are not mistaken for magics. `%` never begins a
//! Rust statement. `!` can, as in `!flag`: [`shell`] describes how it differs from a shell line.
//!
//! What has to happen in order with the Rust around it becomes Rust itself, on its line: a call of the runtime.

mod around;
mod assemble;
mod cell_magic;
mod ending;
mod expand;
mod mark;
mod question;
mod rust_at;
mod scan;
mod shell;
mod statement;
mod types;

use std::ops::Range;

pub(crate) use cell_magic::cell_magic;
pub use ending::Ending;
pub use question::Question;
pub(crate) use question::is_keyword;
pub(crate) use question::is_part;
pub(crate) use question::is_path;
pub(crate) use question::is_word;
pub use rust_at::RustAt;
pub(crate) use rust_at::shell_line_at;
pub use types::Around;
pub use types::CellMagic;
pub use types::Code;
pub use types::Expansion;
pub use types::Facts;
pub use types::LineMagic;
pub use types::NoFacts;
pub use types::PlanError;
pub use types::Step;
pub use types::Wrap;

use super::edits::ColumnEdit;

/// What a cell consists of.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Plan {
    /// `%%name` on the first line: what becomes of the rest is the magic's business.
    Cell(CellMagic),
    /// Everything else, in order.
    Steps(Vec<Step>),
}

impl Plan {
    /// Reads a cell.
    pub fn of(text: &str, facts: &dyn Facts) -> Result<Plan, PlanError> {
        if let Some(magic) = cell_magic(text) {
            return Ok(Plan::Cell(magic));
        }
        Plan::of_whole(text, 0..text.len(), facts)
    }

    /// Reads the body of a cell magic: the part of a cell that begins with a line.
    pub fn of_body(text: &str, body: Range<usize>, facts: &dyn Facts) -> Result<Plan, PlanError> {
        match cell_magic(&text[body.clone()]) {
            Some(inner) => Ok(Plan::Cell(CellMagic {
                at: inner.at + body.start,
                args_at: inner.args_at + body.start,
                body: inner.body.start + body.start..inner.body.end + body.start,
                ..inner
            })),
            None => Plan::of_whole(text, body, facts),
        }
    }

    /// Of lines that are to be run.
    fn of_whole(text: &str, part: Range<usize>, facts: &dyn Facts) -> Result<Plan, PlanError> {
        let marks = scan::Scanner::new(text, part.start, facts)
            .run()?
            .whole(text)?;
        Ok(Plan::Steps(assemble::steps(text, part, marks)))
    }
}

impl Code {
    /// The lines below a cell magic, with something around them.
    pub fn wrapped(
        text: &str,
        magic: &CellMagic,
        wrap: &Wrap,
        facts: &dyn Facts,
    ) -> Result<Code, PlanError> {
        let marks = scan::Scanner::new(text, magic.body.start, facts)
            .run()?
            .whole(text)?;
        assemble::wrapped(text, magic, wrap, marks)
    }
}

/// Reads a text and checks what has to hold of any.
///
/// # Panics
///
/// Where it does not.
#[doc(hidden)]
pub fn check_reading(text: &str, facts: &dyn Facts) {
    let (plan, start) = match Plan::of(text, facts) {
        Ok(Plan::Cell(magic)) => {
            assert!(text.is_char_boundary(magic.at) && text.is_char_boundary(magic.args_at));
            let start = magic.body.start;
            (Plan::of_body(text, magic.body, facts), start)
        }
        plan => (plan, 0),
    };
    if let Err(error) = plan {
        assert!(text.is_char_boundary(error.at), "{error:?}");
    }
    // Of a text that is still being written, too.
    let Ok(scan) = scan::Scanner::new(text, start, facts).run() else {
        return;
    };
    for step in assemble::steps(text, start..text.len(), scan.marks) {
        let Step::Rust(code) = step else { continue };
        let lines = |text: &str| text.trim_end().matches('\n').count();
        assert!(lines(&code.text) <= text.matches('\n').count(), "{code:?}");
        let columns = code.edits.columns(text);
        for (new, old) in [(0, 0)]
            .into_iter()
            .chain(columns.iter().map(|edit| (edit.new.0, edit.old.0)))
        {
            let _ = (
                ColumnEdit::to_old(&columns, new),
                ColumnEdit::to_new(&columns, old),
            );
        }
    }
}

#[cfg(test)]
mod tests;
