//! Where the events of [`log`] and [`tracing`] show: as lines on stderr, under the cell whose code logs.
//!
//! ```text
//! 12:31:05 INFO worker-1 three pages are done
//! ```
//!
//! A line has the local time, the level, the name of the thread and the text; before the text of a library's event stands
//! the event's target. Cells name `log` and `tracing` without a `:dep`:
//!
//! ```
//! log::warn!("the disk is nearly full");
//! tracing::warn!(free_mb = 12, "the disk is nearly full");
//! ```
//!
//! Events show from the first cell on that logs, or that calls a function of the session's. A session that names a logger
//! of its own (`env_logger`, `tracing_subscriber`, `log::set_logger`) before that or in that cell is left alone.
//!
//! Events of cells show from `info` on, those of libraries from `warn` on. The environment variable `RUST_LOG`,
//! the magic `%log` and [`levels`] change that. A span shows where it begins with fields, as in `load; page=4`.
//!
//! In Python: `logging.basicConfig(level=logging.INFO)`, which a notebook so does not need.

mod clock;
mod logger;

use std::fmt;
use std::fmt::Display;
use std::thread::Thread;

use log::Level;

pub(crate) use logger::begin;
pub(crate) use logger::levels_in_words;

/// How the target of an event begins that a cell logs.
const CELL: &str = "ctx";

/// An event that is about to be shown. Its `Display` is the line that it is shown by.
#[derive(Debug)]
pub struct Record<'a> {
    record: &'a log::Record<'a>,
    thread: &'a Thread,
}

impl Record<'_> {
    /// How grave it is: `Level::Error` is less than `Level::Info`.
    pub fn level(&self) -> Level {
        self.record.level()
    }

    /// Its text.
    pub fn text(&self) -> String {
        self.record.args().to_string()
    }

    /// What it is about: by default the path of the module that logs. An event of a cell has none, but where it names one.
    pub fn target(&self) -> Option<&str> {
        let target = self.record.target();
        let is_cell = target
            .strip_prefix(CELL)
            .is_some_and(|rest| rest.is_empty() || rest.starts_with("::"));
        (!is_cell).then_some(target)
    }

    /// The name of the thread that logs, or its number where it has no name.
    pub fn thread(&self) -> String {
        match self.thread.name() {
            Some(name) => name.to_owned(),
            None => {
                let number = format!("{:?}", self.thread.id());
                number.replace("ThreadId(", "thread-").replace(')', "")
            }
        }
    }

    /// The local time, as `12:31:05`.
    pub fn time(&self) -> String {
        clock::now()
    }
}

impl Display for Record<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {} {} ", self.time(), self.level(), self.thread())?;
        if let Some(target) = self.target() {
            write!(f, "{target}: ")?;
        }
        self.record.args().fmt(f)
    }
}

/// Changes the line by which an event is shown. The end of the line is added.
///
/// The function runs on the thread that logs. Where it panics, so does the call that logs. It holds for the rest of the
/// session, and until the next call; `logging::format(|record| record.to_string())` is what a session begins with.
///
/// In a session with a logger of its own it changes nothing, and says so on stderr.
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
/// The levels are `off`, `error`, `warn`, `info`, `debug` and `trace`. `hyper=debug` is about the events of one library, and
/// `cells=debug` about those of cells.
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

#[cfg(test)]
mod tests {
    use super::*;

    fn line(target: &str, text: &str) -> String {
        let thread = std::thread::Builder::new().name("worker-1".to_owned());
        let (target, text) = (target.to_owned(), text.to_owned());
        let line = thread.spawn(move || {
            let thread = std::thread::current();
            let mut builder = log::Record::builder();
            builder.level(Level::Warn).target(&target);
            Record {
                record: &builder.args(format_args!("{text}")).build(),
                thread: &thread,
            }
            .to_string()
        });
        line.unwrap().join().unwrap()
    }

    #[test]
    fn a_line_has_time_level_thread_and_text() {
        for (target, rest) in [
            ("ctx", " WARN worker-1 full"),
            ("ctx::inner", " WARN worker-1 full"),
            ("ctxt", " WARN worker-1 ctxt: full"),
            ("hyper::client", " WARN worker-1 hyper::client: full"),
        ] {
            let line = line(target, "full");
            let (time, text) = line.split_at(8);
            assert_eq!(text, rest);
            let is_digit = |at: usize| time.as_bytes()[at].is_ascii_digit();
            assert!([0, 1, 3, 4, 6, 7].into_iter().all(is_digit), "{time}");
            assert_eq!((&time[2..3], &time[5..6]), (":", ":"));
        }
    }

    #[test]
    fn a_thread_without_a_name_has_its_number() {
        let name = std::thread::spawn(|| {
            let thread = std::thread::current();
            let record = log::Record::builder().build();
            Record {
                record: &record,
                thread: &thread,
            }
            .thread()
        });
        let name = name.join().unwrap();
        let number = name.strip_prefix("thread-").unwrap();
        assert!(number.parse::<u64>().is_ok(), "{name}");
    }
}
