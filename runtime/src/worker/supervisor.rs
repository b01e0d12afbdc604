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
use super::dump::Dump;
use super::live;
use super::names::COMPILER_FILE;
use super::names::COPY_NAME;
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
    let supervisor = Supervisor {
        shared,
        dump,
        commands,
        markers,
        control: launch.control,
        signals,
        to_live,
        from_live,
        live,
        wanted: None,
        deadline: None,
        oom_kills: oom_kills(),
    };
    if supervisor.run()? == Over::Kernel {
        kill_descendants(|_| false);
        remove_session(Path::new(&launch.session));
    }
    Ok(())
}

struct Supervisor {
    shared: &'static Shared,
    dump: Dump,
    commands: RawFd,
    markers: RawFd,
    control: RawFd,
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

impl Supervisor {
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

    /// Does the supervisor's part of the commands, and passes the others on. Each is a line, written at once.
    fn take_control(&mut self) -> io::Result<bool> {
        let mut buffer = [0; 4096];
        let read = sys::read_through(self.control, buffer.as_mut_ptr().cast(), buffer.len());
        let Ok(read @ 1..) = usize::try_from(read) else {
            return Ok(false);
        };
        for line in buffer[..read].split_inclusive(|byte| *byte == b'\n') {
            match Command::decode(&String::from_utf8_lossy(line)) {
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
                | Err(_) => sys::write_all(self.to_live, line)?,
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
            sys::kill(self.live, libc::SIGKILL);
            return;
        }
        self.deadline = Some(Instant::now() + GRACE);
        // As a terminal does. Those in a group of their own do not belong to the cell's foreground.
        let group = sys::group_of(self.live);
        for child in descendants(self.live) {
            if sys::group_of(child) == group {
                sys::kill(child, libc::SIGINT);
            }
        }
    }

    /// Wakes the interrupted cell out of the system call that it may be in, again and again: the first signal may come
    /// just before the call. Ends it when its time is over.
    fn press_on(&mut self) {
        match self.deadline {
            Some(deadline) if Instant::now() >= deadline => {
                self.deadline = None;
                sys::kill(self.live, libc::SIGKILL);
            }
            Some(_) => sys::signal_main_thread(self.live, sys::interrupt_signal()),
            None => {}
        }
    }

    /// Ends the live worker for a copy to take over.
    fn restore(&mut self, role: Role) {
        if let Some(copy) = self.shared.copy(role) {
            self.wanted = Some(copy);
            sys::kill(self.live, libc::SIGKILL);
        } else {
            channel::send(&Report::NoSuchCopy);
        }
    }

    fn take_signal(&mut self) -> io::Result<Option<Over>> {
        if sys::read_signal(self.signals)? == libc::SIGTERM {
            return Ok(Some(Over::Kernel));
        }
        let mut live = None;
        while let Some(ended) = sys::reap(None, false) {
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
                    sys::kill(pid, libc::SIGKILL);
                }
            }
        }
        let stays = |pid| {
            copy == Some(pid) || shared.is_copy(pid) || sys::session_of(pid) != sys::session_of(0)
        };
        let children = kill_descendants(stays);
        let before = std::mem::replace(&mut self.oom_kills, oom_kills());
        channel::send(&Report::Died {
            signal: ended.signal,
            code: ended.code,
            thread: shared.crashed_name(),
            remains: self.dump.remains(),
            idle: shared.running.load(Ordering::SeqCst) == 0 && wanted.is_none(),
            copy: copy.is_some(),
            children,
            out_of_memory: self.oom_kills > before,
        });
        let Some(copy) = copy else {
            kill_descendants(|_| false);
            return Ok(false);
        };
        self.live = copy;
        sys::kill(copy, copies::wake_signal());
        Ok(true)
    }
}

/// How many processes the system has ended since memory ran out.
fn oom_kills() -> u64 {
    let text = std::fs::read_to_string("/proc/vmstat").unwrap_or_default();
    let count = text.lines().find_map(|line| line.strip_prefix("oom_kill "));
    count.and_then(|count| count.parse().ok()).unwrap_or(0)
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

/// Kills every process below this one, but for those that stay; gives the names of the others. Orphans come to this
/// process, so killing children until none is left ends all.
fn kill_descendants(stays: impl Fn(i32) -> bool) -> Vec<String> {
    let mut names = Vec::new();
    loop {
        let mut children = children(std::process::id() as i32);
        children.retain(|child| !stays(*child));
        if children.is_empty() {
            return names;
        }
        for child in children {
            let name = std::fs::read_to_string(format!("/proc/{child}/comm"));
            sys::kill(child, libc::SIGKILL);
            if let Some(ended) = sys::reap(Some(child), true)
                && ended.signal == Some(libc::SIGKILL)
            {
                let name = name.unwrap_or_default().trim_end().to_owned();
                if name.as_bytes() != COPY_NAME.to_bytes() {
                    names.push(name);
                }
            }
        }
    }
}

/// Every process below this one.
fn descendants(pid: i32) -> Vec<i32> {
    let mut found = children(pid);
    let mut next = 0;
    while let Some(child) = found.get(next) {
        found.extend(children(*child));
        next += 1;
    }
    found
}

/// The children of all of a process's threads.
fn children(pid: i32) -> Vec<i32> {
    let Ok(tasks) = std::fs::read_dir(format!("/proc/{pid}/task")) else {
        return Vec::new();
    };
    let lists = tasks
        .flatten()
        .filter_map(|task| std::fs::read_to_string(task.path().join("children")).ok());
    let pids: String = lists.collect();
    pids.split_whitespace()
        .filter_map(|pid| pid.parse().ok())
        .collect()
}
