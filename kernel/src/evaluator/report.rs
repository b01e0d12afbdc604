//! rustc's messages about cells, drawn with the cells' own lines.
//!
//! rustc draws them with the lines of generated code. They are drawn anew from its JSON: the cells' lines as
//! the person wrote them, each under its own cell, without what is about the code around them.

use annotate_snippets::Annotation;
use annotate_snippets::AnnotationKind;
use annotate_snippets::Group;
use annotate_snippets::Level;
use annotate_snippets::Patch;
use annotate_snippets::Snippet;
use serde_json::Value;

use super::advice;
use super::cell_place::CellPlace;
use super::cell_place::CellSpan;
use super::colours;
use super::positions;
use super::source_map::Sources;
use super::spans;
use super::spans::Found;
use super::spans::Source;

/// rustc cuts lines to a terminal's width; notebooks are wider.
const WIDTH: usize = 280;
/// What begins the line that names a place, of the first source and of others.
const ARROWS: [&str; 2] = ["--> ", "::: "];

/// A place that a message marks.
struct Highlight {
    at: Found,
    label: String,
    is_primary: bool,
}

/// The message, if it is about a cell.
pub(super) fn render(message: &Value, sources: Sources) -> Option<String> {
    let parts = || std::iter::once(message).chain(children(message));
    let is_about_cells = parts()
        .any(|part| spans::spans(part).any(|span| spans::in_cell(span, sources.map).is_some()));
    if !is_about_cells {
        return None;
    }
    let level = level(message);
    let title = level
        .clone()
        .primary_title(words(message, sources))
        .id_of(message);
    let mut groups = vec![title.elements(snippets(marks(message, sources)))];
    for child in children(message) {
        add_child(&mut groups, child, sources);
    }
    for advice in advice::of(message, sources) {
        groups = with_note(groups, Level::HELP, advice);
    }
    let text = colours::renderer().term_width(WIDTH).render(&groups);
    Some(with_places_of_cells(&text))
}

/// Gives a title its error code.
trait IdOf {
    fn id_of(self, message: &Value) -> Self;
}

impl IdOf for annotate_snippets::Title<'static> {
    fn id_of(self, message: &Value) -> Self {
        let code = message["code"]["code"].as_str();
        match code.filter(|code| code.starts_with('E')) {
            Some(code) => self.id(code.to_owned()),
            None => self,
        }
    }
}

fn children(message: &Value) -> impl Iterator<Item = &Value> {
    message["children"].as_array().into_iter().flatten()
}

fn level(message: &Value) -> Level<'static> {
    match message["level"].as_str() {
        Some("warning") => Level::WARNING,
        Some("note") => Level::NOTE,
        Some("help") => Level::HELP,
        _ => Level::ERROR,
    }
}

/// A message's text, with places of cells in the types of closures.
fn words(message: &Value, sources: Sources) -> String {
    let text = message["message"].as_str().unwrap_or_default();
    positions::rewrite(text, sources.map)
}

fn marks(message: &Value, sources: Sources) -> Vec<Highlight> {
    let mut marks: Vec<Highlight> = Vec::new();
    for span in spans::spans(message) {
        let Some(at) = spans::found(span, sources.map, sources.cells) else {
            continue;
        };
        let label = span["label"].as_str().unwrap_or_default();
        let label = match advice::names_ours(label) {
            true => String::new(),
            false => positions::rewrite(label, sources.map),
        };
        let is_primary = spans::is_primary(span);
        let call = call_of_own_macro(span, sources);
        let is_same = |mark: &Highlight| mark.at.source == at.source && mark.at.range == at.range;
        if !marks
            .iter()
            .any(|mark| is_same(mark) && mark.label == label)
        {
            marks.push(Highlight {
                at,
                label,
                is_primary,
            });
        }
        marks.extend(call);
    }
    // In one place the mark with words is enough.
    let bare = |mark: &Highlight, marks: &[Highlight]| {
        mark.label.is_empty()
            && !mark.is_primary
            && marks
                .iter()
                .filter(|other| other.at.range == mark.at.range)
                .count()
                > 1
    };
    let is_bare: Vec<bool> = marks.iter().map(|mark| bare(mark, &marks)).collect();
    let mut is_bare = is_bare.into_iter();
    marks.retain(|_| !is_bare.next().unwrap_or_default());
    marks
}

/// Where a macro of the cells' own is called, in whose definition a span lies.
fn call_of_own_macro(span: &Value, sources: Sources) -> Option<Highlight> {
    let own = spans::own_place(span, sources.map)?;
    let call = &span["expansion"]["span"];
    let own = spans::of_cell(own, sources.cells)?;
    let at = spans::of_cell(spans::in_cell(call, sources.map)?, sources.cells)?;
    // What is an argument of the call is no part of the definition.
    let is_within = at.range.start <= own.range.start && own.range.end <= at.range.end;
    (at.source != own.source || !is_within).then(|| Highlight {
        at,
        label: "in this macro invocation".to_owned(),
        is_primary: false,
    })
}

/// The lines that a message shows: a part for each source, that of what it is about first.
fn snippets(mut marks: Vec<Highlight>) -> Vec<Snippet<'static, Annotation<'static>>> {
    marks.sort_by_key(|mark| !mark.is_primary);
    let mut parts: Vec<(Source, String, Vec<Annotation<'static>>)> = Vec::new();
    for Highlight {
        at,
        label,
        is_primary,
    } in marks
    {
        let kind = match is_primary {
            true => AnnotationKind::Primary,
            false => AnnotationKind::Context,
        };
        let mut annotation = kind.span(at.range);
        if !label.is_empty() {
            annotation = annotation.label(label);
        }
        let is_there =
            |(source, text, _): &&mut (Source, String, _)| *source == at.source && *text == at.text;
        match parts.iter_mut().find(is_there) {
            Some((_, _, annotations)) => annotations.push(annotation),
            None => parts.push((at.source, at.text, vec![annotation])),
        }
    }
    let snippets = parts.into_iter().map(|(source, text, annotations)| {
        let (path, first_line) = match source {
            Source::Cell(cell) => (format!("cell {cell}"), 1),
            Source::File { name, first_line } => (name, first_line),
        };
        Snippet::source(text)
            .path(path)
            .line_start(first_line)
            .annotations(annotations)
    });
    snippets.collect()
}

/// A note, a help or a suggestion, if it is of use to the author of a cell.
fn add_child(groups: &mut Vec<Group<'static>>, child: &Value, sources: Sources) {
    let text = words(child, sources);
    if text.is_empty() || !advice::is_of_use(child, sources) {
        return;
    }
    let level = level(child);
    if spans::spans(child).next().is_none() {
        let before = std::mem::take(groups);
        *groups = with_note(before, level, text);
        return;
    }
    let is_suggestion = |span: &Value| span["suggested_replacement"].is_string();
    if !spans::spans(child).any(is_suggestion) {
        groups.push(
            level
                .secondary_title(text)
                .elements(snippets(marks(child, sources))),
        );
        return;
    }
    let patches = suggestions(child, sources);
    if !patches.is_empty() {
        groups.push(level.secondary_title(text).elements(patches));
    }
}

fn with_note(
    mut groups: Vec<Group<'static>>,
    level: Level<'static>,
    text: String,
) -> Vec<Group<'static>> {
    if let Some(last) = groups.pop() {
        groups.push(last.element(level.message(text)));
    }
    groups
}

/// The changes that a child suggests. rustc lists those that belong together and those that are alternatives in one
/// row: where a place comes again, another alternative begins.
fn suggestions(child: &Value, sources: Sources) -> Vec<Snippet<'static, Patch<'static>>> {
    let mut all: Vec<Vec<(Found, String)>> = Vec::new();
    for span in spans::spans(child) {
        let Some(text) = span["suggested_replacement"].as_str() else {
            continue;
        };
        let Some(at) = place_of_suggestion(span, text, sources) else {
            return Vec::new();
        };
        let overlaps = |(other, _): &(Found, String)| {
            other.source != at.source
                || (other.range.start < at.range.end && at.range.start < other.range.end)
                || other.range == at.range
        };
        match all.last_mut() {
            Some(last) if !last.iter().any(overlaps) => last.push((at, text.to_owned())),
            _ => all.push(vec![(at, text.to_owned())]),
        }
    }
    let snippet = |mut parts: Vec<(Found, String)>| {
        parts.sort_by_key(|(at, _)| at.range.start);
        let (first, _) = parts.first()?;
        let Source::Cell(cell) = first.source else {
            return None;
        };
        let snippet = Snippet::source(first.text.clone()).path(format!("cell {cell}"));
        let parts = parts.into_iter();
        Some(snippet.patches(parts.map(|(at, text)| Patch::new(at.range, text))))
    };
    all.into_iter().filter_map(snippet).collect()
}

/// Where a suggested text goes. An import goes to the top of the generated code, and so to that of the cell.
fn place_of_suggestion(span: &Value, text: &str, sources: Sources) -> Option<Found> {
    if advice::names_ours(text) {
        return None;
    }
    if let Some(part) = spans::own_place(span, sources.map) {
        return spans::of_cell(part, sources.cells);
    }
    let is_insertion = spans::number(span, "byte_start") == spans::number(span, "byte_end");
    if span["file_name"] != spans::FILE || !is_insertion || !text.starts_with("use ") {
        return None;
    }
    let top = CellPlace {
        cell: sources.latest,
        line: 1,
        column: 1,
    };
    spans::of_cell(
        CellSpan {
            start: top,
            end: top,
        },
        sources.cells,
    )
}

/// `cell 3:2:5` becomes `cell 3, line 2, column 5`, as everywhere else.
fn with_places_of_cells(text: &str) -> String {
    let mut lines: Vec<String> = Vec::new();
    for line in text.lines() {
        let bare = positions::plain(line);
        let is_place = ARROWS
            .iter()
            .any(|arrow| bare.trim_start().starts_with(arrow));
        let place = line.rfind("cell ").filter(|_| is_place);
        lines.push(match place {
            Some(start) => format!("{}{}", &line[..start], in_words(&line[start..])),
            None => line.trim_end().to_owned(),
        });
    }
    lines.join("\n")
}

fn in_words(place: &str) -> String {
    let mut parts = place.splitn(3, ':');
    match (parts.next(), parts.next(), parts.next()) {
        (Some(cell), Some(line), Some(column)) => {
            format!("{cell}, line {line}, column {column}")
        }
        _ => place.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use expect_test::Expect;
    use expect_test::expect;
    use serde_json::json;

    use super::super::source_map::Cells;
    use super::*;
    use crate::cell::Code;
    use crate::cell::NoFacts;
    use crate::cell::Plan;
    use crate::cell::Step;

    /// Checks the text of a message about the source that was generated for these cells.
    fn check(cells: &[(u32, &str)], generated: &str, message: &Value, expected: Expect) {
        let mut all = Cells::default();
        for (count, text) in cells {
            all.push(*count, text, &Code::verbatim(text));
        }
        expected.assert_eq(&said(&all, generated, message));
    }

    fn said(cells: &Cells, generated: &str, message: &Value) -> String {
        let map = cells.map(generated, &[]);
        let sources = Sources {
            map: &map,
            cells,
            latest: 3,
        };
        positions::plain(&render(message, sources).unwrap_or_default())
    }

    /// A span over the first occurrence of a part in the generated text.
    fn span(generated: &str, part: &str, is_primary: bool, label: Option<&str>) -> Value {
        let start = generated.find(part).unwrap();
        let place = |byte: usize| {
            let before = &generated[..byte];
            let line_start = before.rfind('\n').map_or(0, |newline| newline + 1);
            (
                before.matches('\n').count() + 1,
                before[line_start..].chars().count() + 1,
            )
        };
        let ((line_start, column_start), (line_end, column_end)) =
            (place(start), place(start + part.len()));
        json!({
            "file_name": spans::FILE, "is_primary": is_primary, "label": label, "expansion": null,
            "byte_start": start, "byte_end": start + part.len(),
            "line_start": line_start, "column_start": column_start,
            "line_end": line_end, "column_end": column_end,
        })
    }

    fn suggested(mut span: Value, text: &str) -> Value {
        span["suggested_replacement"] = text.into();
        span
    }

    #[test]
    fn each_line_stands_under_its_own_cell() {
        let generated = "fn f(n: i64) {}\ngen\nlet a = 1;\nf(a);\ngen";
        let note = json!({
            "level": "note", "message": "function defined here",
            "spans": [span(generated, "f(n: i64)", true, None)],
        });
        let error = json!({
            "level": "error", "message": "mismatched types", "code": {"code": "E0308"},
            "spans": [span(generated, "a);", true, Some("expected `i64`")), span(generated, "f(n", false, Some("here"))],
            "children": [note],
        });
        check(
            &[(1, "// a\nfn f(n: i64) {}"), (3, "let a = 1;\nf(a);")],
            generated,
            &error,
            expect![[r#"
                error[E0308]: mismatched types
                 --> cell 3, line 2, column 3
                  |
                2 | f(a);
                  |   ^^^ expected `i64`
                  |
                 ::: cell 1, line 2, column 4
                  |
                2 | fn f(n: i64) {}
                  |    --- here
                  |
                note: function defined here
                 --> cell 1, line 2, column 4
                  |
                2 | fn f(n: i64) {}
                  |    ^^^^^^^^^"#]],
        );
    }

    #[test]
    fn what_is_about_the_code_around_a_cell_is_left_out() {
        let generated = "put_variable(x)\nlet x = f();\ngen";
        let error = json!({
            "level": "error", "message": "no", "code": null,
            "spans": [
                span(generated, "f()", true, Some("`EvcxrUserCodeError` it is")),
                span(generated, "put_variable", false, Some("needed here")),
            ],
            "children": [
                {"level": "note", "message": "required for `threadbook::abi::DisplayedError`", "spans": []},
                {"level": "note", "message": "required by this", "spans": [span(generated, "put_variable", true, None)]},
                {"level": "note", "message": "said in a store", "spans": [{
                    "file_name": "/c/prepared/1f/runtime/src/abi/store.rs", "is_primary": true, "line_start": 1,
                    "text": [{"text": "a", "highlight_start": 1, "highlight_end": 2}],
                }]},
                {"level": "help", "message": "put it in", "spans": [suggested(span(generated, "gen", true, None), "x")]},
                {"level": "note", "message": "of use", "spans": []},
            ],
        });
        check(
            &[(3, "let x = f();")],
            generated,
            &error,
            expect![[r#"
                error: no
                 --> cell 3, line 1, column 9
                  |
                1 | let x = f();
                  |         ^^^
                  |
                  = note: of use"#]],
        );
        let elsewhere = json!({
            "level": "error", "message": "no", "spans": [span(generated, "gen", true, None)], "children": [],
        });
        check(&[(3, "let x = f();")], generated, &elsewhere, expect![""]);
    }

    #[test]
    fn suggestions_are_shown_in_the_cell() {
        let generated = "gen\nlet m = Mutexx::new(1);\ngen";
        let top = json!({
            "file_name": spans::FILE, "is_primary": true, "byte_start": 0, "byte_end": 0,
            "line_start": 1, "column_start": 1, "line_end": 1, "column_end": 1,
        });
        let error = json!({
            "level": "error", "message": "cannot find `Mutexx`", "code": null,
            "spans": [span(generated, "Mutexx", true, None)],
            "children": [
                {"level": "help", "message": "a similar name", "spans": [
                    suggested(span(generated, "Mutexx", true, None), "Mutex"),
                ]},
                {"level": "help", "message": "import one of these", "spans": [
                    suggested(top.clone(), "use std::sync::Mutex;\n"), suggested(top, "use tokio::sync::Mutex;\n"),
                ]},
            ],
        });
        check(
            &[(3, "let m = Mutexx::new(1);")],
            generated,
            &error,
            expect![[r#"
                error: cannot find `Mutexx`
                 --> cell 3, line 1, column 9
                  |
                1 | let m = Mutexx::new(1);
                  |         ^^^^^^
                  |
                help: a similar name
                  |
                1 - let m = Mutexx::new(1);
                1 + let m = Mutex::new(1);
                  |
                help: import one of these
                  |
                1 + use std::sync::Mutex;
                  |
                1 + use tokio::sync::Mutex;
                  |"#]],
        );
    }

    #[test]
    fn a_line_that_was_rewritten_is_shown_as_it_was_written() {
        let text = "let dir = 1;\n!echo {dir} {nothing}";
        let Ok(Plan::Steps(steps)) = Plan::of(text, &NoFacts) else {
            panic!("expected steps");
        };
        let Some(Step::Rust(code)) = steps.first() else {
            panic!("expected Rust");
        };
        let mut cells = Cells::default();
        cells.push(2, text, code);
        let generated = format!("gen\n{}", code.text);
        let error = json!({
            "level": "error", "message": "cannot find value `nothing`", "code": {"code": "E0425"},
            "spans": [span(&generated, "nothing", true, Some("not found in this scope"))],
            "children": [],
        });
        expect![[r#"
            error[E0425]: cannot find value `nothing`
             --> cell 2, line 2, column 14
              |
            2 | !echo {dir} {nothing}
              |              ^^^^^^^ not found in this scope"#]]
        .assert_eq(&said(&cells, &generated, &error));
    }

    #[test]
    fn a_value_is_shown_without_the_code_around_it() {
        let generated = "gen(\nOpaque\n)";
        let error = json!({
            "level": "error", "message": "no", "code": null, "children": [],
            "spans": [span(generated, generated, true, Some("not shown")), span(generated, "gen", false, Some("by this"))],
        });
        check(
            &[(3, "1;\n  Opaque")],
            generated,
            &error,
            expect![[r#"
                error: no
                 --> cell 3, line 2, column 3
                  |
                2 |   Opaque
                  |   ^^^^^^ not shown"#]],
        );
    }
}
