//! How a text ends: whether more has to come.

use super::assemble;
use super::scan::Scanner;
use super::types::Facts;
use super::types::PlanError;
use super::types::Step;

/// How a text ends, and the Rust that it holds.
#[derive(Debug)]
pub struct Ending {
    /// How many brackets are open.
    pub depth: usize,
    /// Whether a bracket is closed by another kind.
    pub mismatched: bool,
    /// Whether a literal, a comment or a shell line runs into the end.
    pub unterminated: bool,
    /// Whether no Rust ends with what stands there.
    pub wants_more: bool,
    /// The Rust, in pieces.
    pub rust: Vec<String>,
}

impl Ending {
    /// Reads the part of a text that begins with a line.
    pub fn of(text: &str, start: usize, facts: &dyn Facts) -> Result<Ending, PlanError> {
        let scan = Scanner::new(text, start, facts).run()?;
        let mut ending = Ending {
            depth: scan.open.len(),
            mismatched: scan.mismatched,
            unterminated: scan.unterminated,
            wants_more: scan.wants_more,
            rust: Vec::new(),
        };
        for step in assemble::steps(text, start..text.len(), scan.marks) {
            if let Step::Rust(code) = step {
                ending.rust.push(code.text);
            }
        }
        Ok(ending)
    }
}
