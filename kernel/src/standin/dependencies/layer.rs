//! One shared library for the crates that a `:dep` adds.
//!
//! If each cell linked the crates itself, each would have statics of its own: a logger that one cell sets would not be
//! there in the next one. A layer links what the runtime and earlier layers do not have, and uses these for the rest,
//! so every crate is in the process once.

use std::env::consts::DLL_PREFIX;
use std::env::consts::DLL_SUFFIX;
use std::process::Command;

use sha2::Digest;
use sha2::Sha256;

use crate::build::RustcCall;
use crate::build::SessionPaths;
use crate::build::added::Layer;
use crate::build::cargo_cli;
use crate::build::role_names;
use crate::hash;
use crate::sys::processes;

/// Links crates into a layer above the earlier ones. An error has the compiler's words.
///
/// `call` is how a cell would be compiled that names the crates.
pub(super) fn link(
    call: &RustcCall,
    crates: &[String],
    below: Option<&Layer>,
    session: &SessionPaths,
) -> anyhow::Result<Result<Layer, String>> {
    let name = name(call, crates, below);
    let mut source = "extern crate threadbook as _;\n".to_owned();
    for used in below.map(|layer| &layer.name).into_iter().chain(crates) {
        source.push_str(&format!("extern crate {used} as _;\n"));
    }
    let folder = session.graph();
    let path = folder.join(format!("{name}.rs"));
    std::fs::write(&path, source)?;
    let out_dir = call.out_dir().unwrap_or_else(|| folder.clone());
    std::fs::create_dir_all(&out_dir)?;
    let mut command = Command::new(call.program());
    if cfg!(target_os = "linux") {
        let linker = session.tool(role_names::LAYER_LINKER);
        command.arg(format!("-Clinker={}", linker.display()));
    }
    let output = command
        .args([
            "--crate-name",
            &name,
            "--edition=2024",
            "--crate-type=dylib",
        ])
        .args(["-Cprefer-dynamic", "-Crpath", "-Cstrip=debuginfo"])
        .arg(format!("-Cmetadata={name}"))
        .args(
            call.target()
                .into_iter()
                .flat_map(|target| ["--target", target]),
        )
        .args(call.library_args())
        .arg("--out-dir")
        .arg(&out_dir)
        .arg(&path)
        .output()?;
    if !output.status.success() {
        return Ok(Err(String::from_utf8_lossy(&output.stderr).into_owned()));
    }
    let file = out_dir.join(format!("{DLL_PREFIX}{name}{DLL_SUFFIX}"));
    Ok(Ok(Layer { name, file }))
}

/// Plays the linker of a layer: the real one, without the argument that hides symbols which are not Rust's. Inlined
/// code of the crates calls their C functions from the cell.
pub(crate) fn play_linker(args: &[String]) -> anyhow::Result<i32> {
    let hides = |arg: &&String| arg.starts_with("-Wl,--version-script");
    let args = args.iter().filter(|arg| !hides(arg));
    let status = Command::new(processes::LINKER).args(args).status()?;
    Ok(cargo_cli::exit_code(status))
}

/// A name that no other layer of the session has.
fn name(call: &RustcCall, crates: &[String], below: Option<&Layer>) -> String {
    let mut hasher = Sha256::new();
    hasher.update(format!("{:?} {crates:?} {below:?}", call.library_args()));
    format!("dependencies_{}", hash::short(hasher))
}
