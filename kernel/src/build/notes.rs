//! What one process has noted for another one, as JSON in a file.

use std::path::Path;

use serde::de::DeserializeOwned;

/// Reads a note; nothing if there is none, or none that can be read.
pub(crate) fn noted<T: DeserializeOwned>(file: &Path) -> Option<T> {
    let json = std::fs::read(file).ok()?;
    serde_json::from_slice(&json).ok()
}
