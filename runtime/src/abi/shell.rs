//! Shell lines, scripts of other languages, and what they share with cells: the folder and the environment.

use std::env;
use std::fs;
use std::path::Path;
use std::path::PathBuf;
use std::process::Command;
use std::sync::Mutex;
use std::sync::PoisonError;

use crate::shell;
use crate::shell::CommandEnd;
use crate::shell::CommandRun;
use crate::shell::Lines;
use crate::shell::commands;
use crate::shell::sys;
use crate::worker;

/// `!command`: ends the cell where the command fails.
#[track_caller]
pub fn line(command: &str) {
    let ended = run(commands::line(command), None, false, command);
    let remedy = "write `!--no-raise command` to go on after it";
    shell::raise_failure(command, ended.status, remedy);
}

/// `!--no-raise command`.
#[track_caller]
pub fn line_no_raise(command: &str) {
    run(commands::line(command), None, false, command);
}

/// `let lines = !command`, `!!command`: whether it failed is in the value.
#[track_caller]
pub fn capture(command: &str) -> Lines {
    let ended = run(commands::line(command), None, true, command);
    let text = String::from_utf8_lossy(&ended.captured);
    Lines::of(&text, shell::code(ended.status))
}

/// `%%bash`, `%%sh`, `%%python` and `%%script`, by the magic's name, with the rest of the line and the lines below, and
/// in which cell and line these begin.
#[track_caller]
pub fn script(magic: &str, arguments: &str, body: &str, place: (u32, usize)) {
    let (arguments, may_fail) = match arguments.strip_prefix("--no-raise") {
        Some(rest) if rest.is_empty() || rest.starts_with(' ') => (rest.trim_start(), true),
        _ => (arguments, false),
    };
    let mut input = None;
    let mut command = match magic {
        "script" if arguments.is_empty() => worker::raise(
            "MagicError",
            "`%%script` needs a program (write `%%script PROGRAM`)",
        ),
        "script" => {
            input = Some(done(magic, sys::text_file(body)));
            commands::program(arguments)
        }
        // From a file, so that its processes can read it too; modules are looked for in the cell's folder all the same.
        "python" => {
            let mut command = commands::python(arguments, &done(magic, python_file(body, place)));
            let paths = env::current_dir().into_iter().chain(
                env::var_os("PYTHONPATH")
                    .iter()
                    .flat_map(env::split_paths)
                    .collect::<Vec<_>>(),
            );
            if let Ok(paths) = env::join_paths(paths) {
                command.env("PYTHONPATH", paths);
            }
            command
        }
        shell_name => commands::script(shell_name, arguments, body),
    };
    command.env("PYTHONUNBUFFERED", "1");
    let name = format!("%%{magic} {arguments}");
    let name = name.trim_end();
    let ended = run(command, input, false, name);
    if !may_fail {
        let remedy = format!("write `%%{magic} --no-raise` to go on after it");
        shell::raise_failure(name, ended.status, &remedy);
    }
}

/// `%cd`: without a folder, to that of the user; `-` is the one before.
pub fn cd(folder: &str) {
    static BEFORE: Mutex<Option<PathBuf>> = Mutex::new(None);
    let mut before = BEFORE.lock().unwrap_or_else(PoisonError::into_inner);
    let folder = unquoted(folder.trim());
    let to = match folder {
        "-" => before.clone().unwrap_or_else(|| {
            worker::raise(
                "MagicError",
                "there is no folder before this one (`%pwd` shows it)",
            )
        }),
        folder => at_home(folder),
    };
    let here = env::current_dir().ok();
    if let Err(error) = env::set_current_dir(&to) {
        worker::raise(
            "MagicError",
            &format!(
                "`{}` can't be the working folder: {error} (`!ls` shows what is here)",
                to.display()
            ),
        );
    }
    *before = here;
    drop(before);
    pwd("");
}

/// `%pwd`.
pub fn pwd(_: &str) {
    match env::current_dir() {
        Ok(folder) => crate::println!("{}", folder.display()),
        Err(error) => worker::raise(
            "MagicError",
            &format!("the working folder is gone: {error} (choose one with `%cd`)"),
        ),
    }
}

/// `%ls`: short for `!ls`.
#[track_caller]
pub fn ls(arguments: &str) {
    line(&format!("ls {arguments}"));
}

/// `%env`, `%env NAME`, `%env NAME=value`.
pub fn env(text: &str) {
    let text = text.trim();
    let parts = text.split_once('=').or_else(|| text.split_once(' '));
    match parts {
        Some((name, value)) => set_env(name.trim_end(), unquoted(value.trim_start())),
        None if text.is_empty() => {
            let mut variables: Vec<(String, String)> = env::vars_os()
                .map(|(name, value)| {
                    let text = |text: std::ffi::OsString| text.to_string_lossy().into_owned();
                    (text(name), text(value))
                })
                .collect();
            variables.sort();
            for (name, value) in variables {
                let value = if is_secret(&name) { "<hidden>" } else { &value };
                crate::println!("{name}={value}");
            }
        }
        None => match env::var_os(text) {
            Some(value) => crate::println!("{}", value.to_string_lossy()),
            None => worker::raise(
                "MagicError",
                &format!("there is no variable `{text}` (set it with `%env {text}=value`)"),
            ),
        },
    }
}

/// Sets a variable for cells, for the programs that they start, and for Rust's own environment. C code that reads the
/// environment on another thread at the same moment is not safe from it, as with `std::env::set_var`.
pub fn set_env(name: &str, value: &str) {
    if name.is_empty() || name.contains(['=', '\0']) || value.contains('\0') {
        worker::raise(
            "MagicError",
            &format!("`{name}` can't be a variable's name (write `%env NAME=value`)"),
        );
    }
    sys::set_env(name, value);
    crate::println!(
        "env: {name}={}",
        if is_secret(name) { "<hidden>" } else { value }
    );
}

fn is_secret(name: &str) -> bool {
    let name = name.to_ascii_lowercase();
    ["key", "token", "secret", "password"]
        .iter()
        .any(|word| name.contains(word))
}

#[track_caller]
fn run(command: Command, input: Option<fs::File>, captures: bool, what: &str) -> CommandEnd {
    let load = worker::load_of_caller();
    let job = CommandRun {
        command,
        input,
        captures,
        load,
    };
    done(what, shell::run(job))
}

/// Raises what went wrong before or around the program itself.
pub(super) fn done<T>(what: &str, result: std::io::Result<T>) -> T {
    match result {
        Ok(value) => value,
        Err(error) => worker::raise("ShellError", &format!("`{what}` could not be run: {error}")),
    }
}

/// In the session's folder, which goes with the kernel. Python's messages about it name the cell and its lines.
fn python_file(body: &str, (cell, line): (u32, usize)) -> std::io::Result<PathBuf> {
    let folder = worker::session().map_or_else(env::temp_dir, Path::to_owned);
    let path = folder.join(format!("cell {cell}"));
    let above = "\n".repeat(line.saturating_sub(1));
    fs::write(&path, above + body)?;
    Ok(path)
}

fn at_home(folder: &str) -> PathBuf {
    let home = || PathBuf::from(env::var_os("HOME").unwrap_or_else(|| "/".into()));
    match folder.strip_prefix('~') {
        Some("") => home(),
        Some(rest) if rest.starts_with('/') => home().join(&rest[1..]),
        _ if folder.is_empty() => home(),
        _ => folder.into(),
    }
}

fn unquoted(text: &str) -> &str {
    for quote in ['"', '\''] {
        let inside = text
            .strip_prefix(quote)
            .and_then(|rest| rest.strip_suffix(quote));
        if let Some(inside) = inside {
            return inside;
        }
    }
    text
}
