//! The evaluator's own thread.

use std::any::Any;
use std::panic::AssertUnwindSafe;
use std::panic::catch_unwind;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use std::sync::atomic::AtomicU64;
use std::sync::atomic::Ordering;
use std::sync::mpsc;
use std::sync::mpsc::RecvTimeoutError;
use std::thread::JoinHandle;
use std::time::Duration;

use serde_json::Map;
use serde_json::Value;
use tokio::sync::oneshot;

use crate::evaluator::Cell;
use crate::evaluator::Completions;
use crate::evaluator::Diagnostic;
use crate::evaluator::Evaluator;
use crate::evaluator::MakeEvaluator;
use crate::evaluator::Outcome;
use crate::iopub::Notice;
use crate::output::Event;
use crate::output::Mark;
use crate::output::Marker;
use crate::output::OutputTx;
use crate::ticket::Ticket;

/// How long no cell comes before something is done that would delay one.
const REST: Duration = Duration::from_millis(300);

/// rust-analyzer resolves types by recursion that goes deep in a long session, and running out of stack would end the
/// kernel. Address space only, until it is used.
pub(crate) const EVALUATOR_STACK_BYTES: usize = 256 << 20;

/// Work for the evaluator.
#[derive(Debug)]
pub(crate) enum Job {
    /// Run a cell.
    Execute {
        cell: Cell,
        ticket: Box<Ticket>,
        user_expressions: Vec<String>,
    },
    /// Complete at a place, in bytes.
    Complete {
        code: String,
        byte: usize,
        answer_tx: oneshot::Sender<Completions>,
    },
    /// Describe a place, in bytes.
    Inspect {
        code: String,
        byte: usize,
        answer_tx: oneshot::Sender<Option<Map<String, Value>>>,
    },
}

/// Cells up to this one are not to be started: they were interrupted while they waited for the evaluator.
#[derive(Clone, Debug, Default)]
pub(crate) struct Interrupted(Arc<AtomicU64>);

impl Interrupted {
    pub(crate) fn raise(&self, cell: &Cell) {
        self.0.fetch_max(cell.id.0, Ordering::SeqCst);
    }

    fn holds(&self, cell: &Cell) -> bool {
        cell.id.0 <= self.0.load(Ordering::SeqCst)
    }
}

/// Makes the evaluator and gives it jobs until the dispatcher ends.
pub(crate) fn run(
    make: MakeEvaluator,
    output: &OutputTx,
    jobs_rx: &mpsc::Receiver<Job>,
    interrupted: &Interrupted,
    notify: impl Fn(Notice) + Clone + Send + 'static,
) {
    let mut evaluator = Awaited::new(make, output.clone(), notify.clone());
    loop {
        let job = match jobs_rx.recv_timeout(REST) {
            Ok(job) => job,
            Err(RecvTimeoutError::Disconnected) => return,
            Err(RecvTimeoutError::Timeout) => {
                evaluator.warm_up(&notify);
                match jobs_rx.recv() {
                    Ok(job) => job,
                    Err(_) => return,
                }
            }
        };
        match job {
            Job::Execute {
                cell,
                ticket,
                user_expressions,
            } => {
                mark(
                    output,
                    Mark::Begin {
                        cell: cell.clone(),
                        ticket,
                    },
                );
                // Waits for it; an interrupt may come meanwhile.
                let evaluator = evaluator.get();
                let outcome = if interrupted.holds(&cell) {
                    Outcome::Failed(not_started())
                } else {
                    execute(evaluator, &cell)
                };
                tell_known(evaluator, &notify);
                mark(
                    output,
                    Mark::Finish {
                        outcome,
                        user_expressions,
                    },
                );
            }
            Job::Complete {
                code,
                byte,
                answer_tx,
            } => answer(evaluator.get(), answer_tx, "completed", |evaluator| {
                evaluator.complete(&code, byte)
            }),
            Job::Inspect {
                code,
                byte,
                answer_tx,
            } => answer(evaluator.get(), answer_tx, "inspected", |evaluator| {
                evaluator.inspect(&code, byte)
            }),
        }
    }
}

/// Answers a question, unless nobody waits for it any more. A panic leaves it without an answer.
fn answer<T>(
    evaluator: &mut Made,
    answer_tx: oneshot::Sender<T>,
    doing: &str,
    ask: impl FnOnce(&mut dyn Evaluator) -> T,
) {
    if answer_tx.is_closed() {
        return;
    }
    if let Some(found) = with(evaluator, doing, ask) {
        // Whoever asked may have given up meanwhile.
        let _ = answer_tx.send(found);
    }
}

type Made = Result<Box<dyn Evaluator>, Diagnostic>;

/// The evaluator, made on a thread of its own, so that the first cell begins at once and shows what is being done.
struct Awaited {
    making: Option<JoinHandle<Made>>,
    made: Made,
    wanted: Arc<AtomicBool>,
    warmed: Arc<AtomicBool>,
}

impl Awaited {
    fn new(
        make: MakeEvaluator,
        output: OutputTx,
        notify: impl Fn(Notice) + Send + 'static,
    ) -> Awaited {
        let wanted = Arc::new(AtomicBool::new(false));
        let is_wanted = Arc::clone(&wanted);
        let warmed = Arc::new(AtomicBool::new(false));
        let has_warmed = Arc::clone(&warmed);
        let making = std::thread::Builder::new()
            .name("evaluator-start".into())
            .stack_size(EVALUATOR_STACK_BYTES)
            .spawn(move || {
                let mut made = guarded("was being made", || make(output)).and_then(|made| made);
                if let Err(Diagnostic { ename, evalue, .. }) = &made {
                    tracing::error!(ename, evalue, "no evaluator");
                }
                tell_known(&mut made, &notify);
                if !is_wanted.load(Ordering::SeqCst) {
                    with(&mut made, "was warmed up", |evaluator| evaluator.warm_up());
                    has_warmed.store(true, Ordering::SeqCst);
                }
                // Until then questions are answered without it.
                notify(Notice::EvaluatorReady);
                made
            });
        let (making, failure) = match making {
            Ok(making) => (Some(making), String::new()),
            Err(error) => (
                None,
                format!("the evaluator's thread did not start: {error}"),
            ),
        };
        let made = Err(Diagnostic {
            ename: "InternalError".into(),
            evalue: failure,
            traceback: Vec::new(),
        });
        Awaited {
            making,
            made,
            wanted,
            warmed,
        }
    }

    /// Does what was left out because a cell came at once: between cells, if one has been run.
    fn warm_up(&mut self, notify: &impl Fn(Notice)) {
        if self.making.is_none() && !self.warmed.swap(true, Ordering::SeqCst) {
            notify(Notice::EvaluatorWarms);
            with(&mut self.made, "was warmed up", |evaluator| {
                evaluator.warm_up()
            });
            notify(Notice::EvaluatorReady);
        }
    }

    fn get(&mut self) -> &mut Made {
        self.wanted.store(true, Ordering::SeqCst);
        if let Some(made) = self.making.take().and_then(|making| making.join().ok()) {
            self.made = made;
        }
        &mut self.made
    }
}

fn execute(evaluator: &mut Made, cell: &Cell) -> Outcome {
    match evaluator {
        Ok(evaluator) => {
            guarded("ran a cell", || evaluator.execute(cell)).unwrap_or_else(Outcome::Failed)
        }
        Err(diagnostic) => Outcome::Failed(diagnostic.clone()),
    }
}

fn with<T>(
    evaluator: &mut Made,
    doing: &str,
    ask: impl FnOnce(&mut dyn Evaluator) -> T,
) -> Option<T> {
    let evaluator = evaluator.as_mut().ok()?;
    guarded(doing, || ask(evaluator.as_mut()))
        .inspect_err(|diagnostic| tracing::error!("{}", diagnostic.evalue))
        .ok()
}

/// Has the dispatcher know what there is to say of the session while the evaluator is busy.
fn tell_known(evaluator: &mut Made, notify: &impl Fn(Notice)) {
    if let Some(known) = with(evaluator, "was read", |evaluator| evaluator.known()) {
        notify(Notice::Known(Box::new(known)));
    }
}

/// Calls into the evaluator. A panic there is a fault of the kernel; the evaluator stays in use, as each cell starts
/// from what the last whole one left.
fn guarded<T>(doing: &str, call: impl FnOnce() -> T) -> Result<T, Diagnostic> {
    catch_unwind(AssertUnwindSafe(call)).map_err(|payload| Diagnostic {
        ename: "InternalError".into(),
        evalue: format!(
            "the kernel's evaluator panicked while it {doing}: `{}` (a fault of the kernel, not of the cell; if it \
             repeats, restart the kernel and report it)",
            panic_text(payload.as_ref())
        ),
        traceback: Vec::new(),
    })
}

fn panic_text(payload: &(dyn Any + Send)) -> &str {
    payload
        .downcast_ref::<String>()
        .map(String::as_str)
        .or_else(|| payload.downcast_ref::<&str>().copied())
        .unwrap_or("no text")
}

fn not_started() -> Diagnostic {
    Diagnostic {
        ename: "KeyboardInterrupt".into(),
        evalue: "interrupted before the cell started".into(),
        traceback: Vec::new(),
    }
}

fn mark(output: &OutputTx, mark: Mark) {
    output.send(Event::Marker(Marker(mark)));
}
