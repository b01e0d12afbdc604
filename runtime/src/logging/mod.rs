//! Where the events of [`log`] and [`tracing`] show: as lines on stderr, under the cell whose code logs.
//!
//! ```text
//! 12:31:05 INFO worker-1 three pages are done
//! ```
//!
//! A line has the local time, the level, the name of the thread and the text; before the text of a library's event
//! stands the event's target. Cells name `log` and `tracing` without a `:dep`:
//!
//! ```
//! log::warn!("the disk is nearly full");
//! tracing::warn!(free_mb = 12, "the disk is nearly full");
//! ```
//!
//! Events show from the first cell on that logs, or that calls a function of the session's. A session that names a
//! logger of its own (`env_logger`, `tracing_subscriber`, `log::set_logger`) before that or in that cell is left alone.
//!
//! Events of cells show from `info` on, those of libraries from `warn` on. The environment variable `RUST_LOG`,
//! the magic `%log` and [`levels`] change that. A span shows where it begins with fields, as in `load; page=4`.
//!
//! In Python: `logging.basicConfig(level=logging.INFO)`, which a notebook so does not need.

mod clock;
mod logger;
mod record;

use std::fmt;
use std::fmt::Display;

pub(crate) use logger::begin;
pub(crate) use logger::levels_in_words;
pub use record::Record;

/// Changes the line by which an event is shown. The end of the line is added.
///
/// The function runs on the thread that logs. Where it panics, so does the call that logs. It holds for the rest of the
/// session, and until the next call; `logging::format(|record| record.to_string())` is what a session begins with.
///
/// In a session with a logger of its own it changes nothing, and a line on stderr reports that.
///
/// In Python: `logging.basicConfig(format=..)`.
///
/// ```
/// use threadbook::logging;
///
/// logging::format(|record| format!("[{}] {}", record.level(), record.text()));
/// log::error!("no connection"); // [ERROR] no connection
/// ```
pub fn format(format: impl Fn(&Record<'_>) -> String + Send + Sync + 'static) {
    if begin() {
        logger::set_format(Box::new(format));
    } else {
        crate::eprintln!("{OTHER_LOGGER}");
    }
}

/// What a session hears that changes a logger which it does not use.
pub(crate) const OTHER_LOGGER: &str = "the session has a logger of its own, which `logging` and `%log` do not change (set the levels and the format by it)";

/// Sets which events show: a level, or several directives with commas in between, as in `RUST_LOG`.
///
/// The levels are `off`, `error`, `warn`, `info`, `debug` and `trace`. `hyper=debug` is about the events of one
/// library, and `cells=debug` about those of cells.
///
/// In Python: `logging.getLogger().setLevel(..)`.
///
/// # Errors
///
/// When the text can't be read, or the session has a logger of its own.
///
/// ```
/// use threadbook::logging;
///
/// logging::levels("warn,cells=debug")?;
/// assert!(log::log_enabled!(target: "ctx", log::Level::Debug));
/// assert!(logging::levels("loud=very").is_err());
/// # Ok::<(), logging::LevelsError>(())
/// ```
pub fn levels(levels: &str) -> Result<(), LevelsError> {
    if !begin() {
        return Err(LevelsError(OTHER_LOGGER.to_owned()));
    }
    logger::set_levels(levels).map_err(LevelsError)
}

/// Why the levels of events were not changed.
#[derive(Debug)]
pub struct LevelsError(String);

impl Display for LevelsError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for LevelsError {}
