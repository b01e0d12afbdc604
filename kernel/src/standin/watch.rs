//! Measures where the time of a cell's compile goes, where the kernel has made a file for that.

use std::fs::File;
use std::io::Write;
use std::process::Command;
use std::time::Duration;
use std::time::Instant;

use crate::build::SessionPaths;
use crate::build::cargo_cli::exit_code;
use crate::build::notes::noted;
use crate::build::phases::Compile;
use crate::build::role_names::MEASURED_LINKER;
use crate::sys::processes;

/// Plays the linker: runs the real one, and notes what it took.
pub(super) fn link(args: &[String]) -> anyhow::Result<i32> {
    let start = Instant::now();
    let status = Command::new(processes::LINKER).args(args).status()?;
    let file = SessionPaths::of_this_process()?.linking();
    std::fs::write(file, serde_json::to_vec(&start.elapsed())?)?;
    Ok(exit_code(status))
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

    /// How rustc is to be called so that its linker is measured, where phases are logged.
    pub(super) fn linker_arg(&self, args: &[String]) -> Option<String> {
        let has_one = args.iter().any(|arg| arg.contains("linker="));
        let linker = self.session.tool(MEASURED_LINKER);
        (self.file.is_some() && !has_one).then(|| format!("-Clinker={}", linker.display()))
    }

    /// So much of the compiler's time was spent on changes of the code.
    pub(super) fn rewritten_in(&mut self, took: Duration) {
        self.compile.rewriting += took;
        self.compile.compiler = self.compile.compiler.saturating_sub(took);
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
        if let Some(took) = noted(&linking) {
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
