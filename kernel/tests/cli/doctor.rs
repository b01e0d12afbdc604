//! `threadbook doctor`, with programs whose output the test chooses.

use std::fs;
use std::fs::Permissions;
use std::os::unix::fs::PermissionsExt;
use std::os::unix::fs::symlink;

use expect_test::expect;
use serde_json::Value;

use crate::command::Home;
use crate::command::program;

/// The kernelspec of the Python package.
const PACKAGED: &str = include_str!(
    "../../../packaging/wheel/files/data/share/jupyter/kernels/threadbook/kernel.json"
);

#[test]
fn a_machine_with_everything_has_nothing_but_ok() {
    let home = machine();
    home.threadbook(&["install", "--no-prepare", "--user"]);
    expect![[r#"
        ok    rustc: rustc 1.95.0 (59807616e 2026-04-14)
        ok    cargo: cargo 1.95.0
        ok    rust-src: ~/sysroot/lib/rustlib/src/rust/library
        ok    linker: `cc` compiles and links
        ok    fast linker: found `mold`
        ok    cache folder: `~/cache`, # MiB free
        ok    temp folder: `~`, # MiB free
        ok    jupyter data folder: `~/data`, # MiB free
        ok    kernelspec: ~/data/kernels/threadbook
        ok    python3: Python 3.14.0
        ok    jupyter: found `jupyter-lab`
        exit code 0
    "#]]
    .assert_eq(&report(&home));
}

#[test]
fn a_bare_machine_hears_what_to_install() {
    let home = Home::new();
    let (cache, data) = (home.path().join("cache"), home.path().join("data"));
    let home = home
        .with("THREADBOOK_CACHE", cache)
        .with("JUPYTER_DATA_DIR", data);
    expect![[r#"
        fail  rustc: `rustc` is not on the PATH
              -> install Rust from https://rustup.rs, or run `rustup update stable`
        fail  cargo: `cargo` is not on the PATH
              -> install Rust from https://rustup.rs, or run `rustup update stable`
        fail  rust-src: `rustc` does not tell where its libraries are
              -> install Rust from https://rustup.rs, or run `rustup update stable`
        fail  linker: `cc` is not on the PATH
              -> install a C compiler (Debian and Ubuntu: `apt install build-essential`; macOS: `xcode-select --install`)
        warn  fast linker: found neither `mold` nor `lld`
              -> install one of them: cells build faster (Debian and Ubuntu: `apt install mold`)
        ok    cache folder: `~/cache`, # MiB free
        ok    temp folder: `~`, # MiB free
        ok    jupyter data folder: `~/data`, # MiB free
        warn  kernelspec: not installed
              -> run `threadbook install` (`threadbook lab` works without)
        warn  python3: `python3` is not on the PATH
              -> install it, for `threadbook lab` (Debian and Ubuntu: `apt install python3-venv`)
        warn  jupyter: not on the PATH
              -> run `threadbook lab`, which brings a JupyterLab, or `pip install jupyterlab` (`threadbook run` works without)
        exit code 1
    "#]]
    .assert_eq(&report(&home));
}

#[test]
fn an_old_compiler_and_missing_sources_fail() {
    let home = machine();
    add_program(
        &home,
        "rustc",
        "[ $1 = --print ] && echo /nothing || echo rustc 1.94.1",
    );
    let report = report(&home);
    for line in [
        "fail  rustc: expected version 1.95 or later, found `rustc 1.94.1`\n",
        "fail  rust-src: no sources in `/nothing/lib/rustlib/src/rust/library`\n",
        "      -> run `rustup component add rust-src` (",
    ] {
        assert!(report.contains(line), "{report}");
    }
    assert!(report.ends_with("exit code 1\n"), "{report}");
}

#[test]
fn a_linker_that_fails_is_quoted() {
    let home = machine();
    add_program(&home, "cc", "echo 'cannot find crt1.o' >&2; exit 1");
    let report = report(&home);
    let line = "fail  linker: `cc` fails (exit status: 1): cannot find crt1.o\n";
    assert!(report.contains(line), "{report}");
}

#[test]
fn the_kernelspec_of_another_build_is_a_warning() {
    let home = machine();
    let folder = home.path().join("data/kernels/threadbook");
    fs::create_dir_all(&folder).unwrap();
    let spec = r#"{"argv": ["/old/threadbook", "kernel", "-f", "{connection_file}"]}"#;
    fs::write(folder.join("kernel.json"), spec).unwrap();
    let report = report(&home);
    let lines = "warn  kernelspec: `~/data/kernels/threadbook` starts another program, `/old/threadbook`\n      \
                 -> run `threadbook install` (`threadbook lab` works without)\n";
    assert!(report.contains(lines), "{report}");
    assert!(report.ends_with("exit code 0\n"), "{report}");
}

#[test]
fn a_kernelspec_of_a_package_names_its_program_by_its_own_folder() {
    let home = machine();
    let prefix = home.path().join("venv");
    let folder = prefix.join("share/jupyter/kernels/threadbook");
    fs::create_dir_all(&folder).unwrap();
    fs::create_dir_all(prefix.join("bin")).unwrap();
    symlink(program(), prefix.join("bin/threadbook")).unwrap();
    fs::write(folder.join("kernel.json"), PACKAGED).unwrap();
    let report = report(&home.with("VIRTUAL_ENV", prefix));
    let line = "ok    kernelspec: ~/venv/share/jupyter/kernels/threadbook\n";
    assert!(report.contains(line), "{report}");
}

#[test]
fn the_kernelspec_of_the_package_is_that_of_install_but_for_the_program() {
    let home = machine();
    home.threadbook(&["install", "--no-prepare", "--user"]);
    let installed = fs::read(home.path().join("data/kernels/threadbook/kernel.json")).unwrap();
    let mut installed: Value = serde_json::from_slice(&installed).unwrap();
    let packaged: Value = serde_json::from_str(PACKAGED).unwrap();
    installed["argv"][0] = packaged["argv"][0].clone();
    assert_eq!(installed, packaged);
}

#[test]
fn a_python_without_venv_is_a_warning() {
    let home = machine();
    let python = "[ $1 = --version ] && echo Python 3.14.0 || printf '/usr\\n3.14\\nvenv\\n'";
    add_program(&home, "python3", python);
    let report = report(&home);
    let line = "warn  python3: `python3` has no module `venv`, which makes virtual environments\n";
    assert!(report.contains(line), "{report}");
}

/// A machine on which everything is correct, except that no kernelspec is installed.
fn machine() -> Home {
    let home = Home::new();
    let folder = |name: &str| home.path().join(name);
    let (programs, cache, data) = (folder("bin"), folder("cache"), folder("data"));
    fs::create_dir_all(&programs).unwrap();
    fs::create_dir_all(folder("sysroot/lib/rustlib/src/rust/library/std")).unwrap();
    let sysroot = folder("sysroot").display().to_string();
    let home = home
        .with("PATH", programs)
        .with("THREADBOOK_CACHE", cache)
        .with("JUPYTER_DATA_DIR", data);
    let rustc =
        format!("[ $1 = --print ] && echo {sysroot} || echo 'rustc 1.95.0 (59807616e 2026-04-14)'");
    add_program(&home, "rustc", &rustc);
    add_program(&home, "cargo", "echo cargo 1.95.0");
    add_program(&home, "cc", "exit 0");
    add_program(&home, "mold", "exit 0");
    let python = "[ $1 = --version ] && echo Python 3.14.0 || printf '/usr\\n3.14\\n\\n'";
    add_program(&home, "python3", python);
    add_program(&home, "jupyter-lab", "exit 0");
    home
}

fn add_program(home: &Home, name: &str, script: &str) {
    let path = home.path().join("bin").join(name);
    fs::write(&path, format!("#!/bin/sh\n{script}\n")).unwrap();
    fs::set_permissions(&path, Permissions::from_mode(0o755)).unwrap();
}

/// The report, with each number of free megabytes written as `#`.
fn report(home: &Home) -> String {
    let text = home.threadbook(&["doctor"]);
    text.lines()
        .map(|line| match line.strip_suffix(" MiB free") {
            Some(start) => {
                let start = start.trim_end_matches(|c: char| c.is_ascii_digit());
                format!("{start}# MiB free\n")
            }
            None => format!("{line}\n"),
        })
        .collect()
}
