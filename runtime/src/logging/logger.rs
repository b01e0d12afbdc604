//! The logger itself, which takes its place only when a session needs it.

use std::sync::Arc;
use std::sync::OnceLock;
use std::sync::PoisonError;
use std::sync::RwLock;

use env_filter::Builder;
use env_filter::Filter;
use log::LevelFilter;
use log::Log;
use log::Metadata;

use super::record::CELL;
use super::record::Record;
use crate::wire::Kind;
use crate::worker;

/// The variable of the environment that sets which events show.
const LEVELS_VAR: &str = "RUST_LOG";
/// What shows by default: the author of a cell's event means it to be seen.
const DEFAULT: &str = "warn,cells=info";
/// The name for the events of cells in a filter.
const CELLS: &str = "cells";
/// The target of `tracing`'s `log` records about spans.
const SPANS: &str = "tracing::span";

type Format = dyn Fn(&Record<'_>) -> String + Send + Sync;

/// What may change while other threads log.
struct LoggerState {
    levels: String,
    filter: Arc<Filter>,
    format: Option<Arc<Format>>,
}

struct Logger {
    state: RwLock<LoggerState>,
}

static LOGGER: OnceLock<Option<Logger>> = OnceLock::new();

/// Makes events show, where the session has no other logger. Returns whether they do.
pub(crate) fn begin() -> bool {
    logger().is_some()
}

/// Which events show, in the words in which it was set; nothing in a session with another logger.
pub(crate) fn levels_in_words() -> Option<String> {
    let state = logger()?.state.read();
    Some(state.unwrap_or_else(PoisonError::into_inner).levels.clone())
}

/// Sets which events show. An error has the reason why not.
pub(super) fn set_levels(levels: &str) -> Result<(), String> {
    // `RUST_LOG=hyper` shows all of one library; here it is more often a level with a slip.
    let is_level = |directive: &str| {
        directive.contains(['=', '/']) || directive.trim().parse::<LevelFilter>().is_ok()
    };
    if !levels.split(',').all(is_level) {
        return Err(no_levels(levels));
    }
    let filter = filter(levels)?;
    if let Some(logger) = logger() {
        log::set_max_level(filter.filter());
        logger.change(|state| {
            levels.trim().clone_into(&mut state.levels);
            state.filter = Arc::new(filter);
        });
    }
    Ok(())
}

pub(super) fn set_format(format: Box<Format>) {
    if let Some(logger) = logger() {
        logger.change(|state| state.format = Some(Arc::from(format)));
    }
}

fn logger() -> Option<&'static Logger> {
    static TAKEN: OnceLock<bool> = OnceLock::new();
    let logger = LOGGER.get_or_init(|| Some(Logger::new())).as_ref()?;
    let is_ours = TAKEN.get_or_init(|| {
        let taken = log::set_logger(logger).is_ok();
        if taken {
            let state = logger.state.read();
            let state = state.unwrap_or_else(PoisonError::into_inner);
            log::set_max_level(state.filter.filter());
        }
        taken
    });
    is_ours.then_some(logger)
}

impl Logger {
    fn new() -> Logger {
        let wanted = std::env::var(LEVELS_VAR).unwrap_or_default();
        let levels = match wanted.trim() {
            "" => DEFAULT,
            wanted => wanted,
        };
        // What can't be read of a variable hides no events.
        let (levels, filter) = match filter(levels) {
            Ok(filter) => (levels, filter),
            Err(_) => (
                DEFAULT,
                filter(DEFAULT).unwrap_or_else(|_| Builder::new().build()),
            ),
        };
        Logger {
            state: RwLock::new(LoggerState {
                levels: levels.to_owned(),
                filter: Arc::new(filter),
                format: None,
            }),
        }
    }

    fn change(&self, change: impl FnOnce(&mut LoggerState)) {
        change(&mut self.state.write().unwrap_or_else(PoisonError::into_inner));
    }

    /// Taken out of the lock: what is called with it may log itself.
    fn now(&self) -> (Arc<Filter>, Option<Arc<Format>>) {
        let state = self.state.read().unwrap_or_else(PoisonError::into_inner);
        (Arc::clone(&state.filter), state.format.clone())
    }
}

impl Log for Logger {
    fn enabled(&self, metadata: &Metadata<'_>) -> bool {
        self.now().0.enabled(metadata)
    }

    fn log(&self, record: &log::Record<'_>) {
        let (filter, format) = self.now();
        if !filter.matches(record) || record.target().starts_with(SPANS) {
            return;
        }
        let thread = std::thread::current();
        let shown = Record {
            record,
            thread: &thread,
        };
        let mut line = match format {
            Some(format) => format(&shown),
            None => shown.to_string(),
        };
        line.push('\n');
        print(record, &line);
    }

    fn flush(&self) {}
}

/// Prints under the cell whose code has logged.
fn print(record: &log::Record<'_>, line: &str) {
    if !worker::is_open() {
        std::eprint!("{line}");
        return;
    }
    let of_cell = || record.file().filter(|_| record.target().starts_with(CELL));
    // `tracing` gives the name of the file as if it were no constant.
    let file = record.file_static().or_else(of_cell);
    let anchor = file.map_or(std::ptr::null(), str::as_ptr);
    worker::print_for(Kind::Stderr, anchor, line);
}

/// Reads directives; the fault where they can't be read.
fn filter(levels: &str) -> Result<Filter, String> {
    let directives: Vec<String> = levels
        .split(',')
        .map(|directive| {
            let directive = directive.trim();
            let of_cells = directive.strip_prefix(CELLS);
            match of_cells.filter(|rest| rest.is_empty() || rest.starts_with(['=', ':'])) {
                Some(rest) => format!("{CELL}{rest}"),
                None => directive.to_owned(),
            }
        })
        .collect();
    let mut builder = Builder::new();
    builder
        .try_parse(&directives.join(","))
        .map_err(|_| no_levels(levels))?;
    Ok(builder.build())
}

fn no_levels(levels: &str) -> String {
    format!(
        "`{}` says no levels (expected `off`, `error`, `warn`, `info`, `debug` or `trace`, or such as `warn,hyper=debug,cells=trace`)",
        levels.trim()
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use log::Level;

    fn shows(levels: &str, target: &str, level: Level) -> bool {
        let metadata = Metadata::builder().target(target).level(level).build();
        filter(levels).unwrap().enabled(&metadata)
    }

    #[test]
    fn cells_show_more_than_libraries() {
        assert!(shows(DEFAULT, "ctx", Level::Info));
        assert!(!shows(DEFAULT, "ctx", Level::Debug));
        assert!(!shows(DEFAULT, "hyper", Level::Info));
        assert!(shows(DEFAULT, "hyper", Level::Warn));
    }

    #[test]
    fn directives_are_those_of_the_variable() {
        assert!(shows("debug", "hyper", Level::Debug));
        assert!(!shows("off", "ctx", Level::Error));
        assert!(shows(" error , cells=trace", "ctx", Level::Trace));
        assert!(!shows("hyper=info", "ctx", Level::Error));
        let fault = filter("loud=very").err().unwrap();
        assert!(fault.starts_with("`loud=very` says no levels"), "{fault}");
    }
}
