//! The pump with a worker that only writes into its pipes: the input of one turn, and the order of the output.

use std::os::unix::fs::FileExt;

use threadbook::timing::Times;
use threadbook::wire::End;
use threadbook::wire::Kind;
use threadbook::wire::Place;
use threadbook::wire::header;
use threadbook_jupyter::output::Event;

use super::*;

/// A pump without a running thread: the test makes its turns.
struct Fake {
    pump: Pump,
    output_rx: tokio::sync::mpsc::Receiver<Event>,
    events_rx: mpsc::Receiver<WorkerEvent>,
}

struct Observer;

impl CellObserver for Observer {
    fn started(&self, _: &str, _: u64) -> Option<Note> {
        None
    }

    fn ended(&self) {}

    fn place(&self, place: &Place) -> String {
        format!("line {}", place.line)
    }

    fn panic(&self, info: &PanicInfo) -> String {
        format!("{} panicked\n", info.thread)
    }

    fn died(&self, death: &Death) -> String {
        format!("died by {:?}\n", death.signal)
    }
}

impl Fake {
    fn new() -> Fake {
        let pipes = Arc::new(Pipes::new().unwrap());
        let status = Arc::new(Status::new(Arc::clone(&pipes)));
        let comms = Arc::new(Comms::new(pipes.comms().unwrap()));
        status.shows_output.store(true, Ordering::SeqCst);
        let (output_tx, output_rx) = tokio::sync::mpsc::channel(64);
        let (events_tx, events_rx) = mpsc::channel();
        let output = OutputTx::new(output_tx);
        let waiting = WaitingLine::new(output.clone(), "/nonexistent/pace".into());
        Fake {
            pump: Pump::new(
                pipes,
                status,
                comms,
                output,
                waiting,
                events_tx,
                Box::new(Observer),
            ),
            output_rx,
            events_rx,
        }
    }

    /// Writes a frame into the channel.
    fn frame(&self, kind: Kind, number: u32, payload: &[u8]) {
        let mut frame = header(kind, false, payload.len(), number).to_vec();
        frame.extend(payload);
        self.pump.pipes.write_channel(&frame).unwrap();
    }

    fn print(&self, load: u32, text: &str) {
        self.frame(Kind::Stdout, load, text.as_bytes());
    }

    fn report(&self, report: &Report) {
        self.frame(Kind::Report, 0, &serde_json::to_vec(report).unwrap());
    }

    /// Reports that code of a cell starts, with the number of its load.
    fn start(&self, cell: u64, load: u32) {
        self.pump.status.begin_cell(CellId(cell));
        self.report(&Report::Started {
            load,
            so: format!("code_{load}.so"),
            at_ms: 0,
        });
    }

    fn done(&self) {
        self.report(&Report::Done {
            end: End::Finished,
            times: Times::default(),
            folder: None,
        });
    }

    fn turn(&mut self) {
        self.pump.turn().unwrap();
    }

    /// The texts that were sent since the last call, with their cells.
    fn shown(&mut self) -> Vec<(Option<u64>, String)> {
        let mut shown = Vec::new();
        while let Ok(event) = self.output_rx.try_recv() {
            match event {
                Event::Stream { cell, bytes, .. } => {
                    shown.push((cell.map(|cell| cell.0), String::from_utf8(bytes).unwrap()));
                }
                Event::Compiling(false) => {}
                other => panic!("{other:?}"),
            }
        }
        shown
    }

    /// The names of the events since the last call.
    fn events(&self) -> Vec<&'static str> {
        let name = |event| match event {
            WorkerEvent::Started { .. } => "started",
            WorkerEvent::Done { .. } => "done",
            WorkerEvent::Died(_) => "died",
            WorkerEvent::Resumed { .. } => "resumed",
            WorkerEvent::Copies(_) => "copies",
            WorkerEvent::NoSuchCopy => "no such copy",
            WorkerEvent::Synced => "synced",
        };
        self.events_rx.try_iter().map(name).collect()
    }
}

fn text(cell: u64, text: &str) -> (Option<u64>, String) {
    (Some(cell), text.to_owned())
}

#[test]
fn neighbours_of_one_cell_are_joined_and_reports_keep_their_place() {
    let mut fake = Fake::new();
    fake.start(3, 1);
    fake.print(1, "a");
    fake.print(1, "b");
    fake.done();
    fake.print(1, "late");
    fake.turn();
    assert_eq!(fake.shown(), [text(3, "ab"), text(3, "late")]);
    assert_eq!(fake.events(), ["started", "done"]);
}

#[test]
fn a_thread_of_an_earlier_cell_prints_into_that_cell() {
    let mut fake = Fake::new();
    fake.start(3, 1);
    fake.done();
    fake.turn();
    fake.start(4, 2);
    fake.print(1, "from cell 3");
    fake.print(2, "from cell 4");
    fake.print(9, "from a library");
    fake.turn();
    let of_library = (None, "from a library".to_owned());
    assert_eq!(
        fake.shown(),
        [text(3, "from cell 3"), text(4, "from cell 4"), of_library]
    );
}

#[test]
fn a_frame_goes_before_what_a_program_printed_that_is_there_too() {
    let mut fake = Fake::new();
    fake.start(3, 1);
    fake.print(1, "the cell starts a program\n");
    fake.pump.pipes.write_raw(0, b"the program\n").unwrap();
    fake.turn();
    let of_program = (None, "the program\n".to_owned());
    assert_eq!(
        fake.shown(),
        [text(3, "the cell starts a program\n"), of_program]
    );
    // The worker waits for this number before it prints again.
    let mut drained = [0; 8];
    fake.pump
        .pipes
        .drained()
        .read_exact_at(&mut drained, 0)
        .unwrap();
    assert_eq!(u64::from_le_bytes(drained), 12);
}

#[test]
fn a_barrier_comes_behind_all_that_programs_have_printed() {
    let mut fake = Fake::new();
    fake.pump.pipes.write_raw(1, b"one\n").unwrap();
    fake.pump.pipes.send_sync().unwrap();
    fake.turn();
    assert_eq!(fake.shown(), [(None, "one\n".to_owned())]);
    assert_eq!(fake.events(), ["synced"]);
}

#[test]
fn nothing_is_shown_before_the_kernel_is_ready() {
    let mut fake = Fake::new();
    fake.pump.status.shows_output.store(false, Ordering::SeqCst);
    fake.start(0, 1);
    fake.print(1, "evcxr tries itself out");
    fake.done();
    fake.turn();
    assert_eq!(fake.shown(), []);
    assert_eq!(fake.events(), ["started", "done"]);
}

#[test]
fn a_death_ends_the_cell_unless_the_process_was_idle() {
    let died = |idle| Report::Died {
        signal: Some(11),
        code: None,
        thread: None,
        remains: None,
        idle,
        copy: true,
        children: Vec::new(),
        out_of_memory: false,
    };
    let mut fake = Fake::new();
    fake.start(3, 1);
    fake.pump.pipes.write_raw(0, b"last words\n").unwrap();
    fake.report(&died(false));
    fake.turn();
    assert_eq!(fake.shown(), [(None, "last words\n".to_owned())]);
    assert_eq!(fake.events(), ["started", "died"]);
    assert!(!fake.pump.status.running.load(Ordering::SeqCst));
    fake.report(&died(true));
    fake.turn();
    assert_eq!(fake.shown(), [(None, "died by Some(11)\n".to_owned())]);
    assert_eq!(fake.events(), [""; 0]);
}

#[test]
fn an_answer_goes_to_the_worker_and_a_dropped_question_is_an_interrupt() {
    let mut fake = Fake::new();
    for (answer, reply) in [
        (
            Some(Answer::Line("yes".to_owned())),
            Reply::Line {
                text: "yes".to_owned(),
            },
        ),
        (None, Reply::Interrupted),
    ] {
        fake.report(&Report::Input {
            token: 7,
            prompt: "go on?".to_owned(),
            password: false,
        });
        fake.turn();
        let Ok(Event::Input {
            prompt,
            answer: answer_tx,
            ..
        }) = fake.output_rx.try_recv()
        else {
            panic!("no question");
        };
        assert_eq!(prompt, "go on?");
        match answer {
            Some(answer) => answer_tx.send(answer).unwrap(),
            None => drop(answer_tx),
        }
        let expected = threadbook::wire::encode_reply(7, &reply);
        let mut found = vec![0; expected.len()];
        // The thread that waits for the answer writes this reply.
        fake.pump.pipes.read_input(&mut found).unwrap();
        assert_eq!(found, expected);
    }
}
