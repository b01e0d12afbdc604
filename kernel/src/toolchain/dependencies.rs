//! What is built for the dependencies that a session adds: begun from what is there, kept for later sessions.
//!
//! A session that adds a dependency gets the prepared build's libraries as hard links, or those of an earlier session
//! that asked for the same dependencies, so that cargo builds only what is new. What it built is kept beside the prepared
//! build, and goes with it.

use std::env::consts::DLL_EXTENSION;
use std::env::consts::DLL_PREFIX;
use std::fs::DirEntry;
use std::fs::File;
use std::path::Path;
use std::path::PathBuf;

use sha2::Digest;
use sha2::Sha256;

use super::Prepared;
use super::call::RustcCall;
use super::generated;
use crate::sys::files;

/// Gives the session's cargo what was built before.
pub(super) fn share(prepared: &Prepared, session: &Path, manifest: &str) -> std::io::Result<()> {
    let target = session.join("target");
    let shared = target.join(".shared");
    let kept = kept(prepared, manifest);
    if kept.exists() {
        link_folder(&kept.join("target"), &target)?;
        std::fs::copy(kept.join("Cargo.lock"), session.join("Cargo.lock"))?;
    } else if !shared.exists() {
        link_folder(&prepared.template().join("target"), &target)?;
    }
    File::create(shared)?;
    Ok(())
}

/// Keeps what the session's cargo has built. A failure costs a later session time and nothing else.
pub(super) fn keep(prepared: &Prepared, session: &Path, manifest: &str) -> std::io::Result<()> {
    let kept = kept(prepared, manifest);
    let is_on_this_machine =
        |line: &&str| line.contains("path") && !line.starts_with("threadbook ");
    // A crate in a folder changes, and its folder goes.
    if kept.exists()
        || generated::dependency_lines(manifest)
            .iter()
            .any(is_on_this_machine)
    {
        return Ok(());
    }
    let folder = tempfile::Builder::new()
        .prefix("new-")
        .tempdir_in(prepared.root())?;
    link_folder(&session.join("target"), &folder.path().join("target"))?;
    std::fs::copy(session.join("Cargo.lock"), folder.path().join("Cargo.lock"))?;
    if let Some(parent) = kept.parent() {
        std::fs::create_dir_all(parent)?;
    }
    // Another kernel may have been first; then its folder serves as well.
    if std::fs::rename(folder.path(), &kept).is_ok() {
        let _ = folder.keep();
    }
    Ok(())
}

/// Whether the session's cargo built the runtime again, because a dependency asked for other features of what it uses.
///
/// The worker has the former one loaded, and can't load a cell that was compiled against another.
pub(super) fn changed_runtime(prepared: &Prepared, call: &RustcCall) -> bool {
    let runtime = |call: &RustcCall| {
        call.library("threadbook")
            .and_then(|path| std::fs::read(path).ok())
    };
    match (runtime(prepared.call()), runtime(call)) {
        (Some(before), Some(now)) => before != now,
        _ => false,
    }
}

fn kept(prepared: &Prepared, manifest: &str) -> PathBuf {
    let mut hasher = Sha256::new();
    for line in generated::dependency_lines(manifest) {
        hasher.update(line);
        hasher.update("\n");
    }
    prepared
        .root()
        .join("dependencies")
        .join(super::short(hasher))
}

fn link_folder(from: &Path, to: &Path) -> std::io::Result<()> {
    std::fs::create_dir_all(to)?;
    for entry in std::fs::read_dir(from)? {
        let entry = entry?;
        let name = entry.file_name();
        let target = to.join(&name);
        if entry.file_type()?.is_dir() {
            // What rustc kept of one crate's cells is of no use to others.
            if name != "incremental" {
                link_folder(&entry.path(), &target)?;
            }
        } else if !is_of_cells(&name.to_string_lossy()) && !target.exists() {
            let is_linked = is_replaced_whole(&entry)?
                // Nothing on another file system can be linked.
                && std::fs::hard_link(entry.path(), &target).is_ok();
            if !is_linked {
                copy(&entry.path(), &target)?;
            }
        }
    }
    Ok(())
}

/// Whether compilers and linkers put a new file in the place of an old one. Everything else, such as cargo's notes of what
/// is up to date, is written over where it lies, and so for everyone who has a link to it.
fn is_replaced_whole(entry: &DirEntry) -> std::io::Result<bool> {
    const LIBRARIES: [&str; 3] = ["rlib", "rmeta", DLL_EXTENSION];
    let is_library = entry
        .path()
        .extension()
        .is_some_and(|extension| LIBRARIES.iter().any(|library| extension == *library));
    Ok(is_library || files::is_program(&entry.path(), &entry.metadata()?))
}

/// Copies a file with its time, by which cargo tells what is out of date.
fn copy(from: &Path, to: &Path) -> std::io::Result<()> {
    std::fs::copy(from, to)?;
    let modified = from.metadata()?.modified()?;
    File::open(to)?.set_modified(modified)
}

/// The cells' own objects, as rustc and evcxr name them.
fn is_of_cells(name: &str) -> bool {
    let of_evcxr = name.strip_prefix(DLL_PREFIX);
    of_evcxr.is_some_and(|name| name.starts_with("code_"))
        || ["libctx", "ctx."]
            .iter()
            .any(|start| name.starts_with(start))
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::MetadataExt;

    use super::*;

    #[test]
    fn libraries_are_shared_and_what_cargo_writes_over_is_not() {
        let folder = tempfile::tempdir().unwrap();
        let (from, to) = (folder.path().join("from"), folder.path().join("to"));
        std::fs::create_dir_all(from.join(".fingerprint")).unwrap();
        std::fs::create_dir_all(from.join("incremental")).unwrap();
        let files = [
            "liba.rlib",
            "liba.so",
            "a.d",
            ".fingerprint/lib-a",
            "libctx.so",
        ];
        for file in files {
            std::fs::write(from.join(file), "before").unwrap();
        }
        link_folder(&from, &to).unwrap();
        let inode = |path: &Path| path.metadata().unwrap().ino();
        for (file, is_shared) in files[..4].iter().zip([true, true, false, false]) {
            let (old, new) = (from.join(file), to.join(file));
            assert_eq!(inode(&old) == inode(&new), is_shared, "{file}");
            let modified = |path: &Path| path.metadata().unwrap().modified().unwrap();
            assert_eq!(modified(&old), modified(&new), "{file}");
        }
        assert!(!to.join("libctx.so").exists() && !to.join("incremental").exists());
    }
}
