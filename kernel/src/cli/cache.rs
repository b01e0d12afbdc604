//! `threadbook cache`: lists the cache, and removes what is not needed.

use anyhow::Context;
use anyhow::Result;
use indicatif::HumanBytes;

use crate::env;
use crate::toolchain;
use crate::toolchain::Sysroot;
use crate::toolchain::cache;

/// Lists the prepared builds, or removes those of other toolchains and versions.
pub(super) fn run(prune: bool) -> Result<()> {
    let folder = env::cache_folder().context(toolchain::Error::NoCache)?;
    println!("{}", folder.display());
    let current = Sysroot::find()
        .ok()
        .map(|sysroot| toolchain::prepared_folder(&folder, &sysroot));
    if prune {
        let removed = cache::prune(&folder, current.as_deref())?;
        let bytes: u64 = removed.iter().map(|entry| entry.bytes).sum();
        println!(
            "removed {} prepared builds, {}",
            removed.len(),
            HumanBytes(bytes)
        );
        return Ok(());
    }
    for entry in cache::entries(&folder)? {
        let name = entry
            .path
            .file_name()
            .unwrap_or_default()
            .to_string_lossy()
            .into_owned();
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
    Ok(())
}

/// Builds the runtime ahead of the first kernel, showing what is done.
pub(super) fn prepare() -> Result<()> {
    let folder = env::cache_folder().context(toolchain::Error::NoCache)?;
    let sysroot = Sysroot::find()?;
    toolchain::prepare(&folder, &sysroot, &|text| println!("{text}"))?;
    Ok(())
}
