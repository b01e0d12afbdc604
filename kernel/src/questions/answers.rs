//! Answers while the evaluator is busy, in the form in which the dispatcher takes them.

use serde_json::Map;
use serde_json::Value;
use threadbook_jupyter::contract::Completions;
use threadbook_jupyter::contract::QuickAnswers;

use super::describe;
use super::known::Known;
use super::place;

impl QuickAnswers for Known {
    fn complete(&self, code: &str, cursor_byte: usize) -> Completions {
        place::complete(code, cursor_byte, self).into_completions()
    }

    fn inspect(&self, code: &str, cursor_byte: usize) -> Option<Map<String, Value>> {
        describe::inspect(code, cursor_byte, self)
    }
}
