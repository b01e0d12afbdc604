//! What a cell changes in what the session has: its programs, and the variables that end.

use std::collections::HashMap;
use std::collections::HashSet;

use threadbook_jupyter::output::Event;
use threadbook_jupyter::output::StreamName;

use super::RustEvaluator;
use crate::cell::bound_names;
use crate::cell::keep_items;
use crate::evaluator::ended::CellEnd;
use crate::evaluator::ended::Why;
use crate::rewrite::Reason;
use crate::toolchain::RustcConfiguration;
use crate::toolchain::compiled;

impl RustEvaluator {
    /// Rust that defines `main` is about to run: items of the program before, which it does not define, are in its way.
    pub(in crate::evaluator) fn begin_program(&mut self, code: &str) {
        let types: String = self.variables().map(|(_, ty)| format!("{ty}\n")).collect();
        self.forgetting = self
            .checkpoints
            .begin_program(&keep_items(code).apply(code), &types);
    }

    /// What `#[cfg(..)]` means in cells.
    pub(in crate::evaluator) fn configuration(&self) -> &RustcConfiguration {
        &self.configuration
    }

    /// Notes which variables of a cell that has run are not there for later ones. Returns the note about a failure.
    pub(super) fn note_ended_variables(
        &mut self,
        code: &str,
        hidden: HashMap<String, Why>,
        before: &HashSet<String>,
        is_finished: bool,
    ) -> Option<String> {
        let now = self.engine.variables();
        let told = self.ended.cell_ended(CellEnd {
            cell: self.sources.latest(),
            bound: bound_names(code),
            hidden,
            compiled: compiled::variables(self.session.paths()),
            before,
            now: now.collect(),
            is_finished,
        });
        for note in told.notes {
            self.output.send(Event::Stream {
                cell: None,
                stream: StreamName::Stderr,
                bytes: format!("note: {note}\n").into_bytes(),
            });
        }
        told.failure
    }

    /// Notes which variables have types that are other ones now, for the words of a cell that did not compile without
    /// them.
    pub(super) fn note_outdated_variables(&mut self) {
        let variables = compiled::variables(self.session.paths());
        let unkept = variables.unkept.into_iter();
        let outdated = unkept.filter(|(_, reason)| *reason == Reason::TypeRedefined);
        for (name, reason) in outdated {
            let cell = self.sources.latest();
            self.ended.insert(name, cell, Why::NotKept(reason));
        }
    }
}
