//! A finished prepared build: the runtime and its crates, compiled once per toolchain and version. `ready.json`
//! describes it.

use std::path::Path;
use std::path::PathBuf;
use std::time::SystemTime;

use serde::Deserialize;
use serde::Serialize;

use super::Error;
use super::PreparedPaths;
use super::RustcCall;
use super::error::at;
use super::preloaded;

/// A prepared build on disk.
#[derive(Clone, Debug)]
pub struct Prepared {
    paths: PreparedPaths,
    ready: Ready,
}

#[derive(Clone, Debug, Serialize, Deserialize)]
struct Ready {
    /// How the template was compiled.
    call: RustcCall,
    /// Where cargo lies.
    cargo: PathBuf,
    /// rustc's version text, for people.
    toolchain: String,
}

impl Prepared {
    /// Reads the prepared build in a folder.
    pub fn open(paths: PreparedPaths) -> Result<Prepared, Error> {
        let path = paths.ready();
        let text = std::fs::read(&path).map_err(at(&path))?;
        let ready = serde_json::from_slice(&text).map_err(|error| at(&path)(error.into()))?;
        Ok(Prepared { paths, ready })
    }

    /// The prepared build of the session that this process belongs to.
    pub fn of_this_process() -> anyhow::Result<Prepared> {
        Ok(Prepared::open(PreparedPaths::of_this_process()?)?)
    }

    /// Marks a build as finished, with the data that later processes need.
    pub(crate) fn finish(
        paths: PreparedPaths,
        call: RustcCall,
        cargo: PathBuf,
        toolchain: String,
    ) -> Result<Prepared, Error> {
        let ready = Ready {
            call,
            cargo,
            toolchain,
        };
        let path = paths.ready();
        let json = serde_json::to_vec_pretty(&ready).map_err(|error| at(&path)(error.into()))?;
        std::fs::write(&path, json).map_err(at(&path))?;
        Prepared::open(paths)
    }

    /// Its folder.
    pub fn root(&self) -> &Path {
        self.paths.root()
    }

    /// The paths of the files in its folder.
    pub fn paths(&self) -> &PreparedPaths {
        &self.paths
    }

    /// When it was finished.
    pub fn made(&self) -> Option<SystemTime> {
        self.paths.ready().metadata().ok()?.modified().ok()
    }

    /// The worker program.
    pub fn worker(&self) -> PathBuf {
        self.paths.worker()
    }

    /// The crate that was compiled in place of a session's.
    pub fn template(&self) -> PathBuf {
        self.paths.template()
    }

    /// How the template was compiled.
    pub fn call(&self) -> &RustcCall {
        &self.ready.call
    }

    /// The version text of its rustc.
    pub fn toolchain(&self) -> &str {
        &self.ready.toolchain
    }

    /// The real cargo.
    pub fn cargo(&self) -> &Path {
        &self.ready.cargo
    }

    /// The version of a package that it was built with, where it has one only.
    pub(crate) fn version_of(&self, package: &str) -> Option<String> {
        let lock = std::fs::read_to_string(self.paths.template_lock()).ok()?;
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
        preloaded::all(&self.paths)
    }

    /// Those that a session depends on once a cell names them.
    pub fn named_later(&self) -> Vec<(String, String)> {
        preloaded::later()
    }

    /// Those that each session depends on from its start.
    pub fn named_at_start(&self) -> Vec<(String, String)> {
        preloaded::at_start(&self.paths)
    }
}
