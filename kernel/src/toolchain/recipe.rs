//! What a prepared build is made of: the files that are written, and the arguments and variables of the programs that
//! are run. A hash of all that is the name of the build's folder, and a change of any part leads to a new build.

use std::path::Path;
use std::path::PathBuf;
use std::process::Command;

use sha2::Digest;
use sha2::Sha256;

use super::Sysroot;
use super::analysis;
use super::profile;
use super::sources;
use crate::build::PreparedPaths;
use crate::build::RustcCall;
use crate::build::cargo_cli;
use crate::build::features;
use crate::build::preloaded;
use crate::build::steps;
use crate::hash;
use crate::rewrite::manifest;
use crate::sys::processes;

/// To be increased with a change that no other part of the key shows: of the form of `ready.json`, for instance, or of
/// where the files in the folder lie.
const FORMAT: u32 = 1;

/// The name of the folder for a toolchain.
pub(super) fn key(sysroot: &Sysroot) -> String {
    key_for(sysroot.version(), sysroot.host())
}

fn key_for(version: &str, host: &str) -> String {
    // The folder's own path is not part of its name, nor is that of the toolchain.
    let paths = PreparedPaths::new("");
    let mut hasher = Sha256::new();
    hasher.update(FORMAT.to_le_bytes());
    hasher.update(version);
    for (path, text) in files(&paths) {
        add(&mut hasher, path.as_os_str().as_encoded_bytes());
        add(&mut hasher, text.as_bytes());
    }
    let mut cargo = Command::new("cargo");
    set_cargo(&mut cargo, host, Path::new("rustc"));
    let mut worker = Command::new("rustc");
    set_worker(&mut worker, &paths, &RustcCall::default());
    for command in [cargo, worker] {
        let args: Vec<_> = command.get_args().collect();
        let variables: Vec<_> = command.get_envs().collect();
        add(&mut hasher, format!("{args:?} {variables:?}").as_bytes());
    }
    add(&mut hasher, analysis::rules(host).as_bytes());
    sources::hash(&mut hasher);
    hash::short(hasher)
}

/// Adds a text with its length, so that texts can't run together.
fn add(hasher: &mut Sha256, text: &[u8]) {
    hasher.update(text.len().to_le_bytes());
    hasher.update(text);
}

/// The files that are written, besides the runtime's sources and the toolchains for rust-analyzer.
pub(super) fn files(paths: &PreparedPaths) -> Vec<(PathBuf, String)> {
    let mut dependencies = preloaded::all(paths);
    dependencies.push(features::dependency(paths));
    let mut files = vec![
        (paths.cargo_config(), profile::CONFIG.to_owned()),
        (paths.template_manifest(), manifest::manifest(&dependencies)),
        (
            paths.template_source(),
            "pub use threadbook::prelude::*;\n".to_owned(),
        ),
    ];
    files.extend(features::files(paths, &preloaded::of_registry()));
    files
}

/// What cargo is run with to build the template.
pub(super) fn set_cargo(command: &mut Command, host: &str, rustc: &Path) {
    command.args(["build", "--verbose", "--target", host]);
    cargo_cli::set_build_environment(command, rustc);
    steps::set_counting(command);
    command.env("CARGO_TERM_COLOR", "never");
}

/// What rustc is run with to compile the worker, a few lines around the runtime, against the libraries just built.
pub(super) fn set_worker(command: &mut Command, paths: &PreparedPaths, call: &RustcCall) {
    command
        .args(processes::linking(call.library_folders()))
        .args(["--edition=2024", "--crate-name=threadbook_worker", "-O"])
        .args(["-Cprefer-dynamic", "-Cstrip=debuginfo"])
        .args(call.library_args())
        .arg(paths.worker_source())
        .arg("-o")
        .arg(paths.worker());
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_key_depends_on_the_toolchain() {
        let key = key_for("rustc 1.96.0", "x86_64-unknown-linux-gnu");
        assert_eq!(key, key_for("rustc 1.96.0", "x86_64-unknown-linux-gnu"));
        assert_ne!(key, key_for("rustc 1.97.0", "x86_64-unknown-linux-gnu"));
        assert_ne!(key, key_for("rustc 1.96.0", "aarch64-unknown-linux-gnu"));
    }

    #[test]
    fn all_files_lie_in_the_folder() {
        let paths = PreparedPaths::new("/root");
        let files = files(&paths);
        assert!(files.iter().all(|(path, _)| path.starts_with("/root")));
        assert!(
            files
                .iter()
                .any(|(path, _)| *path == paths.template_manifest())
        );
    }
}
