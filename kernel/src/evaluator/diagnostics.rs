//! The words for what ends a cell early. Names and form follow one rule: `ename`, an `evalue` that is useful alone,
//! and a traceback of lines with colours and positions in cells.

use threadbook::wire::End;
use threadbook::wire::PanicInfo;

use super::Diagnostic;
use super::builds::Builds;
use super::builds::Described;
use super::render;
use crate::cell::PlanError;

const RED: &str = "\x1b[1;31m";
const BLUE: &str = "\x1b[1;34m";
const RESET: &str = "\x1b[0m";

/// A diagnostic of one line or a few, without a place.
pub(super) fn plain(ename: &str, evalue: impl Into<String>) -> Diagnostic {
    Diagnostic::of(ename, evalue)
}

/// The cell ended as the worker says; `None` where it ran to its end.
pub(super) fn from_end(end: &End, builds: &Builds) -> Option<Diagnostic> {
    match end {
        End::Finished => None,
        End::Panicked(PanicInfo { message, place, .. }) => {
            Some(at_place("Panic", message, &builds.describe(place)))
        }
        End::Returned {
            message,
            type_name,
            place,
        } => {
            let mut diagnostic = at_place("ReturnedError", message, &builds.describe(place));
            diagnostic.traceback.push(format!(
                "the cell was left by `?` with an error of type `{type_name}`"
            ));
            Some(diagnostic)
        }
        End::Raised { ename, message } => Some(plain(ename, message)),
        End::Interrupted => Some(interrupted("every variable is kept")),
        End::NotLoaded { message } => Some(plain(
            "DependencyError",
            format!(
                "the compiled cell could not be loaded: {message}\n\
                 (a dependency that changes the runtime's own, such as new features of tokio, needs a kernel restart)"
            ),
        )),
    }
}

/// The person stopped the cell.
pub(super) fn interrupted(consequence: &str) -> Diagnostic {
    plain(
        "KeyboardInterrupt",
        format!("the cell was interrupted; {consequence}"),
    )
}

/// The process that ran the cell is gone.
pub(super) fn died(signal: Option<i32>, code: Option<i32>, lost: &[String]) -> Diagnostic {
    let lost = lost_variables(lost);
    match (signal, code) {
        (Some(signal), _) => {
            let (name, meaning) = signal_name(signal);
            plain(
                "WorkerCrashed",
                format!("the cell ended its process by {name} ({meaning}); {lost}"),
            )
        }
        (None, Some(code)) => plain(
            "Exited",
            format!("the cell ended its process with exit code {code}; {lost}"),
        ),
        (None, None) => plain(
            "WorkerCrashed",
            format!("the process that runs cells is gone; {lost}"),
        ),
    }
}

/// What a new process does not have.
pub(super) fn lost_variables(lost: &[String]) -> String {
    let mut names: Vec<String> = lost.iter().map(|name| format!("`{name}`")).collect();
    names.sort_unstable();
    match names.as_slice() {
        [] => "no variable was lost, functions and types are kept, statics start anew".to_owned(),
        [name] => {
            format!("the variable {name} is lost, functions and types are kept, statics start anew")
        }
        names => format!(
            "the variables {} are lost, functions and types are kept, statics start anew",
            names.join(", ")
        ),
    }
}

/// rustc's messages, rendered, and the first one's words and place for the `evalue`.
pub(super) fn compile_error(rendered: &[String]) -> Diagnostic {
    let mut traceback: Vec<String> = Vec::new();
    for message in rendered {
        if !traceback.is_empty() {
            traceback.push(String::new());
        }
        traceback.extend(message.lines().map(str::to_owned));
    }
    let first = render::plain(
        rendered
            .first()
            .map_or("the cell does not compile", String::as_str),
    );
    let mut lines = first.lines();
    let headline = lines.next().unwrap_or_default();
    // "error[E0425]: cannot find ..." without the first word.
    let message = headline
        .split_once(": ")
        .map_or(headline, |(_, message)| message);
    let place = lines.find_map(|line| line.trim_start().strip_prefix("--> "));
    let evalue = match place {
        Some(place) => format!("{message} ({place})"),
        None => message.to_owned(),
    };
    Diagnostic {
        ename: "CompileError".to_owned(),
        evalue,
        traceback,
    }
}

/// A cell that can't be taken apart, or a magic that is wrong.
pub(super) fn no_plan(error: &PlanError, place: &Described) -> Diagnostic {
    let ename = if error.is_rust {
        "CompileError"
    } else {
        "MagicError"
    };
    at_place(ename, &error.message, place)
}

fn at_place(ename: &str, message: &str, place: &Described) -> Diagnostic {
    let mut lines = message.lines();
    let first = lines.next().unwrap_or_default();
    let mut traceback = vec![format!("{RED}{ename}{RESET}: {first}")];
    traceback.extend(lines.map(str::to_owned));
    traceback.push(format!("{BLUE} -->{RESET} {}", place.text));
    if let Some((place, line)) = &place.source {
        let margin = " ".repeat(place.line.to_string().len());
        let before = " ".repeat(place.column.saturating_sub(1) as usize);
        traceback.push(format!("{BLUE}{margin} |{RESET}"));
        traceback.push(format!("{BLUE}{} |{RESET} {line}", place.line));
        traceback.push(format!("{BLUE}{margin} |{RESET} {before}{RED}^{RESET}"));
    }
    let evalue = if message.is_empty() {
        place.text.clone()
    } else {
        format!("{message} ({})", place.text)
    };
    Diagnostic {
        ename: ename.to_owned(),
        evalue,
        traceback,
    }
}

fn signal_name(signal: i32) -> (String, &'static str) {
    let (name, meaning) = match signal {
        libc::SIGSEGV => ("SIGSEGV", "invalid memory access"),
        libc::SIGABRT => (
            "SIGABRT",
            "abort, for example a stack overflow or a panic while dropping",
        ),
        libc::SIGILL => ("SIGILL", "illegal instruction"),
        libc::SIGBUS => ("SIGBUS", "bus error"),
        libc::SIGFPE => ("SIGFPE", "arithmetic error"),
        libc::SIGKILL => ("SIGKILL", "killed, perhaps for lack of memory"),
        libc::SIGTERM => ("SIGTERM", "terminated"),
        libc::SIGINT => ("SIGINT", "interrupted"),
        libc::SIGPIPE => ("SIGPIPE", "nobody reads a pipe any more"),
        libc::SIGTRAP => ("SIGTRAP", "trap"),
        libc::SIGXCPU => ("SIGXCPU", "out of processor time"),
        other => return (format!("signal {other}"), "see `man 7 signal`"),
    };
    (name.to_owned(), meaning)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_compile_error_says_its_first_message_and_place() {
        let rendered = [
            "\x1b[1merror[E0425]\x1b[0m: cannot find value `x`\n --> cell 3, line 2, column 5\n"
                .to_owned(),
        ];
        let diagnostic = compile_error(&rendered);
        assert_eq!(
            diagnostic.evalue,
            "cannot find value `x` (cell 3, line 2, column 5)"
        );
    }

    #[test]
    fn a_crash_names_signal_and_loss() {
        let diagnostic = died(Some(libc::SIGSEGV), None, &["b".to_owned(), "a".to_owned()]);
        assert_eq!(diagnostic.ename, "WorkerCrashed");
        assert_eq!(
            diagnostic.evalue,
            "the cell ended its process by SIGSEGV (invalid memory access); \
             the variables `a`, `b` are lost, functions and types are kept, statics start anew"
        );
        assert_eq!(died(None, Some(3), &[]).ename, "Exited");
    }
}
