//! Compiles a cell, in which rustc's errors show which of its variables can be kept.
//!
//! evcxr learns of a variable that is not kept by an error about the line that puts it into the store, as if the cell
//! had moved it. It then leaves that line out and compiles again, for which the object is there already.

use std::collections::BTreeSet;

use serde::Deserialize;
use serde::Serialize;
use serde_json::Value;
use serde_json::json;
use threadbook::worker::SOURCE_FILE;

use crate::build::SessionPaths;
use crate::build::notes::note;
use crate::build::notes::noted;
use crate::build::variables::Variables;
use crate::cell::show_lets;
use crate::evcxr_text::generated;
use crate::rewrite::Choice;
use crate::rewrite::PutIn;
use crate::rewrite::Scopes;
use crate::rewrite::calls;

/// What a run of rustc, or of cargo, has given.
#[derive(Debug)]
pub(super) struct Compiled {
    /// The exit code.
    pub(super) code: i32,
    /// The lines for the caller of cargo.
    pub(super) lines: Vec<String>,
    /// rustc's messages about the cell.
    pub(super) messages: Vec<Value>,
}

impl Compiled {
    /// An error of the kernel's own, in place of rustc's.
    pub(super) fn refused(error: &str) -> Compiled {
        let message = json!({
            "message": error, "code": null, "level": "error", "spans": [], "children": [], "rendered": error,
        });
        Compiled {
            code: 1,
            lines: vec![line_of_cargo(&message)],
            messages: vec![message],
        }
    }
}

/// A compile that need not be repeated.
#[derive(Debug, Serialize, Deserialize)]
struct Done {
    /// The request.
    key: String,
    /// Whether its code catches panics.
    catches: bool,
    /// Whether it needs all items.
    all_items: bool,
    /// What becomes of its variables.
    choice: Choice,
    /// What was given to rustc.
    finished: Finished,
    code: i32,
    lines: Vec<String>,
    messages: Vec<Value>,
}

impl Done {
    /// Whether it is the compile of a cell. Where it failed, it is the same in both forms.
    fn is_of(&self, scopes: &Scopes) -> bool {
        let source = scopes.arrange(&self.choice).source;
        let is_form = self.code != 0 || self.catches == generated::catches_panics(&source);
        is_form && self.key == essence(&source)
    }
}

/// What rustc is given.
#[derive(Debug, Serialize, Deserialize)]
pub(super) struct Finished {
    pub(super) source: String,
    /// What is not the cell's in its lines.
    pub(super) put_in: Vec<PutIn>,
}

/// Makes of a source what rustc is given.
pub(super) trait Finish {
    /// What comes before it is known which variables are kept. The cell's text need not reach what is in the result, if
    /// that is to have all items of the session.
    fn prepare(&mut self, source: &str, all_items: bool) -> String;

    /// `openings` are not the cell's in its lines.
    fn finish(&mut self, source: &str, openings: &[PutIn]) -> Finished;

    /// Variables of earlier cells whose types are other ones now.
    fn outdated(&self) -> BTreeSet<String>;

    /// Whether an item that was left out may have led to these messages.
    fn may_lack_items(&self, messages: &[Value]) -> bool;

    /// Adapts to rustc's messages about that; `false` where nothing is to be changed.
    fn learn(&mut self, messages: &[Value]) -> bool;
}

/// One cell, in a session's folder.
pub(super) struct Compiling<'a> {
    session: &'a SessionPaths,
    changes: &'a mut dyn Finish,
    /// Runs rustc on the session's source.
    compiler: &'a mut dyn FnMut() -> anyhow::Result<Compiled>,
    /// Whether items stay that the cell does not reach.
    all_items: bool,
}

impl<'a> Compiling<'a> {
    pub(super) fn new(
        session: &'a SessionPaths,
        changes: &'a mut dyn Finish,
        compiler: &'a mut dyn FnMut() -> anyhow::Result<Compiled>,
    ) -> Compiling<'a> {
        Compiling {
            session,
            changes,
            compiler,
            all_items: false,
        }
    }

    /// Only checks the code.
    pub(super) fn check(&mut self, source: &str) -> anyhow::Result<Compiled> {
        loop {
            let prepared = self.changes.prepare(source, self.all_items);
            let (shown, _) = show_lets(&calls::checked(&prepared));
            if let Some((compiled, _)) = self.attempt(&shown, &[])? {
                return Ok(compiled);
            }
        }
    }

    /// Compiles the code, as evcxr generates it.
    pub(super) fn build(&mut self, source: &str) -> anyhow::Result<Compiled> {
        let mut done: Option<Done> = noted(&self.session.compiled());
        self.all_items = done.as_ref().is_some_and(|done| done.all_items);
        loop {
            let prepared = self.changes.prepare(source, self.all_items);
            if let Some(compiled) = self.build_prepared(&prepared, done.take())? {
                return Ok(compiled);
            }
        }
    }

    /// Nothing where it is to be compiled again with all items. `done` is an earlier compile, perhaps of another cell.
    fn build_prepared(
        &mut self,
        source: &str,
        done: Option<Done>,
    ) -> anyhow::Result<Option<Compiled>> {
        let Some(scopes) = Scopes::read(source) else {
            loop {
                let Some((compiled, _)) = self.attempt(source, &[])? else {
                    return Ok(None);
                };
                if compiled.code == 0 || !self.changes.learn(&compiled.messages) {
                    return Ok(Some(compiled));
                }
            }
        };
        let was_noted = done.is_some();
        let done = done.filter(|done| done.is_of(&scopes));
        if was_noted && done.is_none() {
            std::fs::remove_file(self.session.compiled())?;
        }
        if let Some(failed) = done.as_ref().filter(|done| done.code != 0) {
            return Ok(Some(self.take(failed, &scopes)?));
        }
        let mut choice = match &done {
            Some(done) => done.choice.clone(),
            None => scopes.first_choice(&self.changes.outdated()),
        };
        if let Some(sent_back) = self.send_back(&scopes, &choice)? {
            return Ok(Some(sent_back));
        }
        if let Some(done) = done {
            return Ok(Some(self.take(&done, &scopes)?));
        }
        loop {
            let arranged = scopes.arrange(&choice);
            let attempt = self.attempt(&arranged.source, &arranged.openings)?;
            let Some((compiled, finished)) = attempt else {
                return Ok(None);
            };
            let failed = compiled.code != 0;
            let messages = &compiled.messages;
            if failed
                && (choice.learn(&scopes, &arranged, messages) || self.changes.learn(messages))
            {
                continue;
            }
            if failed {
                // evcxr tries again in a form that does not catch panics, for the errors.
                self.note_done(&arranged.source, choice, finished, &compiled)?;
                return Ok(Some(compiled));
            }
            let sent_back = self.send_back(&scopes, &choice)?;
            if sent_back.is_some() {
                self.note_done(&arranged.source, choice, finished, &compiled)?;
            }
            return Ok(Some(sent_back.unwrap_or(compiled)));
        }
    }

    /// Runs rustc; nothing where it failed and an item that was left out may be the reason.
    fn attempt(
        &mut self,
        source: &str,
        openings: &[PutIn],
    ) -> anyhow::Result<Option<(Compiled, Finished)>> {
        let finished = self.changes.finish(source, openings);
        self.write(&finished)?;
        let compiled = (self.compiler)()?;
        let failed = compiled.code != 0;
        if failed && !self.all_items && self.changes.may_lack_items(&compiled.messages) {
            self.all_items = true;
            return Ok(None);
        }
        Ok(Some((compiled, finished)))
    }

    fn write(&self, finished: &Finished) -> anyhow::Result<()> {
        std::fs::write(self.session.source(), &finished.source)?;
        note(&self.session.put_in(), &finished.put_in)
    }

    /// Has evcxr leave out the variables that are not kept, where it does not yet.
    fn send_back(&self, scopes: &Scopes, choice: &Choice) -> anyhow::Result<Option<Compiled>> {
        let file = self.session.variables();
        let mut variables: Variables = noted(&file).unwrap_or_default();
        variables.unkept.extend(choice.unkept.clone());
        variables.put_back.extend(choice.inside.clone());
        note(&file, &variables)?;
        let lines = scopes.lines_of_unkept(choice);
        if lines.is_empty() {
            return Ok(None);
        }
        Ok(Some(Compiled {
            code: 1,
            lines: lines.into_iter().map(moved).collect(),
            messages: Vec::new(),
        }))
    }

    fn note_done(
        &self,
        arranged: &str,
        choice: Choice,
        finished: Finished,
        compiled: &Compiled,
    ) -> anyhow::Result<()> {
        let done = Done {
            key: essence(arranged),
            catches: generated::catches_panics(arranged),
            all_items: self.all_items,
            choice,
            finished: Finished {
                // With what the compiler has added to link crates.
                source: std::fs::read_to_string(self.session.source())?,
                ..finished
            },
            code: compiled.code,
            lines: compiled.lines.clone(),
            messages: compiled.messages.clone(),
        };
        note(&self.session.compiled(), &done)
    }

    /// Takes it for what the compiler would give.
    fn take(&mut self, done: &Done, scopes: &Scopes) -> anyhow::Result<Compiled> {
        std::fs::remove_file(self.session.compiled())?;
        self.write(&done.finished)?;
        let arranged = scopes.arrange(&done.choice);
        // What the cell defines is noted by the changes.
        self.changes.finish(&arranged.source, &arranged.openings);
        let catches = generated::catches_panics(&arranged.source);
        let lines_before = |catches| {
            if catches {
                generated::CATCHING_LINES
            } else {
                0
            }
        };
        let moved_up = lines_before(done.catches) - lines_before(catches);
        let lines = done.lines.iter().map(|line| moved_lines(line, moved_up));
        Ok(Compiled {
            code: done.code,
            lines: lines.collect(),
            messages: done.messages.clone(),
        })
    }
}

/// rustc's words for a moved value, at a line of the generated code, as cargo gives them.
fn moved(line: usize) -> String {
    let span = json!({
        "file_name": SOURCE_FILE, "is_primary": true, "line_start": line, "line_end": line,
        "column_start": 1, "column_end": 2, "byte_start": 0, "byte_end": 0, "text": [], "label": null, "expansion": null,
    });
    let message = json!({
        "message": "use of moved value", "code": {"code": "E0382"}, "level": "error",
        "spans": [span], "children": [], "rendered": "",
    });
    line_of_cargo(&message)
}

/// A message of rustc's as cargo passes it on.
pub(super) fn line_of_cargo(message: &Value) -> String {
    json!({"reason": "compiler-message", "message": message}).to_string()
}

/// The code without empty lines, and without those that catch a panic.
fn essence(source: &str) -> String {
    let lines = source.split_inclusive('\n');
    lines
        .filter(|line| !line.trim().is_empty() && !generated::is_about_catching(line))
        .collect()
}

/// A line of cargo's with the places in the cell's crate moved up.
fn moved_lines(line: &str, up: i64) -> String {
    if up == 0 {
        return line.to_owned();
    }
    let Ok(mut value) = serde_json::from_str::<Value>(line) else {
        return line.to_owned();
    };
    move_lines(&mut value, up);
    value.to_string()
}

fn move_lines(value: &mut Value, up: i64) {
    match value {
        Value::Array(parts) => parts.iter_mut().for_each(|part| move_lines(part, up)),
        Value::Object(parts) => {
            let is_place = parts
                .get("file_name")
                .is_some_and(|file| file == SOURCE_FILE);
            for (name, part) in parts {
                if let (true, "line_start" | "line_end", Some(line)) =
                    (is_place, name.as_str(), part.as_i64())
                {
                    *part = json!(line - up);
                }
                move_lines(part, up);
            }
        }
        _ => {}
    }
}

#[cfg(test)]
mod tests {
    use tempfile::TempDir;

    use super::*;
    use crate::evcxr_text::shapes::text;

    /// Changes that leave the text as it is, and return what a test has set.
    #[derive(Default)]
    struct Fake {
        outdated: BTreeSet<String>,
        /// The number of times that rustc's errors lead to a change.
        lessons: usize,
        lacks_items: bool,
    }

    impl Finish for Fake {
        fn finish(&mut self, source: &str, openings: &[PutIn]) -> Finished {
            Finished {
                source: source.to_owned(),
                put_in: openings.to_vec(),
            }
        }

        fn prepare(&mut self, source: &str, all_items: bool) -> String {
            self.lacks_items &= !all_items;
            source.to_owned()
        }

        fn outdated(&self) -> BTreeSet<String> {
            self.outdated.clone()
        }

        fn may_lack_items(&self, _: &[Value]) -> bool {
            self.lacks_items
        }

        fn learn(&mut self, _: &[Value]) -> bool {
            let learns = self.lessons > 0;
            self.lessons = self.lessons.saturating_sub(1);
            learns
        }
    }

    /// Compiles what evcxr generates, with a rustc that succeeds from the attempt with this number on.
    fn build(shape: &str, fake: &mut Fake, succeeds_at: usize) -> (Compiled, usize) {
        let (mut compiled, attempts) = build_texts(&[&text(shape)], fake, succeeds_at);
        (compiled.remove(0), attempts)
    }

    /// The same for the texts of one session, one after the other.
    fn build_texts(texts: &[&str], fake: &mut Fake, succeeds_at: usize) -> (Vec<Compiled>, usize) {
        let folder = TempDir::new().unwrap();
        let session = SessionPaths::new(folder.path());
        std::fs::create_dir(folder.path().join("src")).unwrap();
        let mut attempts = 0;
        let mut compiled = Vec::new();
        for text in texts {
            let mut compiler = || {
                attempts += 1;
                Ok(Compiled {
                    code: i32::from(attempts < succeeds_at),
                    lines: Vec::new(),
                    messages: vec![json!({"message": attempts})],
                })
            };
            let mut compiling = Compiling::new(&session, fake, &mut compiler);
            compiled.push(compiling.build(text).unwrap());
        }
        (compiled, attempts)
    }

    #[test]
    fn a_cell_that_compiles_is_compiled_once() {
        for shape in ["value", "new_variable", "item", "await"] {
            let (compiled, attempts) = build(shape, &mut Fake::default(), 1);
            assert_eq!((compiled.code, attempts), (0, 1), "{shape}");
        }
    }

    #[test]
    fn what_is_learned_of_an_error_is_tried_and_the_rest_is_an_error() {
        for shape in ["value", "item"] {
            let learned = |lessons| {
                let mut fake = Fake {
                    lessons,
                    ..Fake::default()
                };
                let (compiled, attempts) = build(shape, &mut fake, 3);
                (compiled.code, attempts)
            };
            assert_eq!(learned(0), (1, 1), "{shape}");
            assert_eq!(learned(1), (1, 2), "{shape}");
            assert_eq!(learned(2), (0, 3), "{shape}");
        }
    }

    #[test]
    fn items_that_were_left_out_are_taken_after_an_error() {
        let mut fake = Fake {
            lacks_items: true,
            ..Fake::default()
        };
        let (compiled, attempts) = build("value", &mut fake, 2);
        assert_eq!((compiled.code, attempts), (0, 2));
    }

    #[test]
    fn a_cell_that_fails_is_compiled_once_for_both_forms() {
        let catching = text("value");
        assert!(generated::catches_panics(&catching));
        let lines = catching.split_inclusive('\n');
        let plain: String = lines
            .filter(|line| !generated::is_about_catching(line))
            .collect();
        let (compiled, attempts) = build_texts(&[&catching, &plain], &mut Fake::default(), 2);
        // The second form would compile. evcxr expects the errors of the first one.
        assert_eq!(attempts, 1);
        assert_eq!((compiled[0].code, compiled[1].code), (1, 1));
        assert_eq!(compiled[1].messages, compiled[0].messages);
        let other = plain.replace("1 + 1", "2 + 2");
        let (compiled, attempts) = build_texts(&[&catching, &other], &mut Fake::default(), 2);
        assert_eq!((attempts, compiled[1].code), (2, 0));
    }

    #[test]
    fn evcxr_learns_of_a_variable_that_is_not_kept_before_anything_is_compiled() {
        let mut fake = Fake {
            outdated: BTreeSet::from(["numbers".to_owned()]),
            ..Fake::default()
        };
        let (compiled, attempts) = build("variable_that_is_used", &mut fake, 1);
        assert_eq!((compiled.code, attempts), (1, 0));
        let message: Value = serde_json::from_str(&compiled.lines[0]).unwrap();
        assert_eq!(message["message"]["code"]["code"], "E0382");
        let line = message["message"]["spans"][0]["line_start"]
            .as_u64()
            .unwrap();
        let text = text("variable_that_is_used");
        let line = text
            .lines()
            .nth(usize::try_from(line).unwrap() - 1)
            .unwrap();
        assert!(generated::put_of_line(line).is_some(), "{line}");
    }
}
