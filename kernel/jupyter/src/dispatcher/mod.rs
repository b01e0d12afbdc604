//! Routes everything that happens to the kernel: one loop over one closed enum, which never waits for anything else.
//!
//! Because the loop never waits, an interrupt and a shutdown work while a cell runs, and every request is answered.

mod comms;
mod history;
mod info;
mod questions;
mod queue;
mod runner;
mod stdin;

use std::fmt;
use std::sync::Arc;
use std::sync::mpsc as jobs;

use serde_json::json;
use tokio::sync::mpsc;

pub(crate) use self::runner::EVALUATOR_STACK_BYTES;
pub(crate) use self::runner::EvaluatorJob;
pub(crate) use self::runner::Interrupted;
pub use self::runner::MakeEvaluator;
pub(crate) use self::runner::run as run_evaluator;

use self::questions::Questions;
use self::queue::Queue;
use self::stdin::Prompts;
use crate::contract::Completeness;
use crate::contract::Control;
use crate::contract::KernelInfo;
use crate::contract::QuickAnswers;
use crate::contract::Signal;
use crate::history::History;
use crate::iopub::Finished;
use crate::iopub::Notice;
use crate::message::Channel;
use crate::message::ConnectionInfo;
use crate::message::Frames;
use crate::message::Message;
use crate::message::Replays;
use crate::message::Request;
use crate::message::Signer;
use crate::socket::Incoming;
use crate::ticket::IopubSender;
use crate::ticket::Ticket;

/// Everything that can happen to the dispatcher.
#[derive(Debug)]
enum Event {
    Incoming(Incoming),
    Notice(Notice),
    Signal(Signal),
}

/// What the dispatcher is made of.
pub(crate) struct Parts {
    pub(crate) voice: IopubSender,
    pub(crate) signer: Signer,
    pub(crate) info: Option<ConnectionInfo>,
    pub(crate) kernel: KernelInfo,
    pub(crate) quick_answers: Arc<dyn QuickAnswers>,
    pub(crate) is_complete: fn(&str) -> Completeness,
    pub(crate) control: Arc<dyn Control>,
    pub(crate) incoming_rx: mpsc::Receiver<Incoming>,
    pub(crate) notices_rx: mpsc::UnboundedReceiver<Notice>,
    pub(crate) signals_rx: mpsc::UnboundedReceiver<Signal>,
    pub(crate) jobs_tx: jobs::Sender<EvaluatorJob>,
    pub(crate) interrupted: Interrupted,
    pub(crate) history: History,
}

impl fmt::Debug for Parts {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Parts").finish_non_exhaustive()
    }
}

/// Runs until the kernel is to end.
pub(crate) async fn run(parts: Parts) {
    let Parts {
        voice,
        signer,
        info,
        kernel,
        quick_answers,
        is_complete,
        control,
        mut incoming_rx,
        mut notices_rx,
        mut signals_rx,
        jobs_tx,
        interrupted,
        history,
    } = parts;
    voice.status("starting", &serde_json::Map::new());
    let mut dispatcher = Dispatcher {
        prompts: Prompts::new(voice.clone()),
        queue: Queue::new(jobs_tx.clone(), interrupted),
        voice,
        signer,
        replays: Replays::default(),
        info,
        kernel,
        is_complete,
        control,
        questions: Questions::new(jobs_tx, quick_answers),
        evaluator_ready: false,
        history,
        ending: false,
    };
    let mut signals_open = true;
    while !dispatcher.ending {
        let event = tokio::select! {
            signal = signals_rx.recv(), if signals_open => match signal {
                Some(signal) => Event::Signal(signal),
                None => {
                    signals_open = false;
                    continue;
                }
            },
            incoming = incoming_rx.recv() => match incoming {
                Some(incoming) => Event::Incoming(incoming),
                // All sockets are closed: shut down.
                None => break,
            },
            Some(notice) = notices_rx.recv() => Event::Notice(notice),
        };
        if let Event::Notice(Notice::Finished(_)) = event {
            // What has arrived by now was sent before the client can see the cell's end. If the cell has failed,
            // the cells among it are aborted.
            for _ in 0..incoming_rx.len() {
                if let Ok(incoming) = incoming_rx.try_recv() {
                    dispatcher.handle(Event::Incoming(incoming));
                }
            }
        }
        dispatcher.handle(event);
    }
    dispatcher.end();
    // A cell that has just ended still gets its own answer.
    notices_rx.close();
    while let Some(notice) = notices_rx.recv().await {
        if let Notice::Finished(finished) = notice {
            finished.answer();
        }
    }
}

struct Dispatcher {
    voice: IopubSender,
    signer: Signer,
    replays: Replays,
    info: Option<ConnectionInfo>,
    kernel: KernelInfo,
    is_complete: fn(&str) -> Completeness,
    control: Arc<dyn Control>,
    questions: Questions,
    evaluator_ready: bool,
    queue: Queue,
    prompts: Prompts,
    history: History,
    ending: bool,
}

impl Dispatcher {
    fn handle(&mut self, event: Event) {
        match event {
            Event::Incoming(Incoming::Frames(channel, frames)) => self.frames(channel, frames),
            Event::Incoming(Incoming::Subscribed(topic)) => self.voice.welcome(topic),
            Event::Notice(Notice::EvaluatorReady) => self.evaluator_ready = true,
            Event::Notice(Notice::EvaluatorWarms) => self.evaluator_ready = false,
            Event::Notice(Notice::QuickAnswers(quick)) => self.questions.set_quick(quick),
            Event::Notice(Notice::Input {
                prompt,
                password,
                answer,
            }) => self
                .prompts
                .ask(self.queue.running(), prompt, password, answer),
            Event::Notice(Notice::Finished(finished)) => self.finished(*finished),
            Event::Signal(Signal::Interrupt) => self.interrupt(),
            Event::Signal(Signal::Terminate) => self.ending = true,
        }
    }

    fn finished(&mut self, finished: Finished) {
        self.prompts.clear();
        let ended = self.queue.finished();
        if let Some(count) = ended.count
            && let Some(text) = &finished.result
        {
            self.history.set_result(count, text.clone());
        }
        let abort = finished.failed && ended.stop_on_error;
        finished.answer();
        self.queue.answer_aborted();
        if abort {
            self.queue.abort_waiting();
        }
        self.start_next();
    }

    fn frames(&mut self, channel: Channel, frames: Frames) {
        let message = match Message::decode(&self.signer, &mut self.replays, frames) {
            Ok(message) => message,
            Err(error) => {
                // Whoever sent this does not hold the key, or there is no telling whom to answer.
                tracing::warn!(%error, channel = channel.name(), "dropped a message");
                return;
            }
        };
        let request = Request::parse(&message);
        if channel == Channel::Stdin {
            if let Ok(Request::InputReply(value)) = request {
                self.prompts.answer(&message, value);
            }
            return;
        }
        let mut ticket = Ticket::new(&self.voice, channel, message);
        match request {
            // A cell is busy when it starts, not when it is queued.
            Ok(Request::Execute(request)) if channel == Channel::Shell => {
                self.queue.push(ticket, request);
                self.start_next();
            }
            Ok(request) => {
                ticket.start();
                self.route(ticket, request);
            }
            Err(error) => ticket.refuse("MalformedRequest", &error.to_string()),
        }
    }

    fn route(&mut self, ticket: Ticket, request: Request) {
        match request {
            // Answered before there is an evaluator: clients wait for this one before they do anything else.
            Request::KernelInfo => ticket.answer(info::kernel_info(&self.kernel)),
            Request::Connect => ticket.answer(info::connect(self.info.as_ref())),
            Request::CommInfo(target) => {
                ticket.answer(comms::info(&*self.control, target.as_deref()));
            }
            Request::IsComplete(code) => {
                ticket.answer(info::is_complete(&(self.is_complete)(&code)))
            }
            // The history's thread answers.
            Request::History(request) => history::answer(&self.history, &request, ticket),

            // Work for the evaluator, which has one thread, or for what stands in for it.
            Request::Complete(request) => {
                let is_free = self.evaluator_is_free();
                self.questions.complete(ticket, request, is_free);
            }
            Request::Inspect(request) => {
                let is_free = self.evaluator_is_free();
                self.questions.inspect(ticket, request, is_free);
            }

            // What acts on a running cell.
            Request::Interrupt => {
                self.interrupt();
                self.queue.answer_interrupt(ticket);
            }
            Request::Shutdown { restart } => {
                ticket.answer(json!({"status": "ok", "restart": restart}));
                self.ending = true;
            }

            // The evaluator has the comms.
            Request::Comm(message) => comms::pass(&*self.control, ticket, message),

            // What this kernel does not have.
            Request::Execute(_)
            | Request::InputReply(_)
            | Request::Debug
            | Request::Usage
            | Request::Unknown => {
                let reason = format!(
                    "this kernel does not support `{}` on this channel",
                    ticket.request().msg_type()
                );
                ticket.refuse("Unsupported", &reason);
            }
        }
    }

    /// While the evaluator is busy, questions are answered without it.
    fn evaluator_is_free(&self) -> bool {
        self.evaluator_ready && self.queue.running().is_none()
    }

    fn start_next(&mut self) {
        if let Some(started) = self.queue.start_next()
            && started.store_history
        {
            self.history.store(started.count, &started.code);
        }
    }

    fn interrupt(&mut self) {
        // Later cells go first, so that none of them starts when the running one ends.
        if self.queue.running().is_some() {
            self.queue.abort_later();
        } else {
            self.queue.abort_waiting();
        }
        self.queue.raise_interrupted();
        // First the evaluator: a cell that waits for an answer unwinds by itself once its question is gone.
        self.control.interrupt();
        if self.queue.running().is_some() {
            self.prompts.refuse();
        }
    }

    fn end(mut self) {
        self.queue.abort_waiting();
        // A cell that waits for the evaluator to be made must not start now.
        self.queue.raise_interrupted();
        self.prompts.clear();
        self.control.shutdown();
    }
}
