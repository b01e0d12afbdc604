//! Threadbook under Jupyter's own programs: Jupyter's conformance tests, nbconvert, nbclient, papermill,
//! jupyter_client, jupyter_server.
//!
//! The checks are the scripts in tests/python. `the_checks_hold_for_ipykernel` runs each of them on ipykernel too,
//! which reveals a check with a wrong expectation.

use std::fs;
use std::path::Path;

use anyhow::Result;
use serde_json::Value;
use serde_json::json;
use tempfile::TempDir;
use threadbook_tests::jupyter::Jupyter;
use threadbook_tests::notebooks;
use threadbook_tests::notebooks::Notebook;
use threadbook_tests::notebooks::differences;

/// The scripts whose only argument is a kernel's name.
const CHECKS: [&str; 11] = [
    "test_conformance.py",
    "interrupts.py",
    "queue_after_error.py",
    "questions.py",
    "detached.py",
    "two_clients.py",
    "leftovers.py",
    "one_cpu.py",
    "early.py",
    "parameters.py",
    "remote.py",
];

/// Notebooks that check their statements with assertions.
const ASSERTING: [&str; 5] = [
    "01_overview.ipynb",
    "02_threads_and_futures.ipynb",
    "03_cpu_and_io.ipynb",
    "04_threading_and_processes.ipynb",
    "05_processes_and_async.ipynb",
];

#[test]
fn the_checks_hold_for_ipykernel() -> Result<()> {
    let jupyter = Jupyter::alone()?;
    for check in CHECKS {
        println!("{}", jupyter.script(check, &["python3"])?.succeeded());
    }
    println!(
        "{}",
        jupyter
            .script("thousand.py", &["python3", "--count", "50"])?
            .succeeded()
    );
    Ok(())
}

#[test]
fn times_are_worded_as_by_ipython() -> Result<()> {
    let jupyter = Jupyter::alone()?;
    let output = jupyter.script::<&str>("times.py", &[])?.succeeded();
    let mut compared = 0;
    for line in output.lines() {
        let Some((seconds, expected)) = line.split_once('\t') else {
            continue;
        };
        let seconds: f64 = seconds.parse()?;
        for (precision, expected) in [3, 5].into_iter().zip(expected.split('\t')) {
            let worded = threadbook::timing::format_time(seconds, precision);
            assert_eq!(worded, expected, "{seconds:e}");
            compared += 1;
        }
    }
    assert!(compared > 20_000, "{compared}: {output}");
    println!("{compared} times compared");
    Ok(())
}

#[test]
fn conforms_to_jupyter_kernel_test_with_nothing_skipped() -> Result<()> {
    check("test_conformance.py")
}

#[test]
fn an_interrupt_ends_the_cell_and_keeps_the_variables() -> Result<()> {
    check("interrupts.py")
}

#[test]
fn a_failed_cell_aborts_the_queue() -> Result<()> {
    check("queue_after_error.py")
}

#[test]
fn a_cell_can_ask_the_user() -> Result<()> {
    check("questions.py")
}

#[test]
fn a_forgotten_thread_loses_no_output() -> Result<()> {
    check("detached.py")
}

#[test]
fn two_clients_share_output_but_not_replies() -> Result<()> {
    check("two_clients.py")
}

#[test]
fn a_client_may_send_before_it_subscribes() -> Result<()> {
    check("early.py")
}

#[test]
fn papermill_executes_notebooks() -> Result<()> {
    check("parameters.py")
}

#[test]
fn a_kernel_works_behind_a_server_and_a_gateway() -> Result<()> {
    check("remote.py")
}

#[test]
fn a_console_can_be_typed_into() -> Result<()> {
    check("console.py")
}

#[test]
fn nothing_is_left_of_a_kernel_however_it_ends() -> Result<()> {
    check("leftovers.py")
}

#[test]
fn one_processor_is_enough() -> Result<()> {
    check("one_cpu.py")?;
    check_with("thousand.py", &["threadbook", "--count", "20", "--one-cpu"])
}

#[test]
fn a_thousand_cells_lose_no_output() -> Result<()> {
    check_with("thousand.py", &["threadbook", "--count", "1000"])
}

#[test]
fn nbconvert_executes_a_notebook_and_converts_what_it_made() -> Result<()> {
    let jupyter = Jupyter::with_threadbook()?;
    let folder = TempDir::new()?;
    let code = "let answer = 6 * 7;\nprintln!(\"the answer is {answer}\");\nanswer + 1";
    write_notebook(folder.path(), &[code])?;

    let arguments = [
        "--to",
        "notebook",
        "--execute",
        "--output",
        "executed.ipynb",
        "notebook.ipynb",
    ];
    jupyter.nbconvert(folder.path(), &arguments)?.succeeded();
    let executed: Value = serde_json::from_slice(&fs::read(folder.path().join("executed.ipynb"))?)?;
    let outputs = &executed["cells"][0]["outputs"];
    assert_eq!(
        outputs[0]["text"],
        json!(["the answer is 42\n"]),
        "{outputs}"
    );
    assert_eq!(outputs[1]["data"]["text/plain"], json!(["43"]), "{outputs}");
    assert_eq!(outputs[2], Value::Null, "{outputs}");
    assert_eq!(executed["cells"][0]["execution_count"], 1);

    jupyter
        .nbconvert(folder.path(), &["--to", "script", "executed.ipynb"])?
        .succeeded();
    let script = fs::read_to_string(folder.path().join("executed.rs"))?;
    assert!(script.contains(code), "{script}");

    jupyter
        .nbconvert(folder.path(), &["--to", "html", "executed.ipynb"])?
        .succeeded();
    let html = fs::read_to_string(folder.path().join("executed.html"))?;
    // `let` is marked as a keyword: Pygments does this only if it knows the language.
    assert!(
        html.contains(r#"<span class="kd">let</span>"#),
        "the cell is not highlighted as Rust"
    );
    assert!(html.contains("the answer is 42"));
    Ok(())
}

#[test]
fn nbconvert_executes_the_notebooks_that_assert_their_claims() -> Result<()> {
    let jupyter = Jupyter::with_threadbook()?;
    let copy = notebooks::copy()?;
    let mut faults = Vec::new();
    for name in ASSERTING {
        let path = copy.path().join(name);
        let kept = Notebook::read(&path)?;
        let arguments = ["--to", "notebook", "--execute", "--inplace", name];
        let executed = jupyter.nbconvert(copy.path(), &arguments)?;
        if executed.code == Some(0) {
            faults.extend(differences(name, &kept, &Notebook::read(&path)?));
        } else {
            faults.push(format!("{name}: {}", executed.text));
        }
    }
    assert!(faults.is_empty(), "{}", faults.join("\n"));
    Ok(())
}

#[test]
fn nbconvert_fails_on_a_failed_assertion() -> Result<()> {
    let jupyter = Jupyter::with_threadbook()?;
    let folder = TempDir::new()?;
    write_notebook(
        folder.path(),
        &["assert_eq!(1 + 1, 3);", "println!(\"not reached\");"],
    )?;
    let arguments = [
        "--to",
        "notebook",
        "--execute",
        "--output",
        "executed.ipynb",
        "notebook.ipynb",
    ];
    let text = jupyter.nbconvert(folder.path(), &arguments)?.failed();
    assert!(text.contains("Panic"), "{text}");
    assert!(text.contains("assertion `left == right` failed"), "{text}");
    assert!(!folder.path().join("executed.ipynb").exists());
    Ok(())
}

fn check(script: &str) -> Result<()> {
    check_with(script, &["threadbook"])
}

fn check_with(script: &str, arguments: &[&str]) -> Result<()> {
    println!(
        "{}",
        Jupyter::with_threadbook()?
            .script(script, arguments)?
            .succeeded()
    );
    Ok(())
}

/// Writes `notebook.ipynb` with these code cells. The notebook names our kernel, as notebooks from JupyterLab do.
fn write_notebook(folder: &Path, cells: &[&str]) -> Result<()> {
    let cells: Vec<Value> = cells
        .iter()
        .enumerate()
        .map(|(index, source)| {
            json!({
                "cell_type": "code", "id": format!("cell-{index}"), "execution_count": null,
                "metadata": {}, "outputs": [], "source": source,
            })
        })
        .collect();
    let notebook = json!({
        "cells": cells,
        "metadata": {
            "kernelspec": { "display_name": "Threadbook", "language": "rust", "name": "threadbook" },
        },
        "nbformat": 4,
        "nbformat_minor": 5,
    });
    Ok(fs::write(
        folder.join("notebook.ipynb"),
        notebook.to_string(),
    )?)
}
