//! The supervisor with simulated processes: its actions on them, and their order.

use std::cell::Cell;
use std::cell::RefCell;
use std::os::raw::c_int;
use std::time::Duration;
use std::time::Instant;

use super::*;
use crate::wire::CrashDump;

const LIVE: i32 = 10;
/// A process in the group of the live worker.
const CHILD: i32 = 11;
/// A process in its own group.
const JOB: i32 = 12;
/// A process in its own session.
const DETACHED: i32 = 13;
const GUARD: i32 = 20;
const NAMED: i32 = 21;
const UNDO: i32 = 22;

/// Records all actions.
struct Fake {
    done: RefCell<Vec<String>>,
    now: Cell<Instant>,
}

impl Processes for Fake {
    fn signal(&self, pid: i32, signal: c_int) {
        let name = match signal {
            libc::SIGKILL => "kill",
            libc::SIGINT => "interrupt",
            other if other == copies::wake_signal() => "wake",
            _ => "?",
        };
        self.note(format!("{name} {pid}"));
    }

    fn wake_main_thread(&self, pid: i32) {
        self.note(format!("remind {pid}"));
    }

    fn descendants(&self, pid: i32) -> Vec<i32> {
        assert_eq!(pid, LIVE);
        vec![CHILD, JOB, DETACHED]
    }

    fn group(&self, pid: i32) -> i32 {
        match pid {
            LIVE | CHILD => LIVE,
            other => other,
        }
    }

    fn session(&self, pid: i32) -> i32 {
        if pid == DETACHED { DETACHED } else { 1 }
    }

    fn reap(&self) -> Option<sys::ReapedChild> {
        None
    }

    fn end_descendants(&self, stays: &dyn Fn(i32) -> bool) -> Vec<String> {
        let all = [CHILD, JOB, DETACHED, GUARD, NAMED, UNDO];
        let ended: Vec<String> = all
            .into_iter()
            .filter(|pid| !stays(*pid))
            .map(|pid| pid.to_string())
            .collect();
        self.note(format!("end {}", ended.join(" ")));
        ended
    }

    fn oom_kills(&self) -> u64 {
        0
    }

    fn remains(&self) -> Option<CrashDump> {
        None
    }

    fn report(&self, report: &Report) {
        self.note(match report {
            Report::Died { copy, idle, .. } => format!("died, copy: {copy}, idle: {idle}"),
            other => format!("{other:?}"),
        });
    }

    fn now(&self) -> Instant {
        self.now.get()
    }
}

impl Fake {
    fn note(&self, what: String) {
        self.done.borrow_mut().push(what);
    }
}

/// A supervisor, and the other ends of its pipes.
struct Tried {
    supervisor: Supervisor<Fake>,
    evcxr_sends: RawFd,
    evcxr_receives: RawFd,
    kernel_sends: RawFd,
    live_sends: RawFd,
    live_receives: RawFd,
}

impl Tried {
    fn new() -> Tried {
        let (commands, evcxr_sends) = sys::pipe().unwrap();
        let (evcxr_receives, markers) = sys::pipe().unwrap();
        let (control, kernel_sends) = sys::pipe().unwrap();
        let (live_receives, to_live) = sys::pipe().unwrap();
        let (from_live, live_sends) = sys::pipe().unwrap();
        let processes = Fake {
            done: RefCell::default(),
            now: Cell::new(Instant::now()),
        };
        Tried {
            supervisor: Supervisor {
                processes,
                shared: Box::leak(Box::default()),
                commands,
                markers,
                control,
                control_text: Vec::new(),
                signals: -1,
                to_live,
                from_live,
                live: LIVE,
                wanted: None,
                deadline: None,
                oom_kills: 0,
            },
            evcxr_sends,
            evcxr_receives,
            kernel_sends,
            live_sends,
            live_receives,
        }
    }

    /// Sends evcxr's command to run a cell.
    fn begin_cell(&mut self) {
        sys::write_all(self.evcxr_sends, b"LOAD_AND_RUN\n").unwrap();
        assert!(self.supervisor.pass_command().unwrap());
        assert_eq!(read(self.live_receives), "LOAD_AND_RUN\n");
    }

    fn command(&mut self, command: &Command) {
        sys::write_all(self.kernel_sends, command.encode().as_bytes()).unwrap();
        assert!(self.supervisor.take_control().unwrap());
    }

    fn wait(&mut self, time: Duration) {
        let now = &self.supervisor.processes.now;
        now.set(now.get() + time);
        self.supervisor.press_on();
    }

    fn dies(&mut self) -> bool {
        let ended = sys::ReapedChild {
            pid: LIVE,
            signal: Some(libc::SIGKILL),
            code: None,
        };
        self.supervisor.replace_live(ended).unwrap()
    }

    /// The actions since the last call.
    fn done(&self) -> Vec<String> {
        self.supervisor.processes.done.take()
    }
}

/// The content of a pipe.
fn read(fd: RawFd) -> String {
    let mut bytes = vec![0; sys::waiting(fd) as usize];
    sys::read_exact(fd, &mut bytes).unwrap();
    String::from_utf8(bytes).unwrap()
}

#[test]
fn an_interrupt_goes_to_the_foreground_and_the_cell_is_reminded_until_its_time_is_over() {
    let mut tried = Tried::new();
    tried.command(&Command::Interrupt);
    assert_eq!(tried.done(), <[&str; 0]>::default(), "no cell runs");
    tried.begin_cell();
    tried.command(&Command::Interrupt);
    tried.wait(TICK);
    tried.wait(TICK);
    assert_eq!(tried.done(), ["interrupt 11", "remind 10", "remind 10"]);
    tried.wait(GRACE);
    tried.wait(GRACE);
    assert_eq!(tried.done(), ["kill 10"]);
}

#[test]
fn a_second_interrupt_ends_the_process() {
    let mut tried = Tried::new();
    tried.begin_cell();
    tried.command(&Command::Interrupt);
    tried.done();
    tried.command(&Command::Interrupt);
    assert_eq!(tried.done(), ["kill 10"]);
}

#[test]
fn a_cell_that_ends_in_time_is_left_alone() {
    let mut tried = Tried::new();
    tried.begin_cell();
    tried.command(&Command::Interrupt);
    tried.done();
    sys::write_all(tried.live_sends, b"marker\n").unwrap();
    tried.supervisor.pass_markers().unwrap();
    assert_eq!(read(tried.evcxr_receives), "marker\n");
    tried.wait(GRACE);
    assert_eq!(tried.done(), <[&str; 0]>::default());
    // The next cell can be interrupted again.
    tried.begin_cell();
    tried.command(&Command::Interrupt);
    assert_eq!(tried.done(), ["interrupt 11"]);
}

#[test]
fn commands_for_the_live_worker_are_passed_on() {
    let mut tried = Tried::new();
    tried.command(&Command::BeginCell);
    assert_eq!(read(tried.live_receives), Command::BeginCell.encode());
    // A line may arrive in several parts.
    for (piece, passed) in [("wh", ""), ("at\n", "what\n")] {
        sys::write_all(tried.kernel_sends, piece.as_bytes()).unwrap();
        assert!(tried.supervisor.take_control().unwrap());
        assert_eq!(read(tried.live_receives), passed);
    }
    assert_eq!(tried.done(), <[&str; 0]>::default());
}

#[test]
fn the_guard_takes_over_and_what_the_session_has_started_ends() {
    let mut tried = Tried::new();
    tried.supervisor.shared.set(Role::Guard, Some(GUARD));
    tried.supervisor.shared.set(Role::Undo, Some(UNDO));
    tried.begin_cell();
    sys::write_all(tried.live_sends, b"last marker\n").unwrap();
    assert!(tried.dies());
    assert_eq!(read(tried.evcxr_receives), "last marker\n");
    assert_eq!(
        tried.done(),
        ["end 11 12 21", "died, copy: true, idle: true", "wake 20"]
    );
    assert_eq!(tried.supervisor.live, GUARD);
    assert_eq!(tried.supervisor.shared.copy(Role::Guard), None);
}

#[test]
fn a_named_copy_takes_over_where_the_kernel_has_requested_it() {
    let mut tried = Tried::new();
    tried.command(&Command::Restore(Role::Named(0)));
    assert_eq!(tried.done(), ["NoSuchCopy"]);
    let shared = tried.supervisor.shared;
    for (role, pid) in [
        (Role::Guard, GUARD),
        (Role::Undo, UNDO),
        (Role::Named(0), NAMED),
    ] {
        shared.set(role, Some(pid));
    }
    tried.command(&Command::Restore(Role::Named(0)));
    assert_eq!(tried.done(), ["kill 10"]);
    assert!(tried.dies());
    let done = tried.done();
    assert_eq!(
        done[..],
        [
            "kill 20",
            "kill 22",
            "end 11 12",
            "died, copy: true, idle: false",
            "wake 21"
        ]
    );
    assert_eq!(tried.supervisor.live, NAMED);
}

#[test]
fn without_a_copy_all_ends() {
    let mut tried = Tried::new();
    tried.begin_cell();
    assert!(!tried.dies());
    assert_eq!(
        tried.done(),
        [
            "end 11 12 20 21 22",
            "died, copy: false, idle: false",
            "end 11 12 13 20 21 22"
        ]
    );
}

#[test]
fn the_end_of_the_kernel_is_seen() {
    let mut tried = Tried::new();
    sys::close(tried.kernel_sends);
    assert!(!tried.supervisor.take_control().unwrap());
    sys::close(tried.evcxr_sends);
    assert!(!tried.supervisor.pass_command().unwrap());
}
