//! The calls that led to a panic: not known, since the kernel reads the unwind tables of other systems only.

use crate::wire::Calls;

/// The calls that the calling thread is in.
pub(crate) fn note() -> Calls {
    Calls::default()
}

/// Adds the files that they lie in.
pub(crate) fn locate(calls: Calls) -> Calls {
    calls
}
