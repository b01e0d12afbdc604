//! `threadbook install` and `threadbook uninstall`.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;

use expect_test::expect;
use serde_json::Value;
use serde_json::json;

use crate::command::Home;
use crate::command::program;

#[cfg(target_os = "macos")]
const DATA_FOLDER: &str = "Library/Jupyter";
#[cfg(not(target_os = "macos"))]
const DATA_FOLDER: &str = ".local/share/jupyter";

#[test]
fn the_kernelspec_names_this_program_and_its_logos_stand_beside_it() {
    let home = Home::new();
    let said = home.threadbook(&["install", "--no-prepare"]);
    assert_eq!(
        said,
        format!(
            "installed the kernel `threadbook` in ~/{DATA_FOLDER}/kernels/threadbook\n\
             next: jupyter lab   (or: jupyter console --kernel threadbook)\n\
             exit code 0\n"
        )
    );
    let folder = home.path().join(DATA_FOLDER).join("kernels/threadbook");
    let spec = fs::read(folder.join("kernel.json")).unwrap();
    assert_eq!(
        serde_json::from_slice::<Value>(&spec).unwrap(),
        json!({
            "argv": [program(), "kernel", "-f", "{connection_file}"],
            "display_name": "Rust (Threadbook)",
            "language": "rust",
            "interrupt_mode": "message",
            "env": {},
            "metadata": {"debugger": false},
        })
    );
    expect![[r#"
        100644 kernel.json
        100644 logo-32x32.png
        100644 logo-64x64.png
        100644 logo-svg.svg
    "#]]
    .assert_eq(&listing(&folder));
}

#[test]
fn installing_again_replaces_what_was_there() {
    let home = Home::new();
    home.threadbook(&["install", "--no-prepare", "--display-name", "Old"]);
    home.threadbook(&["install", "--no-prepare", "--display-name", "New"]);
    let folder = home.path().join(DATA_FOLDER).join("kernels/threadbook");
    let spec = fs::read_to_string(folder.join("kernel.json")).unwrap();
    assert!(spec.contains("\"display_name\": \"New\""), "{spec}");
    assert_eq!(listing(&folder).lines().count(), 4);
}

#[test]
fn a_prefix_and_a_name_choose_the_place() {
    let home = Home::new();
    expect![[r#"
        installed the kernel `rust-1.95` in ~/env/share/jupyter/kernels/rust-1.95
        next: jupyter lab   (or: jupyter console --kernel rust-1.95)
        exit code 0
    "#]]
    .assert_eq(&home.threadbook(&[
        "install",
        "--no-prepare",
        "--prefix",
        "env",
        "--name",
        "Rust-1.95",
    ]));
    expect![[r#"
        uninstalled the kernel `rust-1.95` from ~/env/share/jupyter/kernels/rust-1.95
        exit code 0
    "#]]
    .assert_eq(&home.threadbook(&["uninstall", "--prefix", "env", "--name", "rust-1.95"]));
    expect![""].assert_eq(&listing(&home.path().join("env/share/jupyter/kernels")));
}

#[test]
fn jupyter_s_own_variable_chooses_the_data_folder() {
    let home = Home::new();
    let data = home.path().join("data");
    let home = home.with("JUPYTER_DATA_DIR", data);
    expect![[r#"
        installed the kernel `threadbook` in ~/data/kernels/threadbook
        next: jupyter lab   (or: jupyter console --kernel threadbook)
        exit code 0
    "#]]
    .assert_eq(&home.threadbook(&["install", "--no-prepare"]));
}

#[test]
fn the_active_environment_is_the_sys_prefix() {
    let home = Home::new();
    let environment = home.path().join("venv");
    let home = home.with("VIRTUAL_ENV", environment);
    expect![[r#"
        installed the kernel `threadbook` in ~/venv/share/jupyter/kernels/threadbook
        next: jupyter lab   (or: jupyter console --kernel threadbook)
        exit code 0
    "#]]
    .assert_eq(&home.threadbook(&["install", "--no-prepare", "--sys-prefix"]));
}

#[test]
fn a_sys_prefix_that_nothing_tells_is_an_error() {
    expect![[r#"
        error: can't ask `python3` for its `sys.prefix` (activate a Python environment, or name a folder by `--prefix`): No such file or directory (os error 2)
        exit code 1
    "#]]
    .assert_eq(&Home::new().threadbook(&["install", "--no-prepare", "--sys-prefix"]));
}

#[test]
fn the_places_exclude_one_another() {
    let said = Home::new().threadbook(&["install", "--no-prepare", "--user", "--sys-prefix"]);
    assert!(said.contains("cannot be used with"), "{said}");
    assert!(said.ends_with("exit code 2\n"), "{said}");
}

#[test]
fn a_name_that_jupyter_would_not_find_is_a_usage_error() {
    expect![[r#"
        error: invalid value 'a/b' for '--name <NAME>': expected ASCII letters, digits, `.`, `_` and `-`

        For more information, try '--help'.
        exit code 2
    "#]]
    .assert_eq(&Home::new().threadbook(&["install", "--no-prepare", "--name", "a/b"]));
}

#[test]
fn uninstalling_what_is_not_there_is_an_error() {
    expect![[r#"
        error: no kernel `threadbook` is installed in `~/env/share/jupyter/kernels/threadbook` (`jupyter kernelspec list` shows what is installed where)
        exit code 1
    "#]]
    .assert_eq(&Home::new().threadbook(&["uninstall", "--prefix", "env"]));
}

#[test]
fn the_kernelspec_of_another_kernel_is_left_alone() {
    let home = Home::new();
    let folder = home.path().join("env/share/jupyter/kernels/python3");
    fs::create_dir_all(&folder).unwrap();
    let spec = r#"{"argv": ["python3", "-m", "ipykernel_launcher", "-f", "{connection_file}"]}"#;
    fs::write(folder.join("kernel.json"), spec).unwrap();
    for command in ["install", "uninstall"] {
        let said = home.threadbook(&[command, "--prefix", "env", "--name", "python3"]);
        assert_eq!(
            said,
            "error: the kernelspec in `~/env/share/jupyter/kernels/python3` belongs to another kernel (choose \
             another `--name`)\nexit code 1\n"
        );
    }
    assert_eq!(
        fs::read_to_string(folder.join("kernel.json")).unwrap(),
        spec
    );
}

/// The mode and name of everything in a folder.
fn listing(folder: &Path) -> String {
    let mut lines: Vec<String> = fs::read_dir(folder)
        .unwrap()
        .map(|entry| {
            let entry = entry.unwrap();
            let mode = entry.metadata().unwrap().permissions().mode();
            format!("{mode:o} {}\n", entry.file_name().display())
        })
        .collect();
    lines.sort();
    lines.concat()
}
