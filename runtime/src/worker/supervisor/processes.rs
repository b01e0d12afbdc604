//! The processes below the supervisor, and what it does to them.

use std::os::raw::c_int;
use std::time::Instant;

use crate::wire::CrashDump;
use crate::wire::Report;
use crate::worker::channel;
use crate::worker::dump::Dump;
use crate::worker::names::COPY_NAME;
use crate::worker::sys;

/// What the supervisor needs of the system. Tests have another one.
pub(super) trait Processes {
    /// Sends a signal to a process.
    fn signal(&self, pid: i32, signal: c_int);

    /// Ends the system call in which a process's main thread waits.
    fn wake_main_thread(&self, pid: i32);

    /// Every process below one.
    fn descendants(&self, pid: i32) -> Vec<i32>;

    /// The number of a process's group.
    fn group(&self, pid: i32) -> i32;

    /// The number of a process's session; that of this process for 0.
    fn session(&self, pid: i32) -> i32;

    /// A child that has ended and was not known of yet.
    fn reap(&self) -> Option<sys::ReapedChild>;

    /// Kills every process below this one, but for those that stay; gives the names of the others.
    fn end_descendants(&self, stays: &dyn Fn(i32) -> bool) -> Vec<String>;

    /// How many processes the system has ended since memory ran out.
    fn oom_kills(&self) -> u64;

    /// What the live worker that has died has left of itself.
    fn remains(&self) -> Option<CrashDump>;

    /// Sends a report to the kernel.
    fn report(&self, report: &Report);

    /// The time.
    fn now(&self) -> Instant;
}

/// The real ones.
#[derive(Clone, Copy)]
pub(super) struct Real {
    pub(super) dump: Dump,
}

impl Processes for Real {
    fn signal(&self, pid: i32, signal: c_int) {
        sys::kill(pid, signal);
    }

    fn wake_main_thread(&self, pid: i32) {
        sys::signal_main_thread(pid, sys::interrupt_signal());
    }

    fn descendants(&self, pid: i32) -> Vec<i32> {
        let mut found = children(pid);
        let mut next = 0;
        while let Some(child) = found.get(next) {
            found.extend(children(*child));
            next += 1;
        }
        found
    }

    fn group(&self, pid: i32) -> i32 {
        sys::group_of(pid)
    }

    fn session(&self, pid: i32) -> i32 {
        sys::session_of(pid)
    }

    fn reap(&self) -> Option<sys::ReapedChild> {
        sys::reap(None, false)
    }

    /// Orphans come to this process, so killing children until none is left ends all.
    fn end_descendants(&self, stays: &dyn Fn(i32) -> bool) -> Vec<String> {
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

    fn oom_kills(&self) -> u64 {
        let text = std::fs::read_to_string("/proc/vmstat").unwrap_or_default();
        let count = text.lines().find_map(|line| line.strip_prefix("oom_kill "));
        count.and_then(|count| count.parse().ok()).unwrap_or(0)
    }

    fn remains(&self) -> Option<CrashDump> {
        self.dump.remains()
    }

    fn report(&self, report: &Report) {
        channel::send(report);
    }

    fn now(&self) -> Instant {
        Instant::now()
    }
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
