//! Completion and inspection: answered by the evaluator where it is free, and else at once with what is known without it.

use std::sync::Arc;
use std::sync::mpsc;
use std::time::Duration;

use jupyter_protocol::CompleteRequest;
use jupyter_protocol::InspectRequest;
use serde_json::Map;
use serde_json::Value;
use serde_json::json;
use tokio::sync::oneshot;

use super::Job;
use crate::evaluator::Completions;
use crate::message::ByteOffset;
use crate::message::CodePoints;
use crate::questions;
use crate::questions::Known;
use crate::ticket::Ticket;

/// How long the evaluator may take, which is fast once rust-analyzer has read what a cell names. JupyterLab gives up
/// after a second.
const PATIENCE: Duration = Duration::from_millis(800);

/// The way to the answers.
#[derive(Debug)]
pub(super) struct Questions {
    jobs_tx: mpsc::Sender<Job>,
    known: Arc<Known>,
}

impl Questions {
    pub(super) fn new(jobs_tx: mpsc::Sender<Job>) -> Questions {
        Questions {
            jobs_tx,
            known: Arc::default(),
        }
    }

    /// What there is to say while the evaluator is busy.
    pub(super) fn set_known(&mut self, known: Known) {
        self.known = Arc::new(known);
    }

    pub(super) fn complete(&self, ticket: Ticket, request: CompleteRequest, is_free: bool) {
        let code = request.code;
        let cursor = CodePoints(request.cursor_pos);
        let byte = cursor.to_bytes(&code).0;
        let answer = self.ask(is_free, |answer_tx| Job::Complete {
            code: code.clone(),
            byte,
            answer_tx,
        });
        let known = Arc::clone(&self.known);
        tokio::spawn(async move {
            let found = match awaited(answer).await {
                Some(found) => Some(found),
                None => {
                    let code = code.clone();
                    aside(move || questions::complete(&code, byte, &known).into_completions()).await
                }
            };
            ticket.answer(match found {
                Some(found) => complete_reply(&code, &found),
                None => empty_completion(cursor),
            });
        });
    }

    pub(super) fn inspect(&self, ticket: Ticket, request: InspectRequest, is_free: bool) {
        let code = request.code;
        let byte = CodePoints(request.cursor_pos).to_bytes(&code).0;
        let answer = self.ask(is_free, |answer_tx| Job::Inspect {
            code: code.clone(),
            byte,
            answer_tx,
        });
        let known = Arc::clone(&self.known);
        tokio::spawn(async move {
            let data = match awaited(answer).await {
                Some(data) => data,
                None => aside(move || questions::inspect(&code, byte, &known))
                    .await
                    .flatten(),
            };
            ticket.answer(inspect_reply(data));
        });
    }

    /// Gives the evaluator a job, if it is free.
    fn ask<T>(
        &self,
        is_free: bool,
        job: impl FnOnce(oneshot::Sender<T>) -> Job,
    ) -> Option<oneshot::Receiver<T>> {
        let (answer_tx, answer_rx) = oneshot::channel();
        // Where the evaluator's thread is gone, the job comes back, and nothing is waited for.
        (is_free && self.jobs_tx.send(job(answer_tx)).is_ok()).then_some(answer_rx)
    }
}

/// The evaluator's answer, if it comes soon enough.
async fn awaited<T>(answer: Option<oneshot::Receiver<T>>) -> Option<T> {
    tokio::time::timeout(PATIENCE, answer?).await.ok()?.ok()
}

/// Runs what reads files on a thread of its own. A panic is logged there, and nothing is answered.
async fn aside<T: Send + 'static>(work: impl FnOnce() -> T + Send + 'static) -> Option<T> {
    let done = tokio::task::spawn_blocking(work).await;
    done.inspect_err(|error| tracing::error!("a question was not answered: {error}"))
        .ok()
}

/// What is answered where there is nothing to offer.
fn empty_completion(cursor: CodePoints) -> Value {
    json!({"status": "ok", "matches": [], "cursor_start": cursor.0, "cursor_end": cursor.0, "metadata": {}})
}

fn complete_reply(code: &str, completions: &Completions) -> Value {
    let start = ByteOffset(completions.start_byte).to_code_points(code).0;
    let end = ByteOffset(completions.end_byte)
        .to_code_points(code)
        .0
        .max(start);
    let matches: Vec<&str> = completions
        .matches
        .iter()
        .map(|found| found.text.as_str())
        .collect();
    let types: Vec<Value> = completions
        .matches
        .iter()
        .map(|found| {
            json!({
                "text": found.text,
                "type": found.kind,
                "signature": found.signature,
                "start": start,
                "end": end,
            })
        })
        .collect();
    json!({
        "status": "ok",
        "matches": matches,
        "cursor_start": start,
        "cursor_end": end,
        "metadata": {"_jupyter_types_experimental": types},
    })
}

fn inspect_reply(data: Option<Map<String, Value>>) -> Value {
    json!({
        "status": "ok",
        "found": data.is_some(),
        "data": data.unwrap_or_default(),
        "metadata": {},
    })
}
