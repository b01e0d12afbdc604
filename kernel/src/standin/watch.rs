//! Measures where the time of a cell's compile goes, where the kernel has made a file for that.

use std::fs::File;
use std::io::Write;
use std::time::Duration;
use std::time::Instant;

use crate::build::SessionPaths;
use crate::build::phases::Compile;

/// Measures one call of the stand-in, and notes it when it is dropped.
pub(super) struct Watch {
    file: Option<File>,
    start: Instant,
    compile: Compile,
}

impl Watch {
    pub(super) fn begin(session: &SessionPaths) -> Watch {
        Watch {
            file: File::options().append(true).open(session.phases()).ok(),
            start: Instant::now(),
            compile: Compile::default(),
        }
    }

    /// So much of the compiler's time was spent on changes of the code.
    pub(super) fn rewritten_in(&mut self, took: Duration) {
        self.compile.rewriting += took;
        self.compile.compiler = self.compile.compiler.saturating_sub(took);
    }

    /// So much of it was spent by the linker.
    pub(super) fn linked_in(&mut self, took: Duration) {
        self.compile.linking += took;
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
