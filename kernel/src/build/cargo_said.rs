//! What cargo prints on stderr while it builds the crate of cells with what that depends on.

use std::io::BufRead;

use super::RustcCall;
use super::steps;
use super::steps::Step;

/// cargo's output, without its steps.
#[derive(Default)]
pub(crate) struct CargoSaid {
    /// How it has called rustc for the crate of cells, if it has.
    pub(crate) call: Option<RustcCall>,
    /// The rest, for an error.
    pub(crate) words: String,
}

impl CargoSaid {
    /// Sends the steps on as they come, and keeps the rest.
    pub(crate) fn read(stderr: impl BufRead, mut send: impl FnMut(Step)) -> CargoSaid {
        let mut said = CargoSaid::default();
        for line in steps::lines(stderr) {
            let words = line.trim();
            if let Some(found) = RustcCall::from_verbose_line(words) {
                said.call = Some(found);
            }
            if let Some(step) = Step::of_cargo(words) {
                send(step);
            } else if !words.is_empty()
                && !["Running ", "Fresh ", "Dirty "]
                    .iter()
                    .any(|verb| words.starts_with(verb))
            {
                said.words.push_str(&line);
                said.words.push('\n');
            }
        }
        said
    }
}
