//! What a session has added with `:dep`, and how its cells are compiled with that.
//!
//! The stand-in adds to it (`standin/dependencies/`).

use std::path::PathBuf;

use serde::Deserialize;
use serde::Serialize;

use super::Prepared;
use super::RustcCall;
use super::SessionPaths;
use super::notes::noted;
use crate::rewrite::manifest;

/// What a session has added so far.
#[derive(Debug, Default, Serialize, Deserialize)]
pub(crate) struct Added {
    pub(crate) crates: Vec<AddedCrate>,
    pub(crate) layers: Vec<Layer>,
    /// Where rustc looks for what the crates use.
    pub(crate) folders: Vec<String>,
}

/// A crate that cells can name.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct AddedCrate {
    /// The line of the manifest.
    pub(crate) line: String,
    pub(crate) name: String,
    pub(crate) file: PathBuf,
}

impl Added {
    /// What is noted in a session's folder.
    pub(crate) fn of(session: &SessionPaths) -> Added {
        noted(&session.dependencies()).unwrap_or_default()
    }

    /// How cells are compiled with a manifest's dependencies; `None` where one has not been built.
    pub(crate) fn call(
        &self,
        prepared: &Prepared,
        session: &SessionPaths,
        text: &str,
    ) -> Option<RustcCall> {
        if !self.unknown(prepared, text).is_empty() {
            return None;
        }
        let lines = manifest::dependencies(text);
        let named = self.crates.iter();
        let named = named.filter(|known| lines.contains(&known.line));
        let mut libraries: Vec<(String, PathBuf)> = named
            .map(|known| (known.name.clone(), known.file.clone()))
            .collect();
        let layer = self.layers.last();
        libraries.extend(layer.map(|layer| (layer.name.clone(), layer.file.clone())));
        let opt_level = manifest::opt_level(text);
        let call = prepared
            .call()
            .moved(&prepared.template(), session.folder(), &opt_level);
        Some(call.with_libraries(&self.folders, &libraries))
    }

    /// The lines of a manifest that have not been built.
    pub(crate) fn unknown(&self, prepared: &Prepared, text: &str) -> Vec<String> {
        let provided = manifest::spelled(&prepared.dependencies());
        let is_built = |line: &String| {
            provided.contains(line) || self.crates.iter().any(|known| known.line == *line)
        };
        let mut lines = manifest::dependencies(text);
        lines.retain(|line| !is_built(line));
        lines
    }
}

/// A shared library with crates.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Layer {
    /// The crate's name.
    pub(crate) name: String,
    pub(crate) file: PathBuf,
}

/// The call by which the session's cells are compiled now, with the dependencies that were added, where some were.
pub(crate) fn call_of_this_session() -> anyhow::Result<RustcCall> {
    let session = SessionPaths::of_this_process()?;
    let prepared = Prepared::of_this_process()?;
    let manifest = std::fs::read_to_string(session.manifest())?;
    Added::of(&session)
        .call(&prepared, &session, &manifest)
        .ok_or_else(|| anyhow::anyhow!("a dependency of the session has not been built"))
}
