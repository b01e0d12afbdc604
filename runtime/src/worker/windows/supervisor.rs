//! The process between evcxr and the live worker: no user code.
//!
//! It passes evcxr's commands on, interrupts cells, says how the live worker died, and ends with it all that cells have
//! left behind.

use std::io;
use std::io::BufRead;
use std::io::BufReader;
use std::io::PipeReader;
use std::io::PipeWriter;
use std::io::Read;
use std::io::Write;
use std::os::windows::io::AsHandle;
use std::process::Child;
use std::process::Command;
use std::process::Stdio;
use std::sync::Arc;
use std::sync::Condvar;
use std::sync::Mutex;
use std::sync::MutexGuard;
use std::sync::PoisonError;
use std::time::Duration;

use super::super::FDS_VAR;
use super::super::channel;
use super::job::Job;
use super::live;
use super::stdio;
use super::sys;
use crate::wire::Report;
use crate::wire::SnapshotStatus;

/// The argument that makes a live worker of the program.
const LIVE: &str = "live";
/// What stops the cell that runs.
pub(super) const INTERRUPT: &str = "INTERRUPT";
/// How long an interrupted cell has to stop by itself.
const GRACE: Duration = Duration::from_millis(500);

/// Starts the live worker and watches it to its end, or is the live worker.
pub(in super::super) fn run() -> io::Result<()> {
    if std::env::args().nth(1).as_deref() == Some(LIVE) {
        live::main()
    }
    let [channel, input, control] = sys::inherited()?;
    channel::open(channel);
    // The live worker must not have evcxr's pipes, or else evcxr would not notice our end.
    sys::keep_standard_streams()?;
    let (live_commands, to_live) = io::pipe()?;
    let (mut from_live, live_markers) = io::pipe()?;
    let (out, live_out) = sys::pipe()?;
    let (err, live_err) = sys::pipe()?;
    let job = Job::new()?;
    let mut live = {
        let handles = [
            sys::pass_on(channel)?,
            sys::pass_on(input)?,
            sys::pass_on(&live_commands)?,
            sys::pass_on(&live_markers)?,
            sys::pass_on(&out)?,
            sys::pass_on(&err)?,
        ];
        let mut command = Command::new(std::env::current_exe()?);
        command
            .arg(LIVE)
            .env(FDS_VAR, handles.map(|handle| handle.to_string()).join(","))
            .stdin(Stdio::null())
            .stdout(live_out)
            .stderr(live_err);
        command.spawn()?
    };
    // From here on the live worker alone has them, so that their end is its end.
    drop((live_commands, live_markers));
    job.add(live.as_handle())?;
    let supervisor = Arc::new(Supervisor {
        job,
        cell: Mutex::new(Cell {
            to_live,
            number: 0,
            runs: false,
            interrupts: 0,
        }),
        ended: Condvar::new(),
    });
    channel::send(&Report::Ready {
        supervisor: std::process::id(),
        worker: live.id(),
    });
    let passing = Arc::clone(&supervisor);
    // Both threads end with the process.
    std::thread::Builder::new()
        .name("commands".to_owned())
        .spawn(move || passing.pass_commands())?;
    let controlled = Arc::clone(&supervisor);
    std::thread::Builder::new()
        .name("control".to_owned())
        .spawn(move || controlled.take_control(control))?;
    supervisor.pass_markers(&mut from_live)?;
    supervisor.bury(&mut live, &[sys::open(out), sys::open(err)])
}

struct Supervisor {
    /// The live worker and what cells have started.
    job: Job,
    cell: Mutex<Cell>,
    /// The cell that ran has ended.
    ended: Condvar,
}

/// The cell that runs, or ran last.
struct Cell {
    to_live: PipeWriter,
    number: u64,
    runs: bool,
    interrupts: u32,
}

impl Supervisor {
    /// evcxr's commands; they end when the kernel does.
    fn pass_commands(&self) -> ! {
        for line in io::stdin().lock().lines() {
            let Ok(line) = line else {
                break;
            };
            let mut cell = self.cell();
            cell.number += 1;
            cell.runs = true;
            cell.interrupts = 0;
            if writeln!(cell.to_live, "{line}").is_err() {
                break;
            }
        }
        self.end()
    }

    /// What the kernel asks for; each is a line.
    fn take_control(self: Arc<Self>, control: sys::Fd) {
        for line in BufReader::new(control).lines() {
            let Ok(line) = line else {
                break;
            };
            match line.split(' ').next() {
                Some(INTERRUPT) => self.interrupt(),
                Some("END") => self.end(),
                // There is nothing to go back to.
                Some("RESTORE") => channel::send(&Report::Snapshot(SnapshotStatus::default())),
                // A live worker that is gone needs not know.
                _ => drop(writeln!(self.cell().to_live, "{line}")),
            }
        }
        self.end()
    }

    /// The cell that runs is asked to stop, and ended where it does not; at once where it was asked before.
    fn interrupt(self: &Arc<Self>) {
        let mut cell = self.cell();
        if !cell.runs {
            return;
        }
        cell.interrupts += 1;
        if cell.interrupts > 1 || writeln!(cell.to_live, "{INTERRUPT}").is_err() {
            self.job.end();
            return;
        }
        let number = cell.number;
        let waiting = Arc::clone(self);
        let wait = move || {
            let still_runs = |cell: &mut Cell| cell.runs && cell.number == number;
            let waited = waiting
                .ended
                .wait_timeout_while(waiting.cell(), GRACE, still_runs);
            let (_cell, timeout) = waited.unwrap_or_else(PoisonError::into_inner);
            if timeout.timed_out() {
                waiting.job.end();
            }
        };
        let started = std::thread::Builder::new()
            .name("grace".to_owned())
            .spawn(wait);
        if started.is_err() {
            self.job.end();
        }
    }

    /// The live worker writes a cell's markers at once, so any ends the cell. Comes back when the live worker has ended.
    fn pass_markers(&self, from_live: &mut PipeReader) -> io::Result<()> {
        let mut buffer = [0; 4096];
        loop {
            let read = from_live.read(&mut buffer)?;
            if read == 0 {
                return Ok(());
            }
            self.cell().runs = false;
            self.ended.notify_all();
            let mut stdout = io::stdout().lock();
            stdout.write_all(&buffer[..read])?;
            stdout.flush()?;
        }
    }

    /// Says how the live worker has died, after what it has printed. evcxr then starts another supervisor.
    fn bury(&self, live: &mut Child, outputs: &stdio::Outputs) -> io::Result<()> {
        let status = live.wait()?;
        self.job.end();
        stdio::drain(outputs)?;
        channel::send(&Report::Died {
            signal: None,
            code: status.code(),
            thread: None,
            remains: None,
            idle: !self.cell().runs,
            copy: false,
            children: Vec::new(),
            out_of_memory: false,
        });
        Ok(())
    }

    fn end(&self) -> ! {
        self.job.end();
        sys::exit_now(0)
    }

    fn cell(&self) -> MutexGuard<'_, Cell> {
        self.cell.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
