//! Copies of the live worker, which take over when it dies: whatever a cell does, the variables before it are kept.
//!
//! A copy is made by a fork that takes every thread along ([`threads`]), shares no epoll set with the process
//! ([`descriptors`]), and then waits for the supervisor's signal. Its memory costs nothing until either side writes.
//! Copies are children of the supervisor, so they end with it, and no `wait` of a cell's own sees them.
//!
//! All of this rests on how Linux and glibc work: `docs/copies.md` has a list. Where a point does not hold, the process that
//! is copied is not harmed, but the copy may hang or crash when it takes over. Therefore a first copy is checked when the
//! worker starts ([`self_test`]); where that fails, none is made.

mod context;
mod descriptors;
mod loader;
mod locks;
mod outside;
mod raw;
mod self_test;
mod stored;
mod threads;

use std::ffi::CStr;
use std::os::fd::RawFd;
use std::sync::atomic::Ordering;
use std::time::Duration;
use std::time::Instant;

use super::names::COPY_NAME;
use super::shared::Shared;
use super::streams;
use super::sys;
use crate::wire::CopyStatus;
use crate::wire::Role;
pub(super) use descriptors::own_epoll_sets;
pub(crate) use outside::open as outside;
pub(crate) use raw::thread_id;
use threads::Missed;
use threads::Stopped;

/// Resident bytes above which no copy is made.
pub(crate) const LIMIT_BYTES: u64 = 2 << 30;
/// A copy that took longer is the last one until the process is smaller.
const LIMIT_TIME: Duration = Duration::from_millis(50);
/// Resident bytes above which the state before a cell is not kept after it.
const UNDO_BYTES: u64 = 512 << 20;

/// How readily the system ends a process when memory runs out: -1000 to 1000.
const OOM_SCORE: &CStr = c"/proc/self/oom_score_adj";
const OOM_SCORE_LIVE: &[u8] = b"500";

/// Who goes on after a copy was made.
#[derive(Clone, Debug)]
pub(crate) enum Side {
    /// The process itself.
    Original,
    /// The copy, which has just taken over. The names are those of threads that it lacks.
    Copy(Vec<String>),
}

/// Makes copies.
#[derive(Debug)]
pub(crate) struct Copies {
    shared: &'static Shared,
    tasks: Option<RawFd>,
    supervisor: i32,
    enabled: bool,
    /// Why copies do not work on this system, where they do not.
    unusable: Option<String>,
    limit_bytes: u64,
    took: Duration,
    /// Why there is no copy of the next cell's beginning.
    skipped: Option<String>,
    /// Whether the person has seen the note.
    noted: bool,
    /// The resident bytes at which making a copy took too long.
    too_slow_at: Option<u64>,
    /// Whether a cell has begun that has not run code yet.
    cell_begins: bool,
    /// Whether the state before the code that runs is that before its cell.
    keeps_undo: bool,
    /// Whether no thread of the user's may have gone on since the guard was made.
    guard_is_fresh: bool,
}

impl Copies {
    /// Prepares the process, before it has threads, and makes a first copy as a test. Where that fails, copies are off.
    pub(crate) fn new(
        shared: &'static Shared,
        limit_bytes: u64,
        fails_test: bool,
    ) -> std::io::Result<Copies> {
        threads::install()?;
        let tasks = threads::tasks();
        let unusable = match fails_test {
            true => Some("the test has been made to fail".to_owned()),
            false => self_test::run(tasks).err(),
        };
        raw::write_file(OOM_SCORE, OOM_SCORE_LIVE);
        Ok(Copies {
            shared,
            tasks,
            supervisor: sys::parent(),
            enabled: unusable.is_none(),
            unusable,
            limit_bytes,
            took: Duration::ZERO,
            skipped: None,
            noted: false,
            too_slow_at: None,
            cell_begins: false,
            keeps_undo: false,
            guard_is_fresh: false,
        })
    }

    /// A cell of the person begins; it may run code more than once.
    pub(crate) fn begin_cell(&mut self) {
        self.cell_begins = true;
    }

    /// This copy has taken over: what runs next belongs to no cell.
    pub(crate) fn resumed(&mut self) {
        self.cell_begins = false;
    }

    /// Code is about to run. Gives a note for the person where it runs without a copy, once.
    pub(crate) fn before_cell(&mut self) -> (Side, Option<String>) {
        self.keeps_undo = std::mem::take(&mut self.cell_begins);
        if self.keeps_undo {
            self.drop_copy(Role::Undo);
        }
        if self.guard_is_fresh && self.enabled && self.shared.copy(Role::Guard).is_some() {
            return (Side::Original, None);
        }
        let side = self.take(Role::Guard);
        let is_new = self.skipped.is_some() && !self.noted;
        self.noted = self.skipped.is_some();
        let note = self.skipped.as_ref().filter(|_| is_new);
        let note = note.map(|why| {
            format!("no copy of the process is kept while {why}: a crash of this cell would lose variables\n")
        });
        (side, note)
    }

    /// The cell has ended. From now on the guard is the state after it.
    pub(crate) fn after_cell(&mut self) -> Side {
        let (side, before) = self.take_beside(Role::Guard);
        match before {
            Some(before) if self.keeps_undo && resident_bytes() <= UNDO_BYTES => {
                self.shared.set(Role::Undo, Some(before));
            }
            Some(before) => sys::kill(before, libc::SIGKILL),
            None => {}
        }
        side
    }

    /// Makes a copy for a role, in the place of the one that had it.
    pub(crate) fn take(&mut self, role: Role) -> Side {
        let (side, before) = self.take_beside(role);
        if let Some(before) = before {
            sys::kill(before, libc::SIGKILL);
        }
        side
    }

    /// Ends the copy in a role.
    pub(crate) fn drop_copy(&mut self, role: Role) {
        if let Some(pid) = self.shared.set(role, None) {
            sys::kill(pid, libc::SIGKILL);
        }
    }

    /// Turns copying on or off. It stays off where copies do not work.
    pub(crate) fn enable(&mut self, enabled: bool) {
        self.enabled = enabled && self.unusable.is_none();
        self.skipped = None;
        if !enabled {
            self.drop_copy(Role::Guard);
            self.drop_copy(Role::Undo);
        }
    }

    /// Why copies do not work on this system, where they do not.
    pub(crate) fn unusable(&self) -> Option<&str> {
        self.unusable.as_deref()
    }

    /// Sets the resident bytes above which no copy is made.
    pub(crate) fn set_limit(&mut self, bytes: u64) {
        self.limit_bytes = bytes;
        self.skipped = None;
        self.noted = false;
        self.too_slow_at = None;
    }

    /// The status of the copies.
    pub(crate) fn status(&self) -> CopyStatus {
        let has = |role| self.shared.copy(role).is_some();
        CopyStatus {
            enabled: self.enabled,
            unusable: self.unusable.clone(),
            guard: has(Role::Guard),
            undo: has(Role::Undo),
            took_micros: self.took.as_micros() as u64,
            resident_bytes: resident_bytes(),
            limit_bytes: self.limit_bytes,
            copies_bytes: self
                .shared
                .copies()
                .map(|pid| proportional_bytes(pid).unwrap_or(0))
                .sum(),
            skipped: self.skipped.clone(),
        }
    }

    /// Makes a copy and puts it into the role. The one that had it before goes on; its process is given to the
    /// original.
    fn take_beside(&mut self, role: Role) -> (Side, Option<i32>) {
        let Some(tasks) = self.tasks.filter(|_| self.enabled) else {
            return (Side::Original, None);
        };
        let resident = resident_bytes();
        if let Err(why) = self.check(resident) {
            return self.skip(role, why);
        }
        // What is buffered would be printed by the process and by the copy.
        streams::settle();
        // Kept until the copy waits for it, so that it can't come too early.
        sys::block_signal(wake_signal(), true);
        let started = Instant::now();
        let stopped = match Stopped::outside_loader(tasks) {
            Ok(stopped) => stopped,
            Err(why) => {
                sys::block_signal(wake_signal(), false);
                return self.skip(role, why);
            }
        };
        let missed = stopped.missed();
        self.shared.copy_ready.store(0, Ordering::SeqCst);
        // The processor's time: on a busy machine the wall clock measures other programs too.
        let before = sys::thread_time();
        let copied = stopped.copy();
        let cost = sys::thread_time().saturating_sub(before);
        if let Ok(None) = copied {
            return (Side::Copy(self.wait_as_copy(stopped, missed)), None);
        }
        if copied.is_ok() {
            // Until then epoll sets are shared, so the threads had better not go on.
            self.shared.wait_for_copy();
        }
        drop(stopped);
        self.took = started.elapsed();
        sys::block_signal(wake_signal(), false);
        match copied {
            Ok(pid) => {
                self.guard_is_fresh =
                    raw::count_threads().is_some_and(|count| count <= OWN_THREADS);
                self.too_slow_at = (cost > LIMIT_TIME).then_some(resident);
                self.skipped = None;
                (Side::Original, self.shared.set(role, pid))
            }
            Err(error) => self.skip(role, format!("making one fails ({error})")),
        }
    }

    /// Goes on without a new copy.
    fn skip(&mut self, role: Role, why: String) -> (Side, Option<i32>) {
        self.skipped = Some(why);
        if role == Role::Guard {
            // The state that it holds is not that of the variables any more.
            self.drop_copy(Role::Guard);
        }
        (Side::Original, None)
    }

    /// Whether a copy may be made of so many bytes.
    fn check(&self, resident: u64) -> Result<(), String> {
        const MB: u64 = 1 << 20;
        if resident > self.limit_bytes {
            return Err(format!(
                "it holds {} MB, above the limit of {} MB",
                resident / MB,
                self.limit_bytes / MB
            ));
        }
        match self.too_slow_at {
            Some(then) if resident > then / 5 * 4 => Err(format!(
                "making one of {} MB takes more than {} ms",
                then / MB,
                LIMIT_TIME.as_millis()
            )),
            _ => Ok(()),
        }
    }

    /// The copy's part: waits to take over.
    fn wait_as_copy(&mut self, stopped: Stopped, missed: Missed) -> Vec<String> {
        descriptors::make_private();
        sys::die_with_parent();
        if sys::parent() != self.supervisor {
            sys::exit_now(0);
        }
        // Where memory runs out, it is the process that used it which ends, not the copy.
        raw::write_file(OOM_SCORE, b"0");
        let name = sys::thread_name();
        sys::set_thread_name(COPY_NAME);
        self.shared.say_copy_is_ready();
        sys::wait_for_signal(wake_signal());
        raw::write_file(OOM_SCORE, OOM_SCORE_LIVE);
        sys::set_thread_name(sys::text_of_name(&name));
        let crashed = self.shared.crashed_thread();
        stopped.revive(crashed);
        sys::block_signal(wake_signal(), false);
        // The folder that was open is that of the process that has died.
        if let Some(tasks) = std::mem::replace(&mut self.tasks, threads::tasks()) {
            sys::close(tasks);
        }
        self.guard_is_fresh = false;
        let mut missing = missed.names();
        // One without a name has ended meanwhile.
        missing.retain(|name| !name.is_empty());
        missing
    }
}

/// The live worker's own threads when nothing of the user's runs: the main one and the one that flushes.
const OWN_THREADS: usize = 2;

/// The signal by which the supervisor has a copy take over.
pub(crate) fn wake_signal() -> i32 {
    libc::SIGRTMAX() - 4
}

/// A process's memory, of which what it shares counts in part.
fn proportional_bytes(pid: i32) -> Option<u64> {
    let text = std::fs::read_to_string(format!("/proc/{pid}/smaps_rollup")).ok()?;
    let kilobytes = text.lines().find_map(|line| line.strip_prefix("Pss:"))?;
    let number = kilobytes.split_whitespace().next()?;
    Some(number.parse::<u64>().ok()? << 10)
}

fn resident_bytes() -> u64 {
    const PAGE_BYTES: u64 = 4096;
    let mut buffer = [0; 128];
    let statm = raw::read_at(libc::AT_FDCWD, c"/proc/self/statm", &mut buffer);
    let resident = statm
        .and_then(|text| text.split(|byte| *byte == b' ').nth(1))
        .and_then(raw::number);
    resident.unwrap_or(0) * PAGE_BYTES
}
