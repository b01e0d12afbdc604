//! Questions of the running cell to its user.

use std::collections::VecDeque;

use serde_json::json;
use tokio::sync::oneshot;

use super::queue::Running;
use crate::message::Channel;
use crate::message::Message;
use crate::output::Answer;
use crate::ticket::IopubSender;

/// The questions that wait for an answer. Several threads of a cell can request input at the same time; the user sees
/// one question at a time.
#[derive(Debug)]
pub(super) struct Prompts {
    voice: IopubSender,
    waiting: VecDeque<Prompt>,
    /// The id of the input request that the first of them was sent as.
    asked: Option<String>,
    /// The running cell is interrupted: its further questions get no answer.
    refused: bool,
}

#[derive(Debug)]
struct Prompt {
    to: Message,
    prompt: String,
    password: bool,
    answer_tx: oneshot::Sender<Answer>,
}

impl Prompts {
    pub(super) fn new(voice: IopubSender) -> Prompts {
        Prompts {
            voice,
            waiting: VecDeque::new(),
            asked: None,
            refused: false,
        }
    }

    /// Asks the client that sent the running cell, if it takes questions.
    pub(super) fn ask(
        &mut self,
        running: Option<&Running>,
        prompt: String,
        password: bool,
        answer_tx: oneshot::Sender<Answer>,
    ) {
        match running {
            // Dropped, the question is answered by the interrupt.
            Some(_) if self.refused => {}
            Some(running) if running.allow_stdin => {
                self.waiting.push_back(Prompt {
                    to: running.request.clone(),
                    prompt,
                    password,
                    answer_tx,
                });
                self.ask_first();
            }
            // The thread that requested the input may have been interrupted meanwhile.
            _ => drop(answer_tx.send(Answer::NotAllowed)),
        }
    }

    /// Takes an answer. An answer to an earlier question, or from another client, does not count.
    pub(super) fn answer(&mut self, reply: &Message, value: String) {
        let Some(asked) = &self.asked else {
            return;
        };
        // jupyter_client's own `input()` names no parent.
        let parent = reply.parent_id();
        if !parent.is_empty() && parent != asked {
            return;
        }
        let is_from_asked = |prompt: &Prompt| {
            parent == asked || prompt.to.header.session() == reply.header.session()
        };
        if !self.waiting.front().is_some_and(is_from_asked) {
            return;
        }
        self.asked = None;
        if let Some(prompt) = self.waiting.pop_front() {
            let _ = prompt.answer_tx.send(Answer::Line(value));
        }
        self.ask_first();
    }

    /// Gives up all questions of the running cell, and those that are still to come.
    pub(super) fn refuse(&mut self) {
        self.clear();
        self.refused = true;
    }

    /// Drops all questions. Threads that wait for an answer get an error.
    pub(super) fn clear(&mut self) {
        self.refused = false;
        self.waiting.clear();
        self.asked = None;
    }

    fn ask_first(&mut self) {
        if self.asked.is_some() {
            return;
        }
        if let Some(Prompt {
            to,
            prompt,
            password,
            ..
        }) = self.waiting.front()
        {
            let content = json!({"prompt": prompt, "password": password});
            self.asked = Some(
                self.voice
                    .send(Channel::Stdin, to, "input_request", content),
            );
        }
    }
}
