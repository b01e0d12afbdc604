//! The runtime, built once per toolchain and version, into the cache.
//!
//! A prepared build holds the runtime's sources, a template crate shaped like those that evcxr makes, with everything
//! that crate depends on built, the worker program, and the rustc call that compiled the template. A session's cells
//! are compiled with that call and link the libraries where they lie.
//!
//! A lock file beside the folder lets one kernel build while others wait. The compilers inherit the lock, so that it is
//! free only once all of them are gone, also those of a kernel that was killed. `ready.json` is written last: a folder
//! without it was left by a build that was killed, and is made anew.

use std::fs::File;
use std::io::BufReader;
use std::path::Path;
use std::path::PathBuf;
use std::process::Command;
use std::process::Stdio;

use super::Sysroot;
use super::analysis;
use super::cache;
use super::recipe;
use super::sources;
use crate::build::Error;
use crate::build::Prepared;
use crate::build::PreparedPaths;
use crate::build::RustcCall;
use crate::build::cache_paths;
use crate::build::cargo_said::CargoSaid;
use crate::build::error::at;
use crate::build::features;
use crate::build::role_names;
use crate::build::steps::Step;
use crate::sys::processes;

/// What is left of the line that says what is waited for.
const PREPARED: &str = "the runtime is prepared";

/// Gives the prepared build for a toolchain, building it first where that has not been done.
///
/// `progress` gets each step, only when it takes long.
pub fn prepare(
    cache: &Path,
    sysroot: &Sysroot,
    progress: &dyn Fn(Step),
) -> Result<Prepared, Error> {
    sysroot.library_sources()?;
    let folder = cache_paths::prepared(cache);
    std::fs::create_dir_all(&folder).map_err(at(&folder))?;
    let paths = PreparedPaths::new(prepared_folder(cache, sysroot));
    if let Ok(prepared) = Prepared::open(paths.clone()) {
        return Ok(prepared);
    }
    locked(cache, &paths, sysroot, progress).map_err(|error| error.with_room_in(cache))
}

fn locked(
    cache: &Path,
    paths: &PreparedPaths,
    sysroot: &Sysroot,
    progress: &dyn Fn(Step),
) -> Result<Prepared, Error> {
    let lock_path = paths.lock();
    let lock = File::create(&lock_path).map_err(at(&lock_path))?;
    if lock.try_lock().is_err() {
        let words = "waiting for another kernel that is preparing the runtime";
        progress(Step::Begin(words.to_owned()));
        lock.lock().map_err(at(&lock_path))?;
    }
    if let Ok(prepared) = Prepared::open(paths.clone()) {
        progress(Step::End(PREPARED.to_owned()));
        return Ok(prepared);
    }
    processes::share(&lock).map_err(at(&lock_path))?;
    progress(Step::Begin(why_it_is_built(cache, sysroot)));
    let built = build(paths, sysroot, progress);
    // Said, not left to the file's end: a program that a compiler left behind may have inherited it. What went wrong
    // with the build is worth more words than what goes wrong here.
    let _ = lock.unlock();
    built
}

/// Tells a first build from one that follows a change of the toolchain or of Threadbook.
fn why_it_is_built(cache: &Path, sysroot: &Sysroot) -> String {
    let first_line = |text: &str| text.lines().next().unwrap_or_default().to_owned();
    let now = first_line(sysroot.version());
    match cache::latest_toolchain(cache) {
        None => "preparing the runtime, once for this toolchain".to_owned(),
        Some(before) if before == sysroot.version() => {
            "preparing the runtime of this version of Threadbook, once for this toolchain"
                .to_owned()
        }
        Some(before) => format!(
            "the toolchain has changed from `{}` to `{now}`: preparing the runtime again",
            first_line(&before)
        ),
    }
}

/// Where the prepared build for a toolchain lies, or will lie.
pub fn prepared_folder(cache: &Path, sysroot: &Sysroot) -> PathBuf {
    // cargo names folders without links; its calls are compared with these paths.
    let folder = cache_paths::prepared(cache);
    folder
        .canonicalize()
        .unwrap_or(folder)
        .join(recipe::key(sysroot))
}

fn build(
    paths: &PreparedPaths,
    sysroot: &Sysroot,
    progress: &dyn Fn(Step),
) -> Result<Prepared, Error> {
    let root = paths.root();
    if root.exists() {
        std::fs::remove_dir_all(root).map_err(at(root))?;
    }
    for (path, text) in recipe::files(paths) {
        if let Some(folder) = path.parent() {
            std::fs::create_dir_all(folder).map_err(at(folder))?;
        }
        std::fs::write(&path, text).map_err(at(&path))?;
    }
    sources::write(&paths.runtime(), &paths.template_lock())?;
    analysis::write(paths, sysroot)?;
    let call = compile_template(paths, sysroot, progress)?;
    compile_worker(paths, sysroot, &call)?;
    let (cargo, version) = (sysroot.cargo(), sysroot.version().to_owned());
    let prepared = Prepared::finish(paths.clone(), call, cargo, version)?;
    progress(Step::End(PREPARED.to_owned()));
    Ok(prepared)
}

/// Builds the template with cargo, first from what is already downloaded, then from the registry.
fn compile_template(
    paths: &PreparedPaths,
    sysroot: &Sysroot,
    progress: &dyn Fn(Step),
) -> Result<RustcCall, Error> {
    let mut said = String::new();
    for offline in [true, false] {
        match run_cargo(paths, sysroot, offline, progress)? {
            Ok(call) => return Ok(call),
            Err(output) => said = output,
        }
    }
    let tail: Vec<&str> = said.lines().rev().take(12).collect();
    let reason = tail.into_iter().rev().collect::<Vec<_>>().join("\n");
    Err(Error::Build {
        folder: paths.root().to_owned(),
        reason,
    })
}

fn run_cargo(
    paths: &PreparedPaths,
    sysroot: &Sysroot,
    offline: bool,
    progress: &dyn Fn(Step),
) -> Result<Result<RustcCall, String>, Error> {
    let template = paths.template();
    let mut command = processes::bound(role_names::BOUND, &sysroot.cargo())
        .map_err(at("the kernel's own program"))?;
    recipe::set_cargo(&mut command, sysroot.host(), &sysroot.rustc());
    if offline {
        command.arg("--offline");
    }
    let mut child = command
        .current_dir(&template)
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::piped())
        .spawn()
        .map_err(at(sysroot.cargo()))?;
    let stderr = child.stderr.take();
    let said = stderr.map_or_else(CargoSaid::default, |stderr| {
        CargoSaid::read(BufReader::new(stderr), progress)
    });
    let status = child.wait().map_err(at(&template))?;
    Ok(match said.call {
        Some(call) if status.success() => Ok(call.without_library(features::CRATE)),
        _ => Err(said.words),
    })
}

fn compile_worker(paths: &PreparedPaths, sysroot: &Sysroot, call: &RustcCall) -> Result<(), Error> {
    let rustc = sysroot.rustc();
    let mut command = Command::new(&rustc);
    recipe::set_worker(&mut command, paths, call);
    let output = command.output().map_err(at(&rustc))?;
    if output.status.success() {
        return Ok(());
    }
    let reason = String::from_utf8_lossy(&output.stderr).into_owned();
    Err(Error::Build {
        folder: paths.worker(),
        reason,
    })
}
