//! The threads of this process as values.

use std::fmt;
use std::ops::Deref;
use std::path::Path;
use std::time::Duration;

use crate::top;
use crate::top::Proc;
use crate::top::Task;

/// The threads of the process that runs cells: what `%threads` shows, as values. Shown as its table.
///
/// It is a picture of one moment: threads may end and others start while it is looked at. The runtime's own are in it. Where
/// the system has no `/proc`, the list is empty.
///
/// ```
/// use std::sync::mpsc;
/// use std::thread;
///
/// let (runs_tx, runs_rx) = mpsc::channel();
/// let (end_tx, end_rx) = mpsc::channel::<()>();
/// let loader = thread::Builder::new().name("loader".into()).spawn(move || {
///     runs_tx.send(()).unwrap();
///     let _ = end_rx.recv();
/// })?;
/// runs_rx.recv().unwrap();
/// let threads = threadbook::threads::list();
/// assert!(threads.iter().any(|thread| thread.name() == "loader"));
/// println!("{threads:?}");
/// drop(end_tx);
/// loader.join().unwrap();
/// # Ok::<(), std::io::Error>(())
/// ```
///
/// Python: `threading.enumerate()`.
pub fn list() -> Threads {
    let picture = Proc::read(Path::new("/proc")).worker(std::process::id().cast_signed());
    let now_ms = top::now_ms();
    let infos = picture.threads.into_iter();
    Threads(infos.map(|task| ThreadInfo { task, now_ms }).collect())
}

/// What [`list`] gives: a slice of [`ThreadInfo`] that is shown as a table.
#[derive(Clone, PartialEq)]
pub struct Threads(Vec<ThreadInfo>);

/// A thread at one moment. Its `Debug` is its line of the table, under the heading.
#[derive(Clone, PartialEq)]
pub struct ThreadInfo {
    task: Task,
    now_ms: u64,
}

impl ThreadInfo {
    /// The system's number of the thread (Python: `threading.get_native_id()`). `std::thread::ThreadId` is another one.
    pub fn id(&self) -> i32 {
        self.task.stat.id
    }

    /// Its name, of which the system keeps 15 bytes; `main` for the thread that runs cells. A thread that was given none
    /// has that of the program.
    pub fn name(&self) -> &str {
        &self.task.label
    }

    /// The cell that has started it, where it is known; for `main` the cell that runs.
    pub fn cell(&self) -> Option<u32> {
        self.task.cell
    }

    /// What it does, in words: `runs`, `sleeps`, `waits for a lock, a thread or a channel`, ...
    pub fn state(&self) -> String {
        top::state(&self.task)
    }

    /// The processor time that it has used, in steps of 10 ms.
    pub fn cpu(&self) -> Duration {
        Duration::from_millis(self.task.stat.cpu_ms)
    }
}

impl Deref for Threads {
    type Target = [ThreadInfo];

    fn deref(&self) -> &[ThreadInfo] {
        &self.0
    }
}

impl IntoIterator for Threads {
    type Item = ThreadInfo;
    type IntoIter = std::vec::IntoIter<ThreadInfo>;

    fn into_iter(self) -> Self::IntoIter {
        self.0.into_iter()
    }
}

impl<'a> IntoIterator for &'a Threads {
    type Item = &'a ThreadInfo;
    type IntoIter = std::slice::Iter<'a, ThreadInfo>;

    fn into_iter(self) -> Self::IntoIter {
        self.0.iter()
    }
}

impl fmt::Debug for Threads {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write_table(f, &self.0)
    }
}

impl fmt::Debug for ThreadInfo {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write_table(f, std::slice::from_ref(self))
    }
}

fn write_table(f: &mut fmt::Formatter<'_>, infos: &[ThreadInfo]) -> fmt::Result {
    let tasks: Vec<Task> = infos.iter().map(|info| info.task.clone()).collect();
    let now_ms = infos.first().map_or(0, |info| info.now_ms);
    let table = top::table(["THREAD", "NAME"], &tasks, &[], 0, now_ms).to_string();
    f.write_str(table.trim_end())
}

#[cfg(test)]
mod tests {
    use std::sync::mpsc;

    use super::*;

    #[test]
    fn a_thread_that_waits_is_in_the_list_and_in_its_table() {
        let (stop_tx, stop_rx) = mpsc::channel::<()>();
        let (ready_tx, ready_rx) = mpsc::channel();
        let handle = std::thread::Builder::new()
            .name("list-waiter".to_owned())
            .spawn(move || {
                ready_tx.send(()).unwrap();
                stop_rx.recv().is_err()
            })
            .unwrap();
        ready_rx.recv().unwrap();
        let threads = list();
        let found = threads.iter().find(|info| info.name() == "list-waiter");
        let found = found.unwrap();
        assert!(found.id() > 0 && found.cell().is_none(), "{found:?}");
        assert_eq!(found.cpu(), Duration::from_millis(found.task.stat.cpu_ms));
        assert!(!found.state().is_empty());
        let table = format!("{threads:?}");
        assert!(table.starts_with("THREAD  NAME"), "{table}");
        assert_eq!(table.lines().count(), threads.len() + 1);
        assert_eq!(format!("{found:?}").lines().count(), 2);
        drop(stop_tx);
        assert!(handle.join().unwrap());
    }
}
