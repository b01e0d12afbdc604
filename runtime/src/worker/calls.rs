//! The calls that led to a panic: noted by its hook, since they are gone once it has unwound.
//!
//! Most panics need them never, so only addresses are noted. Which files they lie in is looked up when the panic has ended
//! a cell, and their lines are found by the kernel: code stays where it was loaded.

use super::dump;
use super::sys;
use crate::wire::Calls;

/// Enough for any cell but one that recurses deeply.
const LIMIT: usize = 1024;

/// The calls that the calling thread is in.
pub(super) fn note() -> Calls {
    let (addresses, is_cut) = sys::calls(LIMIT);
    Calls {
        addresses,
        is_cut,
        code: Vec::new(),
    }
}

/// Adds the files that they lie in.
pub(super) fn locate(mut calls: Calls) -> Calls {
    // Where they can't be read, nothing is shown but the panic's own place.
    let maps = std::fs::read_to_string("/proc/self/maps").unwrap_or_default();
    calls.code = dump::code(&maps);
    calls.code.retain(|mapping| {
        calls
            .addresses
            .iter()
            .any(|address| mapping.holds(*address))
    });
    calls
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn calls_are_noted_with_the_files_that_they_lie_in() {
        let calls = locate(note());
        assert!(calls.addresses.len() > 2 && !calls.is_cut, "{calls:#?}");
        let own = std::env::current_exe().unwrap();
        let innermost = calls
            .code
            .iter()
            .find(|code| code.holds(calls.addresses[0]));
        assert_eq!(innermost.map(|code| code.file.as_ref()), own.to_str());
    }

    #[test]
    fn a_deep_recursion_is_cut() {
        #[inline(never)]
        fn down(depth: usize) -> Calls {
            match std::hint::black_box(depth) {
                0 => note(),
                depth => std::hint::black_box(down(depth - 1)),
            }
        }
        let calls = down(LIMIT);
        assert_eq!(calls.addresses.len(), LIMIT);
        assert!(calls.is_cut);
    }
}
