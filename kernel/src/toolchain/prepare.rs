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
use std::io::BufRead;
use std::io::BufReader;
use std::path::Path;
use std::path::PathBuf;
use std::process::Command;
use std::process::Stdio;
use std::time::SystemTime;

use serde::Deserialize;
use serde::Serialize;
use sha2::Digest;
use sha2::Sha256;

use super::Error;
use super::Sysroot;
use super::analysis;
use super::at;
use super::call::RustcCall;
use super::features;
use super::roles;
use super::sources;
use crate::sys::processes;

/// What cells depend on beside the runtime, by the versions and features that the runtime itself uses. rust-analyzer
/// reads them in each session.
const DEPENDENCIES: [(&str, &str); 4] = [
    ("tokio", r#"{ version = "1", features = ["full"] }"#),
    ("rayon", r#""1""#),
    ("serde", r#"{ version = "1", features = ["derive"] }"#),
    ("serde_json", r#""1""#),
];

/// The same for crates that rust-analyzer reads once a cell names them.
const NAMED_LATER: [(&str, &str); 7] = [
    ("crossbeam", r#""0.8""#),
    ("futures", r#""0.3""#),
    ("log", r#""0.4""#),
    ("parking_lot", r#""0.12""#),
    (
        "postcard",
        r#"{ version = "1", default-features = false, features = ["use-std"] }"#,
    ),
    ("rand", r#""0.10""#),
    ("tracing", r#""0.1""#),
];

/// Dependencies are built once for good, so they get what a cell's own `:opt` does not change.
pub(super) const CONFIG: &str = r#"[profile.dev.package."*"]
opt-level = 3
debug = false
debug-assertions = false
overflow-checks = false
"#;

/// A prepared build on disk.
#[derive(Clone, Debug)]
pub struct Prepared {
    root: PathBuf,
    ready: Ready,
}

#[derive(Clone, Debug, Serialize, Deserialize)]
struct Ready {
    /// How the template was compiled.
    call: RustcCall,
    /// Where cargo lies.
    cargo: PathBuf,
    /// What rustc said of itself, for people.
    toolchain: String,
}

impl Prepared {
    /// Reads the prepared build in a folder.
    pub fn open(root: &Path) -> Result<Prepared, Error> {
        let path = ready_file(root);
        let text = std::fs::read(&path).map_err(at(&path))?;
        let ready = serde_json::from_slice(&text).map_err(|error| at(&path)(error.into()))?;
        Ok(Prepared {
            root: root.to_owned(),
            ready,
        })
    }

    /// Its folder.
    pub fn root(&self) -> &Path {
        &self.root
    }

    /// When it was finished.
    pub fn made(&self) -> Option<SystemTime> {
        ready_file(&self.root).metadata().ok()?.modified().ok()
    }

    /// The worker program.
    pub fn worker(&self) -> PathBuf {
        worker(&self.root)
    }

    /// The crate that was compiled in place of a session's.
    pub fn template(&self) -> PathBuf {
        template(&self.root)
    }

    /// How the template was compiled.
    pub fn call(&self) -> &RustcCall {
        &self.ready.call
    }

    /// What its rustc said of itself.
    pub fn toolchain(&self) -> &str {
        &self.ready.toolchain
    }

    /// The real cargo.
    pub fn cargo(&self) -> &Path {
        &self.ready.cargo
    }

    /// The version of a package that it was built with, where it has one only.
    pub(super) fn version_of(&self, package: &str) -> Option<String> {
        let lock = std::fs::read_to_string(self.template().join("Cargo.lock")).ok()?;
        let mut found = lock.split("[[package]]").filter_map(|entry| {
            let value = |key: &str| {
                let line = entry.lines().find_map(|line| line.strip_prefix(key));
                line.map(|value| value.trim_matches([' ', '=', '"']).to_owned())
            };
            (value("name")? == package).then(|| value("version"))?
        });
        let version = found.next()?;
        found.next().is_none().then_some(version)
    }

    /// What every cell may name: name and value as they stand in a manifest.
    pub fn dependencies(&self) -> Vec<(String, String)> {
        dependencies(&self.root)
    }

    /// Those that a session depends on once a cell names them.
    pub fn named_later(&self) -> Vec<(String, String)> {
        owned(&NAMED_LATER)
    }

    /// Those that each session depends on from its start.
    pub fn named_at_start(&self) -> Vec<(String, String)> {
        named_at_start(&self.root)
    }
}

fn worker(root: &Path) -> PathBuf {
    root.join("worker")
}

fn worker_source(root: &Path) -> PathBuf {
    root.join("runtime/src/worker_main.rs")
}

fn ready_file(root: &Path) -> PathBuf {
    root.join("ready.json")
}

fn template(root: &Path) -> PathBuf {
    root.join("template")
}

fn dependencies(root: &Path) -> Vec<(String, String)> {
    let mut list = named_at_start(root);
    list.extend(owned(&NAMED_LATER));
    list
}

fn named_at_start(root: &Path) -> Vec<(String, String)> {
    let runtime = format!("{{ path = {:?} }}", root.join("runtime"));
    let mut list = vec![("threadbook".to_owned(), runtime)];
    list.extend(owned(&DEPENDENCIES));
    list
}

fn owned(list: &[(&str, &str)]) -> Vec<(String, String)> {
    let pairs = list.iter();
    pairs
        .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()))
        .collect()
}

/// What the template depends on: that, and the features that are on from the start.
fn with_features(root: &Path) -> Vec<(String, String)> {
    let mut list = dependencies(root);
    list.push(features::dependency(root));
    list
}

/// Gives the prepared build for a toolchain, building it first where that has not been done.
///
/// `progress` is told in a few words what happens, only when it takes long.
pub fn prepare(
    cache: &Path,
    sysroot: &Sysroot,
    progress: &dyn Fn(&str),
) -> Result<Prepared, Error> {
    sysroot.library_sources()?;
    let folder = cache.join("prepared");
    std::fs::create_dir_all(&folder).map_err(at(&folder))?;
    let root = prepared_folder(cache, sysroot);
    if let Ok(prepared) = Prepared::open(&root) {
        return Ok(prepared);
    }
    locked(cache, &root, sysroot, progress).map_err(|error| error.with_room_in(cache))
}

fn locked(
    cache: &Path,
    root: &Path,
    sysroot: &Sysroot,
    progress: &dyn Fn(&str),
) -> Result<Prepared, Error> {
    let lock_path = root.with_extension("lock");
    let lock = File::create(&lock_path).map_err(at(&lock_path))?;
    if lock.try_lock().is_err() {
        progress("waiting for another kernel that is preparing the runtime");
        lock.lock().map_err(at(&lock_path))?;
    }
    if let Ok(prepared) = Prepared::open(root) {
        return Ok(prepared);
    }
    processes::share(&lock).map_err(at(&lock_path))?;
    progress(&why_it_is_built(cache, sysroot));
    let built = build(root, sysroot, progress);
    // Said, not left to the file's end: a program that a compiler left behind may have inherited it. What went wrong with
    // the build is worth more words than what goes wrong here.
    let _ = lock.unlock();
    built
}

/// Tells a first build from one that follows a change of the toolchain or of Threadbook.
fn why_it_is_built(cache: &Path, sysroot: &Sysroot) -> String {
    let first_line = |text: &str| text.lines().next().unwrap_or_default().to_owned();
    let now = first_line(sysroot.version());
    match super::cache::latest_toolchain(cache) {
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
    let folder = cache.join("prepared");
    folder.canonicalize().unwrap_or(folder).join(key(sysroot))
}

fn key(sysroot: &Sysroot) -> String {
    let mut hasher = Sha256::new();
    hasher.update(sysroot.version());
    hasher.update(CONFIG);
    hasher.update(include_str!("prepare.rs"));
    hasher.update(include_str!("analysis.rs"));
    hasher.update(include_str!("../sys/links.rs"));
    hasher.update(include_str!("../sys/processes.rs"));
    for (name, value) in DEPENDENCIES.into_iter().chain(NAMED_LATER) {
        hasher.update(name);
        hasher.update(value);
    }
    features::hash(&mut hasher);
    sources::hash(&mut hasher);
    super::short(hasher)
}

fn build(root: &Path, sysroot: &Sysroot, progress: &dyn Fn(&str)) -> Result<Prepared, Error> {
    if root.exists() {
        std::fs::remove_dir_all(root).map_err(at(root))?;
    }
    let template = template(root);
    for folder in [template.join("src"), root.join(".cargo")] {
        std::fs::create_dir_all(&folder).map_err(at(&folder))?;
    }
    sources::write(&root.join("runtime"), &template.join("Cargo.lock"))?;
    let files = [
        (root.join(".cargo/config.toml"), CONFIG.to_owned()),
        (
            template.join("Cargo.toml"),
            super::generated::manifest(&with_features(root)),
        ),
        (
            template.join("src/lib.rs"),
            "pub use threadbook::prelude::*;\n".to_owned(),
        ),
    ];
    for (path, text) in files {
        std::fs::write(&path, text).map_err(at(&path))?;
    }
    features::write(root, &[owned(&DEPENDENCIES), owned(&NAMED_LATER)].concat())?;
    analysis::write(root, sysroot)?;
    let call = compile_template(root, sysroot, progress)?;
    let source = worker_source(root);
    compile_worker(&source, &sysroot.rustc(), &call, &worker(root))?;
    let ready = Ready {
        call,
        cargo: sysroot.cargo(),
        toolchain: sysroot.version().to_owned(),
    };
    let path = ready_file(root);
    let json = serde_json::to_vec_pretty(&ready).map_err(|error| at(&path)(error.into()))?;
    std::fs::write(&path, json).map_err(at(&path))?;
    progress("the runtime is prepared");
    Prepared::open(root)
}

/// Builds the template with cargo, first from what is already downloaded, then from the registry.
fn compile_template(
    root: &Path,
    sysroot: &Sysroot,
    progress: &dyn Fn(&str),
) -> Result<RustcCall, Error> {
    let mut said = String::new();
    for offline in [true, false] {
        match run_cargo(root, sysroot, offline, progress)? {
            Ok(call) => return Ok(call),
            Err(output) => said = output,
        }
    }
    let tail: Vec<&str> = said.lines().rev().take(12).collect();
    let reason = tail.into_iter().rev().collect::<Vec<_>>().join("\n");
    Err(Error::Build {
        folder: root.to_owned(),
        reason,
    })
}

fn run_cargo(
    root: &Path,
    sysroot: &Sysroot,
    offline: bool,
    progress: &dyn Fn(&str),
) -> Result<Result<RustcCall, String>, Error> {
    let template = template(root);
    let mut command = roles::bound(&sysroot.cargo()).map_err(at("the kernel's own program"))?;
    command.args(["build", "--verbose", "--target", sysroot.host()]);
    if offline {
        command.arg("--offline");
    }
    super::cargo::set_build_environment(&mut command, &sysroot.rustc());
    let mut child = command
        .current_dir(&template)
        .env("CARGO_TERM_COLOR", "never")
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::piped())
        .spawn()
        .map_err(at(sysroot.cargo()))?;
    let mut said = String::new();
    let mut call = None;
    if let Some(stderr) = child.stderr.take() {
        for line in BufReader::new(stderr).lines() {
            let line = line.map_err(at(&template))?;
            let step = line.trim_start();
            if let Some(step) = super::cargo::step_for_people(step) {
                progress(step);
            }
            if let Some(found) = RustcCall::from_verbose_line(step) {
                call = Some(found);
            }
            if !step.starts_with("Running ") {
                said.push_str(&line);
                said.push('\n');
            }
        }
    }
    let status = child.wait().map_err(at(&template))?;
    Ok(match call {
        Some(call) if status.success() => Ok(call.without_library(features::CRATE)),
        _ => Err(said),
    })
}

/// The worker is a few lines around the runtime, so rustc compiles it against the libraries just built.
fn compile_worker(source: &Path, rustc: &Path, call: &RustcCall, to: &Path) -> Result<(), Error> {
    let output = Command::new(rustc)
        .args(processes::linking(call.library_folders()))
        .args(["--edition=2024", "--crate-name=threadbook_worker", "-O"])
        .args(["-Cprefer-dynamic", "-Cstrip=debuginfo"])
        .args(call.library_args())
        .arg(source)
        .arg("-o")
        .arg(to)
        .output()
        .map_err(at(rustc))?;
    if output.status.success() {
        return Ok(());
    }
    let reason = String::from_utf8_lossy(&output.stderr).into_owned();
    Err(Error::Build {
        folder: to.to_owned(),
        reason,
    })
}
