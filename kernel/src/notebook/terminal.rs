//! What a run shows: headings, outputs as they come, failures.
//!
//! What the notebook prints goes out as it is. What this module adds has colours only on a terminal.

use std::env;
use std::io;
use std::io::IsTerminal;
use std::io::Write;

use anstream::adapter::strip_str;
use serde_json::Map;
use serde_json::Value;

use super::outputs::display_id;
use crate::env as variables;
use crate::worker::WARNINGS_KEY;
use threadbook::progress::PROGRESS_MIME;
use threadbook_jupyter::output::COMPILING_KEY;
use threadbook_jupyter::output::WAITING_KEY;

const GREEN: &str = "\x1b[32m";
const RED: &str = "\x1b[31m";
const RESET: &str = "\x1b[0m";
/// Clears the line and goes to its start.
const ERASE: &str = "\x1b[2K\r";

/// stdout and stderr.
pub(crate) struct Terminal {
    stdout: Stream,
    stderr: Stream,
    /// The displays that were updated in the running cell, each with its latest text.
    updated: Vec<(String, String)>,
    /// Whether the last line is one that is drawn over, such as a progress bar.
    draws_bar: bool,
}

struct Stream {
    writer: Box<dyn Write>,
    coloured: bool,
    /// The last line has no end yet.
    in_line: bool,
}

impl Terminal {
    /// The process's own.
    pub(crate) fn new() -> Terminal {
        let colours = env::var_os(variables::NO_COLOR).is_none_or(|value| value.is_empty());
        Terminal {
            stdout: Stream::new(io::stdout(), colours && io::stdout().is_terminal()),
            stderr: Stream::new(io::stderr(), colours && io::stderr().is_terminal()),
            updated: Vec::new(),
            draws_bar: false,
        }
    }

    /// Announces a notebook.
    pub(crate) fn notebook(&mut self, name: &str) -> io::Result<()> {
        self.end_lines()?;
        self.stdout.line(&format!("== {name} =="))
    }

    /// Announces a cell by its number and the first line of its text.
    pub(crate) fn cell(&mut self, execution_count: u64, first_line: &str) -> io::Result<()> {
        self.end_lines()?;
        let label = self
            .stdout
            .colour(GREEN, &format!("In [{execution_count}]:"));
        self.stdout.line(&format!("{label} {first_line}"))
    }

    /// Shows a message on iopub as far as it can be shown.
    pub(crate) fn output(&mut self, msg_type: &str, content: &Value) -> io::Result<()> {
        if content["data"].get(PROGRESS_MIME).is_some() {
            self.note_update(content);
            return self.draw_bar(content);
        }
        if content["metadata"].get(COMPILING_KEY).is_some() {
            return self.draw_bar(content);
        }
        if let Some(has_ended) = content["metadata"].get(WAITING_KEY) {
            return self.waiting(msg_type, content, has_ended == true);
        }
        self.erase_bar()?;
        match msg_type {
            "stream" => {
                let text = content["text"].as_str().unwrap_or_default();
                match content["name"].as_str() {
                    Some("stderr") => self.stderr.text(text),
                    _ => self.stdout.text(text),
                }
            }
            "execute_result" => {
                self.end_lines()?;
                let count = &content["execution_count"];
                let label = self.stdout.colour(RED, &format!("Out[{count}]:"));
                let text = text_of(content);
                // A value of several lines starts on a line of its own, so that its columns stay aligned.
                let gap = if text.contains('\n') { "\n" } else { " " };
                self.stdout.line(&format!("{label}{gap}{text}"))
            }
            "display_data" => {
                self.end_lines()?;
                // Warnings are no output of the notebook.
                match content["metadata"].get(WARNINGS_KEY) {
                    Some(_) => self.stderr.line(&text_of(content)),
                    None => self.stdout.line(&text_of(content)),
                }
            }
            "update_display_data" => {
                self.note_update(content);
                Ok(())
            }
            "error" => self.traceback(content),
            _ => Ok(()),
        }
    }

    /// Shows what is only known at the end of a cell.
    pub(crate) fn cell_ended(&mut self) -> io::Result<()> {
        self.end_lines()?;
        for (_, text) in std::mem::take(&mut self.updated) {
            self.stdout.line(&text)?;
        }
        Ok(())
    }

    /// Says what went wrong.
    pub(crate) fn failure(&mut self, text: &str) -> io::Result<()> {
        self.end_lines()?;
        let label = self.stderr.colour(RED, "error:");
        self.stderr.line(&format!("{label} {text}"))
    }

    /// Says how the whole run went.
    pub(crate) fn summary(&mut self, text: &str) -> io::Result<()> {
        self.end_lines()?;
        self.stdout.line(text)
    }

    /// A progress bar updates its display many times a second, and a log is no place for all of its states.
    fn note_update(&mut self, content: &Value) {
        let Some(id) = display_id(content) else {
            return;
        };
        let text = text_of(content);
        match self.updated.iter_mut().find(|(other, _)| other == id) {
            Some((_, latest)) => *latest = text,
            None => self.updated.push((id.to_owned(), text)),
        }
    }

    /// What is waited for: a line that changes, on a terminal; elsewhere its first text. What is left of it stays.
    fn waiting(&mut self, msg_type: &str, content: &Value, has_ended: bool) -> io::Result<()> {
        let is_new = msg_type == "display_data";
        if has_ended || (is_new && !self.stdout.coloured) {
            self.end_lines()?;
            return self.stderr.line(&text_of(content));
        }
        self.draw_bar(content)
    }

    /// A line that changes, on a terminal; what is left of it comes with the cell's end.
    fn draw_bar(&mut self, content: &Value) -> io::Result<()> {
        if !self.stdout.coloured {
            return Ok(());
        }
        if !self.draws_bar {
            self.end_lines()?;
        }
        self.draws_bar = true;
        let rows = text_of(content).replace('\n', "  ");
        self.stdout.text(&format!("{ERASE}{rows}"))
    }

    fn erase_bar(&mut self) -> io::Result<()> {
        if std::mem::take(&mut self.draws_bar) {
            self.stdout.text(ERASE)?;
            self.stdout.in_line = false;
        }
        Ok(())
    }

    fn traceback(&mut self, content: &Value) -> io::Result<()> {
        self.end_lines()?;
        let lines: Vec<&str> = content["traceback"]
            .as_array()
            .map(|lines| lines.iter().filter_map(Value::as_str).collect())
            .unwrap_or_default();
        let text = lines.join("\n");
        if self.stderr.coloured {
            self.stderr.line(&text)
        } else {
            self.stderr.line(&strip_str(&text).to_string())
        }
    }

    fn end_lines(&mut self) -> io::Result<()> {
        self.erase_bar()?;
        for stream in [&mut self.stdout, &mut self.stderr] {
            if stream.in_line {
                stream.text("\n")?;
            }
        }
        Ok(())
    }
}

impl Stream {
    fn new(writer: impl Write + 'static, coloured: bool) -> Stream {
        Stream {
            writer: Box::new(writer),
            coloured,
            in_line: false,
        }
    }

    fn colour(&self, colour: &str, text: &str) -> String {
        if self.coloured {
            format!("{colour}{text}{RESET}")
        } else {
            text.to_owned()
        }
    }

    fn line(&mut self, text: &str) -> io::Result<()> {
        self.text(text)?;
        self.text("\n")
    }

    fn text(&mut self, text: &str) -> io::Result<()> {
        if let Some(last) = text.chars().last() {
            self.in_line = last != '\n';
        }
        self.writer.write_all(text.as_bytes())?;
        self.writer.flush()
    }
}

/// The text of a display, or the names of its types where it has none: `[text/html]`.
fn text_of(content: &Value) -> String {
    let no_data = Map::new();
    let data = content["data"].as_object().unwrap_or(&no_data);
    match data.get("text/plain").and_then(Value::as_str) {
        Some(text) => text.strip_suffix('\n').unwrap_or(text).to_owned(),
        None => {
            let types: Vec<&str> = data.keys().map(String::as_str).collect();
            format!("[{}]", types.join(", "))
        }
    }
}

#[cfg(test)]
mod tests {
    use std::cell::RefCell;
    use std::rc::Rc;

    use expect_test::Expect;
    use expect_test::expect;
    use serde_json::json;

    use super::*;

    #[derive(Clone, Default)]
    struct Buffer(Rc<RefCell<Vec<u8>>>);

    impl Write for Buffer {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            self.0.borrow_mut().extend_from_slice(bytes);
            Ok(bytes.len())
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    fn check(
        coloured: bool,
        show: impl FnOnce(&mut Terminal) -> io::Result<()>,
        stdout: Expect,
        stderr: Expect,
    ) {
        let (out, err) = (Buffer::default(), Buffer::default());
        let mut terminal = Terminal {
            stdout: Stream::new(out.clone(), coloured),
            stderr: Stream::new(err.clone(), coloured),
            updated: Vec::new(),
            draws_bar: false,
        };
        show(&mut terminal).unwrap();
        stdout.assert_eq(&String::from_utf8(out.0.take()).unwrap());
        stderr.assert_eq(&String::from_utf8(err.0.take()).unwrap());
    }

    #[test]
    fn labels_start_on_a_line_of_their_own() {
        check(
            false,
            |terminal| {
                terminal.cell(1, "let x = 1;")?;
                terminal.output("stream", &json!({"name": "stdout", "text": "50%\r100%"}))?;
                terminal.output(
                    "execute_result",
                    &json!({"execution_count": 1, "data": {"text/plain": "a\nb"}}),
                )?;
                terminal.cell(2, "x")?;
                terminal.output(
                    "execute_result",
                    &json!({"execution_count": 2, "data": {"text/plain": "1"}}),
                )
            },
            expect![["In [1]: let x = 1;\n50%\r100%\nOut[1]:\na\nb\nIn [2]: x\nOut[2]: 1\n"]],
            expect![""],
        );
    }

    #[test]
    fn a_progress_bar_is_a_line_that_changes_and_one_at_the_end() {
        let show = |terminal: &mut Terminal| {
            for (kind, text) in [
                ("display_data", "0%"),
                ("update_display_data", "50%"),
                ("update_display_data", "100%"),
            ] {
                let content = json!({
                    "data": {"text/plain": text, PROGRESS_MIME: {}},
                    "transient": {"display_id": "bar"},
                });
                terminal.output(kind, &content)?;
                if text == "50%" {
                    terminal.output("stream", &json!({"name": "stdout", "text": "half\n"}))?;
                }
            }
            terminal.cell_ended()
        };
        check(false, show, expect!["half\n100%\n"], expect![""]);
        check(
            true,
            show,
            expect!["\u{1b}[2K\r0%\u{1b}[2K\r50%\u{1b}[2K\rhalf\n\u{1b}[2K\r100%\u{1b}[2K\r100%\n"],
            expect![""],
        );
    }

    #[test]
    fn a_display_without_text_is_named_and_updates_are_shown_once() {
        check(
            false,
            |terminal| {
                let html = json!({"text/html": "<b>x</b>"});
                terminal.output("display_data", &json!({"data": html}))?;
                for text in ["1%", "50%", "100%"] {
                    terminal.output(
                        "update_display_data",
                        &json!({"data": {"text/plain": text}, "transient": {"display_id": "bar"}}),
                    )?;
                }
                terminal.cell_ended()
            },
            expect![[r#"
                [text/html]
                100%
            "#]],
            expect![""],
        );
    }

    #[test]
    fn what_is_waited_for_is_a_line_that_changes_and_one_at_the_end() {
        let show = |terminal: &mut Terminal| {
            let compiling =
                json!({"data": {"text/plain": "compiling"}, "metadata": {COMPILING_KEY: true}});
            terminal.output("display_data", &compiling)?;
            terminal.output("clear_output", &json!({"wait": false}))?;
            for (kind, text, has_ended) in [
                ("display_data", "one", false),
                ("update_display_data", "two", false),
                ("update_display_data", "both", true),
            ] {
                let content = json!({
                    "data": {"text/plain": text},
                    "metadata": {WAITING_KEY: has_ended},
                    "transient": {"display_id": "line"},
                });
                terminal.output(kind, &content)?;
            }
            terminal.cell_ended()
        };
        check(
            false,
            show,
            expect![""],
            expect![[r#"
                one
                both
            "#]],
        );
        check(
            true,
            show,
            expect![["\u{1b}[2K\rcompiling\u{1b}[2K\r\u{1b}[2K\rone\u{1b}[2K\rtwo\u{1b}[2K\r"]],
            expect![[r#"
                both
            "#]],
        );
    }

    #[test]
    fn colours_are_for_terminals() {
        let show = |terminal: &mut Terminal| {
            terminal.cell(1, "x")?;
            terminal.output(
                "error",
                &json!({"traceback": ["\x1b[1;31mno\x1b[0m", "why"]}),
            )
        };
        check(
            false,
            show,
            expect![[r#"
                In [1]: x
            "#]],
            expect![[r#"
                no
                why
            "#]],
        );
        check(
            true,
            show,
            expect![["\u{1b}[32mIn [1]:\u{1b}[0m x\n"]],
            expect![["\u{1b}[1;31mno\u{1b}[0m\nwhy\n"]],
        );
    }
}
