//! What the kernel has cells call for the sake of logs.

use crate::logging;
use crate::worker;

/// The cell may log: events show from now on.
pub fn logs() {
    logging::begin();
}

/// Shows which events show, or sets it.
pub fn log_levels(levels: &str) {
    if !levels.trim().is_empty() {
        if let Err(error) = logging::levels(levels) {
            worker::raise("MagicError", &error.to_string());
        }
        return;
    }
    match logging::levels_in_words() {
        Some(levels) => crate::println!("{levels}"),
        None => crate::println!("{}", logging::OTHER_LOGGER),
    }
}
