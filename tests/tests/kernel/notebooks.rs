//! The project's own notebooks, by `threadbook run`.

use std::process::Command;

#[test]
fn computing_and_waiting_hold_what_they_claim() {
    let output = Command::new(threadbook_tests::threadbook_binary().unwrap())
        .arg("run")
        .arg(threadbook_tests::root().join("notebooks/03_cpu_and_io.ipynb"))
        .output()
        .unwrap();
    assert!(output.status.success(), "{output:?}");
    let text = String::from_utf8(output.stdout).unwrap();
    assert_eq!(text.matches("Downloaded 160 pages").count(), 8, "{text}");
}
