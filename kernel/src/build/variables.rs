//! What becomes of the variables of a cell: the stand-in notes it in [`SessionPaths::variables`], and the kernel reads it.
//!
//! [`SessionPaths::variables`]: super::SessionPaths::variables

use std::collections::BTreeMap;
use std::collections::BTreeSet;

use serde::Deserialize;
use serde::Serialize;

use crate::rewrite::Reason;

/// What becomes of the variables of a cell.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub struct Variables {
    /// Those that later cells do not have.
    pub unkept: BTreeMap<String, Reason>,
    /// Those of earlier cells that are lost if the cell does not come to its end: it moves them, and assigns them anew.
    pub put_back: BTreeSet<String>,
}
