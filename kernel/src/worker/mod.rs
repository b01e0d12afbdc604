//! The kernel's end of the worker: the pipes it talks through, and the thread that reads them.
//!
//! The worker's own side is `runtime/src/worker`; their messages to each other are in `threadbook::wire`.

mod comms;
mod events;
mod pipes;
mod pump;
mod status;
mod waiting;

pub use comms::Comms;
pub use events::CellObserver;
pub use events::Death;
pub use events::Note;
pub use events::WARNINGS_KEY;
pub use events::WorkerEvent;
pub use pipes::CopyOptions;
pub use status::Status;
pub use waiting::WaitingLine;

use std::path::Path;
use std::path::PathBuf;
use std::process::Command;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::sync::mpsc;
use std::time::Duration;

use threadbook::top::Proc;
use threadbook::wire;
use threadbook::wire::CopyStatus;
use threadbook::wire::Role;

use pipes::Pipes;
use threadbook_jupyter::output::OutputTx;

/// The worker answers at once, unless it has ended.
const ANSWER_LIMIT: Duration = Duration::from_secs(30);

/// The pipes to a worker and what is known of it. They outlive the worker's process: a restarted one gets the same.
#[derive(Debug)]
pub struct Worker {
    pipes: Arc<Pipes>,
    status: Arc<Status>,
    comms: Arc<Comms>,
    events_rx: mpsc::Receiver<WorkerEvent>,
}

impl Worker {
    /// Opens the pipes and starts the thread that reads them.
    pub fn new(
        output: OutputTx,
        waiting: WaitingLine,
        observer: Box<dyn CellObserver>,
    ) -> std::io::Result<Worker> {
        let pipes = Arc::new(Pipes::new()?);
        let status = Arc::new(Status::new(Arc::clone(&pipes)));
        let comms = Arc::new(Comms::new(pipes.comms()?));
        let (events_tx, events_rx) = mpsc::channel();
        let pump = pump::Pump::new(
            Arc::clone(&pipes),
            Arc::clone(&status),
            Arc::clone(&comms),
            output,
            waiting,
            events_tx,
            observer,
        );
        std::thread::Builder::new()
            .name("worker-output".to_owned())
            .spawn(move || pump.run())?;
        Ok(Worker {
            pipes,
            status,
            comms,
            events_rx,
        })
    }

    /// The command that starts the worker program with its ends of the pipes.
    pub fn command(&self, program: &Path, session: &Path, copies: CopyOptions) -> Command {
        let mut command = Command::new(program);
        self.pipes.hand_to(&mut command, session, copies);
        command
    }

    /// The file for the steps of builds, each of which shows under the cell. It is there as long as the worker's pipes are.
    pub fn steps_file(&self) -> PathBuf {
        self.pipes.steps_file()
    }

    /// The worker's state, for other threads.
    pub fn status(&self) -> Arc<Status> {
        Arc::clone(&self.status)
    }

    /// The comms of cells, for other threads.
    pub fn comms(&self) -> Arc<Comms> {
        Arc::clone(&self.comms)
    }

    /// From now on output is shown; until then evcxr tries itself out.
    pub fn show_output(&self) {
        self.status.shows_output.store(true, Ordering::SeqCst);
    }

    /// Sends a command to the worker.
    pub fn control(&self, command: &wire::Command) -> std::io::Result<()> {
        self.pipes.control(command)
    }

    /// Sends a command about copies, while no cell runs, and waits for the answer.
    pub fn ask(&self, command: &wire::Command) -> std::io::Result<CopyStatus> {
        self.control(command)?;
        loop {
            if let WorkerEvent::Copies(status) = self.next_event()? {
                return Ok(status);
            }
        }
    }

    /// Has the copy of a role take over, while no cell runs.
    pub fn restore(&self, role: Role) -> std::io::Result<()> {
        self.control(&wire::Command::Restore(role))?;
        loop {
            match self.next_event()? {
                WorkerEvent::Resumed { .. } => return Ok(()),
                WorkerEvent::NoSuchCopy => return Err(std::io::Error::other("it is not there")),
                WorkerEvent::Died(death) if !death.copy => {
                    return Err(std::io::Error::other("it has ended"));
                }
                _ => {}
            }
        }
    }

    /// The programs that cells have started and that still run, by name.
    pub fn programs(&self) -> Vec<String> {
        let Some(pid) = self.status.worker_pid() else {
            return Vec::new();
        };
        let programs = Proc::read(Path::new("/proc")).worker(pid as i32).programs;
        programs
            .into_iter()
            // One that has ended, and was not reaped, is still listed.
            .filter(|program| !program.stat.has_ended())
            .map(|program| program.stat.name)
            .collect()
    }

    fn next_event(&self) -> std::io::Result<WorkerEvent> {
        self.events_rx
            .recv_timeout(ANSWER_LIMIT)
            .map_err(std::io::Error::other)
    }

    /// Waits until everything that the worker has sent so far is in the output queue; gives back what it told
    /// meanwhile.
    pub fn sync(&self) -> Vec<WorkerEvent> {
        let mut events = Vec::new();
        if self.pipes.send_sync().is_err() {
            return events;
        }
        while let Ok(event) = self.events_rx.recv() {
            if matches!(event, WorkerEvent::Synced) {
                break;
            }
            events.push(event);
        }
        events
    }
}
