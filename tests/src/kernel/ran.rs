//! The messages that a cell has caused.

use std::cell::Cell;

use serde_json::Value;
use threadbook_jupyter::message::Message;
use threadbook_jupyter::output::WAITING_KEY;

/// A cell that has run to its end. The test must read everything that the cell has published; otherwise the drop
/// panics.
#[derive(Debug)]
pub struct Ran {
    /// The content of the reply.
    pub reply: Value,
    iopub: Vec<Message>,
    read: [Cell<bool>; KINDS.len()],
}

/// The `error` message of a cell; the reply has the same content.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Failure {
    /// The error's name.
    pub ename: String,
    /// The error's text, without colours.
    pub evalue: String,
    /// The traceback's lines, joined, without colours.
    pub traceback: String,
    /// The traceback's lines, joined, with colours.
    pub coloured: String,
}

const KINDS: [&str; 7] = [
    "stdout",
    "stderr",
    "execute_result",
    "display_data",
    "update_display_data",
    "clear_output",
    "error",
];

impl Ran {
    #[track_caller]
    pub(super) fn new(iopub: Vec<Message>, reply: Value) -> Ran {
        let ran = Ran {
            reply,
            iopub,
            read: Default::default(),
        };
        let kinds = ran.kinds();
        assert_eq!(kinds.first(), Some(&"status"), "{kinds:?}");
        assert_eq!(ran.iopub[0].content["execution_state"], "busy");
        let idles = kinds.iter().filter(|kind| **kind == "status").count();
        assert_eq!(idles, 2, "{kinds:?}");
        let errors = kinds.iter().filter(|kind| **kind == "error").count();
        assert!(errors <= 1, "{kinds:?}");
        ran
    }

    /// The types of all messages on iopub in order, from the first status to the last.
    pub fn kinds(&self) -> Vec<&str> {
        self.iopub.iter().map(Message::msg_type).collect()
    }

    /// The number in `In [n]`.
    #[track_caller]
    pub fn count(&self) -> u64 {
        self.reply["execution_count"].as_u64().unwrap()
    }

    /// The whole text of stdout.
    pub fn stdout(&self) -> String {
        self.mark("stdout");
        text_of(&self.iopub, Some("stdout"))
    }

    /// The whole text of stderr, and the text of each line that reported what the cell waited for.
    pub fn stderr(&self) -> String {
        self.mark("stderr");
        text_of(&self.iopub, Some("stderr"))
    }

    /// rustc's warnings as plain text. Fails if there is another display.
    #[track_caller]
    pub fn warnings(&self) -> String {
        let mut text = String::new();
        for content in self.contents("display_data") {
            assert!(
                content["metadata"]["threadbook_warnings"].is_u64(),
                "{content:#}"
            );
            text.push_str(content["data"]["text/plain"].as_str().unwrap());
        }
        text
    }

    /// Both streams in the order published; adjacent messages of one stream are joined.
    pub fn streams(&self) -> Vec<(String, String)> {
        self.mark("stdout");
        self.mark("stderr");
        let mut streams: Vec<(String, String)> = Vec::new();
        for message in &self.iopub {
            if message.msg_type() != "stream" {
                continue;
            }
            let name = message.content["name"].as_str().unwrap_or_default();
            let text = message.content["text"].as_str().unwrap_or_default();
            match streams.last_mut() {
                Some((last, so_far)) if last == name => so_far.push_str(text),
                _ => streams.push((name.to_owned(), text.to_owned())),
            }
        }
        streams
    }

    /// The plain text of the one result.
    #[track_caller]
    pub fn result(&self) -> String {
        let results = self.contents("execute_result");
        assert_eq!(results.len(), 1, "{:#?}", brief(&self.iopub));
        assert_eq!(results[0]["execution_count"], self.reply["execution_count"]);
        results[0]["data"]["text/plain"]
            .as_str()
            .unwrap()
            .to_owned()
    }

    /// The contents of all messages of a type.
    #[track_caller]
    pub fn contents(&self, kind: &str) -> Vec<&Value> {
        self.mark(kind);
        let mut contents = Vec::new();
        for message in &self.iopub {
            if message.msg_type() == kind && waiting(message).is_none() {
                contents.push(&message.content);
            }
        }
        contents
    }

    /// The MIME bundles of all displays.
    #[track_caller]
    pub fn displays(&self) -> Vec<&Value> {
        let contents = self.contents("display_data").into_iter();
        contents.map(|content| &content["data"]).collect()
    }

    /// Asserts that the cell printed this text and published nothing else.
    #[track_caller]
    pub fn printed(self, text: &str) {
        assert_eq!(self.stdout(), text, "{:#?}", brief(&self.iopub));
        self.nothing();
    }

    /// Asserts that this was the cell's result, and that the cell published nothing else.
    #[track_caller]
    pub fn resulted(self, text: &str) {
        self.nothing_failed();
        assert_eq!(self.result(), text);
        self.nothing();
    }

    /// Asserts that the cell did not fail, and published nothing that has not been read.
    #[track_caller]
    pub fn nothing(self) {
        self.nothing_failed();
        let unread = self.unread();
        self.mark_all();
        assert!(unread.is_empty(), "nobody has read {unread:?}");
    }

    #[track_caller]
    fn nothing_failed(&self) {
        if self.reply["status"] != "ok" {
            self.mark_all();
            panic!("the cell failed: {:#?}", self.reply);
        }
    }

    /// Asserts that the cell failed with an error of this name. The test must read all other output before this call.
    #[track_caller]
    pub fn failed(self, ename: &str) -> Failure {
        if self.reply["status"] != "error" {
            self.mark_all();
            panic!(
                "the cell did not fail: {:#?} {:#?}",
                self.reply,
                brief(&self.iopub)
            );
        }
        let errors = self.contents("error");
        assert_eq!(errors.len(), 1, "{:#?}", brief(&self.iopub));
        for field in ["ename", "evalue", "traceback"] {
            assert_eq!(errors[0][field], self.reply[field], "{field}");
        }
        let lines = errors[0]["traceback"].as_array().unwrap().iter();
        let lines: Vec<&str> = lines.map(|line| line.as_str().unwrap()).collect();
        let coloured = lines.join("\n");
        let failure = Failure {
            ename: errors[0]["ename"].as_str().unwrap().to_owned(),
            evalue: errors[0]["evalue"].as_str().unwrap().to_owned(),
            traceback: plain(&coloured),
            coloured,
        };
        assert_eq!(failure.ename, ename, "{failure:#?}");
        let unread = self.unread();
        self.mark_all();
        assert!(unread.is_empty(), "nobody has read {unread:?}");
        failure
    }

    /// Asserts that the cell was not run because an earlier cell had failed.
    #[track_caller]
    pub fn aborted(self) {
        assert_eq!(self.reply["status"], "aborted", "{:#?}", brief(&self.iopub));
        let unread = self.unread();
        self.mark_all();
        assert!(unread.is_empty(), "nobody has read {unread:?}");
    }

    fn mark(&self, kind: &str) {
        if let Some(index) = KINDS.iter().position(|other| *other == kind) {
            self.read[index].set(true);
        }
    }

    fn mark_all(&self) {
        for kind in KINDS {
            self.mark(kind);
        }
    }

    fn unread(&self) -> Vec<String> {
        let is_unread = |message: &&Message| {
            let kind = match message.msg_type() {
                _ if waiting(message).is_some() => "stderr",
                "stream" => message.content["name"].as_str().unwrap_or_default(),
                kind => kind,
            };
            let index = KINDS.iter().position(|other| *other == kind);
            index.is_some_and(|index| !self.read[index].get())
        };
        brief(self.iopub.iter().filter(is_unread))
    }
}

impl Drop for Ran {
    fn drop(&mut self) {
        if !std::thread::panicking() {
            let unread = self.unread();
            assert!(unread.is_empty(), "nobody has read {unread:?}");
        }
    }
}

impl Failure {
    /// The places that the traceback shows, each with its description, innermost first.
    pub fn places(&self) -> Vec<&str> {
        let lines = self.traceback.lines();
        lines
            .filter_map(|line| {
                let place = line.strip_prefix(" --> ");
                place.or_else(|| line.strip_prefix(" called from "))
            })
            .collect()
    }

    /// Asserts that the plain traceback contains all of these.
    #[track_caller]
    pub fn says(self, parts: &[&str]) -> Failure {
        for part in parts {
            assert!(self.traceback.contains(part), "no {part:?} in {self:#?}");
        }
        self
    }
}

/// The types and contents of messages.
pub(super) fn brief<'a>(messages: impl IntoIterator<Item = &'a Message>) -> Vec<String> {
    let messages = messages.into_iter();
    messages
        .map(|message| format!("{}: {}", message.msg_type(), message.content))
        .collect()
}

/// The text of one stream, or of both in the order published. A line that reports what is waited for counts as stderr.
pub(super) fn text_of(messages: &[Message], stream: Option<&str>) -> String {
    let mut text = String::new();
    for message in messages {
        let content = &message.content;
        if let Some(line) = waiting(message)
            && stream.is_none_or(|name| name == "stderr")
        {
            text.push_str(line);
            text.push('\n');
        }
        if message.msg_type() == "stream" && stream.is_none_or(|name| content["name"] == name) {
            text.push_str(content["text"].as_str().unwrap_or_default());
        }
    }
    text
}

/// The text of a line that reports what is waited for.
fn waiting(message: &Message) -> Option<&str> {
    message.content["metadata"].get(WAITING_KEY)?;
    message.content["data"]["text/plain"].as_str()
}

/// The text without colours.
fn plain(text: &str) -> String {
    let mut plain = String::new();
    let mut rest = text;
    while let Some((before, after)) = rest.split_once("\x1b[") {
        plain.push_str(before);
        rest = after.split_once('m').map_or("", |(_, after)| after);
    }
    plain + rest
}
