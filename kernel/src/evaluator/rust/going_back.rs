//! `%undo`, `%checkpoint` and `%restore`: the worker's process goes back to a copy of it, and evcxr with it.

use threadbook::wire::Command;
use threadbook::wire::CopySetting;
use threadbook::wire::CopyStatus;
use threadbook::wire::NAMED_COPIES;
use threadbook::wire::Role;
use threadbook_jupyter::contract::Diagnostic;

use super::RustEvaluator;
use crate::evaluator::diagnostics;
use crate::evaluator::saved_state::SavedState;

impl RustEvaluator {
    /// Goes back to the state before the latest cell; gives that cell's number.
    pub(crate) fn undo(&mut self, force: bool) -> Result<u32, Diagnostic> {
        let there = self.usable_status()?.undo;
        let Some(before) = self.checkpoints().before.clone().filter(|_| there) else {
            return Err(wrong(
                "there is nothing to go back to: the state before the last cell is kept until the next, where copies are \
                 on and the process is small enough (`%snapshot` says more)",
            ));
        };
        self.go_back(Role::Undo, &before, force)?;
        self.checkpoints_mut().before = None;
        Ok(before.cell)
    }

    /// Keeps the state under a name, in the place of an earlier one.
    pub(crate) fn checkpoint(&mut self, name: &str) -> Result<(), Diagnostic> {
        let status = self.usable_status()?;
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
        let named = &self.checkpoints().named;
        let free = (0..NAMED_COPIES).find(|place| named.values().all(|(taken, _)| taken != place));
        let place = named.get(name).map(|(place, _)| *place).or(free);
        let Some(place) = place else {
            return Err(wrong(&format!(
                "there are {NAMED_COPIES} checkpoints already (`%checkpoint -d NAME` drops one)"
            )));
        };
        let status = self.ask_worker(&Command::Copy(Role::Named(place)))?;
        if let Some(why) = status.skipped {
            return Err(wrong(&format!("no copy can be made: {why}")));
        }
        self.checkpoints_mut()
            .named
            .insert(name.to_owned(), (place, now));
        Ok(())
    }

    /// Goes back to a state that was kept under a name, which stays.
    pub(crate) fn restore(&mut self, name: &str, force: bool) -> Result<(), Diagnostic> {
        let (place, past) = self.named(name)?;
        self.go_back(Role::Named(place), &past, force)?;
        self.checkpoints_mut().before = None;
        // The copy has become the process.
        self.ask_worker(&Command::Copy(Role::Named(place)))
            .map(drop)
    }

    /// Drops a state that was kept under a name.
    pub(crate) fn drop_checkpoint(&mut self, name: &str) -> Result<(), Diagnostic> {
        let (place, _) = self.named(name)?;
        self.checkpoints_mut().named.remove(name);
        self.worker()
            .control(&Command::Forget(Role::Named(place)))
            .map_err(unreachable_worker)
    }

    /// The names of the states that are kept, and the cells that ran next.
    pub(crate) fn named_checkpoints(&self) -> Vec<(String, u32)> {
        let named = self.checkpoints().named.iter();
        named
            .map(|(name, (_, past))| (name.clone(), past.cell))
            .collect()
    }

    /// Changes how the worker makes copies; gives its status.
    pub(crate) fn set_copies(&mut self, setting: CopySetting) -> Result<CopyStatus, Diagnostic> {
        let status = self.ask_worker(&Command::Copies(setting))?;
        match setting {
            CopySetting::On => usable(status),
            _ => Ok(status),
        }
    }

    /// The status of the copies; an error where they do not work on this system.
    fn usable_status(&mut self) -> Result<CopyStatus, Diagnostic> {
        usable(self.set_copies(CopySetting::Status)?)
    }

    /// The state of evcxr now.
    pub(super) fn now(&self) -> SavedState {
        SavedState {
            cell: self.sources().latest(),
            variables: self
                .variables()
                .map(|(name, type_name)| (name.to_owned(), type_name.to_owned()))
                .collect(),
            definitions: self.checkpoints().definitions.clone(),
            ran: self.log().ran.clone(),
            used_files: self.log().used_files.clone(),
        }
    }

    fn named(&self, name: &str) -> Result<(usize, SavedState), Diagnostic> {
        self.checkpoints().named.get(name).cloned().ok_or_else(|| {
            let names: Vec<String> = self
                .checkpoints()
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

    fn go_back(&mut self, role: Role, past: &SavedState, force: bool) -> Result<(), Diagnostic> {
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
        // The first has evcxr look for its variables, which the text mentions, and forget those that are gone; it would
        // forget new ones of the same name with them.
        let names: Vec<&str> = now.variables.keys().map(String::as_str).collect();
        let mention = names.join(" ");
        let mut result = Ok(());
        for (text, code) in [(mention.as_str(), "();"), (&code, &code)] {
            if result.is_ok() && !code.is_empty() {
                self.sources().begin_generated(text);
                result = self.run_own(code).result;
            }
        }
        self.checkpoints_mut().go_back(&now, past);
        let log = self.log_mut();
        log.ran.clone_from(&past.ran);
        log.used_files.clone_from(&past.used_files);
        result
    }

    fn ask_worker(&mut self, command: &Command) -> Result<CopyStatus, Diagnostic> {
        self.worker().ask(command).map_err(unreachable_worker)
    }
}

fn usable(status: CopyStatus) -> Result<CopyStatus, Diagnostic> {
    match &status.unusable {
        None => Ok(status),
        Some(why) => Err(wrong(&format!(
            "no earlier state is kept: copies of the process do not work on this system ({why})"
        ))),
    }
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
