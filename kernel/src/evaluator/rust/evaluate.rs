//! The dispatcher's view of the evaluator.

use std::sync::Arc;

use serde_json::Map;
use serde_json::Value;
use threadbook::wire::Command;
use threadbook_jupyter::contract::Cell;
use threadbook_jupyter::contract::Completions;
use threadbook_jupyter::contract::Evaluator;
use threadbook_jupyter::contract::Outcome;
use threadbook_jupyter::contract::QuickAnswers;

use super::RustEvaluator;
use super::latest::Latest;
use crate::cell::RustAt;
use crate::evaluator::steps::Steps;
use crate::magics::RegistryFacts;
use crate::questions;
use crate::questions::Found;

impl Evaluator for RustEvaluator {
    fn execute(&mut self, cell: &Cell) -> Outcome {
        tracing::info!("cell {} begins", cell.count);
        self.last_cell = Some(cell.id);
        self.stop.begin_cell(cell.id);
        self.sources.begin_cell(cell.count);
        self.checkpoints.begin_cell(self.now());
        if let Err(error) = self.worker.control(&Command::BeginCell) {
            tracing::error!("the worker did not get the begin of a cell: {error}");
        }
        let outcome = Steps::new(self, cell).run();
        let how = match &outcome {
            Outcome::Failed(diagnostic) => diagnostic.ename.as_str(),
            Outcome::Finished { .. } => "ok",
        };
        tracing::info!("cell {} ended: {how}", cell.count);
        self.sources.end_cell();
        let is_new = self
            .cells
            .last()
            .is_none_or(|(count, _)| *count != cell.count);
        if is_new && !cell.silent {
            self.cells.push((cell.count, cell.code.clone()));
        }
        self.stop.end_cell();
        self.values.clear();
        self.completed = Latest::default();
        self.inspected = Latest::default();
        outcome
    }

    fn warm_up(&mut self) {
        // The first inference of a type takes rust-analyzer seconds; asking for completions of a value makes it infer.
        const CODE: &str = "let warm: Vec<_> = [1].iter().map(|one| one + 1).collect(); warm.le";
        self.read_packages();
        self.read_libraries();
        let dependencies = self.name_preloaded("", &self.session.manifest());
        match self.engine.completions(&dependencies, CODE, CODE.len()) {
            Ok(found) => tracing::debug!("warmed up: {} completions", found.matches.len()),
            Err(error) => tracing::warn!("rust-analyzer was not warmed up: {error}"),
        }
    }

    fn quick_answers(&self) -> Arc<dyn QuickAnswers> {
        Arc::new(self.known_names())
    }

    fn complete(&mut self, code: &str, cursor_byte: usize) -> Completions {
        match questions::complete(code, cursor_byte, &self.known_names()) {
            Found::Whole(found) => found,
            Found::Part(found) => {
                if let Some(latest) = self.completed.get(code, cursor_byte) {
                    return latest.clone();
                }
                let rust = RustAt::find(code, cursor_byte, &RegistryFacts);
                let found = self.rust_completions(&rust).unwrap_or(found);
                self.completed.set(code, cursor_byte, found.clone());
                found
            }
        }
    }

    fn inspect(&mut self, code: &str, cursor_byte: usize) -> Option<Map<String, Value>> {
        if let Some(latest) = self.inspected.get(code, cursor_byte) {
            return latest.clone();
        }
        let found = self.describe_at(code, cursor_byte);
        self.inspected.set(code, cursor_byte, found.clone());
        found
    }
}
