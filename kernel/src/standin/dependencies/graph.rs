//! The graph of a session's dependencies, built by cargo.
//!
//! The runtime is no part of it, since what runs in the worker can't be built anew. What the runtime uses is, in the
//! versions of the prepared build and with its features: cargo finds that built, unless a dependency needs more.
//! What one kernel has built is kept beside the prepared build, and is there for all others.

use std::io::BufRead;
use std::io::BufReader;
use std::path::Path;
use std::path::PathBuf;
use std::process::Stdio;

use serde_json::Value;

use super::super::real_cargo;
use super::folders;
use super::steps_file::StepsFile;
use crate::build::Prepared;
use crate::build::RustcCall;
use crate::build::SessionPaths;
use crate::build::call::DEPENDENCY;
use crate::build::cargo_cli;
use crate::build::cargo_said::CargoSaid;
use crate::build::features;
use crate::build::pinned;
use crate::build::steps;
use crate::evcxr_text::generated;
use crate::rewrite::manifest;

/// What cargo has built.
#[derive(Debug)]
pub(super) struct Graph {
    /// How cargo called rustc for the crate that has the dependencies.
    call: RustcCall,
    units: Vec<Unit>,
}

/// A library of the graph.
#[derive(Debug)]
pub(super) struct Unit {
    pub(super) package: String,
    pub(super) version: String,
    /// The name by which Rust code names it.
    pub(super) name: String,
    pub(super) files: Vec<PathBuf>,
    pub(super) is_macro: bool,
}

impl Graph {
    /// The libraries that cells can name, with their files.
    pub(super) fn named(&self) -> Vec<(String, PathBuf)> {
        let named = self.call.named_libraries().into_iter();
        named
            .map(|(name, file)| (name, self.whole(&file)))
            .collect()
    }

    /// Where the libraries of other languages lie.
    pub(super) fn search_folders(&self) -> Vec<String> {
        let mut folders = self.call.search_folders();
        folders.retain(|folder| !folder.starts_with(DEPENDENCY));
        folders
    }

    pub(super) fn units(&self) -> &[Unit] {
        &self.units
    }

    /// The files that rustc may need for a cell: not those that only build scripts and procedural macros link.
    pub(super) fn files(&self) -> impl Iterator<Item = &Path> {
        let target = self.call.target().unwrap_or_default();
        let is_of_target =
            move |file: &Path| file.components().any(|part| part.as_os_str() == target);
        self.units.iter().flat_map(move |unit| {
            let files = unit.files.iter().map(PathBuf::as_path);
            files.filter(move |file| unit.is_macro || is_of_target(file))
        })
    }

    /// The unit that has made a file.
    pub(super) fn unit_of(&self, file: &Path) -> Option<&Unit> {
        self.units
            .iter()
            .find(|unit| unit.files.iter().any(|made| made == file))
    }

    /// cargo names what is enough to compile against; to link, the whole library is needed.
    fn whole(&self, file: &Path) -> PathBuf {
        let whole = file.with_extension("rlib");
        match self.unit_of(&whole) {
            Some(_) => whole,
            None => file.to_owned(),
        }
    }
}

/// Builds the graph of a manifest's dependencies, first from what is downloaded, then from the registry. What went
/// wrong is returned in cargo's or rustc's words.
pub(super) fn build(
    prepared: &Prepared,
    session: &SessionPaths,
    manifest: &str,
) -> anyhow::Result<Result<Graph, String>> {
    std::fs::create_dir_all(session.graph().join("src"))?;
    std::fs::write(session.graph_manifest(), graph_manifest(prepared, manifest))?;
    // The session's own manifest does not have all that the features need, so versions of it are missing there.
    let lock = std::fs::read_to_string(session.cargo_lock())?;
    let runtime = std::fs::read_to_string(prepared.paths().template_lock())?;
    let lock = pinned::added_to(&lock, &pinned::packages(&runtime));
    std::fs::write(session.graph_lock(), lock)?;
    let target = folders::target(prepared.paths(), session)?;
    let mut said = String::new();
    for &offline in real_cargo::attempts(session) {
        // Written anew, so that cargo calls rustc for it, and shows how.
        std::fs::write(session.graph_source(), "")?;
        match run_cargo(prepared, session, &target, offline)? {
            Err(words) if offline && words.contains("--offline") => said = words,
            Ok(graph) => {
                // A later session then builds it again.
                let _ = folders::keep(prepared.paths(), session);
                return Ok(Ok(graph));
            }
            failed => return Ok(failed),
        }
    }
    Ok(Err(said))
}

fn graph_manifest(prepared: &Prepared, text: &str) -> String {
    let mut lines = manifest::dependencies(text);
    lines.retain(|line| !manifest::is_runtime(line));
    let (name, value) = features::dependency(prepared.paths());
    let lines: String = lines.iter().map(|line| format!("{line}\n")).collect();
    manifest::manifest(&[])
        // Nothing is linked.
        .replace("\"cdylib\"", "\"lib\"")
        + &lines
        + &format!("{name} = {value}\n")
}

fn run_cargo(
    prepared: &Prepared,
    session: &SessionPaths,
    target: &Path,
    offline: bool,
) -> anyhow::Result<Result<Graph, String>> {
    let mut command = real_cargo::real(prepared);
    command
        .args(["build", "--verbose", "--color=never"])
        .arg("--message-format=json-diagnostic-rendered-ansi")
        .args(
            prepared
                .call()
                .target()
                .into_iter()
                .flat_map(|target| ["--target", target]),
        );
    if offline {
        command.arg("--offline");
    }
    cargo_cli::set_target_folder(&mut command, target);
    steps::set_counting(&mut command);
    let mut child = command
        .current_dir(session.graph())
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()?;
    let stderr = child.stderr.take();
    let mut steps = StepsFile::open(session);
    let said = std::thread::spawn(move || {
        stderr.map_or_else(CargoSaid::default, |stderr| {
            CargoSaid::read(BufReader::new(stderr), |step| steps.send(&step))
        })
    });
    let mut units = Vec::new();
    let mut errors = String::new();
    if let Some(stdout) = child.stdout.take() {
        for line in BufReader::new(stdout).lines() {
            let message: Value = serde_json::from_str(&line?).unwrap_or_default();
            match message["reason"].as_str() {
                Some("compiler-artifact") => units.extend(unit(&message)),
                Some("compiler-message") => errors.push_str(&error(&message)),
                _ => {}
            }
        }
    }
    let status = child.wait()?;
    let said = said.join().unwrap_or_default();
    Ok(match said.call {
        Some(call) if status.success() => Ok(Graph { call, units }),
        _ if errors.is_empty() => Err(said.words),
        _ => Err(errors),
    })
}

/// The library that a message of cargo's is about.
fn unit(message: &Value) -> Option<Unit> {
    let kinds = message["target"]["kind"].as_array()?;
    let is = |kind: &str| kinds.iter().any(|found| found == kind);
    if is("custom-build") || message["target"]["name"] == generated::CRATE {
        return None;
    }
    let (package, version) = package(message["package_id"].as_str()?)?;
    let files = message["filenames"].as_array()?.iter();
    Some(Unit {
        package,
        version,
        name: message["target"]["name"].as_str()?.replace('-', "_"),
        files: files.filter_map(Value::as_str).map(PathBuf::from).collect(),
        is_macro: is("proc-macro"),
    })
}

/// The name and the version in what cargo calls a package: `registry+https://...#name@1.0.0`, or
/// `path+file:///name#1.0.0` where the folder has the package's name.
fn package(id: &str) -> Option<(String, String)> {
    let (place, package) = id.rsplit_once('#')?;
    let (name, version) = match package.split_once('@') {
        Some(pair) => pair,
        None => {
            let folder = place.split('?').next()?.trim_end_matches(".git");
            (folder.rsplit('/').next()?, package)
        }
    };
    Some((name.to_owned(), version.to_owned()))
}

fn error(message: &Value) -> String {
    let message = &message["message"];
    match message["level"].as_str() {
        Some("error") => message["rendered"].as_str().unwrap_or_default().to_owned(),
        _ => String::new(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn packages_are_read_from_what_cargo_calls_them() {
        for (id, name, version) in [
            (
                "registry+https://github.com/rust-lang/crates.io-index#log@0.4.35",
                "log",
                "0.4.35",
            ),
            ("path+file:///tmp/shown#0.1.0", "shown", "0.1.0"),
            ("path+file:///tmp/folder#other@0.1.0", "other", "0.1.0"),
            (
                "git+https://example.org/some/crate.git?rev=1#2.0.0",
                "crate",
                "2.0.0",
            ),
        ] {
            assert_eq!(
                package(id),
                Some((name.to_owned(), version.to_owned())),
                "{id}"
            );
        }
    }
}
