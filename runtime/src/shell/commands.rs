//! How programs are started from a line: by the shell, which takes the line apart.

use std::path::Path;
use std::process::Command;

/// Runs a shell line.
pub(crate) fn line(line: &str) -> Command {
    let mut shell = Command::new("sh");
    shell.arg("-c").arg(line);
    shell
}

/// Runs one program, with its arguments.
pub(crate) fn program(line: &str) -> Command {
    self::line(&format!("exec {line}"))
}

/// Runs a program of which the path is known.
pub(crate) fn program_at(path: &Path, arguments: &str) -> Command {
    let mut command = line(&format!("exec \"$0\" {arguments}"));
    command.arg(path);
    command
}

/// Runs a program of Python.
pub(crate) fn python(arguments: &str, file: &Path) -> Command {
    let mut command = program(&format!("python3 {arguments} \"$@\""));
    command.arg("sh").arg(file);
    command
}

/// Runs a script of a shell, which takes it as an argument, and so has its stdin for the person.
pub(crate) fn script(shell: &str, arguments: &str, body: &str) -> Command {
    let mut command = program(&format!("{shell} {arguments} -c \"$1\" {shell}"));
    command.arg("sh").arg(body);
    command
}
