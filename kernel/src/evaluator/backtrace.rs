//! The way to a crash, a panic or a cell's end by force: the lines of cells that ran when it happened, innermost first.

use std::collections::HashMap;
use std::path::Path;
use std::path::PathBuf;

use threadbook::wire::Calls;
use threadbook::wire::CrashDump;
use threadbook::wire::PanicInfo;
use threadbook::wire::Place;

use super::cause;
use super::source_index::Described;
use super::source_index::SourceIndex;
use crate::backtrace;
use crate::backtrace::CodeLine;
use crate::backtrace::Frames;
use crate::backtrace::Image;
use crate::backtrace::Lines;
use crate::evcxr_text::generated;
use crate::toolchain::lines;
use crate::worker::Death;

/// More calls than these are not shown: so many of the innermost, so many of the outermost.
const SHOWN: (usize, usize) = (12, 4);
/// The longest round of calls that is found again in a recursion.
const ROUND: usize = 8;

/// The lines of cells that ran. Those of libraries, and of what is generated around cells, are left out.
#[derive(Debug, Default)]
pub(super) struct Backtrace {
    pub(super) steps: Vec<BacktraceStep>,
}

#[derive(Debug)]
pub(super) enum BacktraceStep {
    CallLine(CallLine),
    /// What is not shown, in words.
    Gap(String),
}

/// A line that runs, or that calls what runs.
#[derive(Clone, Debug)]
pub(super) struct CallLine {
    pub(super) place: Described,
    /// The function that it is in, in words; none where it stands in the cell itself.
    pub(super) function: Option<String>,
}

impl Backtrace {
    /// The way to where a process died, as far as that is known.
    pub(super) fn of(death: &Death, sources: &SourceIndex) -> Backtrace {
        let remains = death.remains.as_ref();
        let mut backtrace = remains.map_or_else(Backtrace::default, |remains| {
            Backtrace::of_remains(remains, sources)
        });
        // A panic while dropping has left its own frames by the time that it aborts.
        if backtrace.steps.is_empty()
            && cause::is_abort(death)
            && let Some(panic) = &death.panic
        {
            backtrace.steps.push(BacktraceStep::CallLine(CallLine {
                place: sources.describe(&panic.place),
                function: None,
            }));
        }
        backtrace
    }

    /// Compiles the cells that are on the way once more.
    fn of_remains(remains: &CrashDump, sources: &SourceIndex) -> Backtrace {
        let frames = backtrace::frames(remains);
        Backtrace {
            steps: steps(calls(&frames, sources), frames.is_cut),
        }
    }

    /// The way to a panic. Where its place is a cell's own code, outside of functions, that place is the whole way, and
    /// nothing is compiled for it.
    pub(super) fn of_panic(panic: &PanicInfo, sources: &SourceIndex) -> Backtrace {
        let place = sources.describe(&panic.place);
        let mut way = Vec::new();
        let mut is_cut = false;
        if !sources.is_outside_functions(&place) {
            let frames = backtrace::frames_of_calls(&panic.calls, |path| is_cell(path, sources));
            way = calls(&frames, sources);
            is_cut = frames.is_cut && !way.is_empty();
        }
        // A function may blame its caller (`#[track_caller]`), and a hook of the cell's may call the runtime's: what
        // ran further in than the place is no part of the way to it.
        let is_own = |call: &CallLine| call.place.line() == place.line();
        let own = way.iter().position(is_own);
        let function = own.and_then(|own| way.drain(..=own).next_back()?.function);
        way.insert(0, CallLine { place, function });
        Backtrace {
            steps: steps(way, is_cut),
        }
    }

    /// The way to where a cell was that has stopped.
    pub(super) fn of_stop(noted: &Calls, sources: &SourceIndex) -> Backtrace {
        let frames = backtrace::frames_of_calls(noted, |path| is_cell(path, sources));
        let way = calls(&frames, sources);
        let is_cut = frames.is_cut && !way.is_empty();
        Backtrace {
            steps: steps(way, is_cut),
        }
    }

    /// Where the process died.
    pub(super) fn innermost(&self) -> Option<&Described> {
        match self.steps.first()? {
            BacktraceStep::CallLine(call) => Some(&call.place),
            BacktraceStep::Gap(_) => None,
        }
    }
}

/// The calls of cells among the frames. Compiles these cells once more.
fn calls(frames: &Frames, sources: &SourceIndex) -> Vec<CallLine> {
    let mut objects: HashMap<&Path, HashMap<u64, Vec<CallLine>>> = HashMap::new();
    for (path, address) in &frames.frames {
        if is_cell(path, sources) {
            objects
                .entry(path)
                .or_default()
                .insert(*address, Vec::new());
        }
    }
    for (so, calls) in &mut objects {
        if let Err(error) = find(so, calls, sources) {
            tracing::warn!("a way through cells is not known: {error}");
        }
    }
    let calls = frames
        .frames
        .iter()
        .filter_map(|(path, address)| objects.get(path.as_path())?.get(address))
        .flatten()
        .cloned();
    calls.collect()
}

fn is_cell(path: &Path, sources: &SourceIndex) -> bool {
    path.to_str().is_some_and(|so| sources.is_cell(so))
}

/// Finds the calls at addresses of a cell's object.
fn find(
    so: &Path,
    calls: &mut HashMap<u64, Vec<CallLine>>,
    sources: &SourceIndex,
) -> anyhow::Result<()> {
    let with_lines: PathBuf = lines::compile(so)?;
    let image = Image::read(&with_lines)?;
    anyhow::ensure!(
        image.has_code_of(&Image::read(so)?),
        "the code of `{}` is another with line tables",
        so.display()
    );
    let Some(lines) = Lines::of(&image) else {
        anyhow::bail!("`{}` has no line tables", with_lines.display());
    };
    let call = |line: CodeLine| {
        let file = with_lines.parent().and_then(|folder| {
            // Tables name whole paths, the cells' own code does not.
            let file = Path::new(&line.file).strip_prefix(folder).ok()?;
            Some(file.to_str()?.to_owned())
        });
        let place = sources.describe(&Place {
            file: file?,
            line: line.line,
            column: line.column,
            so: so.to_str().map(str::to_owned),
            load: 0,
        });
        let function = line.function.as_deref().and_then(in_words);
        place
            .source
            .is_some()
            .then_some(CallLine { place, function })
    };
    for (address, calls) in calls {
        *calls = lines.at(*address).into_iter().filter_map(call).collect();
    }
    Ok(())
}

/// A function's name as it is written in the cell.
fn in_words(name: &str) -> Option<String> {
    let name = short(name);
    let mut parts: Vec<&str> = match name.find(">::") {
        Some(end) if name.starts_with('<') => {
            let mut parts = vec![&name[..=end]];
            parts.extend(name[end + 3..].split("::"));
            parts
        }
        _ => name.split("::").collect(),
    };
    if parts[0].starts_with(generated::FUNCTION) {
        // The cell itself, in what is generated around it.
        parts.remove(0);
        let own = parts.iter().position(|part| !part.starts_with('{'))?;
        parts.drain(..own);
    }
    let closure = parts.iter().position(|part| part.starts_with('{'));
    let len = closure.unwrap_or(parts.len());
    let function = parts[..len].join("::");
    Some(match closure {
        Some(_) => format!("a closure in `{function}`"),
        None => format!("`{function}`"),
    })
}

/// A name without the crate of cells, and with the last part alone of each other path that leads to a type.
fn short(name: &str) -> String {
    let is_of_a_path = |char: char| char.is_alphanumeric() || char == '_' || char == ':';
    let mut text = String::new();
    let mut rest = name;
    while !rest.is_empty() {
        let end = rest.find(|char| !is_of_a_path(char)).unwrap_or(rest.len());
        let (path, after) = rest.split_at(end);
        let inside = path.strip_prefix(lines::CRATE);
        let inside = inside.and_then(|path| path.strip_prefix("::"));
        let path = inside.unwrap_or(path);
        let is_in_angles = text.matches('<').count() > text.matches('>').count();
        text.push_str(match path.rsplit_once("::") {
            Some((_, last)) if is_in_angles => last,
            _ => path,
        });
        let Some(char) = after.chars().next() else {
            break;
        };
        text.push(char);
        rest = &after[char.len_utf8()..];
    }
    text
}

/// What is shown of calls: rounds of a recursion once, and not too many.
fn steps(calls: Vec<CallLine>, is_cut: bool) -> Vec<BacktraceStep> {
    let same = |one: &CallLine, other: &CallLine| {
        one.place.text == other.place.text && one.function == other.function
    };
    let mut steps = Vec::new();
    let mut rest = calls.as_slice();
    while !rest.is_empty() {
        let (round, times) = round(rest, same);
        steps.extend(rest[..round].iter().cloned().map(BacktraceStep::CallLine));
        rest = &rest[round * times..];
        if times > 1 {
            let more = times - 1;
            steps.push(BacktraceStep::Gap(match round {
                1 => format!("the call above is repeated {more} more times"),
                _ => format!("the {round} calls above are repeated {more} more times"),
            }));
        }
    }
    let (first, last) = SHOWN;
    if steps.len() > first + last + 1 {
        let left_out = steps.len() - first - last;
        let gap = BacktraceStep::Gap(format!("{left_out} more calls are left out"));
        steps.splice(first..first + left_out, [gap]);
    }
    if is_cut && !steps.is_empty() {
        steps.push(BacktraceStep::Gap(
            "calls further out are not known: the stack is too deep".to_owned(),
        ));
    }
    steps
}

/// How many calls at the beginning come again and again, and how often; one that comes once where none does.
fn round<T>(calls: &[T], same: impl Fn(&T, &T) -> bool) -> (usize, usize) {
    let mut best = (1, 1);
    for len in 1..=ROUND.min(calls.len() / 2) {
        let again = calls
            .iter()
            .zip(&calls[len..])
            .take_while(|(one, other)| same(one, other))
            .count();
        let times = again / len + 1;
        if times > 2 && (times - 1) * len > (best.1 - 1) * best.0 {
            best = (len, times);
        }
    }
    best
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn functions_are_named_as_in_the_cell() {
        for (name, words) in [
            ("ctx::deep", Some("`deep`")),
            ("ctx::shapes::Square::area", Some("`shapes::Square::area`")),
            ("ctx::deep::{{closure}}", Some("a closure in `deep`")),
            (
                "ctx::deep::{closure#0}::{closure#1}",
                Some("a closure in `deep`"),
            ),
            (
                "<ctx::Bomb as core::ops::drop::Drop>::drop",
                Some("`<Bomb as Drop>::drop`"),
            ),
            ("ctx::run_user_code_12", None),
            ("ctx::run_user_code_12::{{closure}}::{{closure}}", None),
            ("ctx::run_user_code_12::{{closure}}::inner", Some("`inner`")),
            (
                "ctx::first::<alloc::vec::Vec<i32>>",
                Some("`first::<Vec<i32>>`"),
            ),
        ] {
            assert_eq!(in_words(name).as_deref(), words, "{name}");
        }
    }

    #[test]
    fn a_recursion_is_shown_once() {
        let round_of = |text: &str| {
            let calls: Vec<char> = text.chars().collect();
            round(&calls, |one, other| one == other)
        };
        assert_eq!(round_of("a"), (1, 1));
        assert_eq!(round_of("abab"), (1, 1));
        assert_eq!(round_of("aaaab"), (1, 4));
        assert_eq!(round_of("ababababc"), (2, 4));
        assert_eq!(round_of("aabaabaabc"), (3, 3));
    }

    #[test]
    fn what_is_left_out_is_said() {
        let call = |line: usize| CallLine {
            place: Described {
                text: format!("cell 1, line {line}, column 1"),
                source: None,
            },
            function: None,
        };
        let words = |calls: Vec<CallLine>, is_cut| -> Vec<String> {
            let words = |step| match step {
                BacktraceStep::CallLine(call) => call.place.text,
                BacktraceStep::Gap(words) => words,
            };
            steps(calls, is_cut).into_iter().map(words).collect()
        };
        assert!(words(Vec::new(), true).is_empty());
        assert_eq!(
            words(vec![call(7); 40], true),
            [
                "cell 1, line 7, column 1",
                "the call above is repeated 39 more times",
                "calls further out are not known: the stack is too deep",
            ]
        );
        let many = words((1..=30).map(call).collect(), false);
        assert_eq!(many.len(), 17);
        assert_eq!(many[12], "14 more calls are left out");
        assert_eq!(many[16], "cell 1, line 30, column 1");
    }
}
