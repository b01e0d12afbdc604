//! The stand-in for cargo that evcxr calls.
//!
//! cargo has nothing to decide for a cell: the stand-in repeats the rustc call that cargo made for the prepared build,
//! with the libraries that the session has added, and saves cargo's own 40-60 ms. Where a cell adds a dependency, that
//! is built first (`dependencies`). The stand-in keeps rustc's diagnostics with their colours, warnings included, in a
//! file for the kernel: evcxr shows none of them when a cell compiles.

use std::fs::File;
use std::io::Write;
use std::path::PathBuf;
use std::time::Duration;

use serde_json::Value;
use serde_json::json;

use super::answers;
use super::changes::Changes;
use super::compiling::Compiled;
use super::compiling::Compiling;
use super::compiling::line_of_cargo;
use super::dependencies;
use super::first;
use super::first::Ran;
use super::packages;
use super::packages::alone;
use super::packages::visible_packages;
use super::real_cargo::offline_first;
use super::real_cargo::real;
use super::rustc;
use super::watch::Watch;
use crate::build::Prepared;
use crate::build::RustcCall;
use crate::build::SessionPaths;
use crate::build::added::Added;
use crate::build::cargo_cli::exit_code;
use crate::build::lock_files;
use crate::build::optimizing;
use crate::cell::uncover;
use crate::evcxr_text::expected;
use crate::evcxr_text::generated;
use crate::evcxr_text::words::VALIDATION_CRATE;
use crate::rewrite::manifest;
use crate::sys::processes;

/// How cargo is told to describe the packages without what they depend on.
const NO_DEPENDENCIES: &str = "--no-deps";

/// cargo's exit code where it fails.
const REFUSED: i32 = 101;

/// Plays cargo; gives the exit code.
pub(super) fn main(args: &[String]) -> anyhow::Result<i32> {
    let prepared = Prepared::of_this_process()?;
    if answers::is_of_toolchain(args) {
        let run = || real(&prepared).args(args).output();
        return Ok(answers::find(prepared.paths(), "cargo", args, run)?.print()?);
    }
    if packages::is_of_library(prepared.root(), args) {
        eprintln!("error: the packages of the standard library are not described");
        return Ok(REFUSED);
    }
    let session = SessionPaths::new(std::env::current_dir()?);
    let text = std::fs::read_to_string(session.manifest()).unwrap_or_default();
    let only_known = manifest::only_knows(&text, &prepared.dependencies());
    let verb = args
        .iter()
        .find(|arg| !arg.starts_with('-'))
        .map(String::as_str);
    match verb {
        Some("metadata") if only_known && text.contains(VALIDATION_CRATE) => {
            // evcxr checks whether there is such a dependency, and uses the exit code only.
            println!("{{}}");
            Ok(0)
        }
        Some("metadata") if text.contains(VALIDATION_CRATE) => {
            let _group = CompilerGroup::begin(&session)?;
            if session.interrupted().exists() {
                return Ok(130);
            }
            lock_files::begin(&prepared, &session)?;
            if dependencies::were_built(&prepared, &text) {
                println!("{{}}");
                return Ok(0);
            }
            // The crate has no other dependency, so cargo would forget the versions of all others.
            let lock_file = session.cargo_lock();
            let lock = std::fs::read(&lock_file)?;
            let output = offline_first(&prepared, &session, args)?;
            std::io::stderr().write_all(&output.stderr)?;
            std::fs::write(&lock_file, lock)?;
            Ok(exit_code(output.status))
        }
        Some("metadata") if session.bare().exists() => {
            let mut command = real(&prepared);
            command.arg("--offline").args(args);
            if !args.iter().any(|arg| arg == NO_DEPENDENCIES) {
                command.arg(NO_DEPENDENCIES);
            }
            let output = command.output()?;
            std::io::stderr().write_all(&output.stderr)?;
            std::io::stdout().write_all(&alone(output.stdout))?;
            Ok(exit_code(output.status))
        }
        Some("metadata") => {
            let output = match only_known {
                true => real(&prepared).arg("--offline").args(args).output()?,
                false => {
                    let _group = CompilerGroup::begin(&session)?;
                    offline_first(&prepared, &session, args)?
                }
            };
            std::io::stderr().write_all(&output.stderr)?;
            std::io::stdout().write_all(&visible_packages(output.stdout))?;
            Ok(exit_code(output.status))
        }
        Some("build" | "check") => compile(&prepared, &session, &text, verb == Some("check")),
        Some("locate-project") => {
            // The session's crate is a workspace of its own.
            let place = args.windows(2).find(|pair| pair[0] == "--manifest-path");
            let place = place.map_or_else(|| session.manifest(), |pair| PathBuf::from(&pair[1]));
            println!("{}", json!({"root": place}));
            Ok(0)
        }
        // evcxr calls it when dependencies are to be linked in another way, which they are not.
        Some("clean") => Ok(0),
        _ => Ok(exit_code(real(&prepared).args(args).status()?)),
    }
}

fn compile(
    prepared: &Prepared,
    session: &SessionPaths,
    text: &str,
    check_only: bool,
) -> anyhow::Result<i32> {
    let mut watch = Watch::begin(session);
    let _group = CompilerGroup::begin(session)?;
    if session.interrupted().exists() {
        return Ok(130);
    }
    let call = watch.compiler(|| dependencies::provide(prepared, session, text))?;
    let Some(call) = call else {
        return Ok(1);
    };
    let call = match check_only {
        true => call.checking(),
        false => call,
    };
    let path = session.source();
    // Nothing is put into what is compiled as evcxr has generated it.
    let _ = std::fs::remove_file(session.put_in());
    let added = Added::of(session);
    let mut linking = Duration::ZERO;
    let mut compiler = || {
        dependencies::use_in(&added, &path)?;
        let source = std::fs::read_to_string(&path)?;
        let call = match check_only {
            true => &call,
            false => &optimizing::call(&call, &source, &session.kept()),
        };
        let run = || match check_only {
            true => rustc::run(call, session),
            false => rustc::build(
                call,
                &added.layers,
                &source,
                prepared.paths(),
                session,
                &mut linking,
            ),
        };
        let ran = first::compile(prepared.paths(), session, call, &source, run)?;
        Ok(compiled(ran, call, session))
    };
    if !text.lines().any(manifest::is_runtime) {
        return print(session, &watch.compiler(compiler)?, check_only);
    }
    let source = uncover(&std::fs::read_to_string(&path)?);
    std::fs::write(session.generated(), &source)?;
    if let Err(missing) = expected::check(&source) {
        return print(
            session,
            &Compiled::refused(&missing.to_string()),
            check_only,
        );
    }
    let mut changes = Changes::begin(session);
    let mut compiling = Compiling::new(session, &mut changes, &mut compiler);
    let compiled = watch.compiler(|| match check_only {
        true => compiling.check(&source),
        false => compiling.build(&source),
    })?;
    watch.rewritten_in(changes.took());
    watch.linked_in(linking);
    if compiled.code == 0 && !check_only {
        // What did not compile has defined nothing.
        let object = out_dir(&call, session).join(generated::object_file());
        changes.commit(session, object.metadata()?.len())?;
    }
    print(session, &compiled, check_only)
}

fn out_dir(call: &RustcCall, session: &SessionPaths) -> PathBuf {
    call.out_dir()
        .unwrap_or_else(|| session.folder().to_owned())
}

/// What rustc has given, with its messages in cargo's format.
fn compiled(ran: Ran, call: &RustcCall, session: &SessionPaths) -> Compiled {
    let mut lines: Vec<String> = ran
        .messages
        .iter()
        .map(|message| line_of_cargo(&by_lines(message.clone())))
        .collect();
    if ran.code == 0 {
        let object = out_dir(call, session).join(generated::object_file());
        let artifact = json!({"reason": "compiler-artifact", "target": {"name": generated::CRATE}, "filenames": [object]});
        lines.push(artifact.to_string());
    }
    Compiled {
        code: ran.code,
        lines,
        messages: ran.messages,
    }
}

/// The message with a span for each line of its spans. Lines of a cell do not all stand in the cell's order in what
/// rustc compiles, and evcxr panics at a span that ends before it begins.
fn by_lines(mut message: Value) -> Value {
    if let Some(spans) = message["spans"].as_array_mut() {
        *spans = spans.iter().flat_map(lines_of_span).collect();
    }
    if let Some(children) = message["children"].as_array_mut() {
        for child in children {
            *child = by_lines(child.take());
        }
    }
    message
}

fn lines_of_span(span: &Value) -> Vec<Value> {
    let ends = (span["line_start"].as_u64(), span["line_end"].as_u64());
    let (Some(first), Some(last)) = ends else {
        return vec![span.clone()];
    };
    if first >= last {
        return vec![span.clone()];
    }
    let line_of_span = |line: u64| {
        let mut one = span.clone();
        one["line_start"] = line.into();
        one["line_end"] = line.into();
        if line > first {
            one["column_start"] = 1.into();
        }
        if line < last {
            let start = one["column_start"].as_u64().unwrap_or(1);
            one["column_end"] = (start + 1).into();
        }
        one
    };
    (first..=last).map(line_of_span).collect()
}

/// Stores rustc's messages and passes them on to evcxr, of diagnostics perhaps errors only. Returns the exit code.
///
/// evcxr has a cell checked when the type of a variable is not known; a warning would take the place of what it then
/// says itself.
fn print(session: &SessionPaths, compiled: &Compiled, errors_only: bool) -> anyhow::Result<i32> {
    let mut diagnostics = File::create(session.diagnostics())?;
    for message in &compiled.messages {
        writeln!(diagnostics, "{message}")?;
    }
    let mut stdout = std::io::stdout().lock();
    for line in &compiled.lines {
        let is_warning = || {
            let message: Value = serde_json::from_str(line).unwrap_or_default();
            message["reason"] == "compiler-message" && message["message"]["level"] != "error"
        };
        if !(errors_only && is_warning()) {
            writeln!(stdout, "{line}")?;
        }
    }
    Ok(compiled.code)
}

/// Puts the compile into a process group of its own, which an interrupt can end.
struct CompilerGroup {
    file: PathBuf,
}

impl CompilerGroup {
    fn begin(session: &SessionPaths) -> anyhow::Result<CompilerGroup> {
        processes::found_group()?;
        let file = session.compiler();
        std::fs::write(&file, std::process::id().to_string())?;
        Ok(CompilerGroup { file })
    }
}

impl Drop for CompilerGroup {
    fn drop(&mut self) {
        // If it stays, the next compile writes it anew.
        let _ = std::fs::remove_file(&self.file);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_span_of_several_lines_becomes_one_for_each() {
        let span = json!({"line_start": 4, "line_end": 6, "column_start": 7, "column_end": 2, "label": "l"});
        let message =
            json!({"message": "m", "spans": [], "children": [{"spans": [span], "children": []}]});
        let changed = by_lines(message);
        let spans = changed["children"][0]["spans"].as_array().unwrap();
        let places: Vec<[u64; 4]> = spans
            .iter()
            .map(|span| {
                ["line_start", "column_start", "line_end", "column_end"]
                    .map(|name| span[name].as_u64().unwrap())
            })
            .collect();
        assert_eq!(places, [[4, 7, 4, 8], [5, 1, 5, 2], [6, 1, 6, 2]]);
        assert!(spans.iter().all(|span| span["label"] == "l"));
    }
}
