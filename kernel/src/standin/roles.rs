//! The choice of the program that this one plays, by the name under which it was started.
//!
//! evcxr runs `rustup which cargo` to find cargo, then looks through the PATH; rust-analyzer reads the environment. A
//! session has a folder, first on the PATH of the kernel alone, in which `cargo` and `rustup` are links to this
//! program.

use std::path::Path;
use std::path::PathBuf;
use std::process::Command;
use std::process::ExitCode;

use super::answers;
use super::cargo;
use super::dependencies::play_linker;
use super::script;
use crate::build::PreparedPaths;
use crate::build::SessionPaths;
use crate::build::role_names;
use crate::env;
use crate::sys::links;
use crate::sys::processes;

/// Plays another program if this one was started under that program's name.
pub fn run_if_asked() -> Option<ExitCode> {
    let mut args = std::env::args();
    let name = args.next()?;
    let role = Path::new(&name).file_name()?.to_str()?;
    let args: Vec<String> = args.collect();
    if role == role_names::BOUND {
        return Some(run_bound(&args));
    }
    // Set for what a kernel starts, and for nothing else.
    std::env::var_os(env::SESSION)?;
    let result = match role {
        role_names::CARGO => {
            processes::end_with_parent();
            cargo::main(&args)
        }
        role_names::RUSTC => rustc(&args),
        role_names::LAYER_LINKER => play_linker(&args),
        role_names::SCRIPT_COMPILER => {
            processes::end_with_parent();
            script::main(&args)
        }
        role_names::RUSTUP => rustup(&name, &args),
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

/// Answers `rustup which TOOL` and nothing else.
fn rustup(name: &str, args: &[String]) -> anyhow::Result<i32> {
    let ["which", tool] = args.iter().map(String::as_str).collect::<Vec<_>>()[..] else {
        anyhow::bail!(
            "`{}` is not known here (expected `which TOOL`)",
            args.join(" ")
        );
    };
    let path = match tool {
        "cargo" => Path::new(name).with_file_name("cargo"),
        "rustc" => real_rustc()?,
        _ => anyhow::bail!("`{tool}` is not known here (expected `cargo` or `rustc`)"),
    };
    println!("{}", path.display());
    Ok(0)
}

/// Passes compiles on to rustc. Requests for data are answered from rustc's stored output, and one of rust-analyzer's
/// in another way: which toolchain to read. See `toolchain/analysis.rs`.
fn rustc(args: &[String]) -> anyhow::Result<i32> {
    if args == ["--print", "sysroot"] {
        println!("{}", analysed_toolchain()?.display());
        return Ok(0);
    }
    let mut command = Command::new(real_rustc()?);
    if answers::is_question_to_rustc(args) {
        let prepared = PreparedPaths::of_this_process()?;
        let answer = answers::find(&prepared, "rustc", args, || command.args(args).output())?;
        return Ok(answer.print()?);
    }
    Err(processes::become_program(command.args(args)).into())
}

/// rustc itself: not a link to it, since it finds its libraries beside itself.
fn real_rustc() -> anyhow::Result<PathBuf> {
    let session = SessionPaths::of_this_process()?;
    Ok(links::pointed(&session.rustc())?)
}

/// The toolchain folder that rust-analyzer is to find.
fn analysed_toolchain() -> anyhow::Result<PathBuf> {
    let session = SessionPaths::of_this_process()?;
    let prepared = PreparedPaths::of_this_process()?;
    Ok(match session.bare().exists() {
        true => prepared.bare_toolchain(),
        false => prepared.slim_toolchain(),
    })
}
