//! A kernel's process and its folders.

use std::fs;
use std::fs::File;
use std::net::Ipv4Addr;
use std::net::TcpListener;
use std::os::unix::process::CommandExt as _;
use std::path::Path;
use std::path::PathBuf;
use std::process::Child;
use std::process::Command;
use std::process::ExitStatus;
use std::process::Stdio;
use std::sync::Arc;
use std::sync::atomic::AtomicU32;
use std::sync::atomic::Ordering;
use std::time::Duration;
use std::time::Instant;

use serde_json::json;
use tempfile::TempDir;
use threadbook_jupyter::message::ConnectionInfo;

use super::HANG;
use crate::cache::PrivateCache;

/// A variable in the environment of every process that a kernel starts. It identifies the process after its parent has
/// ended.
const MARK: &str = "THREADBOOK_TEST_MARK";

/// The settings for the start of a kernel.
#[derive(Clone, Debug, Default)]
pub struct Setup {
    /// A program that starts the kernel, such as `taskset`, with its arguments.
    pub prefix: Vec<String>,
    /// Additional arguments of the kernel.
    pub args: Vec<String>,
    /// Additional variables in the kernel's environment.
    pub env: Vec<(String, String)>,
    /// Whether the kernel uses sockets with names instead of ports.
    pub ipc: bool,
    /// A cache that the test made. Without one, the kernel gets a cache that shares the user's prepared builds.
    pub cache: Option<Arc<PrivateCache>>,
}

/// A kernel's process, in its own process group and with private folders. It is ended and reaped on drop.
#[derive(Debug)]
pub struct Process {
    child: Child,
    mark: String,
    info: ConnectionInfo,
    cache: Option<Arc<PrivateCache>>,
    temp: Option<TempDir>,
    files: Option<TempDir>,
}

impl Process {
    /// Starts a kernel.
    #[track_caller]
    pub fn start(setup: &Setup) -> Process {
        let files = folder("threadbook-test-files-");
        let temp = folder("threadbook-test-temp-");
        let own = || Arc::new(PrivateCache::new().unwrap());
        let cache = setup.cache.clone().unwrap_or_else(own);
        let info = connection(setup, files.path());
        let connection_file = files.path().join("connection.json");
        fs::write(&connection_file, serde_json::to_vec(&info).unwrap()).unwrap();
        let binary = crate::threadbook_binary().unwrap();
        let mut command = match setup.prefix.split_first() {
            Some((program, arguments)) => {
                let mut command = Command::new(program);
                command.args(arguments).arg(binary);
                command
            }
            None => Command::new(binary),
        };
        let mark = uuid::Uuid::new_v4().simple().to_string();
        let child = command
            .args(["kernel", "-f"])
            .arg(&connection_file)
            .args(&setup.args)
            .env("TMPDIR", temp.path())
            .env("THREADBOOK_CACHE", cache.path())
            .env("THREADBOOK_HISTORY", files.path().join("history.sqlite"))
            .env(MARK, &mark)
            .env("JPY_PARENT_PID", std::process::id().to_string())
            .envs(setup.env.iter().map(|(name, value)| (name, value)))
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(File::create(files.path().join("log")).unwrap())
            .process_group(0)
            .spawn()
            .unwrap();
        Process {
            child,
            mark,
            info,
            cache: Some(cache),
            temp: Some(temp),
            files: Some(files),
        }
    }

    /// The kernel's connection information.
    pub fn info(&self) -> &ConnectionInfo {
        &self.info
    }

    /// The process id of the kernel, or of the program that starts it.
    pub fn pid(&self) -> u32 {
        self.child.id()
    }

    /// The kernel's log.
    pub fn log(&self) -> String {
        let files = self.files.as_ref().map(TempDir::path);
        files.map_or_else(String::new, |files| {
            fs::read_to_string(files.join("log")).unwrap_or_default()
        })
    }

    /// Sends a signal to the kernel's process only.
    pub fn signal(&self, signal: i32) {
        // SAFETY: the call takes two numbers; the child is not yet reaped.
        unsafe { libc::kill(self.pid().cast_signed(), signal) };
    }

    /// Memory that the process uses, in bytes.
    pub fn resident_bytes(&self) -> usize {
        let text = fs::read_to_string(format!("/proc/{}/statm", self.pid())).unwrap();
        let pages: usize = text.split(' ').nth(1).unwrap().parse().unwrap();
        pages * 4096
    }

    /// Waits for the end of the process.
    #[track_caller]
    pub fn ended(&mut self) -> ExitStatus {
        wait_until("the kernel's end", || self.child.try_wait().unwrap())
    }

    /// All processes of this kernel, itself included: id and name.
    pub fn processes(&self) -> Vec<(u32, String)> {
        let word = format!("{MARK}={}", self.mark);
        let mut found = Vec::new();
        for entry in fs::read_dir("/proc").unwrap().flatten() {
            let Some(pid) = entry.file_name().to_str().and_then(|pid| pid.parse().ok()) else {
                continue;
            };
            // Processes of other users, and those that have just ended, can't be read.
            let environment = fs::read(entry.path().join("environ")).unwrap_or_default();
            if environment
                .split(|byte| *byte == 0)
                .any(|variable| variable == word.as_bytes())
            {
                let name = fs::read_to_string(entry.path().join("comm")).unwrap_or_default();
                found.push((pid, name.trim().to_owned()));
            }
        }
        found
    }

    /// Waits until a program of this name runs below the kernel.
    #[track_caller]
    pub fn until_running(&self, name: &str) {
        wait_until(name, || {
            let mut processes = self.processes().into_iter();
            processes.any(|(_, other)| other == name).then_some(())
        });
    }

    /// Waits until no program of this name runs below the kernel.
    #[track_caller]
    pub fn until_gone(&self, name: &str) {
        wait_until(&format!("the end of {name}"), || {
            let mut processes = self.processes().into_iter();
            (!processes.any(|(_, other)| other == name)).then_some(())
        });
    }

    /// Asserts that no process and no file of the kernel remains. The kernel has ended or is about to end.
    #[track_caller]
    pub fn is_gone(&mut self) {
        self.ended();
        wait_until("the end of all processes", || {
            self.processes().is_empty().then_some(())
        });
        wait_until("the removal of all files", || {
            self.files_left().is_empty().then_some(())
        });
    }

    fn files_left(&self) -> Vec<PathBuf> {
        let mut left = self
            .cache
            .as_deref()
            .map(PrivateCache::session_files)
            .unwrap_or_default();
        if let Some(temp) = &self.temp {
            let entries = fs::read_dir(temp.path()).unwrap().flatten();
            left.extend(entries.map(|entry| entry.path()));
        }
        left
    }

    /// The folder for the kernel's temporary files.
    pub fn temp(&self) -> &Path {
        self.temp.as_ref().expect("there until the end").path()
    }

    /// Ends the kernel at once, and removes its folders.
    pub fn end(&mut self) {
        if let Ok(None) = self.child.try_wait() {
            // SAFETY: the call takes two numbers; the group is the child's, which is not yet reaped.
            unsafe { libc::killpg(self.pid().cast_signed(), libc::SIGKILL) };
            let _ = self.child.wait();
        }
        for (pid, _) in self.processes() {
            // SAFETY: the call takes two numbers; the process carries this kernel's mark.
            unsafe { libc::kill(pid.cast_signed(), libc::SIGKILL) };
        }
        self.cache = None;
        self.temp = None;
        self.files = None;
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        self.end();
    }
}

/// Polls until `value` returns a value.
#[track_caller]
pub fn wait_until<T>(what: &str, mut value: impl FnMut() -> Option<T>) -> T {
    let deadline = Instant::now() + HANG;
    loop {
        if let Some(value) = value() {
            return value;
        }
        assert!(Instant::now() < deadline, "no {what} within {HANG:?}");
        std::thread::sleep(Duration::from_millis(20));
    }
}

fn folder(prefix: &str) -> TempDir {
    tempfile::Builder::new().prefix(prefix).tempdir().unwrap()
}

/// A free port below those that the system assigns itself: it could assign one of these to another connection before
/// the kernel binds it.
pub fn free_port() -> u16 {
    const FIRST: u32 = 10_000;
    const COUNT: u32 = 20_000;
    static NEXT: AtomicU32 = AtomicU32::new(0);
    // Test programs that run at the same time begin at different ports.
    let start = std::process::id().wrapping_mul(499);
    let is_free = |port: &u16| TcpListener::bind((Ipv4Addr::LOCALHOST, *port)).is_ok();
    std::iter::repeat_with(|| start.wrapping_add(NEXT.fetch_add(1, Ordering::Relaxed)) % COUNT)
        .take(COUNT as usize)
        .map(|offset| (FIRST + offset) as u16)
        .find(is_free)
        .expect("no port is free")
}

fn connection(setup: &Setup, files: &Path) -> ConnectionInfo {
    let ports: [u16; 5] = std::array::from_fn(|_| free_port());
    let (transport, ip) = match setup.ipc {
        true => ("ipc", files.join("socket").display().to_string()),
        false => ("tcp", Ipv4Addr::LOCALHOST.to_string()),
    };
    let [shell, iopub, stdin, control, heartbeat] = ports;
    serde_json::from_value(json!({
        "ip": ip, "transport": transport, "key": uuid::Uuid::new_v4().to_string(),
        "signature_scheme": "hmac-sha256", "kernel_name": "threadbook", "shell_port": shell,
        "iopub_port": iopub, "stdin_port": stdin, "control_port": control, "hb_port": heartbeat,
    }))
    .unwrap()
}
