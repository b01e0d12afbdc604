//! What the session knows between its cells, and what is found by it.

use crate::evcxr_text::words::PREFIXES;
use std::path::PathBuf;

use threadbook_jupyter::contract::Completions;

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
    pub(super) fn folder(&self) -> PathBuf {
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
    let mut prefixes = PREFIXES.iter().chain(&["threadbook_", "__threadbook"]);
    prefixes.any(|prefix| name.starts_with(prefix))
}
