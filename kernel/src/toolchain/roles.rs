//! This binary under another name.
//!
//! evcxr finds cargo by asking `rustup which cargo`, then on the PATH; rust-analyzer asks the environment. A session
//! has a folder, first on the PATH of the kernel alone, in which `cargo` and `rustup` are links to this binary.

use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::Command;
use std::process::ExitCode;

use super::cargo;
use super::session;

/// The names that the binary answers to.
pub(super) const NAMES: [&str; 3] = ["cargo", "rustc", "rustup"];

/// Plays another program where the binary was started under that program's name.
pub fn run_if_asked() -> Option<ExitCode> {
    let mut args = std::env::args();
    let name = args.next()?;
    let role = Path::new(&name).file_name()?.to_str()?.to_owned();
    let args: Vec<String> = args.collect();
    // Set for what a kernel starts, and for nothing else.
    std::env::var_os(session::SESSION_VAR)?;
    let result = match role.as_str() {
        "cargo" => {
            // A compile is of no use to anyone once the kernel is gone.
            let _ = rustix::process::set_parent_process_death_signal(Some(
                rustix::process::Signal::KILL,
            ));
            cargo::main(&args)
        }
        "rustc" => rustc(&args),
        "rustup" => rustup(&name, &args),
        _ => return None,
    };
    let code = result.unwrap_or_else(|error| {
        eprintln!("{role}: {error}");
        1
    });
    Some(ExitCode::from(u8::try_from(code).unwrap_or(1)))
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

/// Passes everything on to rustc, but for one answer to rust-analyzer: see [`session::Session::begin_bare`].
fn rustc(args: &[String]) -> anyhow::Result<i32> {
    if args == ["--print", "sysroot"]
        && let Some(bare) = session::bare_sysroot_of_this_process()?
    {
        println!("{}", bare.display());
        return Ok(0);
    }
    let error = Command::new(session::rustc_of_this_process()?)
        .args(args)
        .exec();
    Err(error.into())
}
