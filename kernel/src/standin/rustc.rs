//! Runs rustc for a cell, and the linker for what rustc has made.

use std::io::BufRead;
use std::io::BufReader;
use std::process::Command;
use std::process::Stdio;
use std::time::Duration;
use std::time::Instant;

use serde_json::Value;

use super::first::Ran;
use crate::build::PreparedPaths;
use crate::build::RustcCall;
use crate::build::SessionPaths;
use crate::build::added::Layer;
use crate::build::cargo_cli::exit_code;
use crate::build::linker::Linking;

/// rustc cuts lines to a terminal's width; this has room for what the kernel puts into a line as well.
const DIAGNOSTIC_WIDTH: &str = "--diagnostic-width=280";

/// Runs rustc.
pub(super) fn run(call: &RustcCall, session: &SessionPaths) -> anyhow::Result<Ran> {
    if let Some(folder) = call.out_dir() {
        std::fs::create_dir_all(folder)?;
    }
    let mut child = Command::new(call.program())
        .args(call.args())
        .arg(DIAGNOSTIC_WIDTH)
        .current_dir(session.folder())
        .stderr(Stdio::piped())
        .spawn()?;
    let mut messages = Vec::new();
    if let Some(stderr) = child.stderr.take() {
        for line in BufReader::new(stderr).lines() {
            let line = line?;
            match serde_json::from_str::<Value>(&line) {
                Ok(message) if message["$message_type"] == "diagnostic" => messages.push(message),
                Ok(_) => {}
                Err(_) => eprintln!("{line}"),
            }
        }
    }
    let code = exit_code(child.wait()?);
    Ok(Ran { code, messages })
}

/// Makes the shared object of a source. Adds to `took` what the linker took.
pub(super) fn build(
    call: &RustcCall,
    layers: &[Layer],
    source: &str,
    prepared: &PreparedPaths,
    session: &SessionPaths,
    took: &mut Duration,
) -> anyhow::Result<Ran> {
    let linking = Linking::begin(prepared, call, layers, source, session.objects())?;
    let Some(linking) = linking else {
        return run(call, session);
    };
    let ran = run(&linking.compile_call(), session)?;
    if ran.code != 0 {
        return Ok(ran);
    }
    let start = Instant::now();
    let linked = linking
        .command()?
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .status();
    *took += start.elapsed();
    match linked {
        Ok(status) if status.success() => Ok(ran),
        // rustc links with more, or reports why it can't be done.
        _ => run(call, session),
    }
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt;
    use std::path::Path;

    use super::*;

    /// Makes a program that notes its name and its last argument, and then does something.
    fn program(folder: &Path, name: &str, does: &str) {
        let log = folder.join("log");
        let path = folder.join(name);
        let script = format!(
            "#!/bin/sh\nfor last; do true; done\necho \"$(basename \"$0\") $(basename -- \"$last\")\" >> '{}'\n{does}\n",
            log.display()
        );
        std::fs::write(&path, script).unwrap();
        std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o755)).unwrap();
    }

    #[test]
    fn rustc_and_the_linker_run_once_and_rustc_links_where_the_linker_fails() {
        let root = tempfile::tempdir().unwrap();
        let folder = root.path();
        let session = SessionPaths::new(folder.join("session"));
        std::fs::create_dir_all(session.folder()).unwrap();
        let prepared = PreparedPaths::new(folder);
        let noted =
            serde_json::json!({"program": folder.join("ld"), "folders": [], "builtins": "b"});
        std::fs::write(prepared.linker(), noted.to_string()).unwrap();
        let line = format!(
            "Running `{} --crate-name ctx src/lib.rs --target x86_64-unknown-linux-gnu --out-dir {} --emit=link`",
            folder.join("rustc").display(),
            folder.join("out").display()
        );
        let call = RustcCall::from_verbose_line(&line).unwrap();
        let runs = |rustc: &str, ld: &str, source: &str| {
            program(folder, "rustc", rustc);
            program(folder, "ld", ld);
            let mut linking = Duration::ZERO;
            let ran = build(&call, &[], source, &prepared, &session, &mut linking).unwrap();
            let log = std::fs::read_to_string(folder.join("log")).unwrap();
            std::fs::remove_file(folder.join("log")).unwrap();
            (ran.code, log, linking > Duration::ZERO)
        };
        let (rustc, ld) = ("rustc --diagnostic-width=280\n", "ld libctx.so\n");
        assert_eq!(
            runs("true", "true", "f()"),
            (0, format!("{rustc}{ld}"), true)
        );
        assert_eq!(runs("exit 1", "true", "f()"), (1, rustc.to_owned(), false));
        assert_eq!(
            runs("true", "exit 1", "f()"),
            (0, format!("{rustc}{ld}{rustc}"), true)
        );
        assert_eq!(
            runs("true", "true", "#[link(a)]"),
            (0, rustc.to_owned(), false)
        );
    }
}
