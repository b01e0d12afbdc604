//! How a process ended that has given no value.

use std::error::Error;
use std::fmt;

use serde::Deserialize;
use serde::Serialize;

/// How a process ended that has given no value. Shown in words:
///
/// ```
/// use threadbook::process;
///
/// let ended = process::named("thrower").spawn(|| -> u32 { std::process::exit(3) }).join().unwrap_err();
/// assert_eq!(ended, process::Ended::Exited(3));
/// assert_eq!(ended.to_string(), "the process exited with code 3 before it gave a value");
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub enum Ended {
    /// Its closure panicked. As for `ProcessPoolExecutor` in Python, where an exception comes back with its text.
    Panicked {
        /// The message of the panic.
        message: String,
        /// Where it happened, such as `cell 5, line 3, column 9`; empty where that is not known.
        place: String,
    },
    /// It called [`std::process::exit`], or its code did otherwise without coming to its end.
    Exited(i32),
    /// A signal ended it: [`Process::kill`](super::Process::kill), a crash, or the system when memory ran out.
    Signal(i32),
    /// Its end can't be found out: the session went back to a state in which the process did not exist (`%undo`, `%restore`, a crash
    /// of a cell), or the handle is used in another process than the one that started it.
    Lost,
}

impl Ended {
    /// The signal's name, such as `SIGTERM`, where one ended the process.
    pub fn signal_name(&self) -> Option<String> {
        match self {
            Ended::Signal(number) => Some(name_of_signal(*number)),
            _ => None,
        }
    }
}

impl fmt::Display for Ended {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Ended::Panicked { message, place } if place.is_empty() => {
                write!(f, "the process panicked: {message}")
            }
            Ended::Panicked { message, place } => {
                write!(f, "the process panicked at {place}: {message}")
            }
            Ended::Exited(code) => {
                write!(
                    f,
                    "the process exited with code {code} before it gave a value"
                )
            }
            Ended::Signal(number) => {
                write!(f, "the process was ended by {}", name_of_signal(*number))
            }
            Ended::Lost => f.write_str(
                "the process is lost: the session went back to a state before it (start it again)",
            ),
        }
    }
}

impl Error for Ended {}

/// What a signal is called.
pub(super) fn name_of_signal(number: i32) -> String {
    let known = [
        (libc::SIGHUP, "SIGHUP"),
        (libc::SIGINT, "SIGINT"),
        (libc::SIGQUIT, "SIGQUIT"),
        (libc::SIGILL, "SIGILL"),
        (libc::SIGTRAP, "SIGTRAP"),
        (libc::SIGABRT, "SIGABRT"),
        (libc::SIGBUS, "SIGBUS"),
        (libc::SIGFPE, "SIGFPE"),
        (libc::SIGKILL, "SIGKILL"),
        (libc::SIGUSR1, "SIGUSR1"),
        (libc::SIGSEGV, "SIGSEGV"),
        (libc::SIGUSR2, "SIGUSR2"),
        (libc::SIGPIPE, "SIGPIPE"),
        (libc::SIGALRM, "SIGALRM"),
        (libc::SIGTERM, "SIGTERM"),
        (libc::SIGXCPU, "SIGXCPU"),
        (libc::SIGSYS, "SIGSYS"),
    ];
    let found = known.iter().find(|(of, _)| *of == number);
    found.map_or_else(
        || format!("signal {number}"),
        |(_, name)| (*name).to_owned(),
    )
}
