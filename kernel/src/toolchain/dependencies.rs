//! What the kernel does about the dependencies that a session adds. The stand-in builds them (`standin/dependencies/`).

use std::path::Path;

use crate::build::Prepared;
use crate::build::SessionPaths;
use crate::build::added::Added;
use crate::build::added::AddedCrate;
use crate::build::lock_files;
use crate::build::pinned;
use crate::rewrite::manifest;

/// Whether the crate of a name is the prepared build's copy for cells.
pub(super) fn is_shared(
    prepared: &Prepared,
    session: &SessionPaths,
    text: &str,
    name: &str,
) -> bool {
    let provided = manifest::spelled(&prepared.dependencies());
    let added = Added::of(session).crates;
    let mut lines = manifest::dependencies(text).into_iter();
    lines.any(|line| {
        let is_of_runtime =
            |known: &AddedCrate| known.line == line && known.file.starts_with(prepared.template());
        manifest::key(&line) == Some(name)
            && (provided.contains(&line) || added.iter().any(is_of_runtime))
    })
}

/// Writes the versions that the session's dependencies have to a file; gives how many there are.
pub(super) fn pin(
    prepared: &Prepared,
    session: &SessionPaths,
    file: &Path,
) -> std::io::Result<usize> {
    let (lock, runtime) = lock_files::locks(prepared, session)?;
    let (count, text) = pinned::text(&lock, &runtime);
    std::fs::write(file, &text)?;
    pinned::note(session, &text)?;
    Ok(count)
}

/// Why the latest dependency could not be added, where the kernel has not read it yet.
pub(super) fn take_error(session: &SessionPaths) -> Option<String> {
    let file = session.dependency_error();
    let reason = std::fs::read_to_string(&file).ok()?;
    // Usually it can be removed; else it is read once more.
    let _ = std::fs::remove_file(file);
    Some(reason)
}

/// Forgets what a session has added.
pub(super) fn forget(prepared: &Prepared, session: &SessionPaths) -> std::io::Result<()> {
    for file in [session.dependencies(), session.dependency_error()] {
        match std::fs::remove_file(file) {
            Err(error) if error.kind() != std::io::ErrorKind::NotFound => return Err(error),
            _ => {}
        }
    }
    lock_files::begin(prepared, session)
}
