//! A kernel as a process: this test program is started again, with a connection file.

use std::net::TcpListener;
use std::path::Path;
use std::path::PathBuf;
use std::process::Child;
use std::process::Command;
use std::process::Output;
use std::process::Stdio;
use std::sync::Arc;
use std::time::Duration;

use serde_json::Map;
use serde_json::Value;
use serde_json::json;
use tempfile::TempDir;
use threadbook_jupyter::client::Client;
use threadbook_jupyter::contract::Cell;
use threadbook_jupyter::contract::Completions;
use threadbook_jupyter::contract::Control;
use threadbook_jupyter::contract::Evaluator;
use threadbook_jupyter::contract::KernelInfo;
use threadbook_jupyter::contract::Outcome;
use threadbook_jupyter::kernel::Options;
use threadbook_jupyter::message::ConnectionInfo;
use threadbook_jupyter::message::read_connection_file;
use threadbook_jupyter::output::Event;
use threadbook_jupyter::output::OutputTx;
use threadbook_jupyter::output::StreamName;

/// The limit of one wait. A longer wait is a hang.
pub(crate) const HANG: Duration = Duration::from_secs(30);

const VARIABLE: &str = "THREADBOOK_TEST_CONNECTION_FILE";

/// This is not a test: it is the body of the kernel's process.
#[test]
fn process_entry() {
    let Ok(path) = std::env::var(VARIABLE) else {
        return;
    };
    let make = Box::new(|output| Ok(Box::new(Echo { output }) as Box<dyn Evaluator>));
    let options = Options {
        info: KernelInfo {
            implementation: "echo".to_owned(),
            ..KernelInfo::default()
        },
        ..Options::default()
    };
    let code =
        match threadbook_jupyter::kernel::run(Path::new(&path), options, Arc::new(Nothing), make) {
            Ok(_) => 0,
            Err(error) => {
                use std::io::Write;
                writeln!(std::io::stderr(), "error: {error}").unwrap();
                2
            }
        };
    std::process::exit(code);
}

/// Prints the cell's text.
struct Echo {
    output: OutputTx,
}

impl Evaluator for Echo {
    fn execute(&mut self, cell: &Cell) -> Outcome {
        self.output.send(Event::Stream {
            cell: Some(cell.id),
            stream: StreamName::Stdout,
            bytes: cell.code.clone().into_bytes(),
        });
        Outcome::Finished {
            payload: Vec::new(),
        }
    }

    fn complete(&mut self, _: &str, _: usize) -> Completions {
        Completions::default()
    }

    fn inspect(&mut self, _: &str, _: usize) -> Option<Map<String, Value>> {
        None
    }
}

struct Nothing;

impl Control for Nothing {
    fn interrupt(&self) {}

    fn shutdown(&self) {}
}

pub(crate) struct Kernel {
    pub(crate) dir: TempDir,
    pub(crate) info: ConnectionInfo,
    pub(crate) child: Child,
}

impl Kernel {
    pub(crate) fn tcp() -> Kernel {
        let dir = tempfile::tempdir().unwrap();
        let file = tcp_file(&dir);
        Kernel::start(dir, &file)
    }

    pub(crate) fn ipc() -> Kernel {
        let dir = tempfile::tempdir().unwrap();
        let ip = dir.path().join("kernel-ipc");
        let file = connection_file(&dir, "ipc", ip.to_str().unwrap(), [1, 2, 3, 4, 5]);
        Kernel::start(dir, &file)
    }

    pub(crate) fn start(dir: TempDir, file: &Path) -> Kernel {
        let child = command(&dir, file).spawn().unwrap();
        Kernel {
            info: read_connection_file(file).unwrap(),
            dir,
            child,
        }
    }

    pub(crate) async fn client(&self) -> Client {
        let mut client = Client::connect(&self.info, HANG).await.unwrap();
        client.wait_for_welcome(HANG).await.unwrap();
        client
    }

    /// Waits for the process to end; returns its exit code.
    pub(crate) fn exit_code(mut self) -> Option<i32> {
        let code = self.child.wait().unwrap().code();
        let left: Vec<PathBuf> = std::fs::read_dir(self.dir.path().join("tmp"))
            .unwrap()
            .map(|entry| entry.unwrap().path())
            .collect();
        assert_eq!(left, Vec::<PathBuf>::new(), "left over");
        code
    }
}

impl Drop for Kernel {
    fn drop(&mut self) {
        // In most cases the process has already ended.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// A command that starts a kernel whose temporary files are in `dir`.
pub(crate) fn command(dir: &TempDir, file: &Path) -> Command {
    let tmp = dir.path().join("tmp");
    std::fs::create_dir_all(&tmp).unwrap();
    let mut command = Command::new(std::env::current_exe().unwrap());
    command
        .args(["--exact", "process::process_entry", "--nocapture"])
        .env(VARIABLE, file)
        .env("TMPDIR", tmp)
        .env_remove("JPY_PARENT_PID")
        .stdin(Stdio::null())
        .stdout(Stdio::null());
    command
}

pub(crate) fn output(dir: &TempDir, file: &Path) -> Output {
    command(dir, file).stderr(Stdio::piped()).output().unwrap()
}

pub(crate) fn tcp_file(dir: &TempDir) -> PathBuf {
    // Jupyter finds free ports in the same way.
    let listeners = [(); 5].map(|()| TcpListener::bind("127.0.0.1:0").unwrap());
    let ports = listeners
        .each_ref()
        .map(|listener| listener.local_addr().unwrap().port());
    drop(listeners);
    connection_file(dir, "tcp", "127.0.0.1", ports)
}

fn connection_file(dir: &TempDir, transport: &str, ip: &str, ports: [u16; 5]) -> PathBuf {
    let [shell, control, stdin, iopub, heartbeat] = ports;
    let info = json!({
        "transport": transport, "ip": ip, "key": "a key", "signature_scheme": "hmac-sha256",
        "shell_port": shell, "control_port": control, "stdin_port": stdin, "iopub_port": iopub, "hb_port": heartbeat,
        "kernel_name": "threadbook", "jupyter_session": "some.ipynb",
    });
    let path = dir.path().join("kernel.json");
    std::fs::write(&path, info.to_string()).unwrap();
    path
}
