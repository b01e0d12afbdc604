//! The evaluator's side of copies of the worker's process: going back to one, and keeping some under names.

use std::collections::BTreeMap;
use std::collections::BTreeSet;
use std::collections::HashSet;
use std::sync::Arc;

use super::saved_state::SavedState;
use super::saved_state::forgetting;
use crate::cell::definitions;
use crate::cell::item_macros;

/// What is known of earlier states.
#[derive(Debug, Default)]
pub(super) struct Checkpoints {
    /// What the session defines now.
    pub(super) definitions: Arc<BTreeMap<String, String>>,
    /// Names of definitions that were given up by going back.
    undone: BTreeSet<String>,
    /// Names that the latest program has defined, that is, the latest cell with a `main`.
    program: BTreeSet<String>,
    /// What the program that is about to run defines, and what evcxr forgets with it.
    next_program: Option<(BTreeSet<String>, BTreeSet<String>)>,
    /// Before the cell that runs.
    candidate: Option<SavedState>,
    /// Before the latest cell that ran something.
    pub(super) before: Option<SavedState>,
    /// By name: the place of the copy, and what was known then.
    pub(super) named: BTreeMap<String, (usize, SavedState)>,
}

impl Checkpoints {
    /// A cell begins.
    pub(super) fn begin_cell(&mut self, now: SavedState) {
        self.candidate = Some(now);
    }

    /// Rust of the cell was compiled and run, in the form in which evcxr was given it.
    pub(super) fn ran(&mut self, code: &str) {
        // A cell of several parts has one state before it.
        if let Some(before) = self.candidate.take() {
            self.before = Some(before);
        }
        let definitions = definitions(code);
        self.undone.retain(|name| !definitions.contains_key(name));
        if !definitions.is_empty() {
            Arc::make_mut(&mut self.definitions).extend(definitions);
        }
        if let Some((program, forgotten)) = self.next_program.take() {
            Arc::make_mut(&mut self.definitions).retain(|name, _| !forgotten.contains(name));
            self.undone.extend(forgotten);
            self.program = program;
        }
    }

    /// What the session defines now, by name.
    pub(super) fn definitions(&self) -> impl Iterator<Item = (&str, &str)> {
        self.definitions
            .iter()
            .filter(|(name, _)| !self.undone.contains(*name))
            .map(|(name, text)| (name.as_str(), text.as_str()))
    }

    /// The session's macros that make items.
    pub(super) fn item_macros(&self) -> HashSet<String> {
        let macros = self
            .definitions
            .values()
            .filter(|text| text.contains("macro_rules"));
        macros.flat_map(|text| item_macros(text)).collect()
    }

    /// Another program is about to run. Gives the code that makes evcxr forget items of the latest one that are in its way:
    /// it does not define them, and neither other cells nor the types of variables name them.
    pub(super) fn begin_program(&mut self, code: &str, types: &str) -> String {
        let names: BTreeSet<String> = definitions(code).into_keys().collect();
        let others = self
            .definitions
            .iter()
            .filter(|(name, _)| !self.program.contains(*name));
        let texts = others.map(|(_, text)| text.as_str()).chain([types]);
        let named: BTreeSet<&str> = texts.flat_map(words).collect();
        let old = self.definitions.iter().filter(|(name, _)| {
            self.program.contains(*name) && !names.contains(*name) && !named.contains(name.as_str())
        });
        let (forgotten, texts): (BTreeSet<String>, String) = old
            .map(|(name, text)| {
                (
                    name.clone(),
                    format!("\n{}", forgetting(name, text).trim_end()),
                )
            })
            .unzip();
        self.next_program = Some((names, forgotten));
        texts
    }

    /// The session has gone back.
    pub(super) fn go_back(&mut self, now: &SavedState, past: &SavedState) {
        self.definitions.clone_from(&past.definitions);
        let names = now.definitions.keys();
        self.undone = names
            .filter(|name| !past.definitions.contains_key(*name))
            .cloned()
            .collect();
    }

    /// The process is another one, with nothing of before.
    pub(super) fn forget(&mut self) {
        self.before = None;
        self.named.clear();
    }

    /// Whether a definition was given up by going back.
    pub(super) fn is_undone(&self, name: &str) -> bool {
        self.undone.contains(name)
    }
}

/// The names and words in a text.
fn words(text: &str) -> impl Iterator<Item = &str> {
    text.split(|char: char| !(char.is_alphanumeric() || char == '_'))
}
