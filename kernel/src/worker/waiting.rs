//! The line under a cell that says what the cell waits for: a display whose text changes in place.

use std::path::PathBuf;
use std::time::Duration;
use std::time::Instant;

use serde_json::Map;
use serde_json::Value;
use serde_json::json;
use threadbook_jupyter::output::Event;
use threadbook_jupyter::output::OutputTx;
use threadbook_jupyter::output::StreamName;
use threadbook_jupyter::output::WAITING_KEY;

use crate::build::steps::Step;

/// Builds of fewer parts do not show how long one takes.
const ENOUGH_PARTS: u32 = 10;

/// Below the latest cell, one line for each build.
#[derive(Debug)]
pub struct WaitingLine {
    output: OutputTx,
    /// The file with the seconds that a part of a build takes on this machine, by an earlier build.
    pace: PathBuf,
    /// How many lines there were.
    count: u32,
    /// The one that changes.
    line: Option<Line>,
}

#[derive(Debug)]
struct Line {
    since: Instant,
    /// What all of it is for; may be empty.
    what: String,
    work: String,
    /// Seconds a part, where that is known.
    pace: Option<f64>,
    /// The parts that are there and all of them, as cargo counts.
    counts: Option<(u32, u32)>,
    /// When cargo counted first, and what it had then.
    first_count: Option<(Instant, u32)>,
    compiled: u32,
    is_shown: bool,
}

impl WaitingLine {
    /// `pace` is the file that keeps how fast this machine is.
    pub fn new(output: OutputTx, pace: PathBuf) -> WaitingLine {
        WaitingLine {
            output,
            pace,
            count: 0,
            line: None,
        }
    }

    /// Shows a step.
    pub fn step(&mut self, step: Step) {
        match step {
            Step::Begin(what) => {
                let line = self.line();
                line.what = what;
                line.work.clear();
                self.show();
            }
            Step::Work(work) => {
                let line = self.line();
                line.compiled += u32::from(work.starts_with("Compiling "));
                line.work = work;
                self.show();
            }
            Step::Count { done, of } => {
                let line = self.line();
                line.counts = Some((done, of));
                line.first_count.get_or_insert((Instant::now(), done));
                // cargo counts what was built before, too.
                if line.compiled > 0 {
                    self.show();
                }
            }
            Step::End(words) => {
                if let Some(line) = self.line.take() {
                    self.keep_pace(&line);
                    self.end(&line, &line.end(&words));
                }
            }
            Step::Note(words) => self.output.send(Event::Stream {
                cell: None,
                stream: StreamName::Stderr,
                bytes: format!("{words}\n").into_bytes(),
            }),
        }
    }

    /// What was waited for has failed or was stopped, if it has not ended.
    pub fn close(&mut self) {
        if let Some(line) = self.line.take() {
            let after = seconds(line.since.elapsed());
            self.end(&line, &format!("stopped after {after}"));
        }
    }

    fn line(&mut self) -> &mut Line {
        let pace = &self.pace;
        let count = &mut self.count;
        self.line.get_or_insert_with(|| {
            *count += 1;
            Line {
                since: Instant::now(),
                what: String::new(),
                work: String::new(),
                pace: std::fs::read_to_string(pace)
                    .ok()
                    .and_then(|text| text.trim().parse().ok()),
                counts: None,
                first_count: None,
                compiled: 0,
                is_shown: false,
            }
        })
    }

    fn show(&mut self) {
        if let Some(line) = &mut self.line {
            let update = std::mem::replace(&mut line.is_shown, true);
            let text = line.text();
            self.display(&text, update, false);
        }
    }

    fn end(&self, line: &Line, text: &str) {
        if line.is_shown {
            self.display(text, true, true);
        }
    }

    fn display(&self, text: &str, update: bool, has_ended: bool) {
        // By the pid, displays of two kernels differ.
        let (pid, count) = (std::process::id(), self.count);
        self.output.send(Event::Display {
            cell: None,
            data: Map::from_iter([("text/plain".to_owned(), Value::from(text))]),
            metadata: Map::from_iter([(WAITING_KEY.to_owned(), json!(has_ended))]),
            display_id: Some(format!("threadbook-waiting-{pid}-{count}")),
            update,
        });
    }

    fn keep_pace(&self, line: &Line) {
        if let (Some((since, first)), Some((done, _))) = (line.first_count, line.counts)
            && done.saturating_sub(first) >= ENOUGH_PARTS
        {
            let pace = since.elapsed().as_secs_f64() / f64::from(done - first);
            // Without the file there is no estimate.
            let _ = std::fs::write(&self.pace, format!("{pace:.3}\n"));
        }
    }
}

impl Line {
    fn text(&self) -> String {
        let mut parts = Vec::new();
        if !self.what.is_empty() {
            parts.push(self.what.clone());
        }
        let compiling = self.work.strip_prefix("Compiling ");
        match (compiling, self.counts) {
            (Some(name), Some((done, of))) => {
                parts.push(format!("compiling {done} of {of}: {name}"));
            }
            _ if self.work.is_empty() => {}
            _ => parts.push(uncapitalized(&self.work)),
        }
        let mut text = parts.join(": ");
        if let Some(left) = self.left() {
            text += &format!(", about {left} left");
        }
        text
    }

    /// How long it may still take, in words.
    fn left(&self) -> Option<String> {
        let (done, of) = self.counts?;
        let left = self.pace? * f64::from(of.saturating_sub(done));
        // Nobody plans by seconds.
        (left >= 5.0).then(|| seconds(Duration::from_secs((left / 5.0).round() as u64 * 5)))
    }

    fn end(&self, words: &str) -> String {
        let after = seconds(self.since.elapsed());
        let crates = match self.compiled {
            0 => format!("waited {after}"),
            1 => format!("compiled 1 crate in {after}"),
            many => format!("compiled {many} crates in {after}"),
        };
        match words {
            "" => crates,
            words => format!("{words}: {crates}"),
        }
    }
}

fn seconds(time: Duration) -> String {
    let seconds = time.as_secs_f64().round() as u64;
    match (seconds / 60, seconds % 60) {
        (0, 0) => format!("{:.1} s", time.as_secs_f64()),
        (0, seconds) => format!("{seconds} s"),
        (minutes, 0) => format!("{minutes} min"),
        (minutes, seconds) => format!("{minutes} min {seconds} s"),
    }
}

fn uncapitalized(text: &str) -> String {
    let mut characters = text.chars();
    match characters.next() {
        Some(first) => first.to_lowercase().chain(characters).collect(),
        None => String::new(),
    }
}

#[cfg(test)]
mod tests {
    use tokio::sync::mpsc;

    use super::*;

    /// The texts that the steps show, marked if a text is a new display or the last text of one.
    fn shown(pace: &str, steps: &[Step], close: bool) -> Vec<String> {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("pace");
        std::fs::write(&file, pace).unwrap();
        let (output_tx, mut output_rx) = mpsc::channel(64);
        let mut line = WaitingLine::new(OutputTx::new(output_tx), file);
        steps.iter().for_each(|step| line.step(step.clone()));
        if close {
            line.close();
        }
        let mut texts = Vec::new();
        while let Ok(event) = output_rx.try_recv() {
            let Event::Display {
                data,
                metadata,
                update,
                ..
            } = event
            else {
                panic!("{event:?}");
            };
            let start = if update { "" } else { "new: " };
            let ended = if metadata[WAITING_KEY] == true {
                "."
            } else {
                ""
            };
            texts.push(format!(
                "{start}{}{ended}",
                data["text/plain"].as_str().unwrap()
            ));
        }
        texts
    }

    fn work(text: &str) -> Step {
        Step::Work(text.to_owned())
    }

    #[test]
    fn a_build_is_one_line() {
        let steps = [
            Step::Begin("preparing the runtime".to_owned()),
            work("Updating crates.io index"),
            work("Compiling libc v0.2.1"),
            Step::Count { done: 1, of: 63 },
            work("Compiling tokio v1.48.0"),
            Step::End("prepared the runtime".to_owned()),
            work("Compiling hex v0.4.3"),
            Step::End(String::new()),
        ];
        assert_eq!(
            shown("0.5", &steps, true),
            [
                "new: preparing the runtime",
                "preparing the runtime: updating crates.io index",
                "preparing the runtime: compiling libc v0.2.1",
                "preparing the runtime: compiling 1 of 63: libc v0.2.1, about 30 s left",
                "preparing the runtime: compiling 1 of 63: tokio v1.48.0, about 30 s left",
                "prepared the runtime: compiled 2 crates in 0.0 s.",
                "new: compiling hex v0.4.3",
                "compiled 1 crate in 0.0 s.",
            ]
        );
    }

    #[test]
    fn what_was_built_before_shows_nothing() {
        let steps = [Step::Count { done: 3, of: 3 }, Step::End(String::new())];
        assert_eq!(shown("", &steps, true), <[String; 0]>::default());
    }

    #[test]
    fn a_build_that_does_not_end_has_a_last_word() {
        let steps = [work("Compiling hex v0.4.3")];
        assert_eq!(
            shown("", &steps, true),
            ["new: compiling hex v0.4.3", "stopped after 0.0 s."]
        );
    }

    #[test]
    fn times_are_in_words() {
        let text = |count| seconds(Duration::from_secs(count));
        assert_eq!(
            [text(4), text(60), text(125)],
            ["4 s", "1 min", "2 min 5 s"]
        );
    }
}
