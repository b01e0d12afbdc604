//! What magics can look up about earlier cells.

use crate::cell::RanCode;
use crate::magics::UsedFile;

/// The cells that ran, the files that `%use` brought in, and the dependencies that every cell has.
#[derive(Debug, Default)]
pub(super) struct SessionLog {
    pub(super) ran: Vec<RanCode>,
    pub(super) used_files: Vec<UsedFile>,
    pub(super) dependencies: Vec<(String, String)>,
}
