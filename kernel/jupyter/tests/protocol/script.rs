//! An evaluator whose cells are scripts: each line is an instruction.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::Condvar;
use std::sync::Mutex;

use serde_json::Map;
use serde_json::Value;
use serde_json::json;
use threadbook_jupyter::contract::Cell;
use threadbook_jupyter::contract::CellId;
use threadbook_jupyter::contract::CommRequest;
use threadbook_jupyter::contract::Completion;
use threadbook_jupyter::contract::Completions;
use threadbook_jupyter::contract::Control;
use threadbook_jupyter::contract::Diagnostic;
use threadbook_jupyter::contract::Evaluator;
use threadbook_jupyter::contract::NoAnswers;
use threadbook_jupyter::contract::Outcome;
use threadbook_jupyter::contract::QuickAnswers;
use threadbook_jupyter::message::CommAct;
use threadbook_jupyter::message::CommMessage;
use threadbook_jupyter::output::Answer;
use threadbook_jupyter::output::Event;
use threadbook_jupyter::output::OutputTx;
use threadbook_jupyter::output::StreamName;
use tokio::sync::oneshot;

use super::echoes::Echoes;

/// The messages that a waiting cell gets from the test or the kernel.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Word {
    Go,
    Interrupt,
    Shutdown,
}

/// A gate at which cells wait.
#[derive(Debug, Default)]
pub(crate) struct Gate {
    word: Mutex<Option<Word>>,
    changed: Condvar,
}

impl Gate {
    pub(crate) fn say(&self, word: Word) {
        *self.word.lock().unwrap() = Some(word);
        self.changed.notify_all();
    }

    pub(crate) fn wait(&self) -> Word {
        let mut word = self.word.lock().unwrap();
        loop {
            if let Some(word) = word.take() {
                return word;
            }
            word = self.changed.wait(word).unwrap();
        }
    }
}

#[derive(Debug)]
pub(crate) struct ScriptControl(pub(crate) Arc<Gate>, pub(crate) Echoes);

impl Control for ScriptControl {
    fn interrupt(&self) {
        self.0.say(Word::Interrupt);
    }

    fn shutdown(&self) {
        self.0.say(Word::Shutdown);
    }

    fn comm(&self, request: CommRequest) {
        self.1.take(request);
    }

    fn comms(&self) -> BTreeMap<String, String> {
        self.1.open()
    }
}

pub(crate) struct Script {
    pub(crate) output: OutputTx,
    pub(crate) gate: Arc<Gate>,
}

impl Script {
    fn stream(&self, cell: Option<CellId>, stream: StreamName, bytes: impl Into<Vec<u8>>) {
        self.output.send(Event::Stream {
            cell,
            stream,
            bytes: bytes.into(),
        });
    }

    fn display(&self, text: &str, update: bool) {
        self.output.send(Event::Display {
            cell: None,
            data: bundle(text),
            metadata: Map::new(),
            display_id: Some("id".into()),
            update,
        });
    }

    fn line(&mut self, cell: &Cell, verb: &str, rest: &str) -> Result<(), Diagnostic> {
        match verb {
            "print" => self.stream(None, StreamName::Stdout, format!("{rest}\n")),
            "eprint" => self.stream(None, StreamName::Stderr, format!("{rest}\n")),
            "raw" => self.stream(None, StreamName::Stdout, rest.replace("\\n", "\n")),
            "as" => {
                let (id, text) = rest.split_once(' ').unwrap();
                let id = CellId(id.parse().unwrap());
                self.stream(Some(id), StreamName::Stdout, text);
            }
            "flood" => {
                for line in 0..rest.parse().unwrap() {
                    self.stream(None, StreamName::Stdout, format!("line {line}\n"));
                }
            }
            "comm" => {
                let (comm_id, data) = rest.split_once(' ').unwrap();
                self.output.send(Event::Comm {
                    parent: None,
                    message: CommMessage {
                        act: CommAct::Open,
                        target_name: "t".to_owned(),
                        data: data.into(),
                        ..CommMessage::close(comm_id.to_owned())
                    },
                });
            }
            "compile" => self.output.send(Event::Compiling(rest == "begins")),
            "display" => self.display(rest, false),
            "update" => self.display(rest, true),
            "clear" => self.output.send(Event::Clear {
                cell: None,
                wait: true,
            }),
            "result" => self.output.send(Event::Result {
                cell: Some(cell.id),
                data: bundle(rest),
                metadata: Map::new(),
            }),
            "input" => {
                let (answer, answer_rx) = oneshot::channel();
                self.output.send(Event::Input {
                    prompt: rest.into(),
                    password: false,
                    answer,
                });
                match answer_rx.blocking_recv() {
                    Ok(Answer::Line(line)) => {
                        self.stream(None, StreamName::Stdout, format!("got {line}\n"))
                    }
                    Ok(Answer::NotAllowed) => return Err(failed("InputError", "not allowed")),
                    Err(_) => return Err(failed("KeyboardInterrupt", "interrupted")),
                }
            }
            "wait" => {
                if self.gate.wait() != Word::Go {
                    return Err(failed("KeyboardInterrupt", "interrupted"));
                }
            }
            "later" => {
                let (output, gate, text) =
                    (self.output.clone(), self.gate.clone(), rest.to_owned());
                std::thread::spawn(move || {
                    gate.wait();
                    output.send(Event::Stream {
                        cell: None,
                        stream: StreamName::Stdout,
                        bytes: text.into(),
                    });
                });
            }
            "fail" => return Err(failed("Panic", rest)),
            "panic" => panic!("{rest}"),
            other => panic!("no such verb: {other}"),
        }
        Ok(())
    }
}

/// Quick replies about the variable `total`.
#[derive(Debug)]
struct Total;

impl QuickAnswers for Total {
    fn complete(&self, code: &str, cursor_byte: usize) -> Completions {
        let before = &code[..cursor_byte];
        let start_byte = before.rfind(' ').map_or(0, |place| place + 1);
        let typed = &before[start_byte..];
        if typed.is_empty() || !"total".starts_with(typed) {
            return NoAnswers.complete(code, cursor_byte);
        }
        Completions {
            start_byte,
            end_byte: cursor_byte,
            matches: vec![Completion {
                text: "total".into(),
                kind: "variable".into(),
                signature: "total: i32".into(),
            }],
        }
    }

    fn inspect(&self, code: &str, _: usize) -> Option<Map<String, Value>> {
        (code == "total").then(|| bundle("let total: i32"))
    }
}

impl Evaluator for Script {
    fn execute(&mut self, cell: &Cell) -> Outcome {
        for line in cell.code.lines() {
            let (verb, rest) = line.split_once(' ').unwrap_or((line, ""));
            if let Err(diagnostic) = self.line(cell, verb, rest) {
                return Outcome::Failed(diagnostic);
            }
        }
        Outcome::Finished {
            payload: Vec::new(),
        }
    }

    fn quick_answers(&self) -> Arc<dyn QuickAnswers> {
        Arc::new(Total)
    }

    fn complete(&mut self, code: &str, cursor_byte: usize) -> Completions {
        assert!(!code.contains("fault"), "a fault of the analysis");
        let start_byte = code[..cursor_byte].rfind(' ').map_or(0, |place| place + 1);
        Completions {
            start_byte,
            end_byte: cursor_byte,
            matches: vec![Completion {
                text: format!("{}…", &code[start_byte..cursor_byte]),
                kind: "function".into(),
                signature: "fn()".into(),
            }],
        }
    }

    fn inspect(&mut self, code: &str, cursor_byte: usize) -> Option<Map<String, Value>> {
        (!code.is_empty()).then(|| bundle(&code[cursor_byte..]))
    }
}

pub(crate) fn failed(ename: &str, evalue: &str) -> Diagnostic {
    Diagnostic {
        ename: ename.into(),
        evalue: evalue.into(),
        traceback: vec![format!("{ename} at cell 1"), evalue.into()],
    }
}

fn bundle(text: &str) -> Map<String, Value> {
    Map::from_iter([("text/plain".to_owned(), json!(text))])
}
