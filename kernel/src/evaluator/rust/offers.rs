//! What is offered of rust-analyzer's completions: what a person may use, the nearest first.

use std::collections::HashSet;

use super::RustEvaluator;
use crate::cell::RustAt;
use crate::cell::is_part;
use crate::cell::is_word;
use crate::cell::words;
use crate::evaluator::visible;
use crate::evaluator::visible::Module;
use crate::evcxr_text::words::METHODS;
use crate::questions::is_internal;
use threadbook_jupyter::contract::Completion;
use threadbook_jupyter::contract::Completions;

/// Methods of traits that most types have: they come after a type's own.
const BLANKET: [&str; 24] = [
    "as_mut",
    "as_ref",
    "borrow",
    "borrow_mut",
    "clamp",
    "clone_from",
    "clone_into",
    "clone_to_uninit",
    "cmp",
    "eq",
    "fmt",
    "from",
    "ge",
    "gt",
    "hash",
    "into",
    "le",
    "lt",
    "ne",
    "partial_cmp",
    "to_owned",
    "try_from",
    "try_into",
    "type_id",
];

/// A method that our own traits give to all values, beside evcxr's.
const INTERNAL_METHOD: &str = "preview";

/// What completions follow.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Lead {
    /// The dot behind a value, which ends with that name.
    Value(String),
    /// The path up to its last colons.
    Path(String),
    Nothing,
}

impl Lead {
    fn of(before: &str) -> Lead {
        let chain = || {
            let start = before
                .char_indices()
                .rev()
                .take_while(|(_, char)| is_part(*char))
                .last()
                .map_or(before.len(), |(at, _)| at);
            before[start..].to_owned()
        };
        if before.ends_with("::") {
            Lead::Path(chain().trim_end_matches(':').to_owned())
        } else if before.ends_with('.') && !before.ends_with("..") {
            Lead::Value(chain().trim_end_matches('.').to_owned())
        } else {
            Lead::Nothing
        }
    }
}

impl RustEvaluator {
    /// Completions of the Rust at a place of a cell; nothing where rust-analyzer fails.
    pub(super) fn rust_completions(&mut self, rust: &RustAt) -> Option<Completions> {
        let code = rust.closed();
        self.read_libraries();
        let dependencies = self.name_preloaded(&code, &self.session.manifest());
        let found = self.engine.completions(&dependencies, &code, rust.cursor);
        let mut found = match found {
            Ok(found) => found,
            Err(error) => {
                tracing::debug!("no completions: {error}");
                return None;
            }
        };
        for found in &mut found.matches {
            // Without the argument list: the person types it, and sees it in the signature.
            let len = found.text.find(['(', ' ', '\n']);
            found.text.truncate(len.unwrap_or(found.text.len()));
        }
        let before = rust.text[..rust.cursor].trim_end_matches(is_word);
        let typed = &rust.text[before.len()..rust.cursor];
        let mut matches = self.offered(&Lead::of(before), found.matches, &rust.text);
        // It also offers methods of what another method gives, such as `iter().map`.
        matches.retain(|found| found.text.starts_with(typed));
        Some(Completions {
            start_byte: rust.to_cell(found.start_byte),
            end_byte: rust.to_cell(found.end_byte),
            matches,
        })
    }

    fn offered(&mut self, lead: &Lead, mut found: Vec<Completion>, code: &str) -> Vec<Completion> {
        found.retain(|found| {
            let name = found.text.as_str();
            !name.is_empty()
                && !is_internal(name)
                && name != INTERNAL_METHOD
                && !METHODS.contains(&name)
        });
        let module = match lead {
            Lead::Path(path) => self.module(path),
            Lead::Value(_) | Lead::Nothing => None,
        };
        match module {
            Some(module) => found.retain(|found| module.offers(&found.text)),
            None if *lead == Lead::Nothing => {}
            None => self.retain_visible(&mut found, lead, code),
        }
        if *lead == Lead::Nothing {
            self.add_signatures(&mut found);
        }
        // A private field may have the name of a public method, so this comes after it was dropped.
        let mut seen = HashSet::new();
        found.retain(|found| seen.insert(found.text.clone()));
        found.sort_by_key(|found| BLANKET.contains(&found.text.as_str()));
        found
    }

    /// Whether a value is known to be of a type of the standard library.
    fn is_of_std(&self, lead: &Lead) -> bool {
        let Lead::Value(name) = lead else {
            return false;
        };
        let mut variables = self.variables();
        let variable = variables.find(|(variable, _)| variable == name);
        let is_defined = |name: &str| self.checkpoints.definitions().any(|(item, _)| item == name);
        variable.is_some_and(|(_, ty)| visible::is_of_std(ty, is_defined))
    }

    /// Says of the session's variables and items what they are; rust-analyzer's labels have no types.
    fn add_signatures(&self, found: &mut [Completion]) {
        let known = self.known_names();
        for found in found {
            if let Some(signature) = known.signature(&found.text) {
                found.signature = signature;
            }
        }
    }

    /// Reads which names the session's libraries make public, where that has not been done.
    pub(super) fn read_packages(&mut self) {
        let lock = std::fs::read_to_string(self.session.path().join("Cargo.lock"));
        if let Some(library) = &mut self.library {
            library.read_packages(&lock.unwrap_or_default());
        }
    }

    /// Drops what is private in a library. A cell may use all that cells have defined.
    fn retain_visible(&mut self, found: &mut Vec<Completion>, lead: &Lead, code: &str) {
        let own = self.own_words(code);
        let is_value = matches!(lead, Lead::Value(_));
        let is_of_std = self.is_of_std(lead);
        self.read_packages();
        let Some(library) = &self.library else {
            return;
        };
        found.retain(|found| {
            let name = found.text.as_str();
            let is_number = name.starts_with(|first: char| first.is_ascii_digit());
            let is_private = match found.kind.as_str() {
                "function" => library.is_private_function(name),
                "instance" => is_value && !is_number && library.is_private_field(name, is_of_std),
                _ => false,
            };
            let may_be_own = found.kind == "function" || !is_of_std;
            !is_private || may_be_own && own.contains(name)
        });
    }

    /// The module that a path leads to.
    fn module(&mut self, path: &str) -> Option<Module> {
        if let Some(module) = self.library.as_ref()?.module(path) {
            return Some(module);
        }
        let is_whole = ["std", "core", "alloc", "threadbook"].contains(&path.split("::").next()?);
        let is_short = path.chars().next()?.is_lowercase() && !is_whole;
        let described = is_short.then(|| self.describe(path)).flatten()?;
        let whole = visible::described_module(described.get("text/plain")?.as_str()?)?;
        self.library.as_ref()?.module(&whole)
    }

    /// The words of the items that cells have defined, and of a text.
    fn own_words(&self, code: &str) -> HashSet<String> {
        let texts = self
            .checkpoints
            .definitions()
            .map(|(_, text)| text)
            .chain([code]);
        texts.flat_map(words).map(str::to_owned).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_stands_before_is_a_value_or_a_path() {
        for (before, expected) in [
            ("let x = numbers.", Lead::Value("numbers".to_owned())),
            ("f(a.b.", Lead::Value("a.b".to_owned())),
            ("use std::thread::", Lead::Path("std::thread".to_owned())),
            ("0..", Lead::Nothing),
            ("f(", Lead::Nothing),
        ] {
            assert_eq!(Lead::of(before), expected, "{before}");
        }
    }
}
