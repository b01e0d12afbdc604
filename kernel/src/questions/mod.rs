//! Questions of a front end about code, answered without rust-analyzer: at once, also while a cell runs.
//!
//! Some places need no more: names and arguments of magics, files, dependencies. Elsewhere these answers stand in for
//! rust-analyzer's until it can be asked.

mod arguments;
mod dependency;
mod describe;
mod files;
mod place;
mod registry;
mod words;

use std::path::PathBuf;

use crate::evaluator::Completions;

pub(crate) use describe::explanation;
pub(crate) use describe::inspect;
pub(crate) use describe::name;
pub(crate) use describe::of_magic;
pub(crate) use describe::settled;
pub(crate) use describe::variable;
pub(crate) use place::complete;
pub(crate) use registry::cargo_home;

/// What is known of a session between its cells.
#[derive(Clone, Debug, Default)]
pub struct Known {
    /// The variables and their types.
    pub variables: Vec<(String, String)>,
    /// The functions, types and other items that cells have defined, and their texts.
    pub items: Vec<(String, String)>,
    /// The working folder of cells, where it is not the kernel's own.
    pub folder: Option<PathBuf>,
    /// The compiler, which explains its errors.
    pub rustc: Option<PathBuf>,
    /// The standard library's sources, which describe keywords.
    pub library: Option<PathBuf>,
}

impl Known {
    /// What a variable or an item is, in a line.
    pub(crate) fn signature(&self, name: &str) -> Option<String> {
        let find = |all: &[(String, String)]| {
            let mut all = all.iter();
            all.find(|(known, _)| known == name)
                .map(|(_, text)| text.clone())
        };
        let variable = find(&self.variables).map(|ty| format!("{name}: {ty}"));
        variable.or_else(|| find(&self.items).map(|text| words::signature(&text)))
    }

    fn folder(&self) -> PathBuf {
        let own = || std::env::current_dir().unwrap_or_default();
        self.folder.clone().unwrap_or_else(own)
    }
}

/// Completions that were found without rust-analyzer.
#[derive(Clone, Debug)]
pub(crate) enum Found {
    /// All there is to offer at such a place.
    Whole(Completions),
    /// Rust stands there: rust-analyzer offers more.
    Part(Completions),
}

impl Found {
    pub(crate) fn into_completions(self) -> Completions {
        match self {
            Found::Whole(found) | Found::Part(found) => found,
        }
    }
}

/// Whether a name is one of those that the kernel or evcxr puts into code, and no person means.
pub(crate) fn is_internal(name: &str) -> bool {
    ["evcxr_", "threadbook_", "__evcxr", "__threadbook"]
        .iter()
        .any(|prefix| name.starts_with(prefix))
}
