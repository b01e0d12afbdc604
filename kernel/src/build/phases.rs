//! Where the time of a cell's compile goes.

use std::time::Duration;

use serde::Deserialize;
use serde::Serialize;

/// What one call of the stand-in took.
#[derive(Clone, Copy, Debug, Default, Serialize, Deserialize)]
pub struct Compile {
    /// From its first line to its last.
    pub all: Duration,
    /// Changing the generated code.
    pub rewriting: Duration,
    /// rustc, linking included, or cargo with all that it ran.
    pub compiler: Duration,
    /// The linker, where it was not rustc that ran it.
    pub linking: Duration,
}
