//! The output of cargo and rustc about the toolchain, stored beside the prepared build.
//!
//! Each time that rust-analyzer reads a session's packages, it runs cargo for the target and the configuration, and cargo
//! runs rustc for its version. All of that stays the same as long as the
//! toolchain does, and the prepared build belongs to one toolchain. So each answer is noted under a hash of what it
//! depends on: the arguments, the variables by which flags are given to rustc, and cargo's configuration.

use std::ffi::OsStr;
use std::io::Write;
use std::path::Path;
use std::path::PathBuf;
use std::process::Output;

use serde::Deserialize;
use serde::Serialize;
use sha2::Digest;
use sha2::Sha256;

use crate::build::PreparedPaths;
use crate::build::cargo_cli;
use crate::build::notes::noted;
use crate::hash;
use crate::sys::files;

/// The folder of cargo's configuration, and what it is in a home folder.
const CARGO_HOME_VAR: &str = "CARGO_HOME";
const CARGO_HOME: &str = ".cargo";

/// What a program has answered.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Answer {
    pub(super) code: i32,
    pub(super) stdout: String,
    pub(super) stderr: String,
}

impl Answer {
    /// Prints the answer and returns its exit code.
    pub(super) fn print(&self) -> std::io::Result<i32> {
        std::io::stderr().write_all(self.stderr.as_bytes())?;
        std::io::stdout().write_all(self.stdout.as_bytes())?;
        Ok(self.code)
    }
}

/// Whether cargo answers this from the toolchain alone.
pub(super) fn is_of_toolchain(args: &[String]) -> bool {
    let words: Vec<&str> = args.iter().map(String::as_str).collect();
    match words[..] {
        ["--version"] | ["-Z", "unstable-options", "config", "get", ..] => true,
        ["rustc", ..] => words.contains(&"--print"),
        _ => false,
    }
}

/// Whether rustc answers this without compiling anything.
pub(super) fn is_question_to_rustc(args: &[String]) -> bool {
    let is_print = |arg: &String| arg == "--print" || arg.starts_with("--print=");
    let is_source = |arg: &String| Path::new(arg).extension() == Some(OsStr::new("rs"));
    match args {
        [only] => ["-vV", "-V", "--version"].contains(&only.as_str()),
        _ => args.iter().any(is_print) && !args.iter().any(is_source),
    }
}

/// The answer that was noted for a program and its arguments; without one the program is run.
pub(super) fn find(
    prepared: &PreparedPaths,
    program: &str,
    args: &[String],
    run: impl FnOnce() -> std::io::Result<Output>,
) -> std::io::Result<Answer> {
    let file = prepared.answers().join(key(program, args));
    if let Some(answer) = noted(&file) {
        return Ok(answer);
    }
    let output = run()?;
    let answer = Answer {
        code: cargo_cli::exit_code(output.status),
        stdout: String::from_utf8_lossy(&output.stdout).into_owned(),
        stderr: String::from_utf8_lossy(&output.stderr).into_owned(),
    };
    // A failure may be one of the moment, but for what a stable cargo refuses.
    if output.status.success() || args.iter().any(|arg| arg == "config") {
        // Without the note the program is run again the next time.
        let _ = files::write_whole(&file, &serde_json::to_vec(&answer)?);
    }
    Ok(answer)
}

fn key(program: &str, args: &[String]) -> String {
    let mut hasher = Sha256::new();
    let mut add = |text: &[u8]| {
        hasher.update(text.len().to_le_bytes());
        hasher.update(text);
    };
    add(program.as_bytes());
    args.iter().for_each(|arg| add(arg.as_bytes()));
    let mut flags: Vec<_> = std::env::vars_os()
        .filter(|(name, _)| gives_flags(name))
        .collect();
    flags.sort();
    for (name, value) in flags {
        add(name.as_encoded_bytes());
        add(value.as_encoded_bytes());
    }
    for file in ["config.toml", "config"] {
        let text = cargo_home().and_then(|home| std::fs::read(home.join(file)).ok());
        add(&text.unwrap_or_default());
    }
    hash::short(hasher)
}

fn gives_flags(name: &OsStr) -> bool {
    let name = name.to_string_lossy();
    name.ends_with("FLAGS") || ["RUSTC_BOOTSTRAP", "CARGO_BUILD_TARGET"].contains(&name.as_ref())
}

fn cargo_home() -> Option<PathBuf> {
    let set = std::env::var_os(CARGO_HOME_VAR).map(PathBuf::from);
    set.or_else(|| Some(std::env::home_dir()?.join(CARGO_HOME)))
}

#[cfg(test)]
mod tests {
    use std::os::unix::process::ExitStatusExt;
    use std::process::ExitStatus;

    use super::*;

    fn words(text: &str) -> Vec<String> {
        text.split(' ').map(str::to_owned).collect()
    }

    #[test]
    fn what_depends_on_the_session_is_not_of_the_toolchain() {
        for (args, expected) in [
            ("--version", true),
            ("-Z unstable-options config get --format toml", true),
            ("rustc --print cfg --target x -- -O", true),
            ("rustc --lib", false),
            ("metadata", false),
            ("build --verbose", false),
        ] {
            assert_eq!(is_of_toolchain(&words(args)), expected, "{args}");
        }
    }

    #[test]
    fn compiling_is_no_question() {
        for (args, expected) in [
            ("-vV", true),
            ("- --crate-name ___ --print=file-names", true),
            ("-O --print cfg", true),
            ("--crate-name ctx src/lib.rs --print=link-args", false),
            ("src/lib.rs", false),
            ("--crate-name ctx", false),
        ] {
            assert_eq!(is_question_to_rustc(&words(args)), expected, "{args}");
        }
    }

    #[test]
    fn a_program_is_run_once_for_its_arguments() {
        let root = tempfile::tempdir().unwrap();
        let prepared = PreparedPaths::new(root.path());
        let runs = std::cell::Cell::new(0);
        let ask = |args: &str, status: i32| {
            let run = || {
                runs.set(runs.get() + 1);
                Ok(Output {
                    status: ExitStatus::from_raw(status),
                    stdout: format!("run {}", runs.get()).into(),
                    stderr: Vec::new(),
                })
            };
            find(&prepared, "rustc", &words(args), run).unwrap().stdout
        };
        assert_eq!(ask("-vV", 0), "run 1");
        assert_eq!(ask("-vV", 0), "run 1");
        assert_eq!(ask("--print cfg", 0), "run 2");
        // The first run fails and is not stored; the second one succeeds.
        assert_eq!(ask("--print x", 9), "run 3");
        assert_eq!(ask("--print x", 0), "run 4");
    }
}
