//! What is changed in the generated code of a cell, and what is noted of it once it has compiled.

use std::collections::BTreeMap;
use std::collections::BTreeSet;
use std::ops::Range;
use std::time::Duration;
use std::time::Instant;

use serde::Deserialize;
use serde::Serialize;
use serde_json::Value;

use super::compiling::Finish;
use super::compiling::Finished;
use crate::build::Results;
use crate::build::SessionPaths;
use crate::build::again::Again;
use crate::build::notes::note;
use crate::build::notes::noted;
use crate::build::optimizing;
use crate::cell::Blocks;
use crate::cell::Edits;
use crate::cell::blank_superseded_impls;
use crate::cell::macros_first;
use crate::cell::take_item_macros;
use crate::rewrite::PutIn;
use crate::rewrite::calls;
use crate::rewrite::fingerprints::Fingerprints;
use crate::rewrite::fingerprints::Numbers;
use crate::rewrite::found::Found;
use crate::rewrite::inlining;
use crate::rewrite::logs;
use crate::rewrite::reached::Item;
use crate::rewrite::reached::leave_unreached;
use crate::rewrite::reached::may_lack_items;
use crate::rewrite::statics;
use crate::rewrite::statics::Definitions;
use crate::rewrite::variables;

/// rustc's errors about two definitions of one thing.
const CONFLICTS: [&str; 5] = ["E0119", "E0201", "E0255", "E0428", "E0592"];

/// What a cell's `return Err(..)` has become, and a name of the same length for boxed errors.
const LEAVE_WITH_ERROR: &str = "::threadbook::abi::leave_with_error(";
const LEAVE_WITH_BOXED: &str = "::threadbook::abi::leave_with_boxed(";
/// rustc's message where nothing determines the type of such an error.
const OPEN_ERROR: &str = "declared on the function `leave_with_error`";

/// How rustc's error begins about a call whose macro is gone, as with the program that defined it.
const NO_MACRO: &str = "cannot find macro ";

/// The changes of one compile.
pub(super) struct Changes {
    cell: String,
    definitions: Definitions,
    new_definitions: Definitions,
    blocks: Blocks,
    has_new_blocks: bool,
    /// Calls of earlier cells that make items, and those of this one.
    made_before: Vec<String>,
    made: Vec<String>,
    types: Types,
    /// The session's items.
    items: Found<Vec<Item>>,
    fingerprints: Fingerprints,
    again: Again,
    /// Variables of earlier cells whose types are other ones now.
    outdated: BTreeSet<String>,
    results: Results,
    session: SessionPaths,
    /// Whether the errors that the cell returns are boxed ones, since nothing else determines their type.
    boxed_errors: bool,
    /// Whether items that the cell does not reach are left out.
    has_left_items: bool,
    /// Whether the cell may log.
    logs: bool,
    /// The lines of the earlier ones in what rustc was given last.
    lines: Vec<Range<usize>>,
    took: Duration,
}

/// What is noted of types.
#[derive(Debug, Default, Serialize, Deserialize)]
struct Types {
    /// By which numbers variables were stored.
    stored: BTreeMap<String, u64>,
    /// The numbers of types.
    numbers: Found<Numbers>,
}

impl Changes {
    /// Reads what earlier compiles have noted in a session's folder.
    pub(super) fn begin(session: &SessionPaths) -> Changes {
        Changes {
            cell: std::fs::read_to_string(session.cell()).unwrap_or_default(),
            definitions: noted(&session.statics()).unwrap_or_default(),
            new_definitions: Definitions::default(),
            blocks: noted(&session.blocks()).unwrap_or_default(),
            has_new_blocks: false,
            made_before: noted(&session.made()).unwrap_or_default(),
            made: Vec::new(),
            types: noted(&session.types()).unwrap_or_default(),
            items: noted(&session.items()).unwrap_or_default(),
            fingerprints: Fingerprints::default(),
            again: Again::of(session),
            outdated: BTreeSet::new(),
            results: Results::of(session),
            session: session.clone(),
            boxed_errors: false,
            has_left_items: false,
            logs: false,
            lines: Vec::new(),
            took: Duration::ZERO,
        }
    }

    /// How long all of it has taken.
    pub(super) fn took(&self) -> Duration {
        self.took
    }

    /// The source with blanks for the items that the cell does not reach.
    fn leave_unreached(&mut self, source: String) -> String {
        let texts = self.made_before.iter().chain(&self.made);
        let texts = texts.map(String::as_str).chain([self.cell.as_str()]);
        let reached = leave_unreached(&source, texts, &mut self.items);
        self.has_left_items = reached.is_some();
        reached.unwrap_or(source)
    }

    /// What runs before the cell's variables are taken out of the store.
    fn first(&self, thread_locals: &[String], scope: &str) -> String {
        let mut first = self.fingerprints.call();
        if !thread_locals.is_empty() {
            first.push_str(&format!(
                "::threadbook::abi::redefined(&{thread_locals:?});"
            ));
        }
        if !self.outdated.is_empty() {
            first.push_str(&format!(
                "::threadbook::abi::store::forget(&{:?});",
                Vec::from_iter(&self.outdated)
            ));
        }
        if self.logs {
            first.push_str("::threadbook::abi::logging::logs();");
        }
        first.push_str(scope);
        first
    }

    /// The cell has compiled into an object of so many bytes: what it has defined is noted for later ones.
    pub(super) fn commit(self, session: &SessionPaths, bytes: u64) -> anyhow::Result<()> {
        note(&session.statics(), &self.new_definitions)?;
        if self.has_new_blocks {
            note(&session.blocks(), &self.blocks)?;
        }
        let made: Vec<&String> = self.made_before.iter().chain(&self.made).collect();
        note(&session.made(), &made)?;
        let types = Types {
            stored: self.fingerprints.after(&self.types.stored),
            numbers: self.types.numbers,
        };
        note(&session.types(), &types)?;
        if self.items.is_new() {
            note(&session.items(), &self.items)?;
        }
        self.again.compiled(session, &self.cell, bytes)
    }
}

impl Finish for Changes {
    fn prepare(&mut self, source: &str, all_items: bool) -> String {
        let start = Instant::now();
        let (source, made) = take_item_macros(source);
        self.made_before.retain(|call| !made.contains(call));
        self.made = made;
        self.fingerprints = Fingerprints::of(&source, &mut self.types.numbers);
        self.outdated = self.fingerprints.outdated(&source, &self.types.stored);
        self.logs = logs::are_needed(&source);
        let source = variables::leave_out(&source, &self.outdated);
        let source = variables::leave_unmentioned(&source, &self.cell, &self.outdated);
        self.fingerprints.retain_used(&source);
        self.has_left_items = false;
        // What follows has less to read the fewer items there are.
        let source = match all_items {
            true => source,
            false => self.leave_unreached(source),
        };
        let (source, blocks) = blank_superseded_impls(&source, &self.cell, &self.blocks);
        self.has_new_blocks |= blocks != self.blocks;
        self.blocks = blocks;
        let source = macros_first(&source);
        self.took += start.elapsed();
        source
    }

    fn finish(&mut self, source: &str, openings: &[PutIn]) -> Finished {
        let start = Instant::now();
        let scope = self.results.scope(source);
        let first = self.first(&statics::thread_locals(&self.cell), &scope);
        let mut called = calls::put_calls(source, &first, &scope);
        if self.boxed_errors {
            called = called.replace(LEAVE_WITH_ERROR, LEAVE_WITH_BOXED);
        }
        let shared = statics::share(&called, &self.cell, &self.definitions);
        self.new_definitions = shared.definitions;
        let mut attributes = shared.attributes;
        attributes.extend(inlining::inline(&called));
        let attributes = Edits::insertions(attributes);
        let mut finished = attributes.apply(&called);
        self.lines.clear();
        for call in self.made_before.iter().chain(&self.made) {
            let first = finished.matches('\n').count() + 1;
            finished.push_str(&format!("{call}\n"));
            self.lines.push(first..finished.matches('\n').count() + 1);
        }
        optimizing::mark(&self.session, &mut finished);
        self.again.mark(&self.cell, &mut finished);
        self.took += start.elapsed();
        Finished {
            source: finished,
            put_in: PutIn::then(openings, &attributes, &called),
        }
    }

    fn outdated(&self) -> BTreeSet<String> {
        self.outdated.clone()
    }

    fn may_lack_items(&self, messages: &[Value]) -> bool {
        self.has_left_items && may_lack_items(messages)
    }

    fn learn(&mut self, messages: &[Value]) -> bool {
        self.learn_conflicts(messages) || self.learn_open_error(messages)
    }
}

impl Changes {
    /// What a later cell defines takes the place of what a macro has made, and what a macro made that is gone goes too.
    fn learn_conflicts(&mut self, messages: &[Value]) -> bool {
        let lines = messages
            .iter()
            .filter(|message| is_conflict(message))
            .flat_map(lines_of);
        let conflicting: Vec<usize> = lines.collect();
        let count = self.made_before.len();
        let mut index = 0;
        let of_calls = &self.lines;
        self.made_before.retain(|_| {
            let is_hit = conflicting
                .iter()
                .any(|line| of_calls[index].contains(line));
            index += 1;
            !is_hit
        });
        self.made_before.len() < count
    }

    /// `Err("text".into())` has a type where `main` returns a boxed error, as it mostly does.
    fn learn_open_error(&mut self, messages: &[Value]) -> bool {
        let is_open = |message: &Value| {
            let spans = message["spans"].as_array().into_iter().flatten();
            let mut labels = spans.filter_map(|span| span["label"].as_str());
            labels.any(|label| label.ends_with(OPEN_ERROR))
        };
        let learned = !self.boxed_errors && messages.iter().any(is_open);
        self.boxed_errors |= learned;
        learned
    }
}

fn is_conflict(message: &Value) -> bool {
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    CONFLICTS.contains(&text(&message["code"]["code"]).as_str())
        || text(&message["message"]).starts_with(NO_MACRO)
}

/// The lines of the cell's crate that a message names, also those at which a macro was called.
fn lines_of(message: &Value) -> Vec<usize> {
    let spans = message["spans"].as_array().into_iter().flatten();
    let mut lines = Vec::new();
    for span in spans {
        let mut at = Some(span);
        while let Some(span) = at {
            lines.extend(
                span["line_start"]
                    .as_u64()
                    .and_then(|line| usize::try_from(line).ok()),
            );
            at = span["expansion"].get("span");
        }
    }
    lines
}
