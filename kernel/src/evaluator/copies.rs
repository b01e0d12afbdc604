//! The evaluator's side of copies of the worker's process: going back to one, and keeping some under names.

use std::collections::BTreeMap;
use std::collections::BTreeSet;
use std::collections::HashSet;

use threadbook::wire::SnapshotStatus;
use threadbook::worker::NAMED_COPIES;

use super::Diagnostic;
use super::diagnostics;
use super::past::Past;
use super::past::forgetting;
use super::rust::RustEvaluator;
use crate::cell::definitions;
use crate::cell::item_macros;

/// What is known of earlier states.
#[derive(Debug, Default)]
pub(super) struct Copies {
    /// What the session defines now.
    definitions: BTreeMap<String, String>,
    /// Names of definitions that were given up by going back.
    undone: BTreeSet<String>,
    /// Names that the latest program has defined, that is, the latest cell with a `main`.
    program: BTreeSet<String>,
    /// What the program that is about to run defines, and what evcxr forgets with it.
    next_program: Option<(BTreeSet<String>, BTreeSet<String>)>,
    /// Before the cell that runs.
    candidate: Option<Past>,
    /// Before the latest cell that ran something.
    before: Option<Past>,
    /// By name: the place of the copy, and what was known then.
    named: BTreeMap<String, (usize, Past)>,
}

impl Copies {
    /// A cell begins.
    pub(super) fn begin_cell(&mut self, now: Past) {
        self.candidate = Some(now);
    }

    /// Rust of the cell was compiled and run, in the form in which evcxr was given it.
    pub(super) fn ran(&mut self, code: &str) {
        // A cell of several parts has one state before it.
        if let Some(before) = self.candidate.take() {
            self.before = Some(before);
        }
        let definitions = definitions(code);
        self.undone.retain(|name| !definitions.contains_key(name));
        self.definitions.extend(definitions);
        if let Some((program, forgotten)) = self.next_program.take() {
            self.definitions.retain(|name, _| !forgotten.contains(name));
            self.undone.extend(forgotten);
            self.program = program;
        }
    }

    /// What the session defines now, by name.
    pub(super) fn definitions(&self) -> impl Iterator<Item = (&str, &str)> {
        self.definitions
            .iter()
            .filter(|(name, _)| !self.undone.contains(*name))
            .map(|(name, text)| (name.as_str(), text.as_str()))
    }

    /// The session's macros that make items.
    pub(super) fn item_macros(&self) -> HashSet<String> {
        let macros = self
            .definitions
            .values()
            .filter(|text| text.contains("macro_rules"));
        macros.flat_map(|text| item_macros(text)).collect()
    }

    /// Another program is about to run. Gives the code that makes evcxr forget items of the latest one that are in its way:
    /// it does not define them, and neither other cells nor the types of variables name them.
    pub(super) fn begin_program(&mut self, code: &str, types: &str) -> String {
        let names: BTreeSet<String> = definitions(code).into_keys().collect();
        let others = self
            .definitions
            .iter()
            .filter(|(name, _)| !self.program.contains(*name));
        let texts = others.map(|(_, text)| text.as_str()).chain([types]);
        let named: BTreeSet<&str> = texts.flat_map(words).collect();
        let old = self.definitions.iter().filter(|(name, _)| {
            self.program.contains(*name) && !names.contains(*name) && !named.contains(name.as_str())
        });
        let (forgotten, texts): (BTreeSet<String>, String) = old
            .map(|(name, text)| {
                (
                    name.clone(),
                    format!("\n{}", forgetting(name, text).trim_end()),
                )
            })
            .unzip();
        self.next_program = Some((names, forgotten));
        texts
    }

    /// The session has gone back.
    fn go_back(&mut self, now: &Past, past: &Past) {
        self.definitions.clone_from(&past.definitions);
        let names = now.definitions.keys();
        self.undone = names
            .filter(|name| !past.definitions.contains_key(*name))
            .cloned()
            .collect();
    }

    /// The process is another one, with nothing of before.
    pub(super) fn forget(&mut self) {
        self.before = None;
        self.named.clear();
    }

    /// Whether a definition was given up by going back.
    pub(super) fn is_undone(&self, name: &str) -> bool {
        self.undone.contains(name)
    }
}

impl RustEvaluator {
    /// Goes back to the state before the latest cell; gives that cell's number.
    pub(crate) fn undo(&mut self, force: bool) -> Result<u32, Diagnostic> {
        let there = self.snapshot_status()?.undo;
        let Some(before) = self.copies().before.clone().filter(|_| there) else {
            return Err(wrong(
                "there is nothing to go back to: the state before the last cell is kept until the next, where copies are \
                 on and the process is small enough (`%snapshot` says more)",
            ));
        };
        self.go_back("UNDO", &before, force)?;
        self.copies_mut().before = None;
        Ok(before.cell)
    }

    /// Keeps the state under a name, in the place of an earlier one.
    pub(crate) fn checkpoint(&mut self, name: &str) -> Result<(), Diagnostic> {
        let status = self.snapshot_status()?;
        if !status.enabled {
            return Err(wrong("copies are off (`%snapshot on`)"));
        }
        if status.copies_bytes > status.limit_bytes {
            return Err(wrong(&format!(
                "the copies that are kept hold {} MB, above the limit of {} MB (`%checkpoint -d NAME` drops one)",
                status.copies_bytes >> 20,
                status.limit_bytes >> 20
            )));
        }
        let now = self.now();
        let named = &self.copies().named;
        let free = (0..NAMED_COPIES).find(|place| named.values().all(|(taken, _)| taken != place));
        let place = named.get(name).map(|(place, _)| *place).or(free);
        let Some(place) = place else {
            return Err(wrong(&format!(
                "there are {NAMED_COPIES} checkpoints already (`%checkpoint -d NAME` drops one)"
            )));
        };
        let status = self.ask_worker(&format!("CHECKPOINT {place}"))?;
        if let Some(why) = status.skipped {
            return Err(wrong(&format!("no copy can be made: {why}")));
        }
        self.copies_mut()
            .named
            .insert(name.to_owned(), (place, now));
        Ok(())
    }

    /// Goes back to a state that was kept under a name, which stays.
    pub(crate) fn restore(&mut self, name: &str, force: bool) -> Result<(), Diagnostic> {
        let (place, past) = self.named(name)?;
        self.go_back(&place.to_string(), &past, force)?;
        self.copies_mut().before = None;
        // The copy has become the process.
        self.ask_worker(&format!("CHECKPOINT {place}")).map(drop)
    }

    /// Drops a state that was kept under a name.
    pub(crate) fn drop_checkpoint(&mut self, name: &str) -> Result<(), Diagnostic> {
        let (place, _) = self.named(name)?;
        self.copies_mut().named.remove(name);
        self.worker()
            .control(&format!("FORGET {place}"))
            .map_err(unreachable_worker)
    }

    /// The names of the states that are kept, and the cells that ran next.
    pub(crate) fn checkpoints(&self) -> Vec<(String, u32)> {
        let named = self.copies().named.iter();
        named
            .map(|(name, (_, past))| (name.clone(), past.cell))
            .collect()
    }

    /// Tells the worker how to make copies, and asks how it does: `on`, `off`, a limit in megabytes, or `status`.
    pub(crate) fn set_snapshots(&mut self, how: &str) -> Result<SnapshotStatus, Diagnostic> {
        self.ask_worker(&format!("SNAPSHOT {how}"))
    }

    fn snapshot_status(&mut self) -> Result<SnapshotStatus, Diagnostic> {
        self.set_snapshots("status")
    }

    /// What evcxr knows now.
    pub(super) fn now(&self) -> Past {
        Past {
            cell: self.builds().latest(),
            variables: self
                .variables()
                .map(|(name, type_name)| (name.to_owned(), type_name.to_owned()))
                .collect(),
            definitions: self.copies().definitions.clone(),
            ran: self.kept_so_far().ran.clone(),
            used_files: self.kept_so_far().used_files.clone(),
        }
    }

    fn named(&self, name: &str) -> Result<(usize, Past), Diagnostic> {
        self.copies().named.get(name).cloned().ok_or_else(|| {
            let names: Vec<String> = self
                .copies()
                .named
                .keys()
                .map(|name| format!("`{name}`"))
                .collect();
            wrong(&match names.is_empty() {
                true => format!("there is no checkpoint `{name}` (`%checkpoint {name}` makes one)"),
                false => format!(
                    "there is no checkpoint `{name}` (there are {})",
                    names.join(", ")
                ),
            })
        })
    }

    fn go_back(&mut self, role: &str, past: &Past, force: bool) -> Result<(), Diagnostic> {
        let programs = self.worker().programs();
        if !programs.is_empty() && !force {
            let names: Vec<String> = programs.iter().map(|name| format!("`{name}`")).collect();
            return Err(wrong(&format!(
                "going back ends programs that cells have started: {} (`--force` does it)",
                names.join(", ")
            )));
        }
        let now = self.now();
        self.worker()
            .restore(role)
            .map_err(|why| wrong(&format!("the process could not go back: {why}")))?;
        let code = past.code_to_come_back(&now);
        // The first has evcxr look for its variables and forget those that are gone; it would forget new ones of the same
        // name with them.
        let mut result = Ok(());
        for code in ["();", &code] {
            if result.is_ok() && !code.is_empty() {
                self.builds().begin_generated(code);
                result = self.run_own(code).result;
            }
        }
        self.copies_mut().go_back(&now, past);
        let kept = self.kept();
        kept.ran.clone_from(&past.ran);
        kept.used_files.clone_from(&past.used_files);
        result
    }

    fn ask_worker(&mut self, command: &str) -> Result<SnapshotStatus, Diagnostic> {
        self.worker().ask(command).map_err(unreachable_worker)
    }
}

/// The names and words in a text.
fn words(text: &str) -> impl Iterator<Item = &str> {
    text.split(|char: char| !(char.is_alphanumeric() || char == '_'))
}

fn unreachable_worker(error: std::io::Error) -> Diagnostic {
    diagnostics::plain(
        "KernelError",
        format!("the process that runs cells does not answer: {error} (restart the kernel)"),
    )
}

fn wrong(message: &str) -> Diagnostic {
    diagnostics::plain("MagicError", message)
}
