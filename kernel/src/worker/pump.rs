//! The thread that reads the worker's pipes.
//!
//! Order: a frame holds what the worker's process printed; the plain pipes hold what programs started by it printed.
//! The worker waits before a frame until the plain pipes have been taken ([`Pipes::set_drained`]), so a frame never
//! overtakes a program. The other way round, each turn looks at the plain pipes first, then takes the whole channel,
//! then takes from the plain pipes only what it saw: a frame sent before a program printed was in the channel by then.

use std::collections::HashMap;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::sync::mpsc;

use threadbook::wire::Item;
use threadbook::wire::PanicInfo;
use threadbook::wire::Reply;
use threadbook::wire::Report;
use threadbook::wire::ReportDecoder;
use threadbook_jupyter::contract::CellId;
use threadbook_jupyter::output::Answer;
use threadbook_jupyter::output::Event;
use threadbook_jupyter::output::OutputTx;
use threadbook_jupyter::output::StreamName;
use tokio::sync::oneshot;

use super::comms::Comms;
use super::events::CellObserver;
use super::events::Death;
use super::events::Note;
use super::events::WorkerEvent;
use super::pipes::Pipes;
use super::status::Status;
use super::waiting::WaitingLine;
use crate::build::steps::Step;

pub(super) struct Pump {
    pipes: Arc<Pipes>,
    status: Arc<Status>,
    comms: Arc<Comms>,
    output: OutputTx,
    waiting: WaitingLine,
    events_tx: mpsc::Sender<WorkerEvent>,
    observer: Box<dyn CellObserver>,
    decoder: ReportDecoder,
    drained: [u64; 2],
    cells: HashMap<u32, CellId>,
    /// Why copies of the process do not work on this system, until a note has said it.
    no_copies: Option<String>,
    has_noted_copies: bool,
    /// The last panic since a cell has started.
    panic: Option<PanicInfo>,
    buffer: Vec<u8>,
    /// The start of a step whose end has not come.
    step: Vec<u8>,
}

impl Pump {
    pub(super) fn new(
        pipes: Arc<Pipes>,
        status: Arc<Status>,
        comms: Arc<Comms>,
        output: OutputTx,
        waiting: WaitingLine,
        events_tx: mpsc::Sender<WorkerEvent>,
        observer: Box<dyn CellObserver>,
    ) -> Pump {
        Pump {
            pipes,
            status,
            comms,
            output,
            waiting,
            events_tx,
            observer,
            decoder: ReportDecoder::default(),
            drained: [0; 2],
            cells: HashMap::new(),
            no_copies: None,
            has_noted_copies: false,
            panic: None,
            buffer: Vec::new(),
            step: Vec::new(),
        }
    }

    pub(super) fn run(mut self) {
        loop {
            if let Err(error) = self.turn() {
                tracing::error!("reading the worker's output failed: {error}");
                return;
            }
        }
    }

    fn turn(&mut self) -> std::io::Result<()> {
        self.pipes.wait()?;
        let waiting = self.pipes.waiting()?;
        let seen = [0, 1].map(|index| self.drained[index] + waiting.raw[index] as u64);
        self.take_channel(waiting.channel)?;
        for (index, seen) in seen.into_iter().enumerate() {
            // A report in the channel may have had the plain pipes taken already.
            let count = seen.saturating_sub(self.drained[index]);
            self.take_raw(index, count as usize)?;
        }
        self.take_steps()
    }

    fn take_channel(&mut self, count: usize) -> std::io::Result<()> {
        self.buffer.resize(count, 0);
        self.pipes.read_channel(&mut self.buffer)?;
        self.decoder.feed(&self.buffer);
        let mut joined = Joined::default();
        while let Some(item) = self.decoder.next() {
            let (stream, load, bytes) = match item {
                Item::Stdout(load, bytes) => (StreamName::Stdout, load, bytes),
                Item::Stderr(load, bytes) => (StreamName::Stderr, load, bytes),
                Item::Report(report) => {
                    self.send(joined.take());
                    self.report(*report)?;
                    continue;
                }
            };
            let source = (stream, self.cell_of(load));
            if !joined.takes(source) {
                self.send(joined.take());
            }
            joined.add(source, bytes);
        }
        self.send(joined.take());
        Ok(())
    }

    fn take_raw(&mut self, index: usize, count: usize) -> std::io::Result<()> {
        if count == 0 {
            return Ok(());
        }
        let mut bytes = vec![0; count];
        self.pipes.read_raw(index, &mut bytes)?;
        let stream = if index == 0 {
            StreamName::Stdout
        } else {
            StreamName::Stderr
        };
        self.send(Some(Event::Stream {
            cell: None,
            stream,
            bytes,
        }));
        self.drained[index] += count as u64;
        self.pipes.set_drained(index, self.drained[index])
    }

    /// Shows the steps of a build.
    fn take_steps(&mut self) -> std::io::Result<()> {
        self.pipes.read_steps(&mut self.step)?;
        while let Some(end) = self.step.iter().position(|byte| *byte == b'\n') {
            let line: Vec<u8> = self.step.drain(..=end).collect();
            match Step::decode(&line) {
                Some(step) => self.waiting.step(step),
                None => tracing::error!("no step: `{}`", String::from_utf8_lossy(&line)),
            }
        }
        Ok(())
    }

    fn report(&mut self, report: Report) -> std::io::Result<()> {
        match report {
            Report::Ready {
                supervisor,
                worker,
                no_copies,
            } => {
                self.no_copies = no_copies.filter(|_| !self.has_noted_copies);
                self.status.set_folder(None);
                self.status.supervisor.store(supervisor, Ordering::SeqCst);
                self.status.worker.store(worker, Ordering::SeqCst);
                // A new process counts its loads from the start again.
                self.cells.clear();
                // Where the one before has ended without a report.
                self.send_all(self.comms.lost());
            }
            Report::Display {
                load,
                mut data,
                json,
                id,
                update,
            } => {
                // The kernel's own values keep the order of fields.
                let json = json.and_then(|json| serde_json::from_str(&json).ok());
                data.extend(json.map(|json| ("application/json".to_owned(), json)));
                let metadata = serde_json::Map::new();
                self.send(Some(Event::Display {
                    cell: self.cell_of(load),
                    data,
                    metadata,
                    display_id: id,
                    update,
                }));
            }
            Report::Result { data } => {
                self.send(Some(Event::Result {
                    cell: None,
                    data,
                    metadata: serde_json::Map::new(),
                }));
            }
            Report::Clear { load, wait } => {
                let cell = self.cell_of(load);
                self.send(Some(Event::Clear { cell, wait }));
            }
            Report::Input {
                token,
                prompt,
                password,
            } => self.ask(token, prompt, password)?,
            Report::Where { token, place } => {
                let text = self.observer.place(&place);
                self.pipes.answer(token, &Reply::Line { text })?;
            }
            Report::Panic(info) => {
                let text = self.observer.panic(&info);
                self.say(self.cell_of(info.place.load), text);
                // That of another process is not why this one ends.
                if info.of_process.is_none() {
                    self.panic = Some(info);
                }
            }
            Report::Debug { text, place } => {
                let place_text = self.observer.place(&place);
                self.say(self.cell_of(place.load), format!("[{place_text}] {text}\n"));
            }
            Report::Started { load, so, at_ms } => {
                let cell = self.status.cell();
                self.cells.insert(load, cell);
                self.panic = None;
                self.send(Some(Event::Compiling(false)));
                self.note_missing_copies(cell);
                if let Some(Note { data, metadata }) = self.observer.started(&so, at_ms) {
                    self.send(Some(Event::Display {
                        cell: Some(cell),
                        data,
                        metadata,
                        display_id: None,
                        update: false,
                    }));
                }
                self.status.started();
                self.tell(WorkerEvent::Started { so });
            }
            Report::Done { end, times, folder } => {
                self.observer.ended();
                self.status.set_folder(folder);
                self.status.ended();
                self.tell(WorkerEvent::Done { end, times });
            }
            Report::Died {
                signal,
                code,
                thread,
                remains,
                idle,
                copy,
                children,
                out_of_memory,
            } => {
                self.status.worker.store(0, Ordering::SeqCst);
                self.status.ended();
                self.observer.ended();
                self.decoder.forget_pieces();
                self.take_all_raw()?;
                let death = Death {
                    signal,
                    code,
                    thread,
                    remains,
                    panic: self.panic.take(),
                    copy,
                    children,
                    out_of_memory,
                    ..Death::default()
                };
                if !copy {
                    self.status.supervisor.store(0, Ordering::SeqCst);
                    self.send_all(self.comms.lost());
                }
                if copy && idle {
                    let text = self.observer.died(&death);
                    self.say(None, text);
                } else {
                    self.tell(WorkerEvent::Died(death));
                }
            }
            Report::Resumed {
                worker,
                folder,
                missing_threads,
                outside,
            } => {
                self.status.set_folder(folder);
                self.status.worker.store(worker, Ordering::SeqCst);
                self.tell(WorkerEvent::Resumed {
                    missing_threads,
                    outside,
                });
            }
            Report::Comm { within, message } => {
                self.send(self.comms.sent_by_worker(within, message));
            }
            Report::CommTarget { name } => self.comms.add_target(name),
            Report::CommHandled { number } => self.send_all(self.comms.handled(number)),
            Report::Comms { open, targets } => {
                self.send_all(self.comms.taken_over(open, targets));
            }
            Report::Copies(status) => self.tell(WorkerEvent::Copies(status)),
            Report::NoSuchCopy => self.tell(WorkerEvent::NoSuchCopy),
            Report::Sync => {
                self.take_all_raw()?;
                self.waiting.close();
                self.tell(WorkerEvent::Synced);
            }
        }
        Ok(())
    }

    /// Says once that a crash would lose variables, where that is so on this system.
    fn note_missing_copies(&mut self, cell: CellId) {
        if self.status.shows_output.load(Ordering::SeqCst)
            && let Some(why) = self.no_copies.take()
        {
            self.has_noted_copies = true;
            let text = format!(
                "no copies of the process that runs cells are kept, since they do not work on this system ({why}): a crash \
                 loses every variable, and so does an interrupt of a cell that does not stop by itself; `%undo` and \
                 `%checkpoint` fail\n"
            );
            self.say(Some(cell), text);
        }
    }

    fn take_all_raw(&mut self) -> std::io::Result<()> {
        let waiting = self.pipes.waiting()?;
        for (index, count) in waiting.raw.into_iter().enumerate() {
            self.take_raw(index, count)?;
        }
        self.take_steps()
    }

    /// Passes a question on. A thread of its own waits for the answer, since output goes on meanwhile.
    fn ask(&self, token: u32, prompt: String, password: bool) -> std::io::Result<()> {
        let (answer_tx, answer_rx) = oneshot::channel();
        let pipes = Arc::clone(&self.pipes);
        let status = Arc::clone(&self.status);
        status.asking.store(true, Ordering::SeqCst);
        std::thread::Builder::new()
            .name("input-answer".to_owned())
            .spawn(move || {
                let reply = match answer_rx.blocking_recv() {
                    Ok(Answer::Line(text)) => Reply::Line { text },
                    Ok(Answer::NotAllowed) => Reply::NotAllowed,
                    Err(_) => Reply::Interrupted,
                };
                status.asking.store(false, Ordering::SeqCst);
                if let Err(error) = pipes.answer(token, &reply) {
                    tracing::error!("an answer did not reach the worker: {error}");
                }
            })?;
        self.output.send(Event::Input {
            prompt,
            password,
            answer: answer_tx,
        });
        Ok(())
    }

    /// The cell whose code was loaded under a number. Not known for code of libraries: then it is the latest cell's.
    fn cell_of(&self, load: u32) -> Option<CellId> {
        self.cells.get(&load).copied()
    }

    fn say(&self, cell: Option<CellId>, text: String) {
        self.send(Some(Event::Stream {
            cell,
            stream: StreamName::Stderr,
            bytes: text.into_bytes(),
        }));
    }

    fn send(&self, event: Option<Event>) {
        if let Some(event) = event
            && self.status.shows_output.load(Ordering::SeqCst)
        {
            self.output.send(event);
        }
    }

    fn send_all(&self, events: Vec<Event>) {
        for event in events {
            self.send(Some(event));
        }
    }

    fn tell(&self, event: WorkerEvent) {
        // The evaluator is gone only when the kernel ends.
        let _ = self.events_tx.send(event);
    }
}

#[cfg(test)]
mod tests;

/// Where bytes come from: neighbours of one source are joined.
type Source = (StreamName, Option<CellId>);

/// Neighbouring frames of one source, joined: a printing cell makes one frame a line.
#[derive(Default)]
struct Joined {
    source: Option<Source>,
    bytes: Vec<u8>,
}

impl Joined {
    const ENOUGH_BYTES: usize = 64 * 1024;

    fn takes(&self, source: Source) -> bool {
        self.source == Some(source) && self.bytes.len() < Self::ENOUGH_BYTES
    }

    fn add(&mut self, source: Source, bytes: Vec<u8>) {
        self.source = Some(source);
        self.bytes.extend(bytes);
    }

    fn take(&mut self) -> Option<Event> {
        let (stream, cell) = self.source.take()?;
        let bytes = std::mem::take(&mut self.bytes);
        Some(Event::Stream {
            cell,
            stream,
            bytes,
        })
    }
}
