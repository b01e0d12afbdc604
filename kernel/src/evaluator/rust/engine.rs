//! evcxr: the only file that names it. What is known of the text that it generates is in `crate::evcxr_text`.

use std::collections::HashMap;
use std::fmt;
use std::process::Command;

use evcxr::CommandContext;
use evcxr::CompilationError;
use evcxr::Error;
use evcxr::EvalContext;
use serde_json::Value;
use threadbook_jupyter::contract::Completion;
use threadbook_jupyter::contract::Completions;

use crate::evaluator::covers::Covers;
use crate::evaluator::covers::Needed;

/// What a value or a command shows, by MIME type.
pub(super) type Shown = HashMap<String, String>;

/// Compiles code with what earlier code has defined, and has the worker run it.
pub(super) struct Engine {
    context: CommandContext,
    covers: Covers,
}

/// Why code did not run to its end.
#[derive(Debug)]
pub(super) enum EngineError {
    /// It does not compile.
    Compile(Vec<CompileError>),
    /// evcxr's own words: about a command, a variable's type, or the worker's process.
    Other(String),
}

impl fmt::Display for EngineError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            EngineError::Other(words) => f.write_str(words),
            EngineError::Compile(errors) => {
                let messages = errors.iter().map(|error| error.message.as_str());
                f.write_str(&messages.collect::<Vec<_>>().join("\n"))
            }
        }
    }
}

impl From<Error> for EngineError {
    fn from(error: Error) -> EngineError {
        match error {
            Error::CompilationErrors(errors) => {
                EngineError::Compile(errors.iter().map(CompileError::of).collect())
            }
            other => EngineError::Other(other.to_string()),
        }
    }
}

/// An error of rustc's, or of evcxr's in the same form.
#[derive(Debug)]
pub(super) struct CompileError {
    pub(super) message: String,
    /// rustc's JSON; null where the words are evcxr's.
    pub(super) json: Value,
    pub(super) help: Vec<String>,
}

impl CompileError {
    fn of(error: &CompilationError) -> CompileError {
        CompileError {
            message: error.message(),
            json: error.json.clone(),
            help: error.help(),
        }
    }

    /// As rustc shows it; empty where the words are evcxr's.
    pub(super) fn rendered(&self) -> &str {
        self.json["rendered"].as_str().unwrap_or_default()
    }
}

impl Engine {
    /// Starts evcxr, with this command for the worker.
    pub(super) fn start(worker: Command) -> Result<Engine, EngineError> {
        // evcxr's own copies of stdout and stderr stay empty: the worker has other pipes for them.
        let (context, _outputs) = EvalContext::with_subprocess_command(worker)?;
        Ok(Engine {
            context: CommandContext::with_eval_context(context),
            covers: Covers::default(),
        })
    }

    /// Runs code, with commands such as `:dep` before it.
    pub(super) fn execute(&mut self, code: &str) -> Result<Shown, EngineError> {
        let outputs = self.context.execute(code)?;
        Ok(outputs.content_by_mime_type)
    }

    /// Runs a cell's code, with commands such as `:dep` before it. `needed` are the items without which rust-analyzer does
    /// not know the types of its variables.
    pub(super) fn run(
        &mut self,
        commands: &str,
        code: &str,
        needed: &Needed,
    ) -> Result<Shown, EngineError> {
        let (given, covered) = self.covers.with_changes(code, needed);
        let outputs = self.execute(&format!("{commands}{given}"))?;
        self.covers.taken(code, covered);
        Ok(outputs)
    }

    /// Whether there are items that rust-analyzer does not see.
    pub(super) fn covers_items(&self) -> bool {
        self.covers.any()
    }

    /// Forgets variables and items.
    pub(super) fn clear(&mut self) -> Result<(), EngineError> {
        self.execute(":clear")?;
        self.covers = Covers::default();
        Ok(())
    }

    /// The names and types of the variables that the session keeps.
    pub(super) fn variables(&self) -> impl Iterator<Item = (&str, &str)> {
        self.context.variables_and_types()
    }

    /// The names of its functions, types and other items.
    pub(super) fn items(&self) -> impl Iterator<Item = &str> {
        self.context.defined_item_names()
    }

    /// What could stand at a byte of the code, before which there may be commands. The text of a function has its
    /// arguments.
    pub(super) fn completions(
        &mut self,
        commands: &str,
        code: &str,
        cursor: usize,
    ) -> Result<Completions, EngineError> {
        let before = commands.to_owned() + &self.covers.all();
        let text = format!("{before}{code}");
        let found = self.context.completions(&text, before.len() + cursor);
        let found = found.map_err(|error| EngineError::Other(error.to_string()))?;
        let matches = found.completions.into_iter().map(|found| Completion {
            text: found.code,
            kind: found.kind.to_owned(),
            signature: found.label,
        });
        let in_code = |offset: usize| offset.saturating_sub(before.len());
        Ok(Completions {
            start_byte: in_code(found.start_offset),
            end_byte: in_code(found.end_offset),
            matches: matches.collect(),
        })
    }

    /// The documentation of the name that ends the code, as plain text and as HTML.
    pub(super) fn hover(&mut self, code: &str) -> Option<(String, String)> {
        // evcxr has an answer of its own for that word.
        let before = match code {
            "let" => String::new(),
            _ => self.covers.all(),
        };
        let text = before + code;
        self.context.hover_at(&text, text.len()).ok()
    }

    /// Ends the worker's process. evcxr notices with the next code that it runs, forgets all variables, and starts another
    /// process.
    pub(super) fn kill_worker(&self) {
        if let Ok(mut supervisor) = self.context.process_handle().lock() {
            let _ = supervisor.kill();
        }
    }
}
