//! The process between evcxr and the live worker: one thread, no user code.
//!
//! It passes evcxr's commands on, interrupts cells, has a copy of the live worker take over when that dies, and kills
//! what cells have left behind, so that no process outlives its kernel whatever happens to either.

use std::io;
use std::os::fd::RawFd;
use std::path::Path;
use std::sync::atomic::Ordering;
use std::time::Duration;
use std::time::Instant;

use super::channel;
use super::copies;
use super::dump;
use super::live;
use super::names::COMPILER_FILE;
use super::names::LOCK_EXTENSION;
use super::names::SOCKETS_LINK;
use super::shared;
use super::shared::Shared;
use super::sys;
use crate::wire::Command;
use crate::wire::LAUNCH_VAR;
use crate::wire::Launch;
use crate::wire::Report;
use crate::wire::Role;
use crate::wire::evcxr_lines::IS_RUNTIME_VAR;

mod processes;

use processes::Processes;
use processes::Real;

/// How long an interrupted cell has to stop by itself.
const GRACE: Duration = Duration::from_millis(500);
/// How often it is reminded.
const TICK: Duration = Duration::from_millis(20);

/// Runs the worker to its end.
pub fn main() -> ! {
    match run() {
        Ok(()) => sys::exit_now(0),
        Err(error) => {
            // evcxr reads stderr and the kernel shows what came there when the worker does not start.
            eprintln!("the worker did not start: {error}");
            sys::exit_now(1)
        }
    }
}

/// Starts the live worker and watches it to its end.
fn run() -> io::Result<()> {
    let launch = Launch::decode(&std::env::var(LAUNCH_VAR).map_err(io::Error::other)?)?;
    restore_environment();
    let commands = sys::dup_private(0)?;
    let markers = sys::dup_private(1)?;
    let nothing = sys::open(c"/dev/null")?;
    for standard in [0, 1, 2] {
        sys::dup_onto(nothing, standard)?;
    }
    sys::close(nothing);
    sys::set_private(launch.control)?;
    sys::adopt_orphans();
    let shared = shared::make()?;
    let dump = dump::make()?;
    let (live_commands, to_live) = sys::pipe()?;
    let (from_live, live_markers) = sys::pipe()?;
    let signals = sys::signal_fd(&[libc::SIGCHLD, libc::SIGINT, libc::SIGTERM])?;
    let Some(live) = sys::fork()? else {
        for fd in [
            commands,
            to_live,
            markers,
            from_live,
            signals,
            launch.control,
        ] {
            sys::close(fd);
        }
        sys::die_with_parent();
        sys::unblock_signals();
        live::main(
            live::Fds {
                channel: launch.channel,
                raw: launch.raw,
                input: launch.input,
                drained: launch.drained,
                comms: launch.comms,
                commands: live_commands,
                markers: live_markers,
            },
            shared,
            &launch,
        );
    };
    sys::close(live_commands);
    sys::close(live_markers);
    channel::open(launch.channel);
    let processes = Real { dump };
    let oom_kills = processes.oom_kills();
    let supervisor = Supervisor {
        processes,
        shared,
        commands,
        markers,
        control: launch.control,
        control_text: Vec::new(),
        signals,
        to_live,
        from_live,
        live,
        wanted: None,
        deadline: None,
        oom_kills,
    };
    if supervisor.run()? == Over::Kernel {
        processes.end_descendants(&|_| false);
        remove_session(Path::new(&launch.session));
    }
    Ok(())
}

struct Supervisor<P> {
    processes: P,
    shared: &'static Shared,
    commands: RawFd,
    markers: RawFd,
    control: RawFd,
    /// The start of a command whose end has not come.
    control_text: Vec<u8>,
    signals: RawFd,
    to_live: RawFd,
    from_live: RawFd,
    live: i32,
    /// The copy that is to take over, where the kernel has requested one.
    wanted: Option<i32>,
    /// When an interrupted cell is killed if it still runs.
    deadline: Option<Instant>,
    oom_kills: u64,
}

/// What has ended.
#[derive(PartialEq, Eq)]
enum Over {
    /// The live worker, with no copy to take over: evcxr starts another supervisor.
    Live,
    /// The kernel.
    Kernel,
}

impl<P: Processes> Supervisor<P> {
    fn run(mut self) -> io::Result<Over> {
        let fds = [self.from_live, self.signals, self.control, self.commands];
        loop {
            let tick = self.deadline.map(|_| TICK);
            // In this order: what the live worker has written counts, also if it has died since.
            let [marker, signal, control, command] = sys::wait_readable(fds, tick)?;
            if marker {
                self.pass_markers()?;
            }
            if signal && let Some(ended) = self.take_signal()? {
                return Ok(ended);
            }
            if control && !self.take_control()? {
                return Ok(Over::Kernel);
            }
            if command && !self.pass_command()? {
                return Ok(Over::Kernel);
            }
            self.press_on();
        }
    }

    /// The live worker writes a cell's markers at once, so any ends the cell.
    fn pass_markers(&mut self) -> io::Result<()> {
        let mut buffer = [0; 4096];
        let read = sys::read_through(self.from_live, buffer.as_mut_ptr().cast(), buffer.len());
        if let Ok(read @ 1..) = usize::try_from(read) {
            self.shared.running.store(0, Ordering::SeqCst);
            self.deadline = None;
            sys::write_all(self.markers, &buffer[..read])?;
        }
        Ok(())
    }

    /// `false` when the kernel has closed its end, or is gone.
    fn pass_command(&mut self) -> io::Result<bool> {
        let mut buffer = [0; 4096];
        let read = sys::read_through(self.commands, buffer.as_mut_ptr().cast(), buffer.len());
        let Ok(read @ 1..) = usize::try_from(read) else {
            return Ok(false);
        };
        self.shared.interrupts.store(0, Ordering::SeqCst);
        self.shared.running.store(1, Ordering::SeqCst);
        sys::write_all(self.to_live, &buffer[..read])?;
        Ok(true)
    }

    /// Does the supervisor's part of the commands, and passes the others on. Each is a line.
    fn take_control(&mut self) -> io::Result<bool> {
        let mut buffer = [0; 4096];
        let read = sys::read_through(self.control, buffer.as_mut_ptr().cast(), buffer.len());
        let Ok(read @ 1..) = usize::try_from(read) else {
            return Ok(false);
        };
        self.control_text.extend_from_slice(&buffer[..read]);
        while let Some(end) = self.control_text.iter().position(|byte| *byte == b'\n') {
            let line: Vec<u8> = self.control_text.drain(..=end).collect();
            match Command::decode(&String::from_utf8_lossy(&line)) {
                Ok(Command::Interrupt) => self.interrupt(),
                Ok(Command::Restore(role)) => self.restore(role),
                Ok(
                    Command::BeginCell
                    | Command::Copy(_)
                    | Command::Forget(_)
                    | Command::Copies(_)
                    | Command::LoadAndRun { .. },
                )
                // The live worker ends with an error that names the line.
                | Err(_) => sys::write_all(self.to_live, &line)?,
            }
        }
        Ok(true)
    }

    /// Requests the running cell to stop, once.
    fn interrupt(&mut self) {
        if self.shared.running.load(Ordering::SeqCst) == 0 {
            return;
        }
        if self.shared.interrupts.fetch_add(1, Ordering::SeqCst) > 0 {
            self.processes.signal(self.live, libc::SIGKILL);
            return;
        }
        self.deadline = Some(self.processes.now() + GRACE);
        // As a terminal does. Those in a group of their own do not belong to the cell's foreground.
        let group = self.processes.group(self.live);
        for child in self.processes.descendants(self.live) {
            if self.processes.group(child) == group {
                self.processes.signal(child, libc::SIGINT);
            }
        }
    }

    /// Wakes the interrupted cell out of the system call that it may be in, again and again: the first signal may come
    /// just before the call. Ends it when its time is over.
    fn press_on(&mut self) {
        match self.deadline {
            Some(deadline) if self.processes.now() >= deadline => {
                self.deadline = None;
                self.processes.signal(self.live, libc::SIGKILL);
            }
            Some(_) => self.processes.wake_main_thread(self.live),
            None => {}
        }
    }

    /// Ends the live worker for a copy to take over.
    fn restore(&mut self, role: Role) {
        if let Some(copy) = self.shared.copy(role) {
            self.wanted = Some(copy);
            self.processes.signal(self.live, libc::SIGKILL);
        } else {
            self.processes.report(&Report::NoSuchCopy);
        }
    }

    fn take_signal(&mut self) -> io::Result<Option<Over>> {
        if sys::read_signal(self.signals)? == libc::SIGTERM {
            return Ok(Some(Over::Kernel));
        }
        let mut live = None;
        while let Some(ended) = self.processes.reap() {
            self.shared.forget(ended.pid);
            if ended.pid == self.live {
                live = Some(ended);
            }
        }
        match live {
            Some(ended) if !self.replace_live(ended)? => Ok(Some(Over::Live)),
            _ => Ok(None),
        }
    }

    /// Has a copy take over from the live worker, which has ended. `false` where there is none.
    fn replace_live(&mut self, ended: sys::ReapedChild) -> io::Result<bool> {
        while sys::waiting(self.from_live) > 0 {
            self.pass_markers()?;
        }
        self.deadline = None;
        let shared = self.shared;
        let wanted = self.wanted.take();
        let copy = wanted
            .filter(|copy| shared.is_copy(*copy))
            .or_else(|| shared.copy(Role::Guard));
        if let Some(copy) = copy {
            shared.forget(copy);
        }
        if wanted.is_some() {
            // These belong to what is given up.
            for role in [Role::Guard, Role::Undo] {
                if let Some(pid) = shared.copy(role) {
                    self.processes.signal(pid, libc::SIGKILL);
                }
            }
        }
        let own_session = self.processes.session(0);
        let stays = |pid| {
            copy == Some(pid) || shared.is_copy(pid) || self.processes.session(pid) != own_session
        };
        let children = self.processes.end_descendants(&stays);
        let before = std::mem::replace(&mut self.oom_kills, self.processes.oom_kills());
        self.processes.report(&Report::Died {
            signal: ended.signal,
            code: ended.code,
            thread: shared.crashed_name(),
            remains: self.processes.remains(),
            idle: shared.running.load(Ordering::SeqCst) == 0 && wanted.is_none(),
            copy: copy.is_some(),
            children,
            out_of_memory: self.oom_kills > before,
        });
        let Some(copy) = copy else {
            self.processes.end_descendants(&|_| false);
            return Ok(false);
        };
        self.live = copy;
        self.processes.signal(copy, copies::wake_signal());
        Ok(true)
    }
}

/// Removes the session's folder and that of the sockets: a kernel that was killed can't. What can't be removed is swept
/// by a later kernel.
fn remove_session(session: &Path) {
    let compiler = std::fs::read_to_string(session.join(COMPILER_FILE)).ok();
    if let Some(group) = compiler.and_then(|text| text.trim().parse::<i32>().ok()) {
        sys::kill(-group, libc::SIGKILL);
    }
    if let Ok(sockets) = std::fs::read_link(session.join(SOCKETS_LINK)) {
        let _ = std::fs::remove_dir_all(sockets);
    }
    // A compiler that is being killed may still add a file to a folder that is being emptied.
    for _ in 0..3 {
        if std::fs::remove_dir_all(session).is_ok() {
            break;
        }
    }
    let _ = std::fs::remove_file(session.with_extension(LOCK_EXTENSION));
}

/// Cells do not see the variables that evcxr and the kernel set for the worker.
fn restore_environment() {
    for name in [LAUNCH_VAR, IS_RUNTIME_VAR, "RUST_BACKTRACE"] {
        sys::remove_env(name);
    }
}

#[cfg(test)]
mod tests;
