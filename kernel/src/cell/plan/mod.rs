//! From a cell's text to what is to be done: magics, shell lines, questions and Rust, in order. Pure.
//!
//! Magics and shell lines are recognised where a Rust statement could begin and nowhere else: on a line of its own whose
//! first token is `%` or `!`, at the top of the cell or in a block, and behind `let x =`. Rust's own lexer reads what is
//! in between, so that strings, comments, lifetimes and macros fool nobody. `%` never begins a Rust statement. `!` can,
//! as in `!flag`: how that is told from a shell line is said in [`shell`].
//!
//! What has to happen in order with the Rust around it becomes Rust itself, on its line: a call of the runtime.

mod around;
mod assemble;
mod ending;
mod expand;
mod question;
mod rust_at;
mod scan;
mod shell;
mod statement;

use std::ops::Range;

pub use ending::Ending;
pub use question::Question;
pub(crate) use question::is_keyword;
pub(crate) use question::is_part;
pub(crate) use question::is_path;
pub(crate) use question::is_word;
pub(crate) use question::question;
pub use rust_at::RustAt;
pub(crate) use rust_at::shell_line_at;

use super::edits::ColumnEdit;
use super::edits::Edits;

/// What a cell asks for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Plan {
    /// `%%name` on the first line: what becomes of the rest is the magic's business.
    Cell(CellMagic),
    /// Everything else, in order.
    Steps(Vec<Step>),
}

/// One thing to be done.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Step {
    /// Rust, and evcxr's commands before it.
    Rust(Code),
    /// A line magic of the kernel's.
    Line(LineMagic),
    /// `name?`.
    Help(Question),
}

/// Rust of a cell, on its own lines; the other lines are blank.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Code {
    /// The text to compile.
    pub text: String,
    /// How it was made from the cell's text.
    pub edits: Edits,
}

/// `%%name arguments`, and the lines below.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CellMagic {
    /// Without the signs.
    pub name: String,
    /// The rest of its line, without blanks around it.
    pub args: String,
    /// Where its name stands, in bytes of the cell.
    pub at: usize,
    /// Where its arguments begin.
    pub args_at: usize,
    /// The lines below, in bytes of the cell.
    pub body: Range<usize>,
}

/// `%name arguments`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LineMagic {
    /// Without the sign.
    pub name: String,
    /// The rest of its line, without blanks around it.
    pub args: String,
    /// Where its name stands, in bytes of the cell.
    pub at: usize,
}

/// Why a text has no plan.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PlanError {
    /// Where, in bytes of the cell.
    pub at: usize,
    /// What is wrong and what to do about it.
    pub message: String,
    /// Whether it is the Rust that is wrong, not a magic.
    pub is_rust: bool,
}

/// What becomes of a line magic that works inside of Rust code.
#[derive(Clone, Copy)]
pub enum Expansion {
    /// A call of a function of the runtime with the rest of the line as a `&str`, values put in as in a shell line.
    Call(&'static str),
    /// The same, of a function that has a value, so that it may stand behind `let x =`.
    Value(&'static str),
    /// Something around the Rust that follows the magic's options.
    /// It is told whether the value is bound by a `let` before the magic.
    Around(fn(&str, bool) -> Result<Around, String>),
}

/// What is put around a Rust expression or statement.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Around {
    /// How many bytes of the line are options.
    pub options_len: usize,
    /// Before the Rust.
    pub before: String,
    /// After it.
    pub after: String,
    /// Whether `let x = value` is to stay a `let` of the cell, with the value alone inside.
    pub keeps_let: bool,
    /// What is put around code that awaits, where that differs.
    pub awaiting: Option<(String, String)>,
}

/// What is put around the lines below a cell magic.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Wrap {
    /// Rust on the magic's own line that stays, as a range of its arguments.
    pub keep: Range<usize>,
    /// Before that.
    pub before: String,
    /// Between it and the lines.
    pub between: String,
    /// After the lines.
    pub after: String,
    /// The last two where the lines await.
    pub awaiting: (String, String),
}

/// What is known beside the cell's text.
pub trait Facts {
    /// Whether earlier cells have made a variable or item of that name.
    fn knows(&self, name: &str) -> bool;

    /// Whether it is a variable that `?` can be applied to.
    fn is_fallible(&self, name: &str) -> bool;

    /// The line magics that are Rust in the end.
    fn expansion(&self, magic: &str) -> Option<Expansion>;

    /// Whether there is a line magic of that name that the kernel itself runs.
    fn is_kernels(&self, magic: &str) -> bool;
}

/// Nothing but the cell's text is known.
pub struct NoFacts;

impl Facts for NoFacts {
    fn knows(&self, _: &str) -> bool {
        false
    }

    fn is_fallible(&self, _: &str) -> bool {
        false
    }

    fn expansion(&self, _: &str) -> Option<Expansion> {
        None
    }

    fn is_kernels(&self, _: &str) -> bool {
        false
    }
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
    /// Rust that is compiled as it stands.
    pub fn verbatim(text: &str) -> Code {
        Code {
            text: text.to_owned(),
            edits: Edits::default(),
        }
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

impl PlanError {
    pub(super) fn new(at: usize, message: impl Into<String>) -> PlanError {
        PlanError {
            at,
            message: message.into(),
            is_rust: false,
        }
    }

    /// It is the Rust that is wrong.
    pub(super) fn of_rust(at: usize, message: impl Into<String>) -> PlanError {
        PlanError {
            is_rust: true,
            ..PlanError::new(at, message)
        }
    }
}

/// `%%name arguments` on the first line that is not blank.
pub(crate) fn cell_magic(text: &str) -> Option<CellMagic> {
    let start = text.len() - text.trim_start().len();
    let line = text[start..].lines().next()?;
    let after = line.strip_prefix("%%")?;
    let len = magic_name_len(after);
    if len == 0 || question(line).is_some() {
        return None;
    }
    let body = (start + line.len()..text.len())
        .find(|at| text.as_bytes()[*at] == b'\n')
        .map_or(text.len(), |newline| newline + 1);
    Some(CellMagic {
        name: after[..len].to_owned(),
        args: after[len..].trim().to_owned(),
        at: start + 2,
        args_at: start + line.len() - after[len..].trim_start().len(),
        body: body..text.len(),
    })
}

/// How long the name of a magic at the start of a text is.
fn magic_name_len(text: &str) -> usize {
    super::lexer::name_len(text)
}

/// Reads a text and checks what has to hold of any.
///
/// # Panics
///
/// Where it does not.
#[doc(hidden)]
pub fn check_reading(text: &str) {
    let facts = crate::magics::RegistryFacts;
    let (plan, start) = match Plan::of(text, &facts) {
        Ok(Plan::Cell(magic)) => {
            assert!(text.is_char_boundary(magic.at) && text.is_char_boundary(magic.args_at));
            let start = magic.body.start;
            (Plan::of_body(text, magic.body, &facts), start)
        }
        plan => (plan, 0),
    };
    if let Err(error) = plan {
        assert!(text.is_char_boundary(error.at), "{error:?}");
    }
    // Of a text that is still being written, too.
    let Ok(scan) = scan::Scanner::new(text, start, &facts).run() else {
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
