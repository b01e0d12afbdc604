//! `threadbook run`, with a scripted kernel.

use std::fs;
use std::io::BufRead;
use std::io::BufReader;
use std::os::unix::process::ExitStatusExt;
use std::process::Child;
use std::process::Stdio;
use std::sync::mpsc;
use std::thread;
use std::time::Duration;

use expect_test::expect;
use rustix::process::Pid;
use rustix::process::Signal;
use rustix::process::kill_process;
use rustix::process::test_kill_process;
use serde_json::Value;
use serde_json::json;

use crate::command::Home;
use crate::scripted_kernel;

/// The limit of one wait. A longer wait is a hang.
const HANG: Duration = Duration::from_secs(120);

#[test]
fn outputs_are_shown_with_their_cells() {
    let home = home();
    let cells = [
        cell("a", "print half\nprint  line\\n"),
        json!({"cell_type": "markdown", "id": "m", "metadata": {}, "source": "text"}),
        cell("b", "html <b>x</b>\nupdate <i>y</i>\nresult 1\\n2"),
        cell("c", "print 50%\\r100%\nresult 3"),
        cell("d", ""),
        cell("e", "folder"),
    ];
    fs::create_dir(home.path().join("lesson")).unwrap();
    write(&home, "lesson/x.ipynb", &cells);
    let said = home.threadbook(&["run", "lesson/x.ipynb"]);
    let expected = expect![[r#"
        In [1]: print half
        half line
        In [2]: html <b>x</b>
        [text/html]
        Out[2]:
        1
        2
        [text/html]
        In [3]: print 50%\r100%
        50%<CR>100%
        Out[3]: 3
        In [4]: folder
        lesson
        exit code 0
    "#]];
    expected.assert_eq(&said.replace('\r', "<CR>"));
    assert_nothing_left(&home);
}

#[test]
fn a_failing_cell_ends_its_notebook_and_is_named() {
    let home = home();
    let cells = [
        cell("a", "eprint warning\\n"),
        cell("bad", "print x\nfail no luck\\nat all"),
        cell("c", "print never"),
    ];
    write(&home, "x.ipynb", &cells);
    expect![[r#"
        In [1]: eprint warning\n
        In [2]: print x
        x
        warning
        Panic: no luck
        at all
        error: `x.ipynb`, cell 2 (id `bad`): Panic: no luck
        exit code 1
    "#]]
    .assert_eq(&home.threadbook(&["run", "x.ipynb"]));
    assert_nothing_left(&home);
}

#[test]
fn a_cell_with_the_tag_may_fail() {
    let home = home();
    let mut tagged = cell("a", "fail as planned");
    tagged["metadata"] = json!({"tags": ["raises-exception"]});
    write(&home, "x.ipynb", &[tagged, cell("b", "print on\\n")]);
    expect![[r#"
        In [1]: fail as planned
        In [2]: print on\n
        on
        Panic: as planned
        exit code 0
    "#]]
    .assert_eq(&home.threadbook(&["run", "x.ipynb"]));
}

#[test]
fn errors_can_be_allowed() {
    let home = home();
    write(
        &home,
        "x.ipynb",
        &[cell("a", "fail"), cell("b", "result on")],
    );
    expect![[r#"
        In [1]: fail
        In [2]: result on
        Out[2]: on
        Panic: 
        exit code 0
    "#]]
    .assert_eq(&home.threadbook(&["run", "--allow-errors", "x.ipynb"]));
}

#[test]
fn the_other_notebooks_run_after_one_that_fails() {
    let home = home();
    fs::create_dir(home.path().join("n")).unwrap();
    write(&home, "n/1.ipynb", &[cell("a", "fail here")]);
    write(&home, "n/2.ipynb", &[cell("a", "result 2")]);
    expect![[r#"
        == n/1.ipynb ==
        In [1]: fail here
        == n/2.ipynb ==
        In [1]: result 2
        Out[1]: 2
        2 notebooks: 1 passed, 1 failed
        Panic: here
        error: `n/1.ipynb`, cell 1 (id `a`): Panic: here
        exit code 1
    "#]]
    .assert_eq(&home.threadbook(&["run", "n"]));
    assert_nothing_left(&home);
}

#[test]
fn a_cell_that_takes_too_long_is_interrupted_and_named() {
    let home = home();
    let cells = [
        cell("a", "print x\\n"),
        cell("slow", "\nwait\nprint no"),
        cell("c", "print no"),
    ];
    write(&home, "x.ipynb", &cells);
    let arguments = ["run", "x.ipynb", "--timeout", "3", "--allow-errors"];
    expect![[r#"
        In [1]: print x\n
        x
        In [2]: wait
        KeyboardInterrupt: interrupted
        error: `x.ipynb`, cell 2 (id `slow`): TimeoutError: the cell took longer than 3s: `wait`
        exit code 1
    "#]]
    .assert_eq(&home.threadbook(&arguments));
    assert_nothing_left(&home);
}

#[test]
fn a_kernel_that_dies_is_reported() {
    let home = home();
    write(
        &home,
        "x.ipynb",
        &[cell("a", "print x\\n"), cell("b", "die")],
    );
    let said = home.threadbook(&["run", "x.ipynb"]);
    let line = "error: `x.ipynb`, cell 2 (id `b`): the kernel died (signal: 6 (SIGABRT)";
    assert!(said.contains(line), "{said}");
    assert!(said.ends_with("exit code 1\n"), "{said}");
    // A kernel that aborts leaves the folder of its sockets, which a later kernel removes. The runner's folder must be
    // gone.
    assert!(folders(&home, "threadbook-run-").is_empty());
}

#[test]
fn a_kernel_that_does_not_start_is_reported() {
    let home = Home::new().with("THREADBOOK_KERNEL_COMMAND", "/bin/false");
    write(&home, "x.ipynb", &[cell("a", "print x")]);
    expect![[r#"
        error: `x.ipynb`, kernel: it ended before it was ready (exit status: 1)
        exit code 1
    "#]]
    .assert_eq(&home.threadbook(&["run", "x.ipynb"]));
    assert_nothing_left(&home);
}

#[test]
fn the_executed_notebook_is_written() {
    let home = home();
    let cells = [
        cell("a", "print a\nprint b\\n\neprint c\nhtml <b>x</b>"),
        cell("b", "update <i>y</i>\nprint gone\nclear wait\nresult 1"),
        cell("c", "fail"),
        cell("d", "print never"),
    ];
    write(&home, "x.ipynb", &cells);
    let before = fs::read(home.path().join("x.ipynb")).unwrap();
    home.threadbook(&["run", "x.ipynb", "--output", "out.ipynb"]);
    assert_eq!(fs::read(home.path().join("x.ipynb")).unwrap(), before);
    let text = fs::read(home.path().join("out.ipynb")).unwrap();
    let written: Value = serde_json::from_slice(&text).unwrap();
    let outputs: Vec<String> = written["cells"]
        .as_array()
        .unwrap()
        .iter()
        .map(|cell| format!("{} {}\n", cell["execution_count"], cell["outputs"]))
        .collect();
    expect![[r#"
        1 [{"name":"stdout","output_type":"stream","text":["ab\n"]},{"name":"stderr","output_type":"stream","text":["c"]},{"data":{"text/html":["<i>y</i>"]},"metadata":{},"output_type":"display_data"}]
        2 [{"data":{"text/plain":["1"]},"execution_count":2,"metadata":{},"output_type":"execute_result"}]
        3 [{"ename":"Panic","evalue":"","output_type":"error","traceback":["\u001b[31mPanic\u001b[0m: "]}]
        null []
    "#]]
    .assert_eq(&outputs.concat());
    assert_eq!(written["metadata"]["mine"], json!({"b": 1, "a": 2}));
    assert_eq!(written["metadata"]["language_info"]["name"], "rust");
}

#[test]
fn arguments_that_lead_nowhere_are_usage_errors() {
    let home = Home::new();
    fs::create_dir(home.path().join("empty")).unwrap();
    fs::write(home.path().join("bad.ipynb"), "{").unwrap();
    write(&home, "1.ipynb", &[]);
    write(&home, "2.ipynb", &[]);
    for (arguments, text) in [
        (&["empty"][..], "no notebook in the folder `empty`"),
        (
            &["none.ipynb"],
            "can't read `none.ipynb`: No such file or directory (os error 2)",
        ),
        (
            &["bad.ipynb"],
            "can't use the notebook `bad.ipynb`: expected JSON, found EOF while parsing an object at line 1 column 1",
        ),
        (
            &["1.ipynb", "2.ipynb", "--output", "x"],
            "`--output` takes the result of one notebook, found 2 (run them one by one)",
        ),
        (
            &["1.ipynb", "--output", "no/x"],
            "`--output` names no file in a folder that exists: `no/x`",
        ),
    ] {
        let said = home.threadbook(&[&["run"], arguments].concat());
        assert_eq!(said, format!("error: {text}\nexit code 2\n"));
    }
}

#[test]
fn ctrl_c_interrupts_the_running_cell_and_starts_no_other() {
    let home = home();
    write(
        &home,
        "1.ipynb",
        &[cell("a", "pid\nwait"), cell("b", "print no")],
    );
    write(&home, "2.ipynb", &[cell("a", "print no")]);
    let mut run = Run::start(&home, &["run", "1.ipynb", "2.ipynb", "--allow-errors"]);
    let kernel = run.wait_for_pid();
    run.signal(Signal::INT);
    assert_eq!(run.exit_code(), Some(130));
    assert!(run.rest().is_empty());
    assert!(test_kill_process(kernel).is_err());
    assert_nothing_left(&home);
}

#[test]
fn a_second_ctrl_c_ends_a_kernel_that_ignores_the_first() {
    let home = home();
    write(&home, "x.ipynb", &[cell("a", "pid\ndeaf")]);
    let mut run = Run::start(&home, &["run", "x.ipynb"]);
    let kernel = run.wait_for_pid();
    run.signal(Signal::INT);
    run.wait_for_line("ignored");
    run.signal(Signal::INT);
    assert_eq!(run.exit_code(), Some(130));
    assert!(test_kill_process(kernel).is_err());
    assert_nothing_left(&home);
}

#[test]
fn sigterm_ends_the_kernel_too() {
    let home = home();
    write(&home, "x.ipynb", &[cell("a", "pid\nwait")]);
    let mut run = Run::start(&home, &["run", "x.ipynb"]);
    let kernel = run.wait_for_pid();
    run.signal(Signal::TERM);
    assert_eq!(run.exit_code(), Some(143));
    assert!(test_kill_process(kernel).is_err());
    assert_nothing_left(&home);
}

/// A run in the background.
struct Run {
    child: Child,
    lines_rx: mpsc::Receiver<String>,
}

impl Run {
    fn start(home: &Home, arguments: &[&str]) -> Run {
        let mut child = home
            .command(arguments)
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let stdout = BufReader::new(child.stdout.take().unwrap());
        let (lines_tx, lines_rx) = mpsc::channel();
        thread::spawn(move || {
            for line in stdout.lines() {
                let _ = lines_tx.send(line.unwrap());
            }
        });
        Run { child, lines_rx }
    }

    /// Waits until the cell prints the id of the kernel's process.
    fn wait_for_pid(&mut self) -> Pid {
        let line = self.wait_for_line("pid ");
        Pid::from_raw(line["pid ".len()..].parse().unwrap()).unwrap()
    }

    fn wait_for_line(&mut self, start: &str) -> String {
        loop {
            let line = self.lines_rx.recv_timeout(HANG).unwrap();
            if line.starts_with(start) {
                return line;
            }
        }
    }

    fn signal(&self, signal: Signal) {
        let runner = Pid::from_raw(self.child.id().cast_signed()).unwrap();
        kill_process(runner, signal).unwrap();
    }

    fn exit_code(&mut self) -> Option<i32> {
        let status = self.child.wait().unwrap();
        assert_eq!(status.signal(), None);
        status.code()
    }

    fn rest(&self) -> Vec<String> {
        self.lines_rx.iter().collect()
    }
}

fn home() -> Home {
    let home = Home::new();
    let program = scripted_kernel::program(home.path());
    home.with("THREADBOOK_KERNEL_COMMAND", program)
}

fn cell(id: &str, source: &str) -> Value {
    json!({
        "cell_type": "code",
        "execution_count": 7,
        "id": id,
        "metadata": {},
        "outputs": [{"name": "stdout", "output_type": "stream", "text": "from before"}],
        "source": source,
    })
}

fn write(home: &Home, name: &str, cells: &[Value]) {
    let notebook = json!({
        "cells": cells,
        "metadata": {"mine": {"b": 1, "a": 2}},
        "nbformat": 4,
        "nbformat_minor": 5,
    });
    fs::write(home.path().join(name), notebook.to_string()).unwrap();
}

fn assert_nothing_left(home: &Home) {
    let left = folders(home, "threadbook-");
    assert!(left.is_empty(), "{left:?}");
}

/// The temp folders with this prefix. The home folder is also the temp folder.
fn folders(home: &Home, prefix: &str) -> Vec<String> {
    fs::read_dir(home.path())
        .unwrap()
        .map(|entry| entry.unwrap())
        .filter(|entry| entry.path().is_dir())
        .map(|entry| entry.file_name().to_str().unwrap().to_owned())
        .filter(|name| name.starts_with(prefix))
        .collect()
}
