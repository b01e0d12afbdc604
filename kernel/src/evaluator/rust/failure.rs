//! The words for code that did not compile, and for commands that failed.

use threadbook_jupyter::contract::Diagnostic;

use super::RustEvaluator;
use super::engine::CompileError;
use super::engine::EngineError;
use crate::evaluator::cargo_words;
use crate::evaluator::colours;
use crate::evaluator::diagnostics;
use crate::evaluator::missing_crate;
use crate::evaluator::positions;

impl RustEvaluator {
    /// The error of a cell that did not compile, or whose command failed.
    pub(super) fn compile_failure(&self, code: &str, error: &EngineError) -> Diagnostic {
        if let Some(reason) = self.session.take_dependency_error() {
            return diagnostics::plain("DependencyError", cargo_words::of_failure(&reason));
        }
        let command = code
            .lines()
            .map(str::trim)
            .find(|line| line.starts_with(':'));
        let ename = match command {
            Some(command) if command.starts_with(":dep") => "DependencyError",
            Some(_) => "MagicError",
            None => "CompileError",
        };
        match error {
            EngineError::Compile(errors) => {
                let from_rustc = errors.iter().any(|error| !error.json.is_null());
                let mut rendered = match from_rustc {
                    true => self.sources.errors(|message| self.ended.reword(message)),
                    false => Vec::new(),
                };
                // What evcxr has of them may have places of another form of the code.
                let is_about_a_cell = !rendered.is_empty();
                if rendered.is_empty() {
                    rendered = errors
                        .iter()
                        .map(|error| self.rendered_error(error))
                        .collect();
                    rendered.dedup();
                }
                for text in &mut rendered {
                    *text = missing_crate::answered(text, &|name| self.newest(name));
                }
                let mut diagnostic = diagnostics::compile_error(&rendered);
                let mut of_libraries = errors
                    .iter()
                    .map(|error| self.sources.is_about_a_library(&error.json));
                if !is_about_a_cell && !errors.is_empty() && of_libraries.all(|is_about| is_about) {
                    "DependencyError".clone_into(&mut diagnostic.ename);
                } else if !from_rustc {
                    ename.clone_into(&mut diagnostic.ename);
                }
                diagnostic
            }
            EngineError::Other(words) => diagnostics::plain(ename, positions::plain(words)),
        }
    }

    fn rendered_error(&self, error: &CompileError) -> String {
        if let Some(text) = self.sources.rendered(&error.json) {
            return text;
        }
        let rendered = error.rendered();
        if self.sources.is_about_a_library(&error.json) && !rendered.is_empty() {
            return rendered.trim_end().to_owned();
        }
        // evcxr worded it itself, or it is a part of a larger message, or about nothing that a cell has.
        let message =
            cargo_words::naming_the_network(cargo_words::without_progress(&error.message));
        let mut text = format!("{}error{}: {message}", colours::ERROR, colours::RESET);
        for help in &error.help {
            text.push_str(&format!("\nhelp: {help}"));
        }
        text
    }
}
