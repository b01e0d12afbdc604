//! Where the steps of a build are sent.

use std::fs::File;
use std::io::Write;

use crate::build::SessionPaths;
use crate::build::steps::Step;

/// The kernel's pipe for steps. Without it, the build goes on all the same.
pub(super) struct StepsFile(Option<File>);

impl StepsFile {
    pub(super) fn open(session: &SessionPaths) -> StepsFile {
        StepsFile(File::options().append(true).open(session.steps()).ok())
    }

    pub(super) fn send(&mut self, step: &Step) {
        let file = self.0.take();
        self.0 = file.filter(|mut file| file.write_all(step.encode().as_bytes()).is_ok());
    }
}
