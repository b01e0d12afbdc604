//! The preloaded crates that a session depends on only once its text names them, since rust-analyzer reads what a
//! session depends on.

use threadbook_jupyter::output::Event;
use threadbook_jupyter::output::StreamName;

use super::RustEvaluator;
use crate::cell::crates_named;
use crate::rewrite::manifest::depends_otherwise;

impl RustEvaluator {
    /// Gives the lines that have evcxr depend on the preloaded crates that were named so far, in this code or an
    /// earlier one.
    ///
    /// They are given with each code: evcxr forgets them with code that does not compile, and does nothing about a line
    /// that it has. A crate for which the person has a line of their own is left to that line.
    pub(super) fn name_preloaded(&mut self, code: &str, manifest: &str) -> String {
        let preloaded = self.prepared.named_later();
        let names = preloaded.iter().map(|(name, _)| name.as_str());
        for name in crates_named(code, names) {
            self.named.insert(name.to_owned());
        }
        let named = preloaded.into_iter().filter(|(name, value)| {
            self.named.contains(name) && !depends_otherwise(manifest, name, value)
        });
        let mut lines = String::new();
        for (name, value) in named {
            lines.push_str(&format!(":dep {name} = {value}\n"));
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

/// The names of the dependencies that code adds.
fn dependencies_added(code: &str) -> impl Iterator<Item = &str> {
    let added = code
        .lines()
        .filter_map(|line| line.trim().strip_prefix(":dep "));
    added.map(|rest| rest.split('=').next().unwrap_or_default().trim())
}
