//! The evaluator of Rust cells: what it holds, and the way of a piece of Rust through evcxr and the worker.

use std::cell::RefCell;
use std::collections::BTreeSet;
use std::collections::HashMap;
use std::collections::HashSet;
use std::path::Path;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;
use std::time::Instant;

use serde_json::Map;
use serde_json::Value;
use threadbook::timing::Times;
use threadbook_jupyter::contract::Diagnostic;
use threadbook_jupyter::output::Event;
use threadbook_jupyter::output::OutputTx;
use threadbook_jupyter::output::StreamName;

use super::backtrace::Backtrace;
use super::checkpoints::Checkpoints;
use super::covers::Needed;
use super::diagnostics;
use super::ended;
use super::ended::EndedVariables;
use super::ended::Why;
use super::interrupt::Interrupter;
use super::phase_log;
use super::session_log::SessionLog;
use super::source_index::SourceIndex;
use super::visible::Library;
use crate::build::Prepared;
use crate::build::cache_paths;
use crate::build::preloaded::RUNTIME;
use crate::cell::Code;
use crate::cell::Edits;
use crate::cell::has_lets;
use crate::cell::hide_lets;
use crate::cell::item_macros;
use crate::cell::keep_items;
use crate::cell::mark_item_macros;
use crate::cell::person_name;
use crate::cell::plain_types;
use crate::cell::unnameable_lets;
use crate::cell::words;
use crate::evcxr_text::expected::BEGINNING;
use crate::magics::RunResult;
use crate::toolchain;
use crate::toolchain::RustcConfiguration;
use crate::toolchain::SessionFolder;
use crate::toolchain::Sysroot;
use crate::toolchain::compiled;
use crate::worker::CopyOptions;
use crate::worker::WaitingLine;
use crate::worker::Worker;
use threadbook_jupyter::contract::CellId;
use threadbook_jupyter::contract::Completions;

mod cell_events;
mod engine;
mod evaluate;
mod failure;
mod going_back;
mod latest;
mod names;
mod offers;
mod preloaded;
mod session;

use self::cell_events::CellEvents;
use self::engine::Engine;
use self::engine::EngineError;
use self::engine::Shown;
use self::latest::Latest;

/// What every session begins with.
///
/// The macros are named one by one, since only so they go before std's. [`BEGINNING`] follows.
const PRELUDE: &str = "\
use threadbook::prelude::*;
use threadbook::{dbg, eprint, eprintln, print, println, thread_local};
";

/// Words of code that requests input, or runs programs that may. It does not show that it is compiled: a front end gets
/// the request and the end of that display through two channels. If the end comes second, it takes the input box away.
const INPUT: [&str; 4] = ["input", "getpass", "stdin", "shell"];

/// The prelude with the dependencies that every session has: as long as rust-analyzer reads none, only the runtime, and
/// tokio, of which evcxr would add another one to code that awaits.
fn prelude(prepared: &Prepared, reads_libraries: bool) -> String {
    let mut dependencies = prepared.named_at_start();
    dependencies.retain(|(name, _)| reads_libraries || [RUNTIME, "tokio"].contains(&name.as_str()));
    dependency_lines(&dependencies) + PRELUDE + BEGINNING
}

/// The lines that have evcxr depend on crates.
fn dependency_lines(dependencies: &[(String, String)]) -> String {
    let lines = dependencies.iter();
    lines
        .map(|(name, value)| format!(":dep {name} = {value}\n"))
        .collect()
}

/// Runs Rust cells with evcxr, in a worker process of our own.
pub struct RustEvaluator {
    // Fields are dropped in this order: evcxr ends its processes before their pipes and their folder go.
    engine: Engine,
    worker: Worker,
    sources: SourceIndex,
    stop: Arc<Interrupter>,
    output: OutputTx,
    log: SessionLog,
    pub(super) session: SessionFolder,
    pub(super) prepared: Prepared,
    checkpoints: Checkpoints,
    /// Whether rust-analyzer has read the libraries; until then it knows none.
    reads_libraries: bool,
    pub(super) cargo: PathBuf,
    rustc: PathBuf,
    /// The standard library's sources.
    library: Option<Library>,
    /// The values that were looked at since the last cell.
    values: HashMap<String, Option<String>>,
    last_cell: Option<CellId>,
    // The latest answers, which may have come too late for whoever asked.
    completed: Latest<Completions>,
    inspected: Latest<Option<Map<String, Value>>>,
    cells: Vec<(u32, String)>,
    ended: EndedVariables,
    configuration: RustcConfiguration,
    /// What makes evcxr forget the items of the program before, while another program begins.
    forgetting: String,
    /// The preloaded crates that the session's text has named, of those that it need not depend on.
    named: BTreeSet<String>,
}

impl RustEvaluator {
    /// Prepares the runtime where that has not been done, starts evcxr and the worker, and brings the prelude in scope.
    pub fn new(
        session: Result<(PathBuf, SessionFolder), toolchain::Error>,
        stop: Arc<Interrupter>,
        output: OutputTx,
        copies: CopyOptions,
    ) -> Result<RustEvaluator, Diagnostic> {
        let failed =
            |error: toolchain::Error| diagnostics::plain("ToolchainError", error.to_string());
        let (cache, session) = session.map_err(failed)?;
        let waiting = WaitingLine::new(output.clone(), cache_paths::pace(&cache));
        let waiting = RefCell::new(waiting);
        let progress = |step| waiting.borrow_mut().step(step);
        let sysroot = Sysroot::find().map_err(failed)?;
        sysroot.fetch_library_sources(&cache, &progress, |command| {
            session.restore_environment(command);
        });
        let prepared = toolchain::prepare(&cache, &sysroot, &progress);
        waiting.borrow_mut().close();
        let prepared = prepared.map_err(failed)?;
        session.equip(&prepared, &sysroot).map_err(failed)?;
        let sources = SourceIndex::new(session.paths());
        let waiting = waiting.into_inner();
        let worker = Worker::new(output.clone(), waiting, Box::new(sources.clone()));
        let worker = worker.map_err(|error| {
            diagnostics::plain("KernelError", format!("the worker's pipes: {error}"))
        })?;
        session
            .send_steps_to(&worker.steps_file())
            .map_err(failed)?;
        stop.attach(session.paths().clone(), worker.status(), worker.comms());
        let mut command = worker.command(&session.worker(), session.path(), copies);
        session.restore_environment(&mut command);
        let started = |error: EngineError| {
            diagnostics::plain(
                "KernelError",
                format!("the evaluator did not start: {error}"),
            )
        };
        session.begin_bare().map_err(failed)?;
        let mut engine = Engine::start(command).map_err(started)?;
        engine
            .execute(&prelude(&prepared, false))
            .map_err(started)?;
        worker.sync();
        worker.show_output();
        let mut checkpoints = Checkpoints::default();
        checkpoints.ran(PRELUDE);
        Ok(RustEvaluator {
            engine,
            worker,
            sources,
            stop,
            output,
            log: SessionLog {
                dependencies: prepared.named_at_start(),
                ..SessionLog::default()
            },
            session,
            prepared,
            checkpoints,
            reads_libraries: false,
            cargo: sysroot.cargo(),
            rustc: sysroot.rustc(),
            library: sysroot.library_sources().ok().map(Library::read),
            values: HashMap::new(),
            last_cell: None,
            completed: Latest::default(),
            inspected: Latest::default(),
            cells: Vec::new(),
            ended: EndedVariables::default(),
            configuration: RustcConfiguration::of(&sysroot),
            forgetting: String::new(),
            named: BTreeSet::new(),
        })
    }

    /// Compiles and runs Rust, with evcxr's commands before it. Says how it ended, and how long compiling took.
    pub(super) fn run(&mut self, code: &str) -> RunResult {
        let before: HashSet<String> = self.variable_names();
        let (mut ran, hidden) = self.run_without_notes(code, &before);
        if ran.times.is_some() {
            let failure = self.note_ended_variables(code, hidden, &before, ran.result.is_ok());
            if let (Err(diagnostic), Some(words)) = (&mut ran.result, failure) {
                diagnostic.traceback.push(words);
            }
        }
        ran
    }

    /// The same for code of the kernel's own, without notes about variables that are gone.
    pub(super) fn run_own(&mut self, code: &str) -> RunResult {
        let before: HashSet<String> = self.variable_names();
        self.run_without_notes(code, &before).0
    }

    fn run_without_notes(
        &mut self,
        code: &str,
        before: &HashSet<String>,
    ) -> (RunResult, HashMap<String, Why>) {
        let start = Instant::now();
        phase_log::begin(self.session.paths());
        let manifest = self.session.manifest();
        let (kept, hidden, result) = self.compile_and_run(code, &manifest);
        if result.is_err() {
            self.session.restore_manifest(&manifest);
            self.note_outdated_variables();
        } else {
            self.note_needless_dependencies(code);
        }
        let took = start.elapsed();
        let (result, times) = self.outcome(code, &kept, result, before);
        phase_log::end(self.session.paths(), took, &times.unwrap_or_default());
        let running = times.map_or(Duration::ZERO, |times| times.wall);
        let ran = RunResult {
            result,
            times,
            compile: took.saturating_sub(running),
        };
        (ran, hidden)
    }

    /// Runs the code with evcxr. Has rust-analyzer read the libraries first where the code binds a variable whose type
    /// is not plain to see.
    fn compile_and_run(
        &mut self,
        code: &str,
        manifest: &str,
    ) -> (String, HashMap<String, Why>, Result<Shown, EngineError>) {
        let forgetting = std::mem::take(&mut self.forgetting);
        if !self.reads_libraries && has_lets(code) {
            let types = plain_types(code, &*self);
            let ran = types.map(|types| self.run_form(code, &types, manifest, &forgetting));
            match ran {
                // It did not run, perhaps for a wrong type.
                Some((_, _, Err(EngineError::Compile(_)))) if !self.stop.is_interrupted() => {}
                Some(ran) => return ran,
                None => {}
            }
            self.read_libraries();
        }
        self.run_form(code, &Edits::default(), manifest, &forgetting)
    }

    /// Runs the code with evcxr, which does not see variables whose types have no name. Gives the form that ran, and
    /// those variables.
    fn run_form(
        &mut self,
        code: &str,
        types: &Edits,
        manifest: &str,
        forgetting: &str,
    ) -> (String, HashMap<String, Why>, Result<Shown, EngineError>) {
        compiled::begin(self.session.paths());
        let dependencies = self.name_preloaded(code, manifest);
        let mut macros = self.checkpoints.item_macros();
        macros.extend(item_macros(code));
        let typed = Code::verbatim(code).then(code, types);
        let names = unnameable_lets(&typed.text).into_iter();
        let names = names.map(|(name, what)| (name, Why::NoName(what)));
        let mut hidden: HashMap<String, Why> = names.collect();
        let shows_compiling = !self.may_request_input(code);
        let mut has_all = false;
        loop {
            let hiding = hide_lets(&typed.text, &hidden.keys().cloned().collect());
            let form = typed.then(code, &hiding);
            let form = form.then(code, &mark_item_macros(&form.text, &macros));
            let form = form.then(code, &keep_items(&form.text));
            self.sources.begin_form(&form.edits);
            let kept = form.text + forgetting;
            if shows_compiling {
                self.output.send(Event::Compiling(true));
            }
            let needed = match has_all {
                true => Needed::All,
                false => self.items_for_types(&kept),
            };
            let result = self.engine.run(&dependencies, &kept, &needed);
            let error = result.as_ref().err().map(EngineError::to_string);
            match error.and_then(|error| ended::refused(&error)) {
                // The item that tells the type may be none that the code names.
                Some(_) if !has_all && self.engine.covers_items() => has_all = true,
                Some((name, why)) if !hidden.contains_key(&name) => {
                    hidden.insert(name, why);
                }
                _ => return (kept, hidden, result),
            }
        }
    }

    /// The items without which rust-analyzer does not know the types of a code's variables.
    fn items_for_types(&self, code: &str) -> Needed {
        let are_written = || plain_types(code, self).is_some_and(|types| types.is_empty());
        if !has_lets(code) || are_written() {
            return Needed::Nothing;
        }
        let mentioned: HashSet<&str> = words(code).collect();
        let variables = self.variables();
        let types = variables
            .filter(|(name, _)| mentioned.contains(name))
            .map(|(_, ty)| ty.to_owned());
        Needed::Reached(types.chain([code.to_owned()]).collect())
    }

    /// Whether code may request input, by itself or by what cells have defined.
    fn may_request_input(&self, code: &str) -> bool {
        let definitions = self.checkpoints.definitions().map(|(_, text)| text);
        let mut texts = definitions.chain([code]);
        texts.any(|text| INPUT.iter().any(|word| text.contains(word)))
    }

    fn outcome(
        &mut self,
        code: &str,
        kept: &str,
        result: Result<Shown, EngineError>,
        before: &HashSet<String>,
    ) -> (Result<(), Diagnostic>, Option<Times>) {
        let events: CellEvents = self.worker.sync().into_iter().collect();
        if events.has_started {
            self.checkpoints.ran(kept);
        }
        let interrupted = self.stop.is_interrupted();
        let ran = events.times;
        let lost: Vec<String> = before.difference(&self.variable_names()).cloned().collect();
        if let Some(death) = events.death {
            if !death.copy {
                self.checkpoints.forget();
            }
            let backtrace = Backtrace::of(&death, &self.sources);
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
        let result = match events
            .end
            .and_then(|end| diagnostics::from_end(&end, &self.sources))
        {
            Some(diagnostic) if interrupted && diagnostic.ename != diagnostics::INTERRUPTED => {
                Err(diagnostics::interrupted("every variable is kept"))
            }
            Some(diagnostic) => Err(diagnostic),
            None => {
                self.show_command_output(outputs);
                Ok(())
            }
        };
        (result, ran)
    }

    fn variable_names(&self) -> HashSet<String> {
        self.variables().map(|(name, _)| name.to_owned()).collect()
    }

    /// The names and types of the variables that the session keeps.
    pub(super) fn variables(&self) -> impl Iterator<Item = (&str, &str)> {
        self.engine.variables()
    }

    /// The names of its functions, types and other items.
    pub(super) fn items(&self) -> impl Iterator<Item = &str> {
        // What was undone is still there for evcxr, as an item that is never compiled.
        self.engine
            .items()
            .filter(|name| !self.checkpoints.is_undone(name))
            .map(person_name)
    }

    pub(super) fn checkpoints(&self) -> &Checkpoints {
        &self.checkpoints
    }

    pub(super) fn checkpoints_mut(&mut self) -> &mut Checkpoints {
        &mut self.checkpoints
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
        self.session
            .forget_dependencies(&self.prepared)
            .map_err(|error| diagnostics::plain("KernelError", format!("not reset: {error}")))?;
        let cleared = self.engine.clear();
        let prelude = prelude(&self.prepared, self.reads_libraries);
        let cleared = cleared.and_then(|()| self.engine.execute(&prelude));
        self.worker.sync();
        self.checkpoints = Checkpoints::default();
        self.named.clear();
        let failed =
            |error: EngineError| diagnostics::plain("KernelError", format!("not reset: {error}"));
        cleared.map(|_| ()).map_err(failed)
    }

    /// Starts the process that runs cells anew.
    pub(super) fn restart(&mut self) -> Result<(), Diagnostic> {
        let before = self.variable_names();
        self.start_worker_anew();
        self.worker.sync();
        let names: Vec<String> = before.into_iter().collect();
        let text = format!(
            "the process that runs cells was started anew; {}\n",
            diagnostics::lost_variables(&names)
        );
        self.output.send(Event::Stream {
            cell: None,
            stream: StreamName::Stderr,
            bytes: text.into_bytes(),
        });
        Ok(())
    }

    fn start_worker_anew(&mut self) {
        self.checkpoints.forget();
        // Killed, since evcxr's own `:restart` forgets to forget the variables.
        self.engine.kill_worker();
        let _ = self.engine.execute("()");
    }

    pub(super) fn output(&self) -> &OutputTx {
        &self.output
    }

    /// The session log.
    pub(super) fn log_mut(&mut self) -> &mut SessionLog {
        &mut self.log
    }

    /// Read-only access to the session log.
    pub(super) fn log(&self) -> &SessionLog {
        &self.log
    }

    pub(super) fn sources(&self) -> &SourceIndex {
        &self.sources
    }

    /// What evcxr's own `:commands` print.
    fn show_command_output(&self, outputs: Shown) {
        let mut data: Map<String, Value> = outputs
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
}
