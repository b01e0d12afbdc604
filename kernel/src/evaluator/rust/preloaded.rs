//! The libraries that rust-analyzer reads, which takes it seconds: as late as can be, and only what a session needs.
//!
//! A kernel starts without them. rust-analyzer reads the standard library and the crates that every session depends on
//! when the first variable, completion or inspection needs a type, or when the kernel has nothing else to do. It reads
//! the other preloaded crates once the session's text names them.

use threadbook_jupyter::output::Event;
use threadbook_jupyter::output::StreamName;

use super::RustEvaluator;
use super::dependency_lines;
use crate::cell::Names;
use crate::cell::crates_named;
use crate::rewrite::manifest::depends_otherwise;

impl RustEvaluator {
    /// Has rust-analyzer read the libraries together with the next code, where it has not.
    ///
    /// It reads them when it finds other dependencies in the manifest than before, which the next code then has.
    pub(super) fn read_libraries(&mut self) {
        if self.reads_libraries {
            return;
        }
        match self.session.end_bare() {
            Ok(()) => self.reads_libraries = true,
            Err(error) => tracing::error!("rust-analyzer does not read the libraries: {error}"),
        }
    }

    /// The same at once, for questions about a text to which no dependencies can be given.
    pub(super) fn have_libraries_read(&mut self, text: &str) {
        self.read_libraries();
        let dependencies = self.name_preloaded(text, &self.session.manifest());
        // evcxr runs nothing where it depends on all of that already.
        if let Err(error) = self.engine.execute(&dependencies) {
            tracing::debug!("the libraries are not there: {error}");
        }
        self.worker.sync();
    }

    /// Gives the lines that have evcxr depend on the preloaded crates that rust-analyzer is to read: those of every
    /// session, and those that were named so far, in this code or an earlier one.
    ///
    /// They are given with each code: evcxr forgets them with code that does not compile, and does nothing about a line
    /// that it has. A crate for which the person has a line of their own is left to that line.
    pub(super) fn name_preloaded(&mut self, code: &str, manifest: &str) -> String {
        let preloaded = self.prepared.named_later();
        let names = preloaded.iter().map(|(name, _)| name.as_str());
        for name in crates_named(code, names) {
            self.named.insert(name.to_owned());
        }
        let mut wanted = match self.reads_libraries {
            true => self.prepared.named_at_start(),
            false => Vec::new(),
        };
        let named = preloaded.into_iter();
        wanted.extend(named.filter(|(name, _)| self.named.contains(name)));
        wanted.retain(|(name, value)| !depends_otherwise(manifest, name, value));
        let lines = dependency_lines(&wanted);
        for (name, value) in wanted {
            let dependencies = &mut self.log.dependencies;
            if !dependencies.iter().any(|(known, _)| *known == name) {
                dependencies.push((name, value));
            }
        }
        lines
    }

    /// Says of the code's dependencies which of them are preloaded, and thus the same without a line.
    pub(super) fn note_needless_dependencies(&self, code: &str) {
        let preloaded = self.prepared.named_later();
        for name in dependencies_added(code) {
            if preloaded.iter().any(|(known, _)| known == name)
                && let Some(version) = self.session.shared_version(&self.prepared, name)
            {
                let text = format!(
                    "note: `{name}` {version} is preloaded, cells may name it without `:dep {name}`\n"
                );
                self.output.send(Event::Stream {
                    cell: None,
                    stream: StreamName::Stderr,
                    bytes: text.into_bytes(),
                });
            }
        }
    }
}

impl Names for RustEvaluator {
    fn type_of_variable(&self, name: &str) -> Option<String> {
        let mut variables = self.variables();
        let found = variables.find(|(variable, _)| *variable == name)?;
        Some(found.1.to_owned())
    }

    fn text_of_item(&self, name: &str) -> Option<&str> {
        let mut definitions = self.checkpoints.definitions();
        Some(definitions.find(|(item, _)| *item == name)?.1)
    }
}

/// The names of the dependencies that code adds.
fn dependencies_added(code: &str) -> impl Iterator<Item = &str> {
    let added = code
        .lines()
        .filter_map(|line| line.trim().strip_prefix(":dep "));
    added.map(|rest| rest.split('=').next().unwrap_or_default().trim())
}
