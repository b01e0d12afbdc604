//! What one process has noted for another one, as JSON in a file.

use std::path::Path;

use serde::Serialize;
use serde::de::DeserializeOwned;

/// Reads a note; nothing if there is none, or none that can be read.
pub(crate) fn noted<T: DeserializeOwned>(file: &Path) -> Option<T> {
    let json = std::fs::read(file).ok()?;
    serde_json::from_slice(&json).ok()
}

/// Writes a note, unless the same one is there.
pub(crate) fn note(file: &Path, note: &impl Serialize) -> anyhow::Result<()> {
    let json = serde_json::to_vec(note)?;
    let is_there = std::fs::read(file).is_ok_and(|before| before == json);
    match is_there {
        true => Ok(()),
        false => Ok(std::fs::write(file, json)?),
    }
}
