//! `threadbook cache`: lists the cache, and removes what is not needed.

use std::path::Path;

use anyhow::Context;
use anyhow::Result;
use indicatif::HumanBytes;

use super::lab::Environment;
use super::lab::Python;
use crate::env;
use crate::toolchain;
use crate::toolchain::Sysroot;
use crate::toolchain::cache;

/// Lists the prepared builds and the environments of `threadbook lab`, or removes those that are not current.
pub(super) fn run(prune: bool) -> Result<()> {
    let folder = env::cache_folder().context(toolchain::Error::NoCache)?;
    println!("{}", folder.display());
    let current = Sysroot::find()
        .ok()
        .map(|sysroot| toolchain::prepared_folder(&folder, &sysroot));
    let of_lab = Environment::all(&folder)?;
    // python3 is not started where there is nothing to compare with.
    let python = match of_lab.is_empty() {
        true => None,
        false => Python::find().ok(),
    };
    let current_lab = python.map(|python| Environment::of(&folder, &python));
    let is_current = |environment: &Environment| {
        current_lab
            .as_ref()
            .is_some_and(|current| current.folder() == environment.folder())
    };
    if prune {
        let removed = cache::prune(&folder, current.as_deref())?;
        let bytes: u64 = removed.iter().map(|entry| entry.bytes).sum();
        println!(
            "removed {} prepared builds, {}",
            removed.len(),
            HumanBytes(bytes)
        );
        for environment in of_lab {
            let is_needed = is_current(&environment) && environment.is_complete();
            if !is_needed && environment.remove()? {
                println!("removed `{}`", environment.folder().display());
            }
        }
        return Ok(());
    }
    for entry in cache::entries(&folder)? {
        let name = name(&entry.path);
        let toolchain = entry.toolchain.as_deref().unwrap_or("not finished");
        let use_now = match entry.kernels {
            0 if current.as_ref() == Some(&entry.path) => ", current".to_owned(),
            0 => String::new(),
            count => format!(", in use by {count}"),
        };
        println!(
            "  {name}  {:>10}  {toolchain}{use_now}",
            HumanBytes(entry.bytes).to_string()
        );
    }
    for environment in of_lab {
        let bytes = cache::size(environment.folder())?;
        let state = match (environment.is_complete(), is_current(&environment)) {
            (false, _) => ", not finished",
            (true, true) => ", current",
            (true, false) => "",
        };
        println!(
            "  {}  {:>10}  JupyterLab{state}",
            name(environment.folder()),
            HumanBytes(bytes).to_string()
        );
    }
    Ok(())
}

fn name(folder: &Path) -> String {
    let name = folder.file_name().unwrap_or_default();
    name.to_string_lossy().into_owned()
}

/// Builds the runtime ahead of the first kernel, showing what is done.
pub(super) fn prepare() -> Result<()> {
    let folder = env::cache_folder().context(toolchain::Error::NoCache)?;
    let sysroot = Sysroot::find()?;
    toolchain::prepare(&folder, &sysroot, &|step| {
        if let Some(words) = step.words() {
            println!("{words}");
        }
    })?;
    Ok(())
}
