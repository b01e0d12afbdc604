//! The evaluator of Rust cells. The only file that names evcxr.

use std::collections::BTreeMap;
use std::collections::HashMap;
use std::collections::HashSet;
use std::path::Path;
use std::path::PathBuf;
use std::process::Command;
use std::sync::Arc;
use std::time::Duration;
use std::time::Instant;

use evcxr::CommandContext;
use evcxr::Error;
use evcxr::EvalContext;
use evcxr::EvalOutputs;
use serde_json::Map;
use serde_json::Value;
use threadbook::timing::Times;

use super::Cell;
use super::Completion;
use super::Completions;
use super::Diagnostic;
use super::Evaluator;
use super::Outcome;
use super::backtrace::Backtrace;
use super::builds::Builds;
use super::cargo_words;
use super::copies::Copies;
use super::diagnostics;
use super::ended;
use super::ended::EndedVariables;
use super::ended::Why;
use super::help;
use super::interrupt::Stop;
use super::render;
use super::source;
use super::source_map::SourceMap;
use super::steps::Kept;
use super::steps::Steps;
use crate::cell::RustAt;
use crate::cell::bound_names;
use crate::cell::hide_lets;
use crate::cell::keep_items;
use crate::cell::unnameable_lets;
use crate::magics;
use crate::magics::Ran;
use crate::output::Event;
use crate::output::OutputTx;
use crate::output::StreamName;
use crate::sys::processes;
use crate::toolchain;
use crate::toolchain::Reason;
use crate::toolchain::RustcConfiguration;
use crate::toolchain::Session;
use crate::toolchain::Sysroot;
use crate::toolchain::compiling;
use crate::toolchain::phases;
use crate::toolchain::phases::Compile;
use crate::worker::Death;
use crate::worker::Worker;
use crate::worker::WorkerEvent;

/// The log that says where the time of each cell went.
const PHASES: &str = "threadbook_kernel::phases";

/// What every session begins with.
///
/// The macros are named one by one, since only so they go before std's. The last line has evcxr generate code that may
/// await and return errors from the start, which it would otherwise find out by a failed compile; the stand-in for cargo
/// puts our runtime in the place of the one that evcxr generates.
const PRELUDE: &str = "\
use threadbook::prelude::*;
use threadbook::{dbg, eprint, eprintln, print, println, thread_local};
async { Ok::<(), std::fmt::Error>(()) }.await?;
";

/// Runs Rust cells with evcxr, in a worker process of our own.
pub struct RustEvaluator {
    // Fields are dropped in this order: evcxr ends its processes before their pipes and their folder go.
    context: CommandContext,
    worker: Worker,
    builds: Builds,
    stop: Arc<Stop>,
    output: OutputTx,
    kept: Kept,
    session: Session,
    copies: Copies,
    prelude: String,
    cargo: PathBuf,
    /// The standard library's sources.
    library: Option<PathBuf>,
    cells: Vec<(u32, String)>,
    ended: EndedVariables,
    configuration: RustcConfiguration,
    /// What makes evcxr forget the items of the program before, while another program begins.
    forgetting: String,
}

impl RustEvaluator {
    /// Prepares the runtime where that has not been done, starts evcxr and the worker, and brings the prelude in scope.
    pub fn new(
        session: Result<(PathBuf, Session), toolchain::Error>,
        stop: Arc<Stop>,
        output: OutputTx,
    ) -> Result<RustEvaluator, Diagnostic> {
        let progress = |text: &str| {
            let bytes = format!("{text}\n").into_bytes();
            output.send(Event::Stream {
                cell: None,
                stream: StreamName::Stderr,
                bytes,
            });
        };
        let failed =
            |error: toolchain::Error| diagnostics::plain("ToolchainError", error.to_string());
        let (cache, session) = session.map_err(failed)?;
        let sysroot = Sysroot::find().map_err(failed)?;
        let prepared = toolchain::prepare(&cache, &sysroot, &progress).map_err(failed)?;
        session.equip(&prepared, &sysroot).map_err(failed)?;
        let builds = Builds::new(session.path());
        let worker = Worker::new(output.clone(), Box::new(builds.clone())).map_err(|error| {
            diagnostics::plain("KernelError", format!("the worker's pipes: {error}"))
        })?;
        if let Some(file) = worker.stderr_file() {
            session.show_progress_in(&file).map_err(failed)?;
        }
        stop.attach(session.path().to_owned(), worker.status());
        let mut command = worker.command(&session.worker(), session.path());
        session.restore_environment(&mut command);
        let folders = session.library_folders(&prepared);
        processes::find_libraries(&mut command, folders);
        let started = |error: Error| {
            diagnostics::plain(
                "KernelError",
                format!("the evaluator did not start: {error}"),
            )
        };
        session.begin_bare().map_err(failed)?;
        // evcxr's own copies of stdout and stderr stay empty: the worker has other pipes for them.
        let (context, _outputs) = EvalContext::with_subprocess_command(command).map_err(started)?;
        let mut context = CommandContext::with_eval_context(context);
        session.end_bare().map_err(failed)?;
        let mut prelude: String = prepared
            .dependencies()
            .iter()
            .map(|(name, value)| format!(":dep {name} = {value}\n"))
            .collect();
        prelude.push_str(PRELUDE);
        context.execute(&prelude).map_err(started)?;
        worker.sync();
        worker.show_output();
        let mut copies = Copies::default();
        copies.ran(PRELUDE);
        Ok(RustEvaluator {
            context,
            worker,
            builds,
            stop,
            output,
            kept: Kept {
                dependencies: prepared.dependencies(),
                ..Kept::default()
            },
            session,
            copies,
            prelude,
            cargo: sysroot.cargo(),
            library: sysroot.library_sources().ok(),
            cells: Vec::new(),
            ended: EndedVariables::default(),
            configuration: RustcConfiguration::of(&sysroot),
            forgetting: String::new(),
        })
    }

    /// Compiles and runs Rust, with evcxr's commands before it. Says how it ended, and how long compiling took.
    pub(super) fn run(&mut self, code: &str) -> Ran {
        let start = Instant::now();
        if let Some(level) = unknown_level(code) {
            let expected = format!("unknown optimisation level `{level}` (expected 0, 1, 2 or 3)");
            return Ran::of(Err(diagnostics::plain("MagicError", expected)));
        }
        let before: HashSet<String> = self.variable_names();
        self.ask_for_phases();
        let (kept, hidden, result) = self.compile_and_run(code, &before);
        let took = start.elapsed();
        let (result, times) = self.ended(code, &kept, result, &before);
        if times.is_some() {
            self.note_ended_variables(code, hidden, &before, result.is_ok());
        }
        self.tell_phases(took, &times.unwrap_or_default());
        let running = times.map_or(Duration::ZERO, |times| times.wall);
        Ran {
            result,
            times,
            compile: took.saturating_sub(running),
        }
    }

    /// Rust that defines `main` is about to run: items of the program before, which it does not define, are in its way.
    pub(super) fn begin_program(&mut self, code: &str) {
        let types: String = self.variables().map(|(_, ty)| format!("{ty}\n")).collect();
        self.forgetting = self.copies.begin_program(&keep_items(code), &types);
    }

    /// What `#[cfg(..)]` means in cells.
    pub(super) fn configuration(&self) -> &RustcConfiguration {
        &self.configuration
    }

    /// Runs the code with evcxr, which does not see variables whose types have no name. Gives the code in the form that ran,
    /// and those variables.
    fn compile_and_run(
        &mut self,
        code: &str,
        before: &HashSet<String>,
    ) -> (String, HashMap<String, Why>, Result<EvalOutputs, Error>) {
        compiling::begin(self.session.path());
        let forgetting = std::mem::take(&mut self.forgetting);
        let names = unnameable_lets(code).into_iter();
        let mut hidden: HashMap<String, Why> = names.map(|name| (name, Why::Closure)).collect();
        loop {
            let shown = hide_lets(code, &hidden.keys().cloned().collect());
            let kept = keep_items(&shown) + &forgetting;
            let mut result = self.context.execute(&kept);
            if result.is_err() && self.session.take_runtime_change() {
                self.restart_worker(before);
                result = self.context.execute(&kept);
            }
            let error = result.as_ref().err().map(Error::to_string);
            match error.and_then(|error| ended::refused(&error)) {
                Some((name, why)) if !hidden.contains_key(&name) => hidden.insert(name, why),
                _ => return (kept, hidden, result),
            };
        }
    }

    /// Notes which variables of a cell that has run are not there for later ones.
    fn note_ended_variables(
        &mut self,
        code: &str,
        hidden: HashMap<String, Why>,
        before: &HashSet<String>,
        is_finished: bool,
    ) {
        let cell = self.builds.latest();
        let variables = compiling::variables(self.session.path());
        let unkept = variables.unkept.into_iter();
        let mut ended: BTreeMap<String, Why> = unkept
            .map(|(name, reason)| (name, Why::NotKept(reason)))
            .collect();
        ended.extend(hidden);
        let bound = bound_names(code);
        for name in &bound {
            // Where there is no other reason, the cell has not come to the end at which it is kept.
            ended.entry(name.clone()).or_insert(Why::CellFailed);
        }
        if !is_finished {
            let moved = variables.put_back.into_iter();
            ended.extend(moved.map(|name| (name, Why::MovedByFailedCell)));
        }
        for (name, _) in self.context.variables_and_types() {
            ended.retain(|other, why| other != name || *why == Why::MovedByFailedCell);
            self.ended.remove(name);
        }
        let mut shadowed = ended.clone();
        shadowed.retain(|name, why| {
            before.contains(name) && bound.contains(name) && *why != Why::NotKept(Reason::Moved)
        });
        if let Some(note) = ended::note_of_shadowed(&shadowed) {
            self.output.send(Event::Stream {
                cell: None,
                stream: StreamName::Stderr,
                bytes: note.into_bytes(),
            });
        }
        for (name, why) in ended {
            self.ended.insert(name, cell, why);
        }
    }

    fn ask_for_phases(&self) {
        if tracing::enabled!(target: PHASES, tracing::Level::DEBUG)
            && let Err(error) = phases::ask(self.session.path())
        {
            tracing::warn!("the phases of compiles are not measured: {error}");
        }
    }

    /// Logs where the time of a cell went, in milliseconds, where that is asked for.
    fn tell_phases(&self, all: Duration, times: &Times) {
        if !tracing::enabled!(target: PHASES, tracing::Level::DEBUG) {
            return;
        }
        let compiles = phases::take(self.session.path());
        let sum = |part: fn(&Compile) -> Duration| compiles.iter().map(part).sum::<Duration>();
        let standing_in = sum(|compile| compile.all);
        let rewriting = sum(|compile| compile.rewriting);
        let compiler = sum(|compile| compile.compiler);
        let linking = sum(|compile| compile.linking);
        let worker = times.loading + times.wall;
        let ms = |duration: Duration| duration.as_secs_f64() * 1000.0;
        tracing::debug!(
            target: PHASES,
            "phases {}",
            serde_json::json!({
                "all": ms(all),
                "analysis": ms(all.saturating_sub(standing_in + worker)),
                "rewriting": ms(rewriting),
                "cargo": ms(standing_in.saturating_sub(rewriting + compiler)),
                "rustc": ms(compiler.saturating_sub(linking)),
                "link": ms(linking),
                "load": ms(times.loading),
                "run": ms(times.wall),
                "compiles": compiles.len(),
            })
        );
    }

    fn ended(
        &mut self,
        code: &str,
        kept: &str,
        result: Result<EvalOutputs, Error>,
        before: &HashSet<String>,
    ) -> (Result<(), Diagnostic>, Option<Times>) {
        let events = self.worker.sync();
        let started = |event: &WorkerEvent| matches!(event, WorkerEvent::Started { .. });
        if events.iter().any(started) {
            self.copies.ran(kept);
        }
        let interrupted = self.stop.is_interrupted();
        let mut end = None;
        let mut ran = None;
        let mut death: Option<Death> = None;
        for event in events {
            match event {
                WorkerEvent::Done { end: how, times } => {
                    end = Some(how);
                    ran = Some(times);
                }
                WorkerEvent::Died(how) => death = Some(how),
                WorkerEvent::Resumed {
                    missing_threads,
                    outside,
                } => {
                    if let Some(death) = &mut death {
                        death.missing_threads = missing_threads;
                        death.outside = outside;
                    }
                }
                WorkerEvent::Started { .. } | WorkerEvent::Snapshot(_) | WorkerEvent::Synced => {}
            }
        }
        let lost: Vec<String> = before.difference(&self.variable_names()).cloned().collect();
        if let Some(death) = death {
            if !death.copy {
                self.copies.forget();
            }
            let backtrace = Backtrace::of(&death, &self.builds);
            let diagnostic = match interrupted {
                true => diagnostics::interrupted_by_force(&death, &lost, &backtrace),
                false => diagnostics::died(&death, &lost, &backtrace),
            };
            return (Err(diagnostic), ran);
        }
        if interrupted && result.is_err() {
            let diagnostic = diagnostics::interrupted("it had not started, every variable is kept");
            return (Err(diagnostic), ran);
        }
        let outputs = match result {
            Ok(outputs) => outputs,
            Err(error) => return (Err(self.compile_failure(code, &error)), ran),
        };
        let result = match end.and_then(|end| diagnostics::from_end(&end, &self.builds)) {
            Some(_) if interrupted => Err(diagnostics::interrupted("every variable is kept")),
            Some(diagnostic) => Err(diagnostic),
            None => {
                self.show_command_output(outputs);
                Ok(())
            }
        };
        (result, ran)
    }

    /// Starts the worker anew, before anything of the cell has run, since a dependency had the runtime built again.
    fn restart_worker(&mut self, before: &HashSet<String>) {
        let names: Vec<String> = before.iter().cloned().collect();
        let lost = diagnostics::lost_variables(&names);
        let text = format!(
            "a dependency changes the libraries that cells share, so their process is started anew; {lost}\n"
        );
        self.output.send(Event::Stream {
            cell: None,
            stream: StreamName::Stderr,
            bytes: text.into_bytes(),
        });
        self.copies.forget();
        // Killed, since evcxr's own `:restart` forgets to forget the variables. evcxr notices with the next code that it
        // runs, forgets them, and starts another process.
        if let Ok(mut supervisor) = self.context.process_handle().lock() {
            let _ = supervisor.kill();
        }
        let _ = self.context.execute("()");
    }

    fn variable_names(&self) -> HashSet<String> {
        self.variables().map(|(name, _)| name.to_owned()).collect()
    }

    /// The names and types of the variables that the session keeps.
    pub(super) fn variables(&self) -> impl Iterator<Item = (&str, &str)> {
        self.context.variables_and_types()
    }

    /// The names of its functions, types and other items.
    pub(super) fn items(&self) -> impl Iterator<Item = &str> {
        // What was undone is still there for evcxr, as an item that is never compiled.
        self.context
            .defined_item_names()
            .filter(|name| !self.copies.is_undone(name))
    }

    pub(super) fn copies(&self) -> &Copies {
        &self.copies
    }

    pub(super) fn copies_mut(&mut self) -> &mut Copies {
        &mut self.copies
    }

    pub(super) fn worker(&self) -> &Worker {
        &self.worker
    }

    /// The cells that have run, with their numbers.
    pub(super) fn cells(&self) -> &[(u32, String)] {
        &self.cells
    }

    /// The crate that cells are compiled in.
    pub(super) fn folder(&self) -> &Path {
        self.session.path()
    }

    /// Forgets variables, items and dependencies, in a new process.
    pub(super) fn reset(&mut self) -> Result<(), Diagnostic> {
        let cleared = self.context.execute(":clear");
        let cleared = cleared.and_then(|_| self.context.execute(&self.prelude));
        self.worker.sync();
        self.copies = Copies::default();
        let failed =
            |error: Error| diagnostics::plain("KernelError", format!("not reset: {error}"));
        cleared.map(|_| ()).map_err(failed)
    }

    /// What `cargo tree` prints.
    pub(super) fn dependency_tree(&self) -> Result<String, Diagnostic> {
        let mut command = Command::new(&self.cargo);
        command
            .args(["tree", "--edges", "normal", "--depth", "1"])
            .current_dir(self.folder());
        self.session.restore_environment(&mut command);
        let failed = |why: String| {
            diagnostics::plain("DependencyError", format!("`cargo tree` failed: {why}"))
        };
        let output = command
            .output()
            .map_err(|error| failed(error.to_string()))?;
        match output.status.success() {
            // The first line is the crate that cells are; the runtime's line names a folder of this machine.
            true => Ok(String::from_utf8_lossy(&output.stdout)
                .lines()
                .skip(1)
                .filter(|line| !line.contains(" threadbook v"))
                .map(|line| format!("{line}\n"))
                .collect()),
            false => Err(failed(
                String::from_utf8_lossy(&output.stderr).trim().to_owned(),
            )),
        }
    }

    pub(super) fn output(&self) -> &OutputTx {
        &self.output
    }

    /// What magics know of earlier cells.
    pub(super) fn kept(&mut self) -> &mut Kept {
        &mut self.kept
    }

    /// The same, to be looked at.
    pub(super) fn kept_so_far(&self) -> &Kept {
        &self.kept
    }

    pub(super) fn builds(&self) -> &Builds {
        &self.builds
    }

    /// What evcxr's own `:commands` print.
    fn show_command_output(&self, outputs: EvalOutputs) {
        let mut data: Map<String, Value> = outputs
            .content_by_mime_type
            .into_iter()
            .map(|(mime, text)| (mime, text.into()))
            .collect();
        if data.is_empty() {
            return;
        }
        data.entry("text/plain").or_insert_with(|| "".into());
        self.output.send(Event::Result {
            cell: None,
            data,
            metadata: Map::new(),
        });
    }

    fn compile_failure(&self, code: &str, error: &Error) -> Diagnostic {
        let command = code
            .lines()
            .map(str::trim)
            .find(|line| line.starts_with(':'));
        let ename = match command {
            Some(command) if command.starts_with(":dep") => "DependencyError",
            Some(_) => "MagicError",
            None => "CompileError",
        };
        match error {
            Error::CompilationErrors(errors) => {
                let from_rustc = errors.iter().any(|error| !error.json.is_null());
                let mut rendered = match from_rustc {
                    true => self.builds.errors(|message| self.ended.reword(message)),
                    false => Vec::new(),
                };
                if rendered.is_empty() {
                    let map = self.builds.latest_map();
                    rendered = errors
                        .iter()
                        .map(|error| rendered_error(error, &map))
                        .collect();
                    rendered.dedup();
                }
                let mut diagnostic = diagnostics::compile_error(&rendered);
                if errors.iter().all(is_of_dependency) {
                    "DependencyError".clone_into(&mut diagnostic.ename);
                } else if !from_rustc {
                    ename.clone_into(&mut diagnostic.ename);
                }
                diagnostic
            }
            other => diagnostics::plain(ename, render::plain(&other.to_string())),
        }
    }
}

/// The argument of an `:opt` that no compiler knows. evcxr would take it, and no cell after it would compile.
fn unknown_level(code: &str) -> Option<&str> {
    let mut levels = code
        .lines()
        .filter_map(|line| line.strip_prefix(":opt "))
        .map(str::trim);
    levels.find(|level| !level.is_empty() && !["0", "1", "2", "3"].contains(level))
}

fn rendered_error(error: &evcxr::CompilationError, map: &SourceMap) -> String {
    let rendered = error.rendered();
    if rendered.is_empty() {
        // evcxr worded it itself, or it is a part of a larger message.
        let message =
            cargo_words::naming_the_network(cargo_words::without_progress(&error.message()));
        let mut text = format!("\x1b[1;31merror\x1b[0m: {message}");
        for help in error.help() {
            text.push_str(&format!("\nhelp: {help}"));
        }
        return text;
    }
    if is_of_dependency(error) {
        return rendered.trim_end().to_owned();
    }
    render::rewrite(&rendered, map)
}

/// Whether rustc said it of another crate than the cell's.
fn is_of_dependency(error: &evcxr::CompilationError) -> bool {
    let spans = error.json["spans"].as_array();
    spans.is_some_and(|spans| {
        !spans.is_empty() && spans.iter().all(|span| span["file_name"] != render::FILE)
    })
}

impl Evaluator for RustEvaluator {
    fn execute(&mut self, cell: &Cell) -> Outcome {
        self.stop.begin_cell(cell.id);
        self.builds.begin_cell(cell.count);
        self.copies.begin_cell(self.now());
        if let Err(error) = self.worker.control("CELL") {
            tracing::error!("the worker was not told of a cell: {error}");
        }
        let outcome = Steps::new(self, cell).run();
        self.builds.end_cell();
        let is_new = self
            .cells
            .last()
            .is_none_or(|(count, _)| *count != cell.count);
        if is_new && !cell.silent {
            self.cells.push((cell.count, cell.code.clone()));
        }
        self.stop.end_cell();
        outcome
    }

    fn warm_up(&mut self) {
        // The first inference of a type takes rust-analyzer seconds; asking for completions of a value makes it infer.
        const CODE: &str = "let warm: Vec<_> = [1].iter().map(|one| one + 1).collect(); warm.le";
        match self.context.completions(CODE, CODE.len()) {
            Ok(found) => tracing::debug!("warmed up: {} completions", found.completions.len()),
            Err(error) => tracing::warn!("rust-analyzer was not warmed up: {error}"),
        }
    }

    fn complete(&mut self, code: &str, cursor_byte: usize) -> Completions {
        if let Some(found) = magics::complete(code, cursor_byte) {
            return found;
        }
        let rust = RustAt::find(code, cursor_byte);
        match self.context.completions(&rust.text, rust.cursor) {
            Ok(found) => Completions {
                start_byte: rust.to_cell(found.start_offset),
                end_byte: rust.to_cell(found.end_offset),
                matches: found
                    .completions
                    .into_iter()
                    .map(|found| Completion {
                        // Without the argument list: the person types it, and sees it in the signature.
                        text: found.code.split('(').next().unwrap_or_default().to_owned(),
                        kind: found.kind.to_owned(),
                        signature: found.label,
                    })
                    .collect(),
            },
            Err(error) => {
                tracing::debug!("no completions: {error}");
                Completions {
                    start_byte: cursor_byte,
                    end_byte: cursor_byte,
                    matches: Vec::new(),
                }
            }
        }
    }

    fn inspect(&mut self, code: &str, cursor_byte: usize) -> Option<Map<String, Value>> {
        let magic = help::magic_at(code, cursor_byte);
        magic.or_else(|| self.describe(help::word_at(code, cursor_byte)?))
    }
}

impl RustEvaluator {
    /// The source of a name, as MIME types; its documentation where there is none.
    pub(super) fn source(&mut self, name: &str) -> Option<Map<String, Value>> {
        let in_cells = self.cells.iter().rev();
        let found = in_cells
            .filter_map(|(_, text)| source::in_cell(text, name))
            .next();
        let described = match &found {
            Some(_) => None,
            None => self.describe(name),
        };
        let text = found.or_else(|| {
            let words = described.as_ref()?.get("text/plain")?.as_str()?;
            source::in_library(self.library.as_deref()?, words, name)
        });
        match text {
            Some(text) => Some(help::code(&text)),
            None => described,
        }
    }

    /// The documentation of a name, as MIME types.
    pub(super) fn describe(&mut self, name: &str) -> Option<Map<String, Value>> {
        let outputs = self.context.execute(&format!(":doc {name}")).ok()?;
        help::bundle(outputs.content_by_mime_type)
    }
}
