//! Going back: the code that evcxr needs when the worker's process goes back to an earlier state.
//!
//! The process itself goes back by a copy of it, with every variable's value. evcxr stores names, types and definitions
//! only, and has no way back: variables that are not in the process any more it forgets when it looks for them; those
//! that are there again, and the definitions, it is given as code.

use std::collections::BTreeMap;
use std::sync::Arc;

use crate::cell::RanCode;
use crate::cell::holds_imports;
use crate::magics::UsedFile;

/// The state of a session at one time.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct SavedState {
    /// The cell that ran next, as in `In [n]`.
    pub(super) cell: u32,
    /// Their types, by name.
    pub(super) variables: BTreeMap<String, String>,
    /// Their texts, by name. States between which nothing was defined share them.
    pub(super) definitions: Arc<BTreeMap<String, String>>,
    /// What had been run, for `%save`.
    pub(super) ran: Vec<RanCode>,
    /// What `%use` had brought in.
    pub(super) used_files: Vec<UsedFile>,
}

impl SavedState {
    /// The code that brings evcxr back to this state.
    pub(super) fn code_to_come_back(&self, now: &SavedState) -> String {
        let mut code = String::new();
        for (name, text) in self.definitions.iter() {
            if now.definitions.get(name) != Some(text) {
                code.push_str(text);
                code.push('\n');
            }
        }
        for (name, text) in now.definitions.iter() {
            if self.definitions.contains_key(name) {
                continue;
            }
            code.push_str(&forgetting(name, text));
        }
        for (name, type_name) in &self.variables {
            if now.variables.get(name) != Some(type_name) {
                code.push_str(&format!(
                    "let mut {name}: {type_name} = ::threadbook::abi::store::revive({name:?});\n"
                ));
            }
        }
        code
    }
}

/// The code that makes evcxr forget a definition: evcxr keeps one item of a name.
pub(super) fn forgetting(name: &str, text: &str) -> String {
    match holds_imports(text) {
        true => format!("mod {name} {{}}\n"),
        // It is never compiled.
        false => format!("#[cfg(any())] fn {name}() {{}}\n"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn past(variables: &[(&str, &str)], definitions: &[(&str, &str)]) -> SavedState {
        let map = |pairs: &[(&str, &str)]| {
            let owned = pairs
                .iter()
                .map(|(name, text)| ((*name).to_owned(), (*text).to_owned()));
            owned.collect()
        };
        SavedState {
            cell: 1,
            variables: map(variables),
            definitions: Arc::new(map(definitions)),
            ..SavedState::default()
        }
    }

    #[test]
    fn only_what_differs_is_told() {
        let then = past(
            &[("same", "i32"), ("gone", "String"), ("other", "u8")],
            &[("f", "fn f() {}"), ("g", "fn g() -> i32 { 1 }")],
        );
        let now = past(
            &[("same", "i32"), ("new", "i32"), ("other", "u16")],
            &[
                ("f", "fn f() {}"),
                ("g", "fn g() {}"),
                ("H", "struct H;"),
                (
                    "threadbook_imports_1",
                    "mod threadbook_imports_1 { use a::*; }",
                ),
            ],
        );
        assert_eq!(
            then.code_to_come_back(&now),
            "fn g() -> i32 { 1 }\n\
             #[cfg(any())] fn H() {}\n\
             mod threadbook_imports_1 {}\n\
             let mut gone: String = ::threadbook::abi::store::revive(\"gone\");\n\
             let mut other: u8 = ::threadbook::abi::store::revive(\"other\");\n"
        );
        assert_eq!(now.code_to_come_back(&now), "");
    }
}
