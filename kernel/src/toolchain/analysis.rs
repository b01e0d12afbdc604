//! The toolchains that rust-analyzer is shown in place of the real one, whose sources cost it time and memory.
//!
//! rust-analyzer is used for the types of variables. What no variable has the type of can be left out. Cells may call
//! all of it: rustc reads the real sources.
//!
//! There are two toolchains. One has a standard library without contents, for the moment in which evcxr tries itself
//! out. The other one leaves out the intrinsics of AVX-512 and AMX, those of other processors, and portable SIMD, which
//! no stable compiler has. They are half of all text. `standin/packages.rs` does the same for packages.

use std::fs;
use std::path::Path;

use super::Sysroot;
use crate::build::Error;
use crate::build::PreparedPaths;
use crate::build::error::at;
use crate::sys::links;

/// Where a toolchain keeps the standard library's sources.
const LIBRARY: &str = "lib/rustlib/src/rust/library";
/// The part of them that has the intrinsics.
const INTRINSICS: &str = "stdarch/crates/core_arch";

/// Unstable parts of the standard library that are crates of their own.
const PORTABLE_SIMD: [&str; 2] = ["core_simd/src/mod.rs", "std_float/src/lib.rs"];
/// The libraries of the toolchain without contents.
const EMPTY: [&str; 3] = ["core", "alloc", "std"];
/// The parts of the library that are not linked as a whole.
const PARTS: [&str; 2] = ["stdarch", "portable-simd"];
/// The beginnings of the names of files with rare intrinsics.
const RARE: [&str; 2] = ["avx512", "amx"];

/// All that decides what the toolchains have, for the key of a prepared build.
pub(super) fn rules(host: &str) -> String {
    let parts = (LIBRARY, INTRINSICS, PORTABLE_SIMD, EMPTY, PARTS, RARE);
    format!("{parts:?} {:?} {}", folders_of(host), links::cargo_script())
}

/// Makes both.
pub(super) fn write(paths: &PreparedPaths, sysroot: &Sysroot) -> Result<(), Error> {
    for toolchain in [paths.bare_toolchain(), paths.slim_toolchain()] {
        link_tools(&toolchain.join("bin"), sysroot)?;
    }
    for library in EMPTY {
        write_empty(
            &paths
                .bare_toolchain()
                .join(LIBRARY)
                .join(library)
                .join("src/lib.rs"),
        )?;
    }
    let real = sysroot.library_sources()?;
    let library = paths.slim_toolchain().join(LIBRARY);
    link_all(&real, &library, |name| !PARTS.contains(&name))?;
    for file in PORTABLE_SIMD {
        write_empty(&library.join("portable-simd/crates").join(file))?;
    }
    let (real, slim) = (real.join(INTRINSICS), library.join(INTRINSICS));
    link_all(&real, &slim, |name| name != "src")?;
    let (real, slim) = (real.join("src"), slim.join("src"));
    link_all(&real, &slim, |name| name.contains('.'))?;
    let own = folders_of(sysroot.host());
    for folder in own.iter().filter(|folder| real.join(folder).is_dir()) {
        let (real, slim) = (real.join(folder), slim.join(folder));
        link_all(&real, &slim, |name| !is_rare(name))?;
        for name in names(&real)?.iter().filter(|name| is_rare(name)) {
            write_empty(&slim.join(name))?;
        }
    }
    Ok(())
}

/// The folders of intrinsics that a processor has.
fn folders_of(host: &str) -> &'static [&'static str] {
    match host.split('-').next() {
        Some("x86_64" | "i686") => &["x86", "x86_64"],
        Some("aarch64") => &["aarch64", "arm_shared"],
        // rust-analyzer goes on without what it does not find.
        _ => &[],
    }
}

fn is_rare(file: &str) -> bool {
    RARE.iter().any(|start| file.starts_with(start))
}

/// rust-analyzer has rustup run the tools of the folder that it was given.
fn link_tools(bin: &Path, sysroot: &Sysroot) -> Result<(), Error> {
    fs::create_dir_all(bin).map_err(at(bin))?;
    links::make_tools(bin, &sysroot.rustc()).map_err(at(bin))
}

/// Links what is in a folder into another, under the given name.
fn link_all(from: &Path, to: &Path, is_wanted: impl Fn(&str) -> bool) -> Result<(), Error> {
    fs::create_dir_all(to).map_err(at(to))?;
    for name in names(from)?.iter().filter(|name| is_wanted(name)) {
        links::link(&from.join(name), &to.join(name)).map_err(at(to.join(name)))?;
    }
    Ok(())
}

fn names(folder: &Path) -> Result<Vec<String>, Error> {
    let entries = fs::read_dir(folder).map_err(at(folder))?;
    Ok(entries
        .flatten()
        .filter_map(|entry| entry.file_name().into_string().ok())
        .collect())
}

fn write_empty(file: &Path) -> Result<(), Error> {
    if let Some(folder) = file.parent() {
        fs::create_dir_all(folder).map_err(at(folder))?;
    }
    fs::write(file, "").map_err(at(file))
}
