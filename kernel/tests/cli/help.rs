//! `--help` and `--version`.

use expect_test::expect;

use crate::command::Home;

#[test]
fn the_version_is_the_package_s() {
    expect![[r#"
        threadbook 0.1.0
        exit code 0
    "#]]
    .assert_eq(&Home::new().threadbook(&["--version"]));
}

#[test]
fn every_command_documents_its_exit_codes() {
    let home = Home::new();
    for command in [
        "run",
        "lab",
        "install",
        "uninstall",
        "cache",
        "doctor",
        "kernel",
    ] {
        let help = home.threadbook(&[command, "--help"]);
        assert!(help.contains("\nExit codes:\n  0 "), "{help}");
        assert!(help.ends_with("exit code 0\n"), "{help}");
    }
}

#[test]
fn a_kernel_takes_its_connection_file_by_either_name() {
    for option in ["-f", "--connection-file"] {
        let said = Home::new().threadbook(&["kernel", option, "/nothing/here.json"]);
        assert!(said.ends_with("exit code 1\n"), "{said}");
    }
}

#[test]
fn a_kernel_without_a_connection_file_is_a_usage_error() {
    let said = Home::new().threadbook(&["kernel"]);
    assert!(said.contains("--connection-file <FILE>"), "{said}");
    assert!(said.ends_with("exit code 2\n"), "{said}");
}

#[test]
fn a_limit_that_is_no_number_is_named_and_ignored() {
    let said = Home::new()
        .with("THREADBOOK_OUTPUT_LIMIT", "-1")
        .with("THREADBOOK_SNAPSHOT_LIMIT_MB", "much")
        .threadbook(&["kernel", "-f", "/nothing/here.json"]);
    for remark in [
        "ignored THREADBOOK_OUTPUT_LIMIT=`-1` (expected a number of bytes)",
        "ignored THREADBOOK_SNAPSHOT_LIMIT_MB=`much` (expected a number of megabytes)",
    ] {
        assert!(said.contains(remark), "{said}");
    }
}

#[test]
fn a_timeout_is_a_number_of_seconds() {
    for seconds in ["0", "-1", "soon", "inf", "NaN"] {
        let timeout = format!("--timeout={seconds}");
        let said = Home::new().threadbook(&["run", "x.ipynb", &timeout]);
        assert!(
            said.contains("expected a number of seconds above zero"),
            "{said}"
        );
        assert!(said.ends_with("exit code 2\n"), "{said}");
    }
}
