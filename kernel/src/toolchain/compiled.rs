//! What the kernel reads of a compile once the stand-in has ended.

use crate::build::SessionPaths;
use crate::build::notes::noted;
use crate::build::variables::Variables;

/// Forgets what the compile before had left for the next.
pub(crate) fn begin(session: &SessionPaths) {
    for file in [session.variables(), session.compiled()] {
        // Where it is not there, nothing was left.
        let _ = std::fs::remove_file(file);
    }
}

/// What became of the variables of the cell that was compiled last.
pub(crate) fn variables(session: &SessionPaths) -> Variables {
    noted(&session.variables()).unwrap_or_default()
}
