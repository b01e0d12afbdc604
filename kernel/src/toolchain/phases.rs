//! Where the time of a cell's compile goes, for whoever measures.
//!
//! The kernel asks for it by making a file; the stand-in for cargo adds a line for each compile. Nothing is done where the
//! file is not there.

use std::fs::File;
use std::io::Write;
use std::path::Path;
use std::time::Duration;
use std::time::Instant;

use serde::Deserialize;
use serde::Serialize;

/// One JSON object a line.
const FILE: &str = "phases.jsonl";

/// What one call of the stand-in took.
#[derive(Clone, Copy, Debug, Default, Serialize, Deserialize)]
pub struct Compile {
    /// From its first line to its last.
    pub all: Duration,
    /// Changing the generated code.
    pub rewriting: Duration,
    /// rustc, linking included, or cargo with all that it ran.
    pub compiler: Duration,
}

/// Asks for the phases of the compiles from now on.
pub fn ask(session: &Path) -> std::io::Result<()> {
    File::create(session.join(FILE)).map(drop)
}

/// What the compiles took since it was asked for.
pub fn take(session: &Path) -> Vec<Compile> {
    let text = std::fs::read_to_string(session.join(FILE)).unwrap_or_default();
    text.lines()
        .filter_map(|line| serde_json::from_str(line).ok())
        .collect()
}

/// Measures one call of the stand-in, and notes it when it is dropped.
pub(super) struct Watch {
    file: Option<File>,
    start: Instant,
    compile: Compile,
}

impl Watch {
    pub(super) fn begin(session: &Path) -> Watch {
        Watch {
            file: File::options().append(true).open(session.join(FILE)).ok(),
            start: Instant::now(),
            compile: Compile::default(),
        }
    }

    pub(super) fn rewriting<T>(&mut self, work: impl FnOnce() -> T) -> T {
        let start = Instant::now();
        let result = work();
        self.compile.rewriting += start.elapsed();
        result
    }

    pub(super) fn compiler<T>(&mut self, work: impl FnOnce() -> T) -> T {
        let start = Instant::now();
        let result = work();
        self.compile.compiler += start.elapsed();
        result
    }
}

impl Drop for Watch {
    fn drop(&mut self) {
        self.compile.all = self.start.elapsed();
        if let Some(file) = &mut self.file
            && let Ok(line) = serde_json::to_string(&self.compile)
        {
            // A measurement that is lost harms nothing.
            let _ = writeln!(file, "{line}");
        }
    }
}
