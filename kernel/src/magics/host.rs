//! The kernel's services for magics.

use std::ops::Range;
use std::path::PathBuf;
use std::time::Duration;

use serde_json::Map;
use serde_json::Value;
use threadbook::timing::Times;
use threadbook::wire::CopySetting;
use threadbook::wire::CopyStatus;
use threadbook_jupyter::contract::Diagnostic;

use crate::build::Results;
use crate::cell::CellMagic;
use crate::cell::RanCode;
use crate::cell::Wrap;

/// The session that a magic runs in. The evaluator of Rust cells is one.
pub trait Host {
    /// Prints to the cell's stdout.
    fn print(&mut self, text: &str);

    /// Prints to the cell's stderr.
    fn warn(&mut self, text: &str);

    /// Shows something, by MIME type.
    fn display(&mut self, data: Map<String, Value>);

    /// Adds to the payload of the cell's reply, such as `set_next_input`.
    fn payload(&mut self, payload: Value);

    /// Runs the lines below a cell magic as they would run without it. What they show is shown.
    fn run_body(&mut self, body: Range<usize>) -> RunResult;

    /// The same, for measurements: rustc optimises it as far as it can.
    fn run_measured(&mut self, body: Range<usize>) -> RunResult;

    /// Runs the lines below a cell magic as one piece of Rust with something around it.
    fn run_wrapped(&mut self, magic: &CellMagic, wrap: &Wrap) -> RunResult;

    /// Runs the lines below a cell magic and gives back what they would have shown.
    fn run_captured(&mut self, body: Range<usize>) -> (RunResult, Shown);

    /// Runs Rust that the magic has written.
    fn run_rust(&mut self, code: &str) -> RunResult;

    /// Goes back to the state before the latest cell; gives that cell's number. Ends programs only by `force`.
    fn undo(&mut self, force: bool) -> Result<u32, Diagnostic>;

    /// Keeps the state under a name.
    fn checkpoint(&mut self, name: &str) -> Result<(), Diagnostic>;

    /// Goes back to a state that was kept under a name.
    fn restore(&mut self, name: &str, force: bool) -> Result<(), Diagnostic>;

    /// Drops a state that was kept under a name.
    fn drop_checkpoint(&mut self, name: &str) -> Result<(), Diagnostic>;

    /// The names of the states that are kept, and the cells that ran next.
    fn checkpoints(&self) -> Vec<(String, u32)>;

    /// Sets how copies of the process are made, and returns their status.
    fn set_copies(&mut self, setting: CopySetting) -> Result<CopyStatus, Diagnostic>;

    /// The variables that the session keeps, by name.
    fn variables(&self) -> Vec<Variable>;

    /// The names of the functions, types and other items that the session keeps.
    fn items(&self) -> Vec<String>;

    /// The Rust of the cells that ran without an error, in order.
    fn ran(&self) -> Vec<RanCode>;

    /// What cells depend on from the start: names and values as they stand in a manifest.
    fn dependencies(&self) -> Vec<(String, String)>;

    /// The files whose items cells have.
    fn used_files(&mut self) -> &mut Vec<UsedFile>;

    /// The working folder of cells.
    fn folder(&self) -> PathBuf;

    /// The number of the cell, and the line in it of a byte, from 1.
    fn line(&self, byte: usize) -> (u32, usize);

    /// The cells that ran before in this session, with their numbers.
    fn cells(&self) -> Vec<(u32, String)>;

    /// Forgets everything that cells have made.
    fn reset(&mut self) -> Result<(), Diagnostic>;

    /// Starts the process that runs cells anew: its variables are gone.
    fn restart(&mut self) -> Result<(), Diagnostic>;

    /// How the values of cells are shown.
    fn results(&self) -> Results;

    /// Sets that for later cells.
    fn set_results(&mut self, results: &Results) -> Result<(), Diagnostic>;

    /// The `Cargo.toml` that cells are compiled with.
    fn manifest(&self) -> String;

    /// What `cargo tree` prints for it.
    fn dependency_tree(&self) -> Result<String, Diagnostic>;

    /// Pins the versions of the session's dependencies in a file beside the notebook; gives what to print.
    fn pin_dependencies(&self) -> Result<String, Diagnostic>;
}

/// A variable of the session.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Variable {
    /// Its name.
    pub name: String,
    /// Its type, as it would be written.
    pub type_name: String,
}

/// What a cell has shown.
#[derive(Clone, Debug, Default)]
pub struct Shown {
    /// What it printed.
    pub stdout: String,
    /// What it printed to stderr.
    pub stderr: String,
    /// Its displays and results, by MIME type.
    pub outputs: Vec<Map<String, Value>>,
}

/// A file whose items cells have.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UsedFile {
    pub(super) name: String,
    pub(super) path: PathBuf,
    /// As it was when it was brought in.
    pub(super) text: String,
}

/// What running Rust came to.
#[derive(Clone, Debug)]
pub struct RunResult {
    /// Whether it ran to its end.
    pub result: Result<(), Diagnostic>,
    /// What running it took; nothing where nothing ran.
    pub times: Option<Times>,
    /// From handing the code over until it began to run, or until it was known that it would not.
    pub compile: Duration,
}

impl RunResult {
    /// Something that ran no Rust.
    pub fn of(result: Result<(), Diagnostic>) -> RunResult {
        RunResult {
            result,
            times: None,
            compile: Duration::ZERO,
        }
    }

    /// Counts what ran after it.
    pub fn add(&mut self, after: RunResult) {
        self.result = after.result;
        self.compile += after.compile;
        if let Some(times) = &after.times {
            self.times.get_or_insert_default().add(times);
        }
    }
}
