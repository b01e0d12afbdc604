//! Where the time of a cell's compile goes, for whoever measures.
//!
//! The kernel asks for it by making a file; the stand-in for cargo adds a line for each compile. Nothing is done where the
//! file is not there.

use std::fs::File;
use std::io::Write;
use std::process::Command;
use std::time::Duration;
use std::time::Instant;

use serde::Deserialize;
use serde::Serialize;

use super::cargo;
use crate::build::SessionPaths;

/// The name under which this binary is rustc's linker. Its end tells rustc that it is called as a C compiler.
pub(super) const LINKER: &str = "threadbook-cc";

/// What one call of the stand-in took.
#[derive(Clone, Copy, Debug, Default, Serialize, Deserialize)]
pub struct Compile {
    /// From its first line to its last.
    pub all: Duration,
    /// Changing the generated code.
    pub rewriting: Duration,
    /// rustc, linking included, or cargo with all that it ran.
    pub compiler: Duration,
    /// The linker, where rustc was called without cargo and with the linker that it takes by itself.
    pub linking: Duration,
}

/// Asks for the phases of the compiles from now on.
pub fn ask(session: &SessionPaths) -> std::io::Result<()> {
    File::create(session.phases()).map(drop)
}

/// What the compiles took since it was asked for.
pub fn take(session: &SessionPaths) -> Vec<Compile> {
    let text = std::fs::read_to_string(session.phases()).unwrap_or_default();
    text.lines()
        .filter_map(|line| serde_json::from_str(line).ok())
        .collect()
}

/// Plays the linker: runs the real one, and notes what it took.
pub(super) fn link(args: &[String]) -> anyhow::Result<i32> {
    let start = Instant::now();
    let status = Command::new("cc").args(args).status()?;
    let file = SessionPaths::of_this_process()?.linking();
    std::fs::write(file, serde_json::to_vec(&start.elapsed())?)?;
    Ok(cargo::exit_code(status))
}

/// Measures one call of the stand-in, and notes it when it is dropped.
pub(super) struct Watch {
    file: Option<File>,
    session: SessionPaths,
    start: Instant,
    compile: Compile,
}

impl Watch {
    pub(super) fn begin(session: &SessionPaths) -> Watch {
        Watch {
            file: File::options().append(true).open(session.phases()).ok(),
            session: session.clone(),
            start: Instant::now(),
            compile: Compile::default(),
        }
    }

    /// How rustc is to be called so that its linker is measured, where that is asked for.
    pub(super) fn linker_arg(&self, args: &[String]) -> Option<String> {
        let has_one = args.iter().any(|arg| arg.contains("linker="));
        let linker = self.session.tool(LINKER);
        (self.file.is_some() && !has_one).then(|| format!("-Clinker={}", linker.display()))
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
        let linking = self.session.linking();
        if let Some(took) = cargo::noted(&linking) {
            self.compile.linking = took;
            let _ = std::fs::remove_file(&linking);
        }
        if let Some(file) = &mut self.file
            && let Ok(line) = serde_json::to_string(&self.compile)
        {
            // A measurement that is lost harms nothing.
            let _ = writeln!(file, "{line}");
        }
    }
}
