//! What a magic is.

use threadbook_jupyter::contract::Diagnostic;

use super::host::Host;
use crate::cell::CellMagic;
use crate::cell::Expansion;
use crate::cell::LineMagic;

/// Everything that is known of a magic.
#[derive(Clone, Copy)]
pub struct Magic {
    /// Without signs.
    pub name: &'static str,
    /// One line for lists: a fragment in lower case.
    pub summary: &'static str,
    /// Usage, one form a line, then the description. Plain text; lines of at most 80 characters.
    pub help: &'static str,
    /// What `%name` does, if there is one.
    pub line: Option<LineEffect>,
    /// What `%%name` does, if there is one.
    pub cell: Option<CellRun>,
}

/// What a line magic does.
#[derive(Clone, Copy)]
pub enum LineEffect {
    /// It becomes Rust, and so works in blocks and functions too.
    InCode(Expansion),
    /// The kernel runs it, between the Rust before and after it.
    InKernel(LineRun),
}

/// Runs a line magic.
pub type LineRun = fn(&mut dyn Host, &LineMagic) -> Result<(), Diagnostic>;
/// Runs a cell magic; the text is that of the lines below it.
pub type CellRun = fn(&mut dyn Host, &CellMagic, &str) -> Result<(), Diagnostic>;

/// A failed magic.
pub fn failed(evalue: impl Into<String>) -> Diagnostic {
    Diagnostic::of("MagicError", evalue)
}
