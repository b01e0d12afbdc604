//! What plans are made of, and what is known beside a cell's text.

use std::ops::Range;

use super::question::Question;
use crate::cell::edits::Edits;

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
    /// The second argument is whether a `let` before the magic binds the value.
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

impl Code {
    /// Rust that is compiled as it stands.
    pub fn verbatim(text: &str) -> Code {
        Code {
            text: text.to_owned(),
            edits: Edits::default(),
        }
    }

    /// The same with later changes; `old` is the text that it was made from.
    pub(crate) fn then(&self, old: &str, later: &Edits) -> Code {
        Code {
            text: later.apply(&self.text),
            edits: self.edits.then(old, later),
        }
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
