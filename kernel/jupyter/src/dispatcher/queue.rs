//! The cells that wait, and the one that runs.

use std::collections::VecDeque;
use std::sync::mpsc;

use serde_json::json;

use super::EvaluatorJob;
use super::Interrupted;
use crate::contract::Cell;
use crate::contract::CellId;
use crate::message::ExecuteRequest;
use crate::message::Message;
use crate::ticket::Ticket;

/// Execute requests in the order of their arrival.
#[derive(Debug)]
pub(super) struct Queue {
    jobs_tx: mpsc::Sender<EvaluatorJob>,
    interrupted: Interrupted,
    waiting: VecDeque<(Ticket, ExecuteRequest)>,
    /// Those that were waiting when the running cell was interrupted: replies come in the order of requests.
    aborted: Vec<Ticket>,
    /// Interrupt requests whose idle follows that of the running cell.
    interrupts: Vec<Ticket>,
    running: Option<Running>,
    last_id: u64,
    count: u32,
}

/// The cell that the evaluator has.
#[derive(Debug)]
pub(super) struct Running {
    /// Where the cell came from, and where its questions go.
    pub(super) request: Message,
    pub(super) allow_stdin: bool,
    cell: Cell,
    stop_on_error: bool,
    stored: bool,
}

/// A cell that was just started.
#[derive(Debug)]
pub(super) struct Started {
    pub(super) count: u32,
    pub(super) code: String,
    pub(super) store_history: bool,
}

/// How a cell that has ended was requested.
#[derive(Debug, Default)]
pub(super) struct EndedCell {
    /// Its number, if it is in the history.
    pub(super) count: Option<u32>,
    pub(super) stop_on_error: bool,
}

impl Queue {
    pub(super) fn new(jobs_tx: mpsc::Sender<EvaluatorJob>, interrupted: Interrupted) -> Queue {
        Queue {
            jobs_tx,
            interrupted,
            waiting: VecDeque::new(),
            aborted: Vec::new(),
            interrupts: Vec::new(),
            running: None,
            last_id: 0,
            count: 0,
        }
    }

    pub(super) fn running(&self) -> Option<&Running> {
        self.running.as_ref()
    }

    pub(super) fn push(&mut self, ticket: Ticket, request: ExecuteRequest) {
        self.waiting.push_back((ticket, request));
    }

    /// Gives the next cell to the evaluator if it has none.
    pub(super) fn start_next(&mut self) -> Option<Started> {
        if self.running.is_some() {
            return None;
        }
        let (ticket, request) = self.waiting.pop_front()?;
        self.last_id += 1;
        if request.store_history {
            self.count += 1;
        }
        let cell = Cell {
            id: CellId(self.last_id),
            count: self.count,
            code: request.code,
            silent: request.silent,
            attended: request.allow_stdin,
        };
        let mut message = ticket.request().clone();
        // The cell's text is in the cell; what is needed of the message is its address.
        message.content = json!({});
        let started = Started {
            count: cell.count,
            code: cell.code.clone(),
            store_history: request.store_history,
        };
        let running = Running {
            request: message,
            allow_stdin: request.allow_stdin,
            cell: cell.clone(),
            stop_on_error: request.stop_on_error,
            stored: request.store_history,
        };
        let job = EvaluatorJob::Execute {
            cell,
            ticket: Box::new(ticket),
            user_expressions: request.user_expressions,
        };
        // Where the evaluator's thread is gone, the ticket in the job that comes back answers for itself.
        if self.jobs_tx.send(job).is_ok() {
            self.running = Some(running);
        }
        Some(started)
    }

    /// The running cell has ended.
    pub(super) fn finished(&mut self) -> EndedCell {
        match self.running.take() {
            Some(running) => EndedCell {
                count: running.stored.then_some(running.cell.count),
                stop_on_error: running.stop_on_error,
            },
            None => EndedCell::default(),
        }
    }

    /// Answers all waiting cells without running them.
    pub(super) fn abort_waiting(&mut self) {
        self.abort_later();
        self.answer_aborted();
    }

    /// Replies to an interrupt request. Its idle follows once no cell runs: `jupyter console` sends the request in the
    /// cell's session, takes any idle of that session for the cell's end, and would not show the cell's error.
    pub(super) fn answer_interrupt(&mut self, mut ticket: Ticket) {
        ticket.reply(json!({"status": "ok"}));
        if self.running.is_some() {
            self.interrupts.push(ticket);
        }
    }

    /// Takes all waiting cells out of the queue, to be answered once the running cell is.
    pub(super) fn abort_later(&mut self) {
        let waiting = self.waiting.drain(..);
        self.aborted.extend(waiting.map(|(ticket, _)| ticket));
    }

    /// Answers the cells that were taken out of the queue, and ends the interrupt requests.
    pub(super) fn answer_aborted(&mut self) {
        for ticket in self.aborted.drain(..) {
            ticket.answer(json!({"status": "aborted"}));
        }
        if self.running.is_none() {
            self.interrupts.clear();
        }
    }

    /// Keeps the evaluator from starting the cell that it was given but has not begun.
    pub(super) fn raise_interrupted(&self) {
        if let Some(running) = &self.running {
            self.interrupted.raise(&running.cell);
        }
    }
}
