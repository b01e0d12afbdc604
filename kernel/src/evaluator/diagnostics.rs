//! The words for what ends a cell early. Names and form follow one rule: `ename`, an `evalue` that is useful alone,
//! and a traceback of lines with colours and positions in cells.

use threadbook::wire::End;
use threadbook::wire::Outside;
use threadbook::wire::PanicInfo;
use threadbook_jupyter::contract::Diagnostic;

use super::backtrace::Backtrace;
use super::backtrace::BacktraceStep;
use super::cause;
use super::colours;
use super::colours::ERROR;
use super::colours::RESET;
use super::colours::STRONG;
use super::positions;
use super::source_index::Described;
use super::source_index::SourceIndex;
use crate::cell::PlanError;
use crate::worker::Death;

/// The name of the error that an interrupt is.
pub(super) const INTERRUPTED: &str = "KeyboardInterrupt";
/// What a thread is called that has no name.
const UNNAMED: &str = "<unnamed>";

/// A diagnostic of one line or a few, without a place.
pub(super) fn plain(ename: &str, evalue: impl Into<String>) -> Diagnostic {
    Diagnostic::of(ename, evalue)
}

/// The error of a cell, from the worker's report; `None` where it ran to its end.
pub(super) fn from_end(end: &End, sources: &SourceIndex) -> Option<Diagnostic> {
    let mut diagnostic = of_end(end, sources)?;
    if let End::Panicked { of_thread, .. } | End::Returned { of_thread, .. } = end
        && let Some(panic) = of_thread
    {
        let backtrace = Backtrace::of_panic(panic, sources);
        let thread = match panic.thread.as_str() {
            UNNAMED => "a thread without a name".to_owned(),
            name => format!("the thread `{name}`"),
        };
        diagnostic
            .traceback
            .push(format!("{thread} had panicked: {}", panic.message));
        diagnostic.traceback.extend(call_path(&backtrace));
    }
    Some(diagnostic)
}

fn of_end(end: &End, sources: &SourceIndex) -> Option<Diagnostic> {
    match end {
        End::Finished => None,
        End::Panicked { panic, .. } => {
            let backtrace = Backtrace::of_panic(panic, sources);
            Some(panicked(panic, &backtrace))
        }
        End::Returned {
            message,
            type_name,
            place,
            ..
        } => {
            let mut diagnostic = at_place("ReturnedError", message, &sources.describe(place));
            diagnostic.traceback.push(format!(
                "the cell was left with an error of type `{type_name}`"
            ));
            Some(diagnostic)
        }
        End::Raised { ename, message } => Some(plain(ename, message)),
        End::Interrupted { calls } => {
            let mut diagnostic = interrupted("every variable is kept");
            let backtrace = Backtrace::of_stop(calls, sources);
            diagnostic.traceback.extend(call_path(&backtrace));
            Some(diagnostic)
        }
        End::NotLoaded { message } => Some(plain(
            "DependencyError",
            format!(
                "the compiled cell could not be loaded: {message}\n\
                 (a dependency that changes the runtime's own, such as new features of tokio, needs a kernel restart)"
            ),
        )),
    }
}

/// The cell panicked.
fn panicked(info: &PanicInfo, backtrace: &Backtrace) -> Diagnostic {
    let place = backtrace.innermost().map_or("", |place| &place.text);
    with_lines("Panic", &info.message, place, call_path(backtrace))
}

/// The person stopped the cell.
pub(super) fn interrupted(consequence: &str) -> Diagnostic {
    plain(
        INTERRUPTED,
        format!("the cell was interrupted; {consequence}"),
    )
}

/// The person stopped the cell, and it did not stop by itself.
pub(super) fn interrupted_by_force(
    death: &Death,
    lost: &[String],
    backtrace: &Backtrace,
) -> Diagnostic {
    let consequence = consequence(death, lost);
    let mut diagnostic = interrupted(&match death.copy {
        true => format!(
            "it did not stop by itself, so its process went back to the state before it: {consequence}"
        ),
        false => consequence,
    });
    diagnostic.traceback.extend(call_path(backtrace));
    diagnostic
}

/// What the end of a process means for variables.
fn consequence(death: &Death, lost: &[String]) -> String {
    match death.copy {
        true => what_is_kept("every variable that stood before the cell is kept", death),
        false => lost_variables(lost),
    }
}

/// The process that ran the cell is gone.
pub(super) fn died(death: &Death, lost: &[String], backtrace: &Backtrace) -> Diagnostic {
    let consequence = consequence(death, lost);
    let (ename, mut how) = cause(death);
    if let Some(place) = backtrace.innermost() {
        how.push_str(&format!(" at {}", place.text));
    }
    let mut diagnostic = plain(
        ename,
        format!("the cell ended its process {how}; {consequence}"),
    );
    diagnostic.traceback.extend(call_path(backtrace));
    diagnostic
}

/// The calls that led to a place, innermost first.
fn call_path(backtrace: &Backtrace) -> Vec<String> {
    let mut lines = Vec::new();
    for step in &backtrace.steps {
        match step {
            BacktraceStep::CallLine(call) => {
                let arrow = if lines.is_empty() {
                    "-->"
                } else {
                    "called from"
                };
                let function = call.function.as_ref();
                let function = function.map_or_else(String::new, |name| format!(", in {name}"));
                lines.extend(shown(arrow, &call.place, &function));
            }
            BacktraceStep::Gap(words) => lines.push(format!("{STRONG} ...{RESET} {words}")),
        }
    }
    lines
}

/// The process died while no cell ran, and a copy of it goes on.
pub(super) fn died_idle(death: &Death) -> String {
    let (_, how) = cause(death);
    format!(
        "the process that runs cells has ended {how} while no cell ran; {}\n",
        what_is_kept("every variable is kept", death)
    )
}

fn cause(death: &Death) -> (&'static str, String) {
    let (ename, mut how) = signal_or_code(death);
    if let Some(thread) = death.thread.as_ref().filter(|name| *name != "main") {
        how.push_str(&format!(" in the thread `{thread}`"));
    }
    (ename, how)
}

fn signal_or_code(death: &Death) -> (&'static str, String) {
    if death.out_of_memory && cause::is_kill(death) {
        let how = "by SIGKILL (the system had no memory left)".to_owned();
        return ("WorkerCrashed", how);
    }
    match (cause::of(death), death.code) {
        (Some((name, meaning)), _) => ("WorkerCrashed", format!("by {name} ({meaning})")),
        (None, Some(code)) => ("Exited", format!("with exit code {code}")),
        (None, None) => ("WorkerCrashed", "in a way that is not known".to_owned()),
    }
}

/// What a copy that has taken over has, and what it lacks.
fn what_is_kept(kept: &str, death: &Death) -> String {
    let mut text = kept.to_owned();
    for (what, names) in [
        ("the process", &death.children),
        ("the thread", &death.missing_threads),
    ] {
        let names: Vec<String> = names.iter().map(|name| format!("`{name}`")).collect();
        if !names.is_empty() {
            let plural = match (names.len(), what) {
                (1, _) => "",
                (_, "the process") => "es",
                _ => "s",
            };
            text.push_str(&format!(", {what}{plural} {} ended", names.join(", ")));
        }
    }
    text.push_str(&what_stays_outside(&death.outside));
    text
}

/// What going back does not change.
fn what_stays_outside(outside: &Outside) -> String {
    let mut what: Vec<String> = outside
        .files
        .iter()
        .map(|path| format!("`{path}`"))
        .collect();
    match outside.sockets {
        0 => {}
        1 => what.push("a network socket".to_owned()),
        count => what.push(format!("{count} network sockets")),
    }
    match what.is_empty() {
        true => String::new(),
        false => format!("; what was open is as it was left: {}", what.join(", ")),
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
    traceback.extend(explanations(rendered));
    let first = positions::plain(
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

/// A line with the address of each error code's explanation. Front ends make links of addresses.
fn explanations(rendered: &[String]) -> Vec<String> {
    let mut lines = Vec::new();
    for message in rendered {
        let headline = positions::plain(message.lines().next().unwrap_or_default());
        let code = headline
            .strip_prefix("error[")
            .and_then(colours::code_at_start);
        let line = code.map(|code| format!("{code}: {}", colours::explanation(code)));
        lines.extend(line.filter(|line| !lines.contains(line)));
    }
    if !lines.is_empty() {
        lines.insert(0, String::new());
    }
    lines
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
    with_lines(ename, message, &place.text, shown("-->", place, ""))
}

/// A message, its place in words, and lines that show it.
fn with_lines(ename: &str, message: &str, place: &str, shown: Vec<String>) -> Diagnostic {
    let mut lines = message.lines();
    let first = lines.next().unwrap_or_default();
    let mut traceback = vec![format!("{ERROR}{ename}{RESET}: {first}")];
    traceback.extend(lines.map(str::to_owned));
    traceback.extend(shown);
    let evalue = if message.is_empty() {
        place.to_owned()
    } else {
        format!("{message} ({place})")
    };
    Diagnostic {
        ename: ename.to_owned(),
        evalue,
        traceback,
    }
}

/// A place with its line.
fn shown(arrow: &str, place: &Described, words: &str) -> Vec<String> {
    let mut lines = vec![format!("{STRONG} {arrow}{RESET} {}{words}", place.text)];
    if let Some((place, line)) = &place.source {
        let margin = " ".repeat(place.line.to_string().len());
        let before = " ".repeat(place.column.saturating_sub(1) as usize);
        lines.push(format!("{margin} |"));
        lines.push(format!("{} | {line}", place.line));
        lines.push(format!("{margin} | {before}{ERROR}^{RESET}"));
    }
    lines
}

#[cfg(test)]
mod tests {
    use super::super::backtrace::CallLine;
    use super::super::cell_place::CellPlace;
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
        let [.., last] = diagnostic.traceback.as_slice() else {
            panic!("no traceback");
        };
        assert_eq!(
            last,
            "E0425: https://doc.rust-lang.org/error_codes/E0425.html"
        );
    }

    #[test]
    fn a_crash_shows_the_way_to_it() {
        let call = |cell, column, line: &str, function: Option<&str>| {
            let place = CellPlace {
                cell,
                line: 1,
                column,
            };
            BacktraceStep::CallLine(CallLine {
                place: Described {
                    text: place.to_string(),
                    source: Some((place, line.to_owned())),
                },
                function: function.map(str::to_owned),
            })
        };
        let backtrace = Backtrace {
            steps: vec![
                call(2, 14, "fn boom() { *p() }", Some("`boom`")),
                BacktraceStep::Gap("and so on".to_owned()),
                call(5, 1, "boom();", None),
            ],
        };
        let death = Death {
            signal: Some(libc::SIGSEGV),
            thread: Some("diver".to_owned()),
            copy: true,
            ..Death::default()
        };
        let diagnostic = died(&death, &[], &backtrace);
        assert_eq!(
            diagnostic.evalue,
            "the cell ended its process by SIGSEGV (invalid memory access) in the thread `diver` at cell 2, line 1, \
             column 14; every variable that stood before the cell is kept"
        );
        assert_eq!(
            positions::plain(&diagnostic.traceback[1..].join("\n")),
            " --> cell 2, line 1, column 14, in `boom`\n  |\n1 | fn boom() { *p() }\n  |              ^\n \
             ... and so on\n called from cell 5, line 1, column 1\n  |\n1 | boom();\n  | ^"
        );
    }

    #[test]
    fn a_crash_names_its_cause_and_what_is_lost_or_kept() {
        let mut death = Death {
            signal: Some(libc::SIGSEGV),
            ..Death::default()
        };
        let lost = ["b".to_owned(), "a".to_owned()];
        let nowhere = Backtrace::default();
        let diagnostic = died(&death, &lost, &nowhere);
        assert_eq!(diagnostic.ename, "WorkerCrashed");
        assert_eq!(
            diagnostic.evalue,
            "the cell ended its process by SIGSEGV (invalid memory access); \
             the variables `a`, `b` are lost, functions and types are kept, statics start anew"
        );
        death.copy = true;
        death.children = vec!["sleep".to_owned(), "cat".to_owned()];
        death.missing_threads = vec!["signals".to_owned()];
        assert_eq!(
            died(&death, &[], &nowhere).evalue,
            "the cell ended its process by SIGSEGV (invalid memory access); every variable that stood before the cell \
             is kept, the processes `sleep`, `cat` ended, the thread `signals` ended"
        );
        death.children.clear();
        death.missing_threads.clear();
        death.outside.files = vec!["/tmp/a.txt".to_owned()];
        let says = |death: &Death, words: &str| {
            let evalue = died(death, &[], &Backtrace::default()).evalue;
            assert!(evalue.ends_with(words), "{evalue}");
        };
        says(
            &death,
            "is kept; what was open is as it was left: `/tmp/a.txt`",
        );
        death.outside.sockets = 2;
        says(
            &death,
            "; what was open is as it was left: `/tmp/a.txt`, 2 network sockets",
        );
        let exit = Death {
            code: Some(3),
            ..Death::default()
        };
        assert_eq!(died(&exit, &[], &nowhere).ename, "Exited");
    }
}
