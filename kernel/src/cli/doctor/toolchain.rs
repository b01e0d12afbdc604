//! The compiler, the standard library's sources and the linker.

use std::path::PathBuf;
use std::process::Command;

use super::finding::Finding;
use crate::cli::program::major_and_minor;
use crate::cli::program::on_path;
use crate::cli::program::output;
use crate::sys::processes;

/// The oldest version that the kernel's own sources and its runtime build with.
const OLDEST: (u32, u32) = (1, 95);

const RUST_REMEDY: &str = "install Rust from https://rustup.rs, or run `rustup update stable`";

pub(super) fn check() -> Vec<Finding> {
    vec![
        version("rustc"),
        version("cargo"),
        rust_src(),
        linker(),
        fast_linker(),
    ]
}

fn version(program: &'static str) -> Finding {
    let text = match output(Command::new(program).arg("--version")) {
        Ok(text) => text,
        Err(error) => return Finding::fail(program, error, RUST_REMEDY),
    };
    let found = text.lines().next().unwrap_or_default().to_owned();
    match parse_version(&found) {
        Some(version) if version >= OLDEST => Finding::ok(program, found),
        _ => Finding::fail(
            program,
            format!(
                "expected version {}.{} or later, found `{found}`",
                OLDEST.0, OLDEST.1
            ),
            RUST_REMEDY,
        ),
    }
}

/// The major and minor number in lines like `rustc 1.95.0 (59807616e 2026-04-14)`.
fn parse_version(line: &str) -> Option<(u32, u32)> {
    major_and_minor(line.split_whitespace().nth(1)?)
}

fn rust_src() -> Finding {
    let what = "rust-src";
    let remedy = "run `rustup component add rust-src` (the types of a cell's variables are found by reading the \
                  standard library's sources)";
    let Some(sysroot) = sysroot() else {
        return Finding::fail(
            what,
            "`rustc` does not tell where its libraries are",
            RUST_REMEDY,
        );
    };
    let sources = sysroot.join("lib/rustlib/src/rust/library");
    if sources.join("std").is_dir() {
        Finding::ok(what, sources.display().to_string())
    } else {
        Finding::fail(
            what,
            format!("no sources in `{}`", sources.display()),
            remedy,
        )
    }
}

fn linker() -> Finding {
    let what = "linker";
    let linked = || -> Result<(), String> {
        let folder = tempfile::tempdir().map_err(|error| error.to_string())?;
        let trial = processes::linker_trial(folder.path());
        output(&mut trial.map_err(|error| error.to_string())?).map(drop)
    };
    match linked() {
        Ok(()) => Finding::ok(what, format!("`{}` compiles and links", processes::LINKER)),
        Err(error) => Finding::fail(what, error, processes::LINKER_REMEDY),
    }
}

/// A fast linker is worth about a third of the time that a cell takes to build.
fn fast_linker() -> Finding {
    let what = "fast linker";
    let installed = ["mold", "ld.lld"].into_iter().find(|name| on_path(name));
    if let Some(name) = installed {
        return Finding::ok(what, format!("found `{name}`"));
    }
    match rust_lld() {
        Some(path) => Finding::ok(what, format!("found `{}`", path.display())),
        None => Finding::warn(
            what,
            "found neither `mold` nor `lld`",
            "install one of them: cells build faster (Debian and Ubuntu: `apt install mold`)",
        ),
    }
}

/// The lld that comes with some of Rust's toolchains.
fn rust_lld() -> Option<PathBuf> {
    let targets = sysroot()?.join("lib/rustlib").read_dir().ok()?;
    targets
        .flatten()
        .map(|target| target.path().join("bin").join("rust-lld"))
        .find(|path| path.is_file())
}

fn sysroot() -> Option<PathBuf> {
    let text = output(Command::new("rustc").args(["--print", "sysroot"])).ok()?;
    Some(PathBuf::from(text.trim()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn versions_are_read_from_what_the_programs_print() {
        for (line, version) in [
            ("rustc 1.95.0 (59807616e 2026-04-14)", Some((1, 95))),
            ("cargo 1.100.0-nightly", Some((1, 100))),
            ("rustc", None),
            ("error: no toolchain", None),
        ] {
            assert_eq!(parse_version(line), version, "{line}");
        }
    }
}
