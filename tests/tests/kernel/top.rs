//! `threadbook top` beside a real kernel.

use std::process::Command;
use std::process::Output;

use threadbook_tests::kernel::Kernel;

fn top(arguments: &[&str]) -> Output {
    Command::new(threadbook_tests::threadbook_binary().unwrap())
        .arg("top")
        .args(arguments)
        .output()
        .unwrap()
}

#[track_caller]
fn shown(kernel: &mut Kernel) -> String {
    let output = top(&[&kernel.process().pid().to_string()]);
    assert!(output.status.success(), "{output:?}");
    String::from_utf8(output.stdout).unwrap()
}

/// The columns of the line that contains this word.
#[track_caller]
fn line<'a>(text: &'a str, word: &str) -> Vec<&'a str> {
    let line = text.lines().find(|line| line.contains(word));
    let Some(line) = line else {
        panic!("no {word:?} in {text}")
    };
    // Columns are two spaces apart.
    line.split("  ")
        .map(str::trim)
        .filter(|part| !part.is_empty())
        .collect()
}

#[test]
fn a_cell_that_hangs_shows_what_each_thread_waits_for() {
    let mut kernel = Kernel::start();
    kernel
        .run(
            "let (hold_tx, hold_rx) = std::sync::mpsc::channel::<()>();
            std::thread::Builder::new().name(\"holder\".into()).spawn(move || hold_rx.recv()).unwrap();
            let mut child = std::process::Command::new(\"sleep\").arg(\"1000\").spawn().unwrap();",
        )
        .nothing();
    let id = kernel.send(
        "std::thread::Builder::new().name(\"spinner\".into()).spawn(|| loop { std::hint::spin_loop() }).unwrap();
        println!(\"hangs\");
        loop { std::thread::park() }",
    );
    kernel.until_text(&id, "hangs");
    let text = shown(&mut kernel);
    assert!(text.contains("cell 2 has been running for "), "{text}");
    let [_, _, cell, state, ..] = line(&text, "holder")[..] else {
        panic!("{text}")
    };
    assert_eq!(
        (cell, state),
        ("1", "waits for a lock, a thread or a channel")
    );
    let [_, _, cell, state, ..] = line(&text, "spinner")[..] else {
        panic!("{text}")
    };
    assert_eq!((cell, state), ("2", "runs"));
    assert_eq!(line(&text, "main")[2], "2");
    assert_eq!(line(&text, "sleep 1000")[2], "1");
    // The spinner uses a processor; its share of processor time is shown.
    assert!(line(&text, "spinner")[4].ends_with('%'), "{text}");
    kernel.interrupt();
    let ran = kernel.finish(&id);
    assert_eq!(ran.stdout(), "hangs\n");
    ran.failed("KeyboardInterrupt");
}

#[test]
fn a_kernel_that_does_not_run_is_an_error() {
    let output = top(&["999999999"]);
    assert_eq!(output.status.code(), Some(1));
    let text = String::from_utf8(output.stderr).unwrap();
    assert_eq!(
        text,
        "error: there is no process `999999999` (see `threadbook top`)\n"
    );
    assert_eq!(top(&["one"]).status.code(), Some(2));
}

#[test]
fn several_kernels_are_listed() {
    let mut kernels = [Kernel::start(), Kernel::start()];
    let output = top(&[]);
    assert!(output.status.success(), "{output:?}");
    let text = String::from_utf8(output.stdout).unwrap();
    for kernel in &mut kernels {
        let pid = kernel.process().pid().to_string();
        assert_eq!(line(&text, &pid)[0], pid);
    }
}
