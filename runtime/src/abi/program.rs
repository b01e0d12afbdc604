//! `%run`: a Rust file as a program of its own.

use std::env;
use std::path::Path;
use std::path::PathBuf;
use std::process::Command;

use super::shell::done;
use crate::shell;
use crate::shell::BIN_FOLDER;
use crate::shell::CommandEnd;
use crate::shell::CommandRun;
use crate::shell::Program;
use crate::shell::Running;
use crate::shell::SCRIPT_COMPILER;
use crate::shell::SESSION_VAR;
use crate::shell::commands;
use crate::shell::sys;
use crate::worker;

/// `%run [-b] [--no-raise] file.rs [arguments]`. A `&` at the end is `-b`.
#[track_caller]
pub fn run(text: &str) -> Program {
    let ProgramCall {
        file,
        arguments,
        in_background,
        may_fail,
    } = match parse(text) {
        Ok(call) => call,
        Err(message) => worker::raise("MagicError", &message),
    };
    let name = format!("%run {file}");
    let load = worker::load_of_caller();
    let program = compile(Path::new(&file), &name, load);
    let mut job = CommandRun {
        command: commands::program_at(&program, &arguments),
        input: None,
        captures: false,
        load,
    };
    if in_background {
        job.input = Some(done(&name, sys::text_file("")));
        let running = done(&name, Running::start(job));
        return done(&name, Program::in_background(&name, running));
    }
    let CommandEnd { status, .. } = done(&name, shell::run(job));
    if !may_fail {
        let remedy = "write `%run --no-raise` to go on after it";
        shell::raise_failure(&name, status, remedy);
    }
    Program::ended(&name)
}

#[derive(Debug, PartialEq, Eq)]
struct ProgramCall {
    file: String,
    arguments: String,
    in_background: bool,
    may_fail: bool,
}

fn parse(text: &str) -> Result<ProgramCall, String> {
    let mut rest = text.trim();
    let (mut in_background, mut may_fail) = (false, false);
    if let Some(before) = rest.strip_suffix('&') {
        in_background = true;
        rest = before.trim_end();
    }
    loop {
        let (word, after) = rest.split_once(' ').unwrap_or((rest, ""));
        match word {
            "-b" => in_background = true,
            "--no-raise" => may_fail = true,
            "" => return Err("`%run` needs a file (write `%run script.rs`)".to_owned()),
            option if option.starts_with('-') => {
                return Err(format!(
                    "`%run` knows no option `{option}` (the script's own come after its name)"
                ));
            }
            _ => break,
        }
        rest = after.trim_start();
    }
    let quote = rest
        .chars()
        .next()
        .filter(|char| ['"', '\''].contains(char));
    let (file, arguments) = match quote {
        Some(quote) => match rest[1..].split_once(quote) {
            Some(parts) => parts,
            None => return Err(format!("a quote of `{rest}` is not closed")),
        },
        None => rest.split_once(' ').unwrap_or((rest, "")),
    };
    Ok(ProgramCall {
        file: file.to_owned(),
        arguments: arguments.trim().to_owned(),
        in_background,
        may_fail,
    })
}

/// Has the file compiled, unless it is; rustc's messages are shown.
fn compile(file: &Path, name: &str, load: u32) -> PathBuf {
    if !file.is_file() {
        let here = env::current_dir().unwrap_or_default();
        worker::raise(
            "MagicError",
            &format!(
                "there is no file `{}` in `{}` (`%cd` changes the folder)",
                file.display(),
                here.display()
            ),
        );
    }
    let printed = compiler(&[], file, name, load);
    PathBuf::from(printed.trim_end())
}

/// Whether a file compiles as a module: ends the cell if not. Its warnings are not shown.
#[track_caller]
pub fn check(file: &str) {
    compiler(
        &["--check"],
        Path::new(file),
        "%use",
        worker::load_of_caller(),
    );
}

/// Starts the compiler of scripts; gives what it prints.
fn compiler(options: &[&str], file: &Path, name: &str, load: u32) -> String {
    let Some(session) = worker::session() else {
        worker::raise("MagicError", &format!("`{name}` works in a notebook only"));
    };
    let mut command = Command::new(session.join(BIN_FOLDER).join(SCRIPT_COMPILER));
    command.args(options).arg(file).env(SESSION_VAR, session);
    let job = CommandRun {
        command,
        input: Some(done(name, sys::text_file(""))),
        captures: true,
        load,
    };
    let CommandEnd { status, captured } = done(name, shell::run(job));
    if !status.success() {
        let message = format!(
            "`{}` does not compile (see rustc's messages above)",
            file.display()
        );
        worker::raise("CompileError", &message);
    }
    String::from_utf8_lossy(&captured).into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn options_come_before_the_file_and_arguments_after_it() {
        let call = |file: &str, arguments: &str, in_background, may_fail| {
            Ok(ProgramCall {
                file: file.to_owned(),
                arguments: arguments.to_owned(),
                in_background,
                may_fail,
            })
        };
        for (text, expected) in [
            ("a.rs", call("a.rs", "", false, false)),
            (" a.rs  -b 'x y' ", call("a.rs", "-b 'x y'", false, false)),
            ("-b a.rs 1", call("a.rs", "1", true, false)),
            ("a.rs 1 &", call("a.rs", "1", true, false)),
            ("--no-raise -b a.rs", call("a.rs", "", true, true)),
            ("\"my file.rs\" 1", call("my file.rs", "1", false, false)),
        ] {
            assert_eq!(parse(text), expected, "{text}");
        }
        for (text, message) in [
            ("", "needs a file"),
            ("-x a.rs", "`-x`"),
            ("'a", "not closed"),
        ] {
            assert!(parse(text).unwrap_err().contains(message), "{text}");
        }
    }
}
