//! What a kernel is doing: the threads of its worker, the programs that cells have started, and the compiler, with the
//! cell that each belongs to, as `/proc` shows them. The processes take no part in it, and therefore this works while a
//! cell hangs.
//!
//! To which cell: the kernel notes in a file when each cell's code began ([`Cells`]), and the system has the time at
//! which each thread and process was started. What a background thread of an earlier cell starts while a later one runs
//! counts as the later one's.

mod cells;
mod stat;
mod table;

use std::collections::HashMap;
use std::fs;
use std::path::Path;
use std::path::PathBuf;

pub use cells::CELLS_FILE;
pub use cells::Cells;
pub use stat::Stat;
pub use table::Table;
pub(crate) use table::state;
pub use table::table;

use crate::wire::LAUNCH_VAR;
use crate::wire::Launch;
use crate::worker::COPY_NAME;
use crate::worker::PROGRAM_NAME;

/// The text where nothing is known.
pub const UNKNOWN: &str =
    "threads and programs are listed from `/proc`, which this system does not have";

/// Whether the system shows what its processes do.
pub fn is_known() -> bool {
    Path::new("/proc/self").exists()
}

/// Milliseconds since the system's start, in steps of the process table's own ticks.
pub fn now_ms() -> u64 {
    let text = fs::read_to_string("/proc/uptime").unwrap_or_default();
    let seconds = text.split(' ').next().and_then(|text| text.parse().ok());
    let seconds: f64 = seconds.unwrap_or(0.0);
    (seconds * 1000.0).round() as u64
}

/// One thread or one process.
#[derive(Clone, Debug, PartialEq)]
pub struct Task {
    /// The system's data.
    pub stat: Stat,
    /// A thread's name, or a program's command line.
    pub label: String,
    /// In which call of the system it waits, where that is known.
    pub waits_in: Option<String>,
    /// The cell that it belongs to.
    pub cell: Option<u32>,
}

/// A kernel at a moment.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Picture {
    /// The process in which cells run, once there is one.
    pub worker: Option<i32>,
    /// Its threads.
    pub threads: Vec<Task>,
    /// What it has started, and what those have.
    pub programs: Vec<Task>,
    /// What the kernel has started to compile a cell.
    pub compilers: Vec<Task>,
    /// When which cell began.
    pub cells: Cells,
}

/// The programs' view of the system's process table.
#[derive(Debug)]
pub struct Proc {
    root: PathBuf,
    stats: HashMap<i32, Stat>,
    children: HashMap<i32, Vec<i32>>,
}

impl Proc {
    /// Reads the table of all processes under `root`, which is `/proc` but for tests. Copies of a worker, which wait
    /// for a crash of it, are not in it, nor are those that are just ending: they do nothing.
    pub fn read(root: &Path) -> Proc {
        let mut stats = HashMap::new();
        let mut children: HashMap<i32, Vec<i32>> = HashMap::new();
        for pid in numbers_in(root) {
            // It may have ended since the folder was listed.
            if let Some(stat) = Stat::read(&root.join(pid.to_string()))
                && stat.name.as_bytes() != COPY_NAME.to_bytes()
            {
                children.entry(stat.parent).or_default().push(pid);
                stats.insert(pid, stat);
            }
        }
        for list in children.values_mut() {
            list.sort_unstable();
        }
        Proc {
            root: root.to_owned(),
            stats,
            children,
        }
    }

    /// All processes that `threadbook kernel` was started as.
    pub fn kernels(&self) -> Vec<i32> {
        let is_kernel = |pid: &i32| {
            let words = self.command_line(*pid);
            let program = words.first().map(|word| Path::new(word).file_name());
            let is_ours = program.flatten().is_some_and(|name| name == "threadbook");
            is_ours && words.get(1).is_some_and(|word| word == "kernel")
        };
        let mut kernels: Vec<i32> = self.stats.keys().copied().filter(is_kernel).collect();
        kernels.sort_unstable();
        kernels
    }

    /// Where a process works.
    pub fn folder(&self, pid: i32) -> Option<PathBuf> {
        fs::read_link(self.path(pid, "cwd")).ok()
    }

    /// What a kernel does. `None` where there is no such process.
    pub fn kernel(&self, kernel: i32) -> Option<Picture> {
        self.stats.get(&kernel)?;
        let mut picture = Picture::default();
        for child in self.children(kernel) {
            let Some(session) = self.session(*child) else {
                self.add_tree(*child, &mut picture.compilers);
                continue;
            };
            picture.cells = Cells::read(Path::new(&session));
            for below in self.children(*child) {
                if self.is_worker(*below) {
                    self.add_worker(*below, &mut picture);
                } else {
                    self.add_tree(*below, &mut picture.programs);
                }
            }
        }
        // Compilers have no cell: they are the kernel's.
        picture.attribute(picture.cells.running());
        Some(picture)
    }

    /// The same, seen by the worker itself.
    pub fn worker(&self, worker: i32) -> Picture {
        let mut picture = Picture::default();
        if let Some(session) = self.session(worker) {
            picture.cells = Cells::read(Path::new(&session));
        }
        self.add_worker(worker, &mut picture);
        // Programs whose parents have ended are the supervisor's.
        let supervisor = self.stats.get(&worker).map(|stat| stat.parent);
        for below in supervisor.into_iter().flat_map(|pid| self.children(pid)) {
            if !self.is_worker(*below) {
                self.add_tree(*below, &mut picture.programs);
            }
        }
        picture.attribute(picture.cells.asking());
        picture
    }

    fn add_worker(&self, worker: i32, picture: &mut Picture) {
        picture.worker = Some(worker);
        let tasks = self.path(worker, "task");
        let mut ids = numbers_in(&tasks);
        ids.sort_unstable();
        for id in ids {
            let folder = tasks.join(id.to_string());
            if let Some(stat) = Stat::read(&folder) {
                // A process that a cell has started has its own name there.
                let label = if id == worker && stat.name == PROGRAM_NAME {
                    "main".to_owned()
                } else {
                    stat.name.clone()
                };
                picture.threads.push(task(&folder, stat, label));
            }
        }
        for child in self.children(worker) {
            self.add_tree(*child, &mut picture.programs);
        }
    }

    fn add_tree(&self, pid: i32, to: &mut Vec<Task>) {
        let Some(stat) = self.stats.get(&pid) else {
            return;
        };
        let mut words = self.command_line(pid);
        if let Some(program) = words.first_mut()
            && let Some(name) = Path::new(program).file_name()
        {
            *program = name.to_string_lossy().into_owned();
        }
        let label = if self.is_of_worker(pid) {
            format!("{} (process)", stat.name)
        } else if words.is_empty() {
            // One that has ended, and was not reaped, has none.
            stat.name.clone()
        } else {
            words.join(" ")
        };
        to.push(task(&self.path(pid, ""), stat.clone(), label));
        for child in self.children(pid) {
            self.add_tree(*child, to);
        }
    }

    /// Whether it is the process that runs cells, and not one that a cell has started by forking.
    fn is_worker(&self, pid: i32) -> bool {
        let stat = self.stats.get(&pid);
        stat.is_some_and(|stat| stat.name == PROGRAM_NAME) && self.is_of_worker(pid)
    }

    /// Whether it is a worker, or was forked off one and has become no other program.
    fn is_of_worker(&self, pid: i32) -> bool {
        let program = self.program(pid);
        let is_program =
            program.is_some_and(|path| path.file_name() == Some(PROGRAM_NAME.as_ref()));
        is_program && self.session(pid).is_some()
    }

    fn children(&self, pid: i32) -> &[i32] {
        self.children.get(&pid).map_or(&[], Vec::as_slice)
    }

    fn path(&self, pid: i32, file: &str) -> PathBuf {
        self.root.join(pid.to_string()).join(file)
    }

    fn program(&self, pid: i32) -> Option<PathBuf> {
        fs::read_link(self.path(pid, "exe")).ok()
    }

    fn command_line(&self, pid: i32) -> Vec<String> {
        let bytes = fs::read(self.path(pid, "cmdline")).unwrap_or_default();
        let words = bytes.split(|byte| *byte == 0).map(String::from_utf8_lossy);
        let mut words: Vec<String> = words.map(|word| word.into_owned()).collect();
        words.pop();
        words
    }

    fn session(&self, pid: i32) -> Option<String> {
        session_in(&self.path(pid, "environ"))
    }
}

/// The session's folder, from a worker's environment.
pub(crate) fn session(process: &str) -> Option<String> {
    session_in(&Path::new("/proc").join(process).join("environ"))
}

fn session_in(environment: &Path) -> Option<String> {
    let bytes = fs::read(environment).ok()?;
    let prefix = format!("{LAUNCH_VAR}=");
    let launch = bytes.split(|byte| *byte == 0).find_map(|line| {
        let line = std::str::from_utf8(line).ok()?;
        Launch::decode(line.strip_prefix(&prefix)?).ok()
    });
    launch.map(|launch| launch.session)
}

impl Picture {
    fn attribute(&mut self, of_main: Option<u32>) {
        for task in self.threads.iter_mut().chain(&mut self.programs) {
            task.cell = if Some(task.stat.id) == self.worker {
                of_main
            } else if task.label.starts_with("threadbook-") {
                None
            } else {
                self.cells.at(task.stat.started_ms)
            };
        }
    }
}

fn task(folder: &Path, stat: Stat, label: String) -> Task {
    // Not every system has it.
    let waits_in = fs::read_to_string(folder.join("wchan"))
        .ok()
        .filter(|name| !name.is_empty() && name != "0");
    Task {
        stat,
        label,
        waits_in,
        cell: None,
    }
}

fn numbers_in(folder: &Path) -> Vec<i32> {
    let Ok(entries) = fs::read_dir(folder) else {
        return Vec::new();
    };
    let names = entries.flatten().map(|entry| entry.file_name());
    names
        .filter_map(|name| name.to_str().and_then(|name| name.parse().ok()))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A process table that the test makes.
    struct Fake(PathBuf);

    impl Fake {
        fn new(name: &str) -> Fake {
            let root =
                std::env::temp_dir().join(format!("threadbook-top-{name}-{}", std::process::id()));
            let _ = fs::remove_dir_all(&root);
            fs::create_dir_all(&root).unwrap();
            Fake(root)
        }

        fn process(&self, pid: i32, parent: i32, name: &str, command: &str, started_ticks: u64) {
            let folder = self.0.join(pid.to_string());
            self.stat(&folder, pid, parent, name, started_ticks);
            let command: String = command.split(' ').map(|word| format!("{word}\0")).collect();
            fs::write(folder.join("cmdline"), command).unwrap();
            self.thread(pid, pid, name, started_ticks);
        }

        fn thread(&self, pid: i32, id: i32, name: &str, started_ticks: u64) {
            let folder = self.0.join(format!("{pid}/task/{id}"));
            self.stat(&folder, id, 1, name, started_ticks);
        }

        fn stat(&self, folder: &Path, id: i32, parent: i32, name: &str, started_ticks: u64) {
            fs::create_dir_all(folder).unwrap();
            let stat = format!(
                "{id} ({name}) S {parent} 1 1 0 -1 4194304 0 0 0 0 7 3 0 0 20 0 1 0 {started_ticks} 0 0"
            );
            fs::write(folder.join("stat"), stat).unwrap();
        }

        fn worker(&self, pid: i32, parent: i32, name: &str, session: &Path) {
            self.process(pid, parent, name, "/session/worker", 900);
            let folder = self.0.join(pid.to_string());
            std::os::unix::fs::symlink("/session/worker", folder.join("exe")).unwrap();
            let launch = Launch {
                session: session.display().to_string(),
                copies_limit_megabytes: None,
                fails_copy_test: false,
                channel: 3,
                raw: [4, 5],
                input: 6,
                drained: 7,
                control: 8,
                comms: 9,
            };
            let environ = format!("A=b\0{LAUNCH_VAR}={}\0", launch.encode());
            fs::write(folder.join("environ"), environ).unwrap();
        }
    }

    impl Drop for Fake {
        fn drop(&mut self) {
            let _ = fs::remove_dir_all(&self.0);
        }
    }

    fn seen(tasks: &[Task]) -> Vec<(i32, &str, Option<u32>)> {
        let tasks = tasks.iter();
        tasks
            .map(|task| (task.stat.id, task.label.as_str(), task.cell))
            .collect()
    }

    #[test]
    fn a_kernels_processes_are_told_apart() {
        let fake = Fake::new("kernel");
        let session = fake.0.join("session");
        fs::create_dir_all(&session).unwrap();
        // These times are in milliseconds; a tick of the process table is ten milliseconds.
        fs::write(
            session.join(CELLS_FILE),
            "+1 9950\n1 10000\n-\n+2 19950\n2 20000\n",
        )
        .unwrap();
        fake.process(5, 1, "threadbook", "/bin/threadbook kernel -f file", 10);
        fake.process(6, 1, "sh", "/bin/sh threadbook kernel", 10);
        fake.process(7, 5, "cargo", "cargo build", 1990);
        fake.process(8, 7, "rustc", "rustc lib.rs", 1991);
        fake.worker(10, 5, "worker", &session);
        fake.worker(11, 10, "worker", &session);
        let copy = COPY_NAME.to_str().unwrap();
        fake.worker(12, 10, copy, &session);
        // This process has ended but was not yet reaped: the system does not show its program any more.
        fake.process(18, 10, copy, "", 2200);
        fake.thread(11, 13, "threadbook-flus", 901);
        fake.thread(11, 14, "early", 1000);
        fake.thread(11, 15, "late", 2000);
        fake.process(16, 11, "sleep", "sleep 60", 1010);
        fake.process(17, 10, "orphan", "orphan -x", 2100);
        // The first is a process that a cell has forked. The parent of the second has ended, and the supervisor has
        // adopted it.
        fake.worker(19, 11, "my_service", &session);
        fake.worker(20, 10, "left_behind", &session);
        let proc = Proc::read(&fake.0);
        assert_eq!(proc.kernels(), [5]);
        assert_eq!(proc.kernel(4), None);
        let picture = proc.kernel(5).unwrap();
        assert_eq!(picture.worker, Some(11));
        assert_eq!(
            seen(&picture.threads),
            [
                (11, "main", Some(2)),
                (13, "threadbook-flus", None),
                (14, "early", Some(1)),
                (15, "late", Some(2)),
            ]
        );
        assert_eq!(
            seen(&picture.programs),
            [
                (16, "sleep 60", Some(1)),
                (19, "my_service (process)", None),
                (17, "orphan -x", Some(2)),
                (20, "left_behind (process)", None),
            ]
        );
        assert_eq!(
            seen(&picture.compilers),
            [(7, "cargo build", None), (8, "rustc lib.rs", None)]
        );
        let mut own = proc.worker(11);
        own.compilers = picture.compilers.clone();
        assert_eq!(own, picture);
    }

    #[test]
    fn a_kernel_without_a_worker_is_shown_too() {
        let fake = Fake::new("starting");
        fake.process(5, 1, "threadbook", "threadbook kernel -f file", 10);
        let picture = Proc::read(&fake.0).kernel(5).unwrap();
        assert_eq!(picture, Picture::default());
    }
}
