//! What is known of the names in a cell's text: values, sources and documentation.

use std::collections::HashMap;

use serde_json::Map;
use serde_json::Value;
use threadbook_jupyter::contract::CellId;
use threadbook_jupyter::output::Event;

use super::RustEvaluator;
use crate::cell::PRELUDE_MACROS;
use crate::cell::RustAt;
use crate::cell::bound_names;
use crate::evaluator::help;
use crate::evaluator::source;
use crate::magics::RegistryFacts;
use crate::questions;
use crate::questions::Known;

/// Stands for a type in the line that shows a value, so that it is told from what threads print meanwhile.
const MARK: &str = "threadbook_value";

impl RustEvaluator {
    /// What is known of the session without rust-analyzer.
    pub(in crate::evaluator) fn known_names(&self) -> Known {
        let owned = |(name, text): (&str, &str)| (name.to_owned(), text.to_owned());
        let is_own = |(name, _): &(&str, &str)| !questions::is_internal(name);
        let mut variables: Vec<_> = self.variables().filter(is_own).map(owned).collect();
        variables.sort();
        let items = self.checkpoints.definitions().filter(is_own);
        let items = items.filter(|(name, _)| !PRELUDE_MACROS.contains(name));
        Known {
            variables,
            items: items.map(owned).collect(),
            folder: Some(self.worker.status().folder()),
            rustc: Some(self.rustc.clone()),
            library: self
                .library
                .as_ref()
                .map(|library| library.root().to_owned()),
        }
    }

    /// Describes what stands at a place of a cell.
    pub(super) fn describe_at(
        &mut self,
        code: &str,
        cursor_byte: usize,
    ) -> Option<Map<String, Value>> {
        let known = self.known_names();
        if let Some(settled) = questions::settled(code, cursor_byte, &known) {
            return Some(settled);
        }
        let name = help::word_at(code, cursor_byte)?;
        let root = name.split(['.', ':']).next().unwrap_or_default();
        let is_of_cell = bound_names(code).contains(root);
        if !is_of_cell && let Some(variable) = self.variable(name) {
            return Some(variable);
        }
        if !is_of_cell && let Some(item) = questions::name(name, &known) {
            return Some(item);
        }
        let described = match is_of_cell {
            true => self.hover(code, name),
            // rust-analyzer takes a name without brackets for that of a field, private ones too.
            false if name.contains('.') => self.describe(&format!("{name}(")),
            false => self.describe(name),
        };
        described
            .or_else(|| self.describe(name))
            .or_else(|| self.hover(code, name))
    }

    /// A variable of the session with its type and its value.
    pub(in crate::evaluator) fn variable(&mut self, name: &str) -> Option<Map<String, Value>> {
        let mut variables = self.variables();
        let (_, ty) = variables.find(|(variable, _)| *variable == name)?;
        let ty = ty.to_owned();
        drop(variables);
        let value = self.value(name);
        Some(questions::variable(name, &ty, value.as_deref()))
    }

    /// A variable's value in few words, as it was when it was first looked at since the last cell.
    fn value(&mut self, name: &str) -> Option<String> {
        if let Some(value) = self.values.get(name) {
            return value.clone();
        }
        let value = self.read_value(name);
        self.values.insert(name.to_owned(), value.clone());
        value
    }

    /// Has the worker show a value. An interrupt ends it as it would end a cell.
    fn read_value(&mut self, name: &str) -> Option<String> {
        let cell = self.last_cell?;
        let code = format!(
            "{{ #[allow(unused_imports)] use threadbook::abi::inspect::{{Hidden as _, Probe, Shown as _}}; \
             threadbook::abi::inspect::table(::core::file!(), &[({name:?}, {MARK:?}, 0, (&Probe(&{name})).preview())]); }}"
        );
        if self.output.is_capturing() {
            return None;
        }
        // A cell may ask about a variable too: then it is the one that is interrupted.
        let is_between_cells = !self.stop.has_cell();
        if is_between_cells {
            self.stop.begin_cell(cell);
        }
        self.output.begin_capture(cell);
        self.sources.begin_generated(&code);
        let ran = self.run_own(&code);
        let events = self.output.end_capture();
        if is_between_cells {
            self.stop.end_cell();
        }
        let value = self.value_among(events, cell);
        ran.result.ok().and(value)
    }

    /// Takes the value out of what was shown meanwhile, and shows the rest.
    fn value_among(&self, events: Vec<Event>, cell: CellId) -> Option<String> {
        let mut value = None;
        for event in events {
            match &event {
                Event::Stream { bytes, .. } if value.is_none() => {
                    let text = String::from_utf8_lossy(bytes);
                    value = value_in(&text);
                    if value.is_none() {
                        self.output.send(event);
                    }
                }
                _ => self.output.send(event),
            }
        }
        tracing::debug!("a value was looked at after cell {}", cell.0);
        value
    }

    /// The source of a name, as MIME types; its documentation where there is none.
    pub(in crate::evaluator) fn source(&mut self, name: &str) -> Option<Map<String, Value>> {
        let in_cells = self.cells.iter().rev();
        let found = in_cells
            .filter_map(|(_, text)| source::in_cell(text, name))
            .next();
        let described = match &found {
            Some(_) => None,
            None => self.describe(name),
        };
        let text = found.or_else(|| {
            let words = described.as_ref()?.get("text/plain")?.as_str()?;
            source::in_library(self.library.as_ref()?.root(), words, name)
        });
        match text {
            Some(text) => Some(help::code(&text)),
            None => described,
        }
    }

    /// The documentation of a name, as MIME types.
    pub(in crate::evaluator) fn describe(&mut self, name: &str) -> Option<Map<String, Value>> {
        self.documentation(name)
    }

    /// The documentation of a name in a cell, with what the cell itself defines before it.
    fn hover(&mut self, code: &str, name: &str) -> Option<Map<String, Value>> {
        // A slice of the cell's text.
        let end = name.as_ptr().addr() - code.as_ptr().addr() + name.len();
        let rust = RustAt::find(code, end, &RegistryFacts);
        self.documentation(rust.text.get(..rust.cursor)?)
    }

    /// The documentation of the name that ends a text.
    fn documentation(&mut self, text: &str) -> Option<Map<String, Value>> {
        self.have_libraries_read(text);
        let (plain, html) = self.engine.hover(text)?;
        help::bundle(HashMap::from([
            ("text/plain".to_owned(), plain),
            ("text/html".to_owned(), html),
        ]))
    }
}

/// The value in the line that shows it.
fn value_in(text: &str) -> Option<String> {
    let (_, row) = text.split_once(MARK)?;
    let row = row.lines().next()?;
    let (_, value) = row.split_once('0')?;
    Some(value.trim().to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_value_is_found_in_its_row() {
        let text = "Variable  Type              Size  Value\n--------  ----\nx         threadbook_value     0  [1, 0, 2]\n";
        assert_eq!(value_in(text).as_deref(), Some("[1, 0, 2]"));
        assert_eq!(
            value_in("x         threadbook_value     0\n").as_deref(),
            Some("")
        );
        assert_eq!(value_in("something else\n"), None);
    }
}
