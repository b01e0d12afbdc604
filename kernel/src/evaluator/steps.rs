//! Runs a cell's plan step by step, and is the host of its magics.

use std::collections::HashSet;
use std::ops::Range;
use std::path::PathBuf;

use serde_json::Map;
use serde_json::Value;
use serde_json::json;
use threadbook::wire::CopySetting;
use threadbook::wire::CopyStatus;
use threadbook_jupyter::contract::Cell;
use threadbook_jupyter::contract::CellId;
use threadbook_jupyter::contract::Diagnostic;
use threadbook_jupyter::contract::Outcome;
use threadbook_jupyter::output::Event;
use threadbook_jupyter::output::StreamName;

use super::diagnostics;
use super::interpreter;
use super::interpreter::Machine;
use super::rust::RustEvaluator;
use crate::build::Results;
use crate::cell::CellMagic;
use crate::cell::Code;
use crate::cell::Expansion;
use crate::cell::Facts;
use crate::cell::LineMagic;
use crate::cell::Plan;
use crate::cell::PlanError;
use crate::cell::Question;
use crate::cell::RanCode;
use crate::cell::Step;
use crate::cell::Wrap;
use crate::cell::as_main;
use crate::cell::is_program;
use crate::magics;
use crate::magics::CellRun;
use crate::magics::Host;
use crate::magics::RunResult;
use crate::magics::Shown;
use crate::magics::UsedFile;
use crate::magics::Variable;
use crate::questions;

/// One run of a cell.
pub(super) struct Steps<'a> {
    evaluator: &'a mut RustEvaluator,
    cell: &'a Cell,
    payload: Vec<Value>,
    /// What running Rust took since the magic began that runs now.
    spent: RunResult,
}

impl<'a> Steps<'a> {
    pub(super) fn new(evaluator: &'a mut RustEvaluator, cell: &'a Cell) -> Steps<'a> {
        Steps {
            evaluator,
            cell,
            payload: Vec::new(),
            spent: RunResult::of(Ok(())),
        }
    }

    /// Runs the cell to its end, or to the first step that fails.
    pub(super) fn run(mut self) -> Outcome {
        if let Err(diagnostic) = magics::refresh(&mut self) {
            return Outcome::Failed(diagnostic);
        }
        let facts = self.facts();
        let plan = match leaving(&self.cell.code).filter(|word| !facts.knows(word)) {
            Some(word) => Ok(Plan::Steps(vec![Step::Line(LineMagic {
                name: word.to_owned(),
                args: String::new(),
                at: 0,
            })])),
            None => Plan::of(&self.cell.code, &facts),
        };
        match self.run_plan(plan).result {
            Ok(()) => Outcome::Finished {
                payload: self.payload,
            },
            Err(diagnostic) => Outcome::Failed(diagnostic),
        }
    }

    fn run_plan(&mut self, plan: Result<Plan, PlanError>) -> RunResult {
        match plan {
            Err(error) => RunResult::of(Err(self.no_plan(&error))),
            Ok(Plan::Cell(magic)) => match magics::cell(&magic.name) {
                Err(message) => RunResult::of(Err(self.wrong(magic.at, message))),
                Ok(run) => self.run_cell_magic(run, &magic),
            },
            Ok(Plan::Steps(steps)) => interpreter::run(self, &steps),
        }
    }

    /// What a magic takes is what it has run.
    fn run_cell_magic(&mut self, run: CellRun, magic: &CellMagic) -> RunResult {
        let body = self.cell.code[magic.body.clone()].to_owned();
        let before = std::mem::replace(&mut self.spent, RunResult::of(Ok(())));
        let result = run(self, magic, &body);
        let spent = std::mem::replace(&mut self.spent, before);
        let ran = RunResult { result, ..spent };
        self.spent.add(ran.clone());
        ran
    }

    fn no_plan(&self, error: &PlanError) -> Diagnostic {
        let sources = self.evaluator.sources();
        let place = sources.describe_byte(&self.cell.code, error.at);
        diagnostics::no_plan(error, &place)
    }

    fn wrong(&self, at: usize, message: String) -> Diagnostic {
        self.no_plan(&PlanError {
            at,
            message,
            is_rust: false,
        })
    }

    fn facts(&self) -> SessionFacts {
        let is_fallible = |ty: &str| ["Result<", "Option<"].iter().any(|kind| ty.contains(kind));
        let variables = self.evaluator.variables();
        let mut facts = SessionFacts::default();
        for (name, ty) in variables {
            facts.known.insert(name.to_owned());
            if is_fallible(ty) {
                facts.fallible.insert(name.to_owned());
            }
        }
        facts
            .known
            .extend(self.evaluator.items().map(str::to_owned));
        facts
    }

    fn stream(&self, stream: StreamName, text: &str) {
        self.evaluator.output().send(Event::Stream {
            cell: Some(self.id()),
            stream,
            bytes: text.as_bytes().to_vec(),
        });
    }

    fn id(&self) -> CellId {
        self.cell.id
    }
}

impl Machine for Steps<'_> {
    fn refusal(&self, step: &Step) -> Option<Diagnostic> {
        let wrong = match step {
            Step::Line(magic) => magics::line(&magic.name)
                .err()
                .map(|message| (magic.at, message)),
            Step::Rust(code) => wrong_command(&code.text),
            Step::Help(_) => None,
        };
        wrong.map(|(at, message)| self.wrong(at, message))
    }

    fn is_own_command(&self, line: &str) -> bool {
        matches!(magics::command(line), Some(Ok(_)))
    }

    fn command(&mut self, line: &str) -> Result<(), Diagnostic> {
        match magics::command(line) {
            Some(Ok((run, args))) => run(self, args),
            Some(Err(_)) | None => Ok(()),
        }
    }

    fn line(&mut self, magic: &LineMagic) -> Result<(), Diagnostic> {
        match magics::line(&magic.name) {
            Ok(run) => run(self, magic),
            Err(message) => Err(self.wrong(magic.at, message)),
        }
    }

    fn rust(&mut self, code: &Code) -> RunResult {
        if is_program(&code.text) {
            self.evaluator.begin_program(&code.text);
        }
        let code = &as_main(&self.cell.code, code, self.evaluator.configuration());
        self.evaluator.sources().begin_code(&self.cell.code, code);
        let ran = self.evaluator.run(&code.text);
        if ran.result.is_ok() {
            self.evaluator.log_mut().ran.push(RanCode {
                cell: self.cell.count,
                code: code.text.as_str().into(),
            });
        }
        self.spent.add(ran.clone());
        ran
    }

    fn help(&mut self, question: &Question) -> Result<(), Diagnostic> {
        let name = &question.name;
        let known = self.evaluator.known_names();
        let explanation = questions::explanation(name, &known);
        let data = match name.starts_with('%') {
            true => questions::of_magic(name),
            false if explanation.is_some() => explanation,
            false if question.source => self.evaluator.source(name),
            false => {
                let variable = self.evaluator.variable(name);
                let item = || questions::name(name, &known);
                variable
                    .or_else(item)
                    .or_else(|| self.evaluator.describe(name))
            }
        };
        let Some(data) = data else {
            return Err(diagnostics::plain(
                "NotFound",
                format!("nothing is known about `{}`", question.name),
            ));
        };
        if !self.cell.attended {
            // Nobody is there to read a pager: what executes a notebook keeps displays only.
            self.display(data.clone());
        }
        self.payload(json!({"source": "page", "start": 0, "data": data}));
        Ok(())
    }
}

impl Host for Steps<'_> {
    fn print(&mut self, text: &str) {
        self.stream(StreamName::Stdout, text);
    }

    fn warn(&mut self, text: &str) {
        self.stream(StreamName::Stderr, text);
    }

    fn display(&mut self, data: Map<String, Value>) {
        self.evaluator.output().send(Event::Display {
            cell: Some(self.id()),
            data,
            metadata: Map::new(),
            display_id: None,
            update: false,
        });
    }

    fn payload(&mut self, payload: Value) {
        self.payload.push(payload);
    }

    fn run_body(&mut self, body: Range<usize>) -> RunResult {
        let plan = Plan::of_body(&self.cell.code, body, &self.facts());
        self.run_plan(plan)
    }

    fn run_measured(&mut self, body: Range<usize>) -> RunResult {
        self.evaluator.sources().set_measured(true);
        let ran = self.run_body(body);
        self.evaluator.sources().set_measured(false);
        ran
    }

    fn run_wrapped(&mut self, magic: &CellMagic, wrap: &Wrap) -> RunResult {
        match Code::wrapped(&self.cell.code, magic, wrap, &self.facts()) {
            Ok(code) => interpreter::run_code(self, &code),
            Err(error) => RunResult::of(Err(self.no_plan(&error))),
        }
    }

    fn run_captured(&mut self, body: Range<usize>) -> (RunResult, Shown) {
        let output = self.evaluator.output().clone();
        output.begin_capture(self.id());
        let ran = self.run_body(body);
        (ran, shown(output.end_capture()))
    }

    fn run_rust(&mut self, code: &str) -> RunResult {
        self.evaluator.sources().begin_generated(code);
        let ran = self.evaluator.run(code);
        self.spent.add(ran.clone());
        ran
    }

    fn undo(&mut self, force: bool) -> Result<u32, Diagnostic> {
        self.evaluator.undo(force)
    }

    fn checkpoint(&mut self, name: &str) -> Result<(), Diagnostic> {
        self.evaluator.checkpoint(name)
    }

    fn restore(&mut self, name: &str, force: bool) -> Result<(), Diagnostic> {
        self.evaluator.restore(name, force)
    }

    fn drop_checkpoint(&mut self, name: &str) -> Result<(), Diagnostic> {
        self.evaluator.drop_checkpoint(name)
    }

    fn checkpoints(&self) -> Vec<(String, u32)> {
        self.evaluator.named_checkpoints()
    }

    fn set_copies(&mut self, setting: CopySetting) -> Result<CopyStatus, Diagnostic> {
        self.evaluator.set_copies(setting)
    }

    fn variables(&self) -> Vec<Variable> {
        let mut variables: Vec<Variable> = self
            .evaluator
            .variables()
            .map(|(name, type_name)| Variable {
                name: name.to_owned(),
                type_name: type_name.to_owned(),
            })
            .collect();
        variables.sort_unstable();
        variables
    }

    fn items(&self) -> Vec<String> {
        let mut items: Vec<String> = self.evaluator.items().map(str::to_owned).collect();
        items.sort_unstable();
        items
    }

    fn ran(&self) -> Vec<RanCode> {
        self.evaluator.log().ran.clone()
    }

    fn dependencies(&self) -> Vec<(String, String)> {
        self.evaluator.log().dependencies.clone()
    }

    fn used_files(&mut self) -> &mut Vec<UsedFile> {
        &mut self.evaluator.log_mut().used_files
    }

    fn folder(&self) -> PathBuf {
        self.evaluator.worker().status().folder()
    }

    fn line(&self, byte: usize) -> (u32, usize) {
        let before = self.cell.code.get(..byte).unwrap_or_default();
        (self.cell.count, before.matches('\n').count() + 1)
    }

    fn cells(&self) -> Vec<(u32, String)> {
        self.evaluator.cells().to_vec()
    }

    fn reset(&mut self) -> Result<(), Diagnostic> {
        self.evaluator.reset()
    }

    fn restart(&mut self) -> Result<(), Diagnostic> {
        self.evaluator.restart()
    }

    fn results(&self) -> Results {
        Results::of(self.evaluator.session.paths())
    }

    fn set_results(&mut self, results: &Results) -> Result<(), Diagnostic> {
        let kept = results.keep(self.evaluator.session.paths());
        kept.map_err(|error| magics::failed(format!("the format could not be kept: {error}")))
    }

    fn manifest(&self) -> String {
        self.evaluator.session.manifest()
    }

    fn dependency_tree(&self) -> Result<String, Diagnostic> {
        self.evaluator.dependency_tree()
    }

    fn pin_dependencies(&self) -> Result<String, Diagnostic> {
        self.evaluator.pin_dependencies()
    }
}

/// A command at the top of Rust that would change nothing, and where it stands.
fn wrong_command(text: &str) -> Option<(usize, String)> {
    interpreter::command_lines(text)
        .into_iter()
        .find_map(|line| {
            let message = magics::command(&text[line.clone()])?.err()?;
            Some((line.start, message))
        })
}

/// `exit` or `quit`, as IPython takes them.
fn leaving(code: &str) -> Option<&str> {
    let word = code.trim();
    let word = word.strip_suffix("()").unwrap_or(word);
    ["exit", "quit"].contains(&word).then_some(word)
}

/// What events would have shown.
fn shown(events: Vec<Event>) -> Shown {
    let mut shown = Shown::default();
    let (mut stdout, mut stderr) = (Vec::new(), Vec::new());
    for event in events {
        match event {
            Event::Stream { stream, bytes, .. } => match stream {
                StreamName::Stdout => stdout.extend(bytes),
                StreamName::Stderr => stderr.extend(bytes),
            },
            Event::Display { data, .. } | Event::Result { data, .. } => shown.outputs.push(data),
            Event::Clear { .. } => shown.outputs.clear(),
            Event::Input { .. }
            | Event::Comm { .. }
            | Event::CommHandled(_)
            | Event::Compiling(_)
            | Event::Marker(_) => {}
        }
    }
    shown.stdout = String::from_utf8_lossy(&stdout).into_owned();
    shown.stderr = String::from_utf8_lossy(&stderr).into_owned();
    shown
}

/// The facts of the session when a cell is read.
#[derive(Debug, Default)]
struct SessionFacts {
    known: HashSet<String>,
    fallible: HashSet<String>,
}

impl Facts for SessionFacts {
    fn knows(&self, name: &str) -> bool {
        self.known.contains(name)
    }

    fn is_fallible(&self, name: &str) -> bool {
        self.fallible.contains(name)
    }

    fn expansion(&self, magic: &str) -> Option<Expansion> {
        magics::expansion(magic)
    }

    fn is_kernels(&self, magic: &str) -> bool {
        magics::line(magic).is_ok()
    }
}
