//! What is known of the names in a cell's text: completions, sources and documentation.

use serde_json::Map;
use serde_json::Value;
use threadbook_jupyter::contract::Completion;
use threadbook_jupyter::contract::Completions;

use super::RustEvaluator;
use crate::cell::RustAt;
use crate::evaluator::help;
use crate::evaluator::source;

impl RustEvaluator {
    /// Completions of the Rust at a place of a cell.
    pub(super) fn rust_completions(&mut self, rust: &RustAt) -> Completions {
        let dependencies = self.name_preloaded(&rust.text, &self.session.manifest());
        let text = format!("{dependencies}{}", rust.text);
        let in_cell = |offset: usize| rust.to_cell(offset.saturating_sub(dependencies.len()));
        let cursor = dependencies.len() + rust.cursor;
        match self.context.completions(&text, cursor) {
            Ok(found) => Completions {
                start_byte: in_cell(found.start_offset),
                end_byte: in_cell(found.end_offset),
                matches: found
                    .completions
                    .into_iter()
                    .map(|found| Completion {
                        // Without the argument list: the person types it, and sees it in the signature.
                        text: found.code.split('(').next().unwrap_or_default().to_owned(),
                        kind: found.kind.to_owned(),
                        signature: found.label,
                    })
                    .collect(),
            },
            Err(error) => {
                tracing::debug!("no completions: {error}");
                let cursor_byte = rust.to_cell(rust.cursor);
                Completions {
                    start_byte: cursor_byte,
                    end_byte: cursor_byte,
                    matches: Vec::new(),
                }
            }
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
            source::in_library(self.library.as_deref()?, words, name)
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
