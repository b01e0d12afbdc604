//! Every environment variable that Threadbook reads or sets, and the folders that follow from them.
//!
//! One place, so that documentation and code can't drift apart: `threadbook --help` is tested against [`OWN`].

use std::env;
use std::path::PathBuf;

/// Folder of the prepared builds. Defaults to `threadbook` in the user's cache folder (`$XDG_CACHE_HOME` or `~/.cache`).
pub const CACHE: &str = "THREADBOOK_CACHE";

/// File of the history. Defaults to `threadbook/history.sqlite` in the user's data folder (`$XDG_DATA_HOME` or
/// `~/.local/share`).
pub const HISTORY: &str = "THREADBOOK_HISTORY";

/// Bytes of output that one cell may send before the rest is dropped.
pub const OUTPUT_LIMIT: &str = "THREADBOOK_OUTPUT_LIMIT";

/// Megabytes of resident memory above which no copy of the process that runs cells is kept.
pub const SNAPSHOT_LIMIT: &str = "THREADBOOK_SNAPSHOT_LIMIT_MB";

/// Filter of the log on the kernel's stderr, in the syntax of `tracing` (`info`, `threadbook=debug`). A level alone is
/// that of Threadbook; rust-analyzer logs a megabyte a second at `info`.
pub const LOG: &str = "THREADBOOK_LOG";

/// Program that `threadbook run` starts in place of itself, with the same arguments: `kernel -f CONNECTION_FILE
/// --no-history`.
pub const KERNEL_COMMAND: &str = "THREADBOOK_KERNEL_COMMAND";

/// Not empty: dependencies have the versions of the notebook's lock file, or are errors. `threadbook run --locked` sets it.
pub const LOCKED: &str = "THREADBOOK_LOCKED";

/// Not empty: the test of copies at the worker's start fails, as on a system where copies of the process do not work. For
/// tests.
pub const FAIL_COPY_TEST: &str = "THREADBOOK_FAIL_COPY_TEST";

/// The variables of our own, which the help lists.
pub const OWN: [&str; 8] = [
    CACHE,
    HISTORY,
    OUTPUT_LIMIT,
    SNAPSHOT_LIMIT,
    LOG,
    KERNEL_COMMAND,
    LOCKED,
    FAIL_COPY_TEST,
];

/// Not empty: no colours, on whatever terminal (<https://no-color.org>).
pub const NO_COLOR: &str = "NO_COLOR";

/// Jupyter's data folder, in place of the platform's usual one.
pub const JUPYTER_DATA_DIR: &str = "JUPYTER_DATA_DIR";

/// Further data folders of Jupyter, which `doctor` looks through for the kernelspec.
pub const JUPYTER_PATH: &str = "JUPYTER_PATH";

/// Root of the active Python environment, for `--sys-prefix`.
pub const VIRTUAL_ENV: &str = "VIRTUAL_ENV";

/// Root of the active conda environment, for `--sys-prefix`.
pub const CONDA_PREFIX: &str = "CONDA_PREFIX";

/// Process id of the program that started a kernel, which the kernel must not outlive. `threadbook run` sets it, as
/// jupyter_client does.
pub const PARENT_PID: &str = threadbook_jupyter::sys::PARENT_PID;

/// The notebook that a kernel runs. Jupyter sets it, and `threadbook run`.
pub const NOTEBOOK: &str = "JPY_SESSION_NAME";

/// The session's folder, for this program in its other roles. A kernel sets it for what evcxr and rust-analyzer start.
pub const SESSION: &str = threadbook::shell::SESSION_VAR;

/// Whether a variable is set to something.
pub fn is_set(name: &str) -> bool {
    path(name).is_some()
}

/// The value of a variable; one that is set to nothing counts as not set.
pub fn path(name: &str) -> Option<PathBuf> {
    env::var_os(name)
        .filter(|value| !value.is_empty())
        .map(PathBuf::from)
}

/// What is logged: see [`LOG`].
pub fn log_filter() -> String {
    filter_of(&env::var(LOG).unwrap_or_default())
}

fn filter_of(value: &str) -> String {
    const LEVELS: [&str; 6] = ["off", "error", "warn", "info", "debug", "trace"];
    let level = value.trim().to_ascii_lowercase();
    match LEVELS.contains(&level.as_str()) {
        true if level == "off" => level,
        // zeromq warns of sockets that are gone, each time a kernel ends.
        true => format!("warn,zeromq=error,threadbook={level}"),
        false if level.is_empty() => "threadbook=warn".to_owned(),
        false => value.to_owned(),
    }
}

/// Folder of the prepared builds, or nothing where neither [`CACHE`] nor a home folder is known.
pub fn cache_folder() -> Option<PathBuf> {
    path(CACHE).or_else(|| Some(dirs::cache_dir()?.join("threadbook")))
}

/// File of the history, or nothing where neither [`HISTORY`] nor a home folder is known.
pub fn history_file() -> Option<PathBuf> {
    path(HISTORY).or_else(|| Some(dirs::data_dir()?.join("threadbook/history.sqlite")))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_level_alone_is_that_of_our_own_log() {
        for (value, filter) in [
            ("", "threadbook=warn"),
            ("info", "warn,zeromq=error,threadbook=info"),
            (" DEBUG ", "warn,zeromq=error,threadbook=debug"),
            ("off", "off"),
            ("threadbook=debug", "threadbook=debug"),
            ("info,salsa=off", "info,salsa=off"),
        ] {
            assert_eq!(filter_of(value), filter);
        }
    }
}
