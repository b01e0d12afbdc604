//! The last stage: one task through which everything published goes.
//!
//! A cell's start, its output and its end pass through one queue, and only when the end comes out of it, behind all
//! output, is the reply sent and idle published. That idle comes last holds by construction.

use std::sync::Arc;
use std::time::Duration;

use serde_json::Map;
use serde_json::Value;
use serde_json::json;
use tokio::sync::mpsc;
use tokio::sync::oneshot;
use tokio::time::Instant;

use crate::client::is_idle;
use crate::contract::Cell;
use crate::contract::Outcome;
use crate::contract::QuickAnswers;
use crate::message::Message;
use crate::output::Answer;
use crate::output::CellMark;
use crate::output::Event;
use crate::output::Marker;
use crate::output::Sequencer;
use crate::ticket::Direct;
use crate::ticket::IopubSender;
use crate::ticket::Ticket;
use crate::ticket::traceback;

/// What the dispatcher learns from the events of cells.
#[derive(Debug)]
pub(crate) enum Notice {
    /// The evaluator is made, or has failed to be made, and takes jobs.
    EvaluatorReady,
    /// The evaluator works between two cells, for longer than a question can wait, until it is ready again.
    EvaluatorWarms,
    /// What answers questions while the evaluator is busy.
    QuickAnswers(Arc<dyn QuickAnswers>),
    /// The cell requests a line of input. Its earlier output is published.
    Input {
        prompt: String,
        password: bool,
        answer: oneshot::Sender<Answer>,
    },
    /// The running cell has ended, and all that it has published is on its way.
    Finished(Box<Finished>),
}

/// What is left to do for a cell that has ended.
#[derive(Debug)]
pub(crate) struct Finished {
    pub(crate) failed: bool,
    /// The text of the cell's result, for the history.
    pub(crate) result: Option<String>,
    ticket: Ticket,
    reply: Value,
}

impl Finished {
    /// Sends the cell's reply and idle.
    pub(crate) fn answer(self) {
        self.ticket.answer(self.reply);
    }
}

/// A cell that is compiled for so long says so.
const LONG_COMPILE: Duration = Duration::from_secs(1);

/// The cell whose start has been published, and whose end has not come yet.
type Running = Option<(Cell, Box<Ticket>)>;

/// The stage's ends.
#[derive(Debug)]
pub(crate) struct IopubPublisher {
    pub(crate) voice: IopubSender,
    pub(crate) sequencer: Sequencer,
    pub(crate) direct_rx: mpsc::UnboundedReceiver<Direct>,
    pub(crate) events_rx: mpsc::Receiver<Event>,
    pub(crate) notices_tx: mpsc::UnboundedSender<Notice>,
}

impl IopubPublisher {
    /// Publishes until all senders are dropped.
    pub(crate) async fn run(mut self) {
        let mut running: Running = None;
        let mut flush_at = None;
        let mut compiling_at = None;
        let mut events_open = true;
        loop {
            // What the handling of the last event has put here, a cell's idle above all, comes before the next event.
            self.transmit_direct(&running).await;
            tokio::select! {
                biased;
                direct = self.direct_rx.recv() => match direct {
                    Some(direct) => self.direct(direct, &running).await,
                    None => return,
                },
                () = tokio::time::sleep_until(flush_at.unwrap_or_else(Instant::now)), if flush_at.is_some() => {
                    flush_at = None;
                    self.sequencer.flush_waiting();
                }
                () = tokio::time::sleep_until(compiling_at.unwrap_or_else(Instant::now)), if compiling_at.is_some() => {
                    self.sequencer.say_compiling();
                }
                event = self.events_rx.recv(), if events_open => match event {
                    Some(event) => self.event(event, &mut running).await,
                    None => events_open = false,
                },
            }
            self.publish().await;
            match self.sequencer.waits() {
                None => flush_at = None,
                Some(time) if flush_at.is_none() => flush_at = Some(Instant::now() + time),
                Some(_) => {}
            }
            compiling_at = match self.sequencer.is_compiling_unsaid() {
                true => compiling_at.or_else(|| Some(Instant::now() + LONG_COMPILE)),
                false => None,
            };
        }
    }

    /// Sends all that is there of what does not pass through the queue of events.
    async fn transmit_direct(&mut self, running: &Running) {
        while let Ok(direct) = self.direct_rx.try_recv() {
            self.direct(direct, running).await;
        }
    }

    async fn direct(&mut self, direct: Direct, running: &Running) {
        match direct {
            Direct::Message(message) => {
                self.voice.transmit(&message).await;
                if let Some(state) = state_after(&message, running.is_some()) {
                    let content = json!({"execution_state": state});
                    let status = self.voice.published("status", &Map::new(), content);
                    self.voice.transmit(&status).await;
                }
            }
            Direct::Barrier(barrier_tx) => {
                // Whoever waits may have given up.
                let _ = barrier_tx.send(());
            }
        }
    }

    async fn event(&mut self, event: Event, running: &mut Running) {
        let is_watched = running.as_ref().is_some_and(|(cell, _)| cell.attended);
        if matches!(event, Event::Compiling(true)) && !is_watched {
            // What is compiled between cells is no cell's. Where nobody watches, such as under nbconvert, the same
            // notebook gives the same messages on a slow machine.
            return;
        }
        self.sequencer.event(&event);
        match event {
            Event::Input {
                prompt,
                password,
                answer,
            } => {
                self.publish().await;
                self.notify(Notice::Input {
                    prompt,
                    password,
                    answer,
                });
            }
            Event::Marker(Marker(CellMark::Begin { cell, mut ticket })) => {
                let parent = ticket.request().header.raw().clone();
                self.sequencer
                    .begin(cell.id, parent, cell.count, cell.silent);
                // A background thread's last words belong to the cell before; they go first.
                self.publish().await;
                ticket.start();
                if !cell.silent {
                    let content = json!({"code": cell.code, "execution_count": cell.count});
                    ticket.publish("execute_input", content);
                    // What came before the first cell is shown below its start.
                    self.transmit_direct(running).await;
                    self.sequencer.show_held();
                }
                *running = Some((cell, ticket));
            }
            Event::Marker(Marker(CellMark::Finish {
                outcome,
                user_expressions,
            })) => {
                if let Some((cell, ticket)) = running.take() {
                    self.finish(&cell, *ticket, &outcome, &user_expressions)
                        .await;
                }
            }
            Event::Comm { parent, message } => {
                self.publish().await;
                let parent = parent.unwrap_or_else(|| self.sequencer.latest_parent());
                let message = self.voice.on_comm(&parent, message);
                self.voice.transmit(&message).await;
            }
            Event::CommHandled(request) => {
                self.publish().await;
                // Idle is published before the next event.
                drop(request);
            }
            Event::Stream { .. }
            | Event::Display { .. }
            | Event::Result { .. }
            | Event::Clear { .. }
            | Event::Compiling(_) => {}
        }
    }

    async fn finish(
        &mut self,
        cell: &Cell,
        ticket: Ticket,
        outcome: &Outcome,
        user_expressions: &[String],
    ) {
        let result = self.sequencer.end(cell.id);
        if let Outcome::Failed(diagnostic) = outcome {
            let content = json!({
                "ename": diagnostic.ename,
                "evalue": diagnostic.evalue,
                "traceback": traceback(diagnostic),
            });
            self.sequencer.error(cell.id, content);
        }
        self.publish().await;
        // The dispatcher sends the reply: by the time the client has it, the evaluator counts as free.
        self.notify(Notice::Finished(Box::new(Finished {
            failed: matches!(outcome, Outcome::Failed(_)),
            result,
            reply: reply(cell, outcome, user_expressions),
            ticket,
        })));
    }

    async fn publish(&mut self) {
        for publication in self.sequencer.take() {
            let message = self.voice.published(
                publication.msg_type,
                &publication.parent,
                publication.content,
            );
            self.voice.transmit(&message).await;
        }
    }

    fn notify(&self, notice: Notice) {
        // The dispatcher ends before this stage when the kernel ends. Questions are dropped then, the reply is not.
        if let Err(mpsc::error::SendError(Notice::Finished(finished))) =
            self.notices_tx.send(notice)
        {
            finished.answer();
        }
    }
}

/// The kernel's own state, where a front end that takes the latest status for it would be wrong after the message.
///
/// An idle of another request than the running cell makes JupyterLab show that nothing runs, and jupyter_server count the
/// kernel as idle and perhaps cull it. A new subscriber has seen no status: a page that was reloaded would show `Unknown`,
/// and jupyter_server would keep the state of a kernel that has died and been replaced. The status belongs to no request,
/// therefore no request seems to start or end by it.
fn state_after(message: &Message, a_cell_runs: bool) -> Option<&'static str> {
    if message.msg_type() == "iopub_welcome" {
        Some(if a_cell_runs { "busy" } else { "idle" })
    } else if a_cell_runs && is_idle(message) {
        Some("busy")
    } else {
        None
    }
}

/// The content of an execute reply.
fn reply(cell: &Cell, outcome: &Outcome, user_expressions: &[String]) -> Value {
    match outcome {
        Outcome::Finished { payload } => {
            let unsupported = json!({
                "status": "error",
                "ename": "Unsupported",
                "evalue": "user expressions are not supported",
                "traceback": [],
            });
            let expressions: Map<String, Value> = user_expressions
                .iter()
                .map(|name| (name.clone(), unsupported.clone()))
                .collect();
            json!({
                "status": "ok",
                "execution_count": cell.count,
                "payload": payload,
                "user_expressions": expressions,
            })
        }
        Outcome::Failed(diagnostic) => json!({
            "status": "error",
            "execution_count": cell.count,
            "ename": diagnostic.ename,
            "evalue": diagnostic.evalue,
            "traceback": traceback(diagnostic),
            "payload": [],
            "user_expressions": {},
        }),
    }
}
