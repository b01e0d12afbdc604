//! The versions that a session's dependencies have.

use super::Prepared;
use super::SessionPaths;
use super::pinned;

/// Begins the addition of a dependency with the versions that the session has: an addition that failed left others.
pub(crate) fn begin(prepared: &Prepared, session: &SessionPaths) -> std::io::Result<()> {
    let (lock, _) = locks(prepared, session)?;
    let lock = match pinned::of(session) {
        Some(pinned) => pinned::added_to(&lock, &pinned),
        None => lock,
    };
    std::fs::write(session.cargo_lock(), lock)
}

/// The lock files of what the session has added, and of the runtime.
pub(crate) fn locks(
    prepared: &Prepared,
    session: &SessionPaths,
) -> std::io::Result<(String, String)> {
    let runtime = std::fs::read_to_string(prepared.paths().template_lock())?;
    let lock = match session.dependencies().exists() {
        true => std::fs::read_to_string(session.added_lock())?,
        false => runtime.clone(),
    };
    Ok((lock, runtime))
}
