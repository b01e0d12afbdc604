//! How programs are started from a line: by `cmd`, or by the program itself, which takes its arguments apart.

use std::os::windows::process::CommandExt;
use std::path::Path;
use std::process::Command;

/// What lists files, as a shell line.
pub(crate) const LIST: &str = "dir";

/// Runs a shell line.
pub(crate) fn line(line: &str) -> Command {
    let mut shell = Command::new("cmd");
    // Between quotes that `/S` takes away, the line comes as it was written.
    shell
        .args(["/D", "/S", "/C"])
        .raw_arg(format!("\"{line}\""));
    shell
}

/// Runs one program, with its arguments.
pub(crate) fn program(line: &str) -> Command {
    self::line(line)
}

/// Runs a program of which the path is known.
pub(crate) fn program_at(path: &Path, arguments: &str) -> Command {
    let mut command = Command::new(path);
    command.raw_arg(arguments);
    command
}

/// Runs a program of Python.
pub(crate) fn python(arguments: &str, file: &Path) -> Command {
    let mut command = Command::new("python");
    command.raw_arg(arguments).arg(file);
    command
}

/// Runs a script of a shell, which takes it as an argument.
pub(crate) fn script(shell: &str, arguments: &str, body: &str) -> Command {
    let mut command = Command::new(shell);
    command.raw_arg(arguments).arg("-c").arg(body);
    command
}
