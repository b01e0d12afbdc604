//! The session that this worker belongs to.

use std::path::Path;
use std::path::PathBuf;
use std::sync::OnceLock;

use crate::top;

/// The session's folder, where this is a worker of one. Cells do not see the variable that names it, but the system keeps
/// it.
pub(crate) fn session() -> Option<&'static Path> {
    static SESSION: OnceLock<Option<PathBuf>> = OnceLock::new();
    let session = SESSION.get_or_init(|| top::session("self").map(PathBuf::from));
    session.as_deref()
}
