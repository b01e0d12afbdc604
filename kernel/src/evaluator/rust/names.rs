//! What is known of the names in a cell's text: sources and documentation.

use serde_json::Map;
use serde_json::Value;

use super::RustEvaluator;
use crate::cell::PRELUDE_MACROS;
use crate::evaluator::help;
use crate::evaluator::source;
use crate::questions;
use crate::questions::Known;

impl RustEvaluator {
    /// What is known of the session without rust-analyzer.
    pub(in crate::evaluator) fn known_names(&self) -> Known {
        let owned = |(name, text): (&str, &str)| (name.to_owned(), text.to_owned());
        let is_own = |(name, _): &(&str, &str)| !questions::is_internal(name);
        let mut variables: Vec<_> = self.variables().filter(is_own).map(owned).collect();
        variables.sort();
        let items = self.copies.definitions().filter(is_own);
        let items = items.filter(|(name, _)| !PRELUDE_MACROS.contains(name));
        Known {
            variables,
            items: items.map(owned).collect(),
            folder: Some(self.worker.status().folder()),
        }
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
        let outputs = self.context.execute(&format!(":doc {name}")).ok()?;
        help::bundle(outputs.content_by_mime_type)
    }
}
