//! `threadbook lab`, with a Python that only prints its arguments.

use std::fs;
use std::fs::Permissions;
use std::os::unix::fs::PermissionsExt;
use std::path::PathBuf;

use expect_test::expect;
use serde_json::Value;

use crate::command::Home;
use crate::command::program;

/// A Python that makes environments whose Python is a copy of itself, and installs nothing.
const PYTHON: &str = r#"#!/bin/sh
echo "$@" | head -1 >> "$HOME/calls"
case "$1 $2" in
"-c "*) printf '/usr\n3.11\n\n' ;;
"-m venv") mkdir -p "$3/bin" && cp "$0" "$3/bin/python" ;;
"-m pip") echo 'Collecting jupyterlab' ;;
"-m jupyterlab")
  echo "in $PWD:"
  for argument in "$@"; do echo "  $argument"; done
  exit 7 ;;
*) exit 9 ;;
esac
"#;

#[test]
fn jupyterlab_gets_the_arguments_and_its_exit_code_is_passed_on() {
    let home = machine(PYTHON);
    fs::create_dir(home.path().join("lessons")).unwrap();
    let arguments = [
        "lab",
        "lessons",
        "--port=8899",
        "--no-browser",
        "--",
        "--ip=::",
        "--debug",
    ];
    expect![[r#"
        in ~/lessons:
          -m
          jupyterlab
          --ServerApp.root_dir=~/lessons
          --no-browser
          --port=8899
          --ip=::
          --debug
        installing JupyterLab into `~/cache/lab/KEY`, once
        JupyterLab is installed
        exit code 7
    "#]]
    .assert_eq(&said(&home, &arguments));
}

#[test]
fn the_environment_is_made_once_and_names_this_program() {
    let home = machine(PYTHON);
    said(&home, &["lab"]);
    let folder = environment(&home);
    let spec = folder.join("share/jupyter/kernels/threadbook/kernel.json");
    fs::write(
        &spec,
        r#"{"argv": ["/old/name", "kernel", "-f", "{connection_file}"]}"#,
    )
    .unwrap();
    expect![[r#"
        in ~:
          -m
          jupyterlab
          --ServerApp.root_dir=~
        exit code 7
    "#]]
    .assert_eq(&said(&home, &["lab"]));
    let spec: Value = serde_json::from_slice(&fs::read(spec).unwrap()).unwrap();
    assert_eq!(spec["argv"][0], program());
    assert_eq!(calls(&home, "-m pip"), 1);
}

#[test]
fn an_environment_that_was_not_finished_is_made_again() {
    let home = machine(PYTHON);
    said(&home, &["lab"]);
    fs::remove_file(environment(&home).join("complete")).unwrap();
    let left = environment(&home).join("left");
    fs::write(&left, "").unwrap();
    said(&home, &["lab"]);
    assert!(!left.exists());
    assert_eq!(calls(&home, "-m venv"), 2);
}

#[test]
fn a_machine_without_python_hears_what_to_install() {
    expect![[r#"
        error: `python3` is not on the PATH, and JupyterLab needs Python (Debian and Ubuntu: `apt install python3-venv`)
        exit code 1
    "#]]
    .assert_eq(&Home::new().threadbook(&["lab"]));
}

#[test]
fn a_python_without_venv_is_named_before_anything_is_written() {
    let home = machine("#!/bin/sh\nprintf '/usr\\n3.11\\nensurepip\\n'\n");
    expect![[r#"
        error: `python3` has no module `ensurepip`, which makes virtual environments, and JupyterLab needs Python (Debian and Ubuntu: `apt install python3-venv`)
        exit code 1
    "#]]
    .assert_eq(&said(&home, &["lab"]));
    assert!(!home.path().join("cache").exists());
}

#[test]
fn a_machine_without_a_network_is_told_so_and_the_next_start_tries_again() {
    let pip = "echo 'WARNING: Retrying after connection broken by NewConnectionError' >&2; exit 1";
    let home = machine(&PYTHON.replace("echo 'Collecting jupyterlab'", pip));
    expect![[r#"
        installing JupyterLab into `~/cache/lab/KEY`, once
        error: JupyterLab can't be downloaded: pip reaches no package index (connect to the network, or set `PIP_INDEX_URL` to a mirror, and run `threadbook lab` again)
        WARNING: Retrying after connection broken by NewConnectionError
        exit code 1
    "#]]
    .assert_eq(&said(&home, &["lab"]));
    said(&home, &["lab"]);
    assert_eq!(calls(&home, "-m pip"), 2);
    assert_eq!(calls(&home, "-m jupyterlab"), 0);
}

#[test]
fn another_failure_of_pip_is_quoted() {
    let pip = "echo 'ERROR: No space left on device' >&2; exit 1";
    let home = machine(&PYTHON.replace("echo 'Collecting jupyterlab'", pip));
    expect![[r#"
        installing JupyterLab into `~/cache/lab/KEY`, once
        error: pip can't install JupyterLab (correct what it reports, and run `threadbook lab` again)
        ERROR: No space left on device
        exit code 1
    "#]]
    .assert_eq(&said(&home, &["lab"]));
}

#[test]
fn a_folder_that_is_not_there_is_a_usage_error() {
    expect![[r#"
        error: `nothing` is no folder (expected the folder that JupyterLab is to show; its own arguments come after `--`)
        exit code 2
    "#]]
    .assert_eq(&Home::new().threadbook(&["lab", "nothing"]));
}

#[test]
fn the_cache_lists_environments_and_prunes_those_that_are_not_current() {
    let home = machine(PYTHON);
    said(&home, &["lab"]);
    let current = environment(&home);
    let old = home.path().join("cache/lab/old");
    fs::create_dir(&old).unwrap();
    let listed = said(&home, &["cache"]);
    assert!(listed.contains("JupyterLab, current\n"), "{listed}");
    assert!(
        listed.contains("  old         0 B  JupyterLab, not finished\n"),
        "{listed}"
    );
    let pruned = said(&home, &["cache", "--prune"]);
    assert!(pruned.contains("removed `~/cache/lab/old`\n"), "{pruned}");
    assert!(current.exists() && !old.exists());
}

/// A home folder with this script as its only Python, and with the tools that the script uses.
fn machine(python: &str) -> Home {
    let home = Home::new();
    let folder = |name: &str| home.path().join(name);
    let (programs, cache) = (folder("bin"), folder("cache"));
    fs::create_dir_all(&programs).unwrap();
    let path = programs.join("python3");
    fs::write(&path, python).unwrap();
    fs::set_permissions(&path, Permissions::from_mode(0o755)).unwrap();
    let tools = format!("{}:/usr/bin:/bin", programs.display());
    home.with("PATH", tools).with("THREADBOOK_CACHE", cache)
}

/// The output of the command, with the environment's name written as `KEY`.
fn said(home: &Home, arguments: &[&str]) -> String {
    let text = home.threadbook(arguments);
    match environments(home).first() {
        Some(folder) => text.replace(folder.file_name().unwrap().to_str().unwrap(), "KEY"),
        None => text,
    }
}

fn environment(home: &Home) -> PathBuf {
    environments(home).remove(0)
}

fn environments(home: &Home) -> Vec<PathBuf> {
    let entries = fs::read_dir(home.path().join("cache/lab"));
    let paths = entries
        .into_iter()
        .flatten()
        .flatten()
        .map(|entry| entry.path());
    paths
        .filter(|path| path.is_dir() && !path.ends_with("old"))
        .collect()
}

/// The number of calls of Python whose arguments begin with this text.
fn calls(home: &Home, beginning: &str) -> usize {
    let calls = fs::read_to_string(home.path().join("calls")).unwrap_or_default();
    calls
        .lines()
        .filter(|line| line.starts_with(beginning))
        .count()
}
