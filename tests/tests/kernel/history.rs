//! The history, in a file that several kernels share.

use std::fs;
use std::path::Path;
use std::process::Command;

use serde_json::Value;
use serde_json::json;
use tempfile::TempDir;
use threadbook_jupyter::message::Channel;
use threadbook_tests::kernel::Kernel;
use threadbook_tests::kernel::Setup;

fn setup(file: &Path, args: &[&str]) -> Setup {
    Setup {
        args: args.iter().map(|arg| (*arg).to_owned()).collect(),
        env: vec![(
            "THREADBOOK_HISTORY".to_owned(),
            file.to_str().unwrap().to_owned(),
        )],
        ..Setup::default()
    }
}

fn tail(kernel: &mut Kernel) -> Value {
    let content = json!({"hist_access_type": "tail", "n": 99, "output": true, "raw": true});
    kernel.ask(Channel::Shell, "history", content)["history"].clone()
}

#[test]
fn two_kernels_write_one_history_and_a_third_reads_it() {
    let folder = TempDir::new().unwrap();
    let file = folder.path().join("history.sqlite");
    let mut first = Kernel::start_with(&setup(&file, &[]));
    let mut second = Kernel::start_with(&setup(&file, &[]));
    // Both kernels compile at the same time, and therefore store their cells at the same time.
    for n in 1..=5 {
        let a = first.send(&format!("{n} + 0"));
        let b = second.send(&format!("{n} + 100"));
        first.finish(&a).resulted(&n.to_string());
        second.finish(&b).resulted(&(n + 100).to_string());
    }
    first
        .run_with("-1", json!({"store_history": false}))
        .resulted("-1");
    second.run_with("-2", json!({"silent": true})).nothing();
    first.shut_down(false);
    first.process().ended();
    second.shut_down(false);
    second.process().ended();
    let mut third = Kernel::start_with(&setup(&file, &[]));
    let history = tail(&mut third);
    let mut texts: Vec<Vec<(u64, String, String)>> = vec![Vec::new(), Vec::new()];
    for row in history.as_array().unwrap() {
        let session = row[0].as_u64().unwrap();
        let text = |value: &Value| value.as_str().unwrap().to_owned();
        texts[usize::try_from(session).unwrap() - 1].push((
            row[1].as_u64().unwrap(),
            text(&row[2][0]),
            text(&row[2][1]),
        ));
    }
    texts.sort();
    for (session, more) in texts.iter().zip([0, 100]) {
        let expected: Vec<_> = (1..=5)
            .map(|n| (n, format!("{n} + {more}"), (n + more).to_string()))
            .collect();
        assert_eq!(session, &expected);
    }
}

#[test]
fn no_history_leaves_the_file_alone() {
    let folder = TempDir::new().unwrap();
    let file = folder.path().join("history.sqlite");
    let mut kernel = Kernel::start_with(&setup(&file, &["--no-history"]));
    kernel.run("1 + 1").resulted("2");
    assert_eq!(tail(&mut kernel), json!([[1, 1, ["1 + 1", "2"]]]));
    kernel.shut_down(false);
    kernel.process().ended();
    assert!(!file.exists());
}

#[test]
fn a_notebook_that_is_executed_leaves_no_history() {
    let folder = TempDir::new().unwrap();
    let file = folder.path().join("history.sqlite");
    let notebook = folder.path().join("one.ipynb");
    let cell = json!({"cell_type": "code", "id": "one", "metadata": {}, "source": "1 + 1", "outputs": [],
        "execution_count": null});
    let content = json!({"cells": [cell], "metadata": {}, "nbformat": 4, "nbformat_minor": 5});
    fs::write(&notebook, content.to_string()).unwrap();
    let output = Command::new(threadbook_tests::threadbook_binary().unwrap())
        .arg("run")
        .arg(&notebook)
        .env("THREADBOOK_HISTORY", &file)
        .output()
        .unwrap();
    assert!(output.status.success(), "{output:?}");
    assert!(!file.exists());
}

#[test]
fn a_damaged_history_costs_no_cell() {
    let folder = TempDir::new().unwrap();
    let file = folder.path().join("history.sqlite");
    fs::write(&file, "no database, but long enough to be taken for one").unwrap();
    let mut kernel = Kernel::start_with(&setup(&file, &[]));
    kernel.run("1 + 1").resulted("2");
    assert_eq!(tail(&mut kernel), json!([[1, 1, ["1 + 1", "2"]]]));
    assert!(folder.path().join("history.sqlite.damaged-1").exists());
}
