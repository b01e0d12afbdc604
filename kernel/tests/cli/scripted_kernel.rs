//! A kernel whose cells are scripts of a few words. It tests the runner without compiling Rust.
//!
//! The runner starts this test binary again, through a shell script that selects only [`the_kernel_process`].

use std::env;
use std::fs;
use std::fs::Permissions;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::Condvar;
use std::sync::Mutex;

use serde_json::Map;
use serde_json::Value;
use threadbook_jupyter::contract::Cell;
use threadbook_jupyter::contract::Completions;
use threadbook_jupyter::contract::Control;
use threadbook_jupyter::contract::Diagnostic;
use threadbook_jupyter::contract::Evaluator;
use threadbook_jupyter::contract::KernelInfo;
use threadbook_jupyter::contract::Outcome;
use threadbook_jupyter::kernel;
use threadbook_jupyter::output::Event;
use threadbook_jupyter::output::OutputTx;
use threadbook_jupyter::output::StreamName;

/// The variable with the path of the connection file. It is set only in the kernel's process.
const CONNECTION_FILE: &str = "SCRIPTED_KERNEL_CONNECTION_FILE";

/// Writes the program for `THREADBOOK_KERNEL_COMMAND`.
pub(crate) fn program(folder: &Path) -> PathBuf {
    let path = folder.join("scripted-kernel");
    let this = env::current_exe().unwrap();
    let script = format!(
        "#!/bin/sh\n{CONNECTION_FILE}=\"$3\" exec '{}' --exact scripted_kernel::the_kernel_process --nocapture\n",
        this.display()
    );
    fs::write(&path, script).unwrap();
    fs::set_permissions(&path, Permissions::from_mode(0o755)).unwrap();
    path
}

/// This is not a test: it is the kernel's process. In a run of the tests there is no connection file, and it does
/// nothing.
#[test]
fn the_kernel_process() {
    let Some(file) = env::var_os(CONNECTION_FILE) else {
        return;
    };
    let stop = Arc::new(Stop::default());
    let control = Arc::clone(&stop);
    let options = kernel::Options {
        info: KernelInfo {
            language: Map::from_iter([("name".to_owned(), "rust".into())]),
            ..KernelInfo::default()
        },
        ..kernel::Options::default()
    };
    kernel::run(
        Path::new(&file),
        options,
        control,
        Box::new(|output_tx| Ok(Box::new(Scripted { output_tx, stop }))),
    )
    .unwrap();
}

/// Ends the running cell.
#[derive(Default)]
struct Stop {
    wanted: Mutex<bool>,
    changed: Condvar,
}

impl Stop {
    fn wait(&self) {
        let wanted = self.wanted.lock().unwrap();
        let mut wanted = self.changed.wait_while(wanted, |wanted| !*wanted).unwrap();
        *wanted = false;
    }
}

impl Control for Stop {
    fn interrupt(&self) {
        *self.wanted.lock().unwrap() = true;
        self.changed.notify_all();
    }

    fn shutdown(&self) {
        self.interrupt();
    }
}

struct Scripted {
    output_tx: OutputTx,
    stop: Arc<Stop>,
}

impl Evaluator for Scripted {
    /// Each line is a command and its argument. `\n` and `\r` in the argument stand for those characters.
    fn execute(&mut self, cell: &Cell) -> Outcome {
        *self.stop.wanted.lock().unwrap() = false;
        for line in cell.code.lines().filter(|line| !line.is_empty()) {
            let (command, argument) = line.split_once(' ').unwrap_or((line, ""));
            let argument = argument.replace("\\n", "\n").replace("\\r", "\r");
            if let Err(diagnostic) = self.obey(cell, command, &argument) {
                return Outcome::Failed(diagnostic);
            }
        }
        Outcome::Finished {
            payload: Vec::new(),
        }
    }

    fn complete(&mut self, _code: &str, _cursor_byte: usize) -> Completions {
        Completions::default()
    }

    fn inspect(&mut self, _code: &str, _cursor_byte: usize) -> Option<Map<String, Value>> {
        None
    }
}

impl Scripted {
    fn obey(&self, cell: &Cell, command: &str, argument: &str) -> Result<(), Diagnostic> {
        let cell = Some(cell.id);
        let metadata = Map::new();
        match command {
            "print" => self.print(cell, StreamName::Stdout, argument),
            "eprint" => self.print(cell, StreamName::Stderr, argument),
            "folder" => {
                let folder = env::current_dir().unwrap();
                let name = folder.file_name().unwrap().to_str().unwrap();
                self.print(cell, StreamName::Stdout, name);
            }
            "pid" => self.print(
                cell,
                StreamName::Stdout,
                &format!("pid {}\n", std::process::id()),
            ),
            "result" => self.output_tx.send(Event::Result {
                cell,
                data: data("text/plain", argument),
                metadata,
            }),
            "html" | "update" => self.output_tx.send(Event::Display {
                cell,
                data: data("text/html", argument),
                metadata,
                display_id: Some("d".to_owned()),
                update: command == "update",
            }),
            "clear" => self.output_tx.send(Event::Clear {
                cell,
                wait: argument == "wait",
            }),
            "fail" => return Err(diagnostic("Panic", argument)),
            "wait" => {
                self.stop.wait();
                return Err(diagnostic("KeyboardInterrupt", "interrupted"));
            }
            // Neither an interrupt nor a shutdown request ends this cell.
            "deaf" => loop {
                self.stop.wait();
                self.print(cell, StreamName::Stdout, "ignored\n");
            },
            "die" => std::process::abort(),
            other => return Err(diagnostic("CompileError", other)),
        }
        Ok(())
    }

    fn print(
        &self,
        cell: Option<threadbook_jupyter::contract::CellId>,
        stream: StreamName,
        text: &str,
    ) {
        self.output_tx.send(Event::Stream {
            cell,
            stream,
            bytes: text.into(),
        });
    }
}

fn data(mime: &str, value: &str) -> Map<String, Value> {
    Map::from_iter([(mime.to_owned(), Value::from(value))])
}

fn diagnostic(ename: &str, evalue: &str) -> Diagnostic {
    Diagnostic {
        ename: ename.to_owned(),
        evalue: evalue.to_owned(),
        traceback: vec![format!("\u{1b}[31m{ename}\u{1b}[0m: {evalue}")],
    }
}
