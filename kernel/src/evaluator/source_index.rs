//! What is known of the cells' texts and of the code that was compiled from them.

use std::collections::HashMap;
use std::fs::File;
use std::io::Write;
use std::path::Path;
use std::sync::Arc;
use std::sync::Mutex;
use std::sync::MutexGuard;
use std::sync::PoisonError;

use serde_json::Value;
use serde_json::json;
use threadbook::top;
use threadbook::wire::Place;

use super::cell_place::CellPlace;
use super::report;
use super::source_map::Cells;
use super::source_map::SourceMap;
use super::source_map::Sources;
use super::spans;
use super::warnings;
use crate::build::SessionPaths;
use crate::build::notes::noted;
use crate::build::optimizing;
use crate::cell::Code;
use crate::cell::Edits;
use crate::rewrite::PutIn;
use crate::toolchain::lines;
use crate::worker::Note;

/// Shared by the evaluator, which adds to it, and the thread that reads the worker's output, which words panics.
#[derive(Clone, Debug)]
pub(super) struct SourceIndex {
    session: SessionPaths,
    inner: Arc<Mutex<Inner>>,
}

#[derive(Debug, Default)]
struct Inner {
    cells: Cells,
    latest: u32,
    /// Whether the code that is compiled now, or was last, is of that cell.
    is_of_cell: bool,
    /// By the shared object's file: a thread may panic in code of a cell long gone.
    maps: HashMap<String, SourceMap>,
}

impl SourceIndex {
    pub(super) fn new(session: &SessionPaths) -> SourceIndex {
        SourceIndex {
            session: session.clone(),
            inner: Arc::default(),
        }
    }

    /// A cell begins.
    pub(super) fn begin_cell(&self, count: u32) {
        self.inner().latest = count;
        self.note(&top::Cells::compile_line(count, top::now_ms()));
    }

    /// It has ended, whether it was compiled or not.
    pub(super) fn end_cell(&self) {
        self.note(top::Cells::end_line());
    }

    /// Rust of the cell is about to be compiled; `text` is the cell as the person wrote it.
    pub(super) fn begin_code(&self, text: &str, code: &Code) {
        self.note_text(&code.text);
        let mut inner = self.inner();
        inner.is_of_cell = true;
        let count = inner.latest;
        inner.cells.push(count, text, code);
    }

    /// Rust is about to be compiled that no person wrote.
    pub(super) fn begin_generated(&self, text: &str) {
        self.note_text(text);
        self.inner().is_of_cell = false;
    }

    /// evcxr is about to be given that code, with changes.
    pub(super) fn begin_form(&self, changes: &Edits) {
        let mut inner = self.inner();
        if inner.is_of_cell {
            inner.cells.keep(changes);
        }
    }

    fn note_text(&self, text: &str) {
        if let Err(error) = std::fs::write(self.session.cell(), text) {
            tracing::error!("the cell's text could not be noted: {error}");
        }
    }

    /// Whether the code that follows is measured.
    pub(super) fn set_measured(&self, measured: bool) {
        if let Err(error) = optimizing::set_measured(&self.session, measured) {
            tracing::error!("it could not be noted that code is measured: {error}");
        }
    }

    /// A compiled cell starts, so long after the system did. Gives rustc's warnings about it, rendered.
    pub(super) fn begin_run(&self, so: &str, at_ms: u64) -> Option<Note> {
        let source = self.latest_source();
        if let Err(error) = std::fs::write(lines::source_of(Path::new(so)), &source) {
            tracing::error!("the source of a cell's object could not be kept: {error}");
        }
        let map = self.inner().cells.map(&source, &self.put_in());
        let latest = self.inner().latest;
        self.note(&top::Cells::begin_line(latest, at_ms));
        let file = self.session.diagnostics();
        let mut inner = self.inner();
        let said = warnings_in(
            &file,
            Sources {
                map: &map,
                cells: &inner.cells,
                latest,
            },
        );
        inner.maps.insert(so.to_owned(), map);
        warnings::note(&said)
    }

    /// The number of the cell that runs, or ran last.
    pub(super) fn latest(&self) -> u32 {
        self.inner().latest
    }

    /// The map of the code that was compiled last.
    pub(super) fn latest_map(&self) -> SourceMap {
        let source = self.latest_source();
        self.inner().cells.map(&source, &self.put_in())
    }

    fn put_in(&self) -> Vec<PutIn> {
        noted(&self.session.put_in()).unwrap_or_default()
    }

    fn latest_source(&self) -> String {
        std::fs::read_to_string(self.session.source()).unwrap_or_default()
    }

    /// rustc's errors about the code that was compiled last, rendered. evcxr's own list leaves out some.
    ///
    /// `reword` may change a message before.
    pub(super) fn errors(&self, reword: impl Fn(&mut Value)) -> Vec<String> {
        let file = self.session.diagnostics();
        let mut said = Vec::new();
        let mut rendered = Vec::new();
        for mut message in messages(&file, "error") {
            reword(&mut message);
            self.name_binding(&mut message);
            let Some(text) = self.rendered(&message) else {
                continue;
            };
            // rustc may report the same for a line of a cell and for the code around it.
            let what = (message["message"].clone(), place_line(&text));
            if !said.contains(&what) {
                said.push(what);
                rendered.push(text);
            }
        }
        rendered
    }

    /// Adds where an earlier cell binds the variable that a cell changes, though it is not `mut`.
    fn name_binding(&self, message: &mut Value) {
        let code = message["code"]["code"].as_str().unwrap_or_default();
        if !["E0384", "E0594", "E0596"].contains(&code) {
            return;
        }
        let text = message["message"].as_str().unwrap_or_default();
        let name = text.split('`').nth(1).unwrap_or_default();
        let Some(place) = self.inner().cells.earlier_binding(name) else {
            return;
        };
        let note = format!(
            "{place} binds `{name}` without `mut` (write `let mut {name}` there, or `let mut {name} = {name};` here)"
        );
        if let Some(children) = message["children"].as_array_mut() {
            children.push(json!({"level": "note", "message": note, "spans": [], "children": []}));
        }
    }

    /// One of rustc's messages about the code that was compiled last, if it is about a cell.
    pub(super) fn rendered(&self, message: &Value) -> Option<String> {
        let map = self.latest_map();
        let inner = self.inner();
        let sources = Sources {
            map: &map,
            cells: &inner.cells,
            latest: inner.latest,
        };
        report::render(message, sources)
    }

    /// Whether one of them is about a library alone.
    pub(super) fn is_about_a_library(&self, message: &Value) -> bool {
        let map = self.latest_map();
        let mut all = spans::spans(message).peekable();
        all.peek().is_some()
            && all.all(|span| {
                span["file_name"] != spans::FILE && spans::in_cell(span, &map).is_none()
            })
    }

    /// A place in the latest cell, in bytes of its text.
    pub(super) fn describe_byte(&self, text: &str, byte: usize) -> Described {
        let place = CellPlace::of_byte(self.inner().latest, text, byte);
        let line_start = text[..byte].rfind('\n').map_or(0, |newline| newline + 1);
        let line = text[line_start..].lines().next().unwrap_or_default();
        Described {
            text: place.to_string(),
            source: Some((place, line.to_owned())),
        }
    }

    /// Adds a line for `threadbook top`: see [`top`].
    fn note(&self, line: &str) {
        let path = self.session.cells();
        let file = File::options().create(true).append(true).open(path);
        if let Err(error) = file.and_then(|mut file| file.write_all(line.as_bytes())) {
            tracing::debug!("a cell's time could not be noted: {error}");
        }
    }

    /// Where a place in compiled code is, for people, and the line that stands there.
    pub(super) fn describe(&self, place: &Place) -> Described {
        let inner = self.inner();
        let found = place
            .so
            .as_ref()
            .filter(|_| place.file == spans::FILE)
            .and_then(|so| {
                let place = inner
                    .maps
                    .get(so)?
                    .place_of_code(place.line, place.column)?;
                let line = inner.cells.line(place)?.to_owned();
                Some((place, line))
            });
        match found {
            Some((place, line)) => Described {
                text: place.to_string(),
                source: Some((place, line)),
            },
            None if place.file == spans::FILE => Described {
                text: format!("cell {}", inner.latest),
                source: None,
            },
            None if place.file.is_empty() => Described {
                text: "an unknown place".to_owned(),
                source: None,
            },
            None => Described {
                text: format!(
                    "{}:{}:{}",
                    without_version(&place.file),
                    place.line,
                    place.column
                ),
                source: None,
            },
        }
    }

    /// Whether a place is in a cell's own code, and in none of its functions or closures.
    pub(super) fn is_outside_functions(&self, place: &Described) -> bool {
        let source = place.source.as_ref();
        source.is_some_and(|(place, _)| self.inner().cells.is_outside_functions(*place))
    }

    /// Whether the file is a cell's shared object.
    pub(super) fn is_cell(&self, so: &str) -> bool {
        self.inner().maps.contains_key(so)
    }

    fn inner(&self) -> MutexGuard<'_, Inner> {
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A place for people.
#[derive(Clone, Debug)]
pub(super) struct Described {
    /// "cell 3, line 2, column 5", or the file of a dependency.
    pub(super) text: String,
    /// The cell's line, where it is in a cell.
    pub(super) source: Option<(CellPlace, String)>,
}

impl Described {
    /// The cell's line, without the column; in no cell the text alone.
    pub(super) fn line(&self) -> (Option<(u32, u32)>, &str) {
        let source = self.source.as_ref();
        match source.map(|(place, _)| (place.cell, place.line)) {
            Some(line) => (Some(line), ""),
            None => (None, &self.text),
        }
    }
}

/// rustc's warnings about the cell that was compiled last, rendered.
fn warnings_in(file: &Path, sources: Sources) -> Vec<String> {
    let mut said = Vec::new();
    for message in messages(file, "warning") {
        let lint = message["code"]["code"].as_str();
        if lint == Some("unused_macros") {
            // A later cell may use it. evcxr itself allows this of other items.
            continue;
        }
        // A cell that does not come to its end, as by `panic!`, keeps none of its variables, and so uses none.
        let is_unused = lint == Some("unused_variables");
        let mut primary = spans::spans(&message).filter(|span| spans::is_primary(span));
        let is_about = primary.any(|span| {
            spans::in_cell(span, sources.map).is_some_and(|part| {
                part.start.cell == sources.latest
                    && !(is_unused && sources.cells.is_variable(part.start))
            }) && !is_about_own_code(span, sources.map)
        });
        if let (true, Some(rendered)) = (is_about, report::render(&message, sources)) {
            said.push(rendered);
        }
    }
    said
}

/// Whether a span is code that the kernel has put in.
fn is_about_own_code(span: &Value, map: &SourceMap) -> bool {
    let number = |name| spans::number(span, name);
    match (number("line_start"), number("column_start")) {
        (Some(line), Some(column)) if span["file_name"] == spans::FILE => {
            map.is_put_in(line, column)
        }
        _ => false,
    }
}

/// The line of a rendered message that names its place.
fn place_line(rendered: &str) -> Option<String> {
    let mut lines = rendered.lines();
    lines.find(|line| line.contains("--> ")).map(str::to_owned)
}

/// rustc's messages of one level.
fn messages(file: &Path, level: &str) -> Vec<Value> {
    let text = std::fs::read_to_string(file).unwrap_or_default();
    let messages = text
        .lines()
        .map(|line| serde_json::from_str(line).unwrap_or_default());
    messages
        .filter(|message: &Value| message["level"] == level)
        .collect()
}

/// A file of the standard library without the hash of its version.
fn without_version(file: &str) -> &str {
    let in_std = file.strip_prefix("/rustc/");
    let name = in_std.and_then(|path| path.split_once('/'));
    name.map_or(file, |(_, name)| name)
}
