//! This binary under another name.
//!
//! evcxr finds cargo by asking `rustup which cargo`, then on the PATH; rust-analyzer asks the environment. A session
//! has a folder, first on the PATH of the kernel alone, in which `cargo` and `rustup` are links to this binary.

use std::path::Path;
use std::process::Command;
use std::process::ExitCode;

use threadbook::shell::SCRIPT_COMPILER;

use super::answers;
use super::cargo;
use super::dependencies::layer;
use super::phases;
use super::script;
use super::session;
use crate::env;
use crate::sys::processes;

/// The names that the binary answers to.
pub(super) const NAMES: [&str; 6] = [
    "cargo",
    "rustc",
    "rustup",
    phases::LINKER,
    layer::LINKER,
    SCRIPT_COMPILER,
];

/// Runs a program and ends with its parent.
const BOUND: &str = "threadbook-bound";

/// A command for a program that does not outlive the thread that starts it.
pub(super) fn bound(program: &Path) -> std::io::Result<Command> {
    processes::bound(BOUND, program)
}

/// Plays another program where the binary was started under that program's name.
pub fn run_if_asked() -> Option<ExitCode> {
    let mut args = std::env::args();
    let name = args.next()?;
    let role = Path::new(&name).file_name()?.to_str()?;
    let args: Vec<String> = args.collect();
    if role == BOUND {
        return Some(run_bound(&args));
    }
    // Set for what a kernel starts, and for nothing else.
    std::env::var_os(env::SESSION)?;
    let result = match role {
        "cargo" => {
            processes::end_with_parent();
            cargo::main(&args)
        }
        "rustc" => rustc(&args),
        phases::LINKER => phases::link(&args),
        layer::LINKER => layer::play_linker(&args),
        SCRIPT_COMPILER => {
            processes::end_with_parent();
            script::main(&args)
        }
        "rustup" => rustup(&name, &args),
        _ => return None,
    };
    let code = result.unwrap_or_else(|error| {
        eprintln!("{role}: {error:#}");
        1
    });
    Some(ExitCode::from(u8::try_from(code).unwrap_or(1)))
}

fn run_bound(args: &[String]) -> ExitCode {
    processes::end_with_parent();
    let (program, args) = match args.split_first() {
        Some((program, args)) => (program.as_str(), args),
        None => ("", args),
    };
    // It comes back only where the program could not be started.
    let error = processes::become_program(Command::new(program).args(args));
    eprintln!("{program}: {error}");
    ExitCode::FAILURE
}

/// Answers `rustup which TOOL`; knows nothing else.
fn rustup(name: &str, args: &[String]) -> anyhow::Result<i32> {
    let ["which", tool] = args.iter().map(String::as_str).collect::<Vec<_>>()[..] else {
        anyhow::bail!(
            "`{}` is not known here (expected `which TOOL`)",
            args.join(" ")
        );
    };
    let path = match tool {
        "cargo" => Path::new(name).with_file_name("cargo"),
        "rustc" => session::rustc_of_this_process()?,
        _ => anyhow::bail!("`{tool}` is not known here (expected `cargo` or `rustc`)"),
    };
    println!("{}", path.display());
    Ok(0)
}

/// Passes compiles on to rustc. Questions are answered from what rustc has said before, and one of rust-analyzer's in
/// another way: which toolchain to read. See [`super::analysis`].
fn rustc(args: &[String]) -> anyhow::Result<i32> {
    if args == ["--print", "sysroot"] {
        println!("{}", session::analysis_sysroot_of_this_process()?.display());
        return Ok(0);
    }
    let mut command = Command::new(session::rustc_of_this_process()?);
    if answers::is_question_to_rustc(args) {
        let root = session::prepared_root_of_this_process()?;
        let answer = answers::find(&root, "rustc", args, || command.args(args).output())?;
        return Ok(answer.print()?);
    }
    Err(processes::become_program(command.args(args)).into())
}
