//! What becomes of a cell's variables.

use std::collections::BTreeMap;
use std::collections::BTreeSet;

use serde::Deserialize;
use serde::Serialize;

/// Why a variable is not there for later cells.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Reason {
    /// The cell has moved it.
    Moved,
    /// It borrows from the variable of that name, or from a value without a name.
    Borrows(Option<String>),
    /// Its type can't be written.
    Unnameable(String),
    /// Its type is not known, or differs from rust-analyzer's.
    UnknownType,
    /// Its type is defined anew.
    TypeRedefined,
    /// Another variable of its name has taken its place, and has ended with the cell.
    Shadowed,
}

/// What becomes of the variables of one cell.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Choice {
    /// These end with the cell.
    pub(crate) unkept: BTreeMap<String, Reason>,
    /// Variables of earlier cells that the cell moves and assigns anew: they are put back by the code that may panic.
    pub(crate) inside: BTreeSet<String>,
}
