//! Where what is built for a session's dependencies lies.

use std::env::consts::DLL_EXTENSION;
use std::fs::DirEntry;
use std::io::ErrorKind;
use std::path::Path;
use std::path::PathBuf;

use sha2::Digest;
use sha2::Sha256;

use crate::build::PreparedPaths;
use crate::build::SessionPaths;
use crate::evcxr_text::generated::is_object_of_cell;
use crate::hash;
use crate::rewrite::manifest;
use crate::sys::files;

/// Where cargo builds a session's dependencies, with what the prepared build and other sessions have built. Each
/// session has a folder of its own, so that none waits for what another one builds.
pub(super) fn target(prepared: &PreparedPaths, session: &SessionPaths) -> std::io::Result<PathBuf> {
    let target = session.graph_target();
    for built in [prepared.template_target(), prepared.dependencies()] {
        if built.exists() {
            link_folder(&built, &target)?;
        }
    }
    Ok(target)
}

/// Keeps what a session's cargo has built, for all others. A failure costs them time and nothing else.
pub(super) fn keep(prepared: &PreparedPaths, session: &SessionPaths) -> std::io::Result<()> {
    link_folder(&session.graph_target(), &prepared.dependencies())
}

/// Notes that dependencies, as lines of a manifest, have been built. Crates that lie in a folder or a repository are
/// left out: they may be gone.
pub(super) fn note_built(prepared: &PreparedPaths, lines: &[String]) -> std::io::Result<()> {
    std::fs::create_dir_all(prepared.built())?;
    for line in lines.iter().filter(|line| manifest::is_of_registry(line)) {
        std::fs::write(note(prepared, line), "")?;
    }
    Ok(())
}

/// Whether a dependency has been built by some session.
pub(super) fn was_built(prepared: &PreparedPaths, line: &str) -> bool {
    note(prepared, line).exists()
}

fn note(prepared: &PreparedPaths, line: &str) -> PathBuf {
    let mut hasher = Sha256::new();
    hasher.update(line);
    prepared.built().join(hash::short(hasher))
}

/// Gives a file a name in a folder, unless the folder has one of that name.
pub(super) fn share(file: &Path, folder: &Path) -> std::io::Result<()> {
    link_or_copy(file, &folder.join(file.file_name().unwrap_or_default()))
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
        } else if !is_object_of_cell(&name.to_string_lossy()) && !target.exists() {
            match is_replaced_whole(&entry)? {
                true => link_or_copy(&entry.path(), &target)?,
                false => copy(&entry.path(), &target)?,
            }
        }
    }
    Ok(())
}

/// Whether compilers and linkers put a new file in the place of an old one. Everything else, such as cargo's notes of
/// what is up to date, is written over where it lies, and so for everyone who has a link to it.
fn is_replaced_whole(entry: &DirEntry) -> std::io::Result<bool> {
    const LIBRARIES: [&str; 3] = ["rlib", "rmeta", DLL_EXTENSION];
    let is_library = entry
        .path()
        .extension()
        .is_some_and(|extension| LIBRARIES.iter().any(|library| extension == *library));
    Ok(is_library || files::is_program(&entry.metadata()?))
}

fn link_or_copy(from: &Path, to: &Path) -> std::io::Result<()> {
    match std::fs::hard_link(from, to) {
        // Another kernel was first; a copy would be written into its file.
        Err(error) if error.kind() == ErrorKind::AlreadyExists => Ok(()),
        // Nothing on another file system can be linked.
        Err(_) => copy(from, to),
        Ok(()) => Ok(()),
    }
}

/// Copies a file with its time, by which cargo finds what is out of date. Other processes never see half of it.
fn copy(from: &Path, to: &Path) -> std::io::Result<()> {
    let Some(folder) = to.parent() else {
        return Ok(());
    };
    let copy = tempfile::Builder::new()
        .prefix(".copy-")
        .tempfile_in(folder)?;
    std::fs::copy(from, copy.path())?;
    copy.as_file().set_modified(from.metadata()?.modified()?)?;
    copy.persist(to).map(drop).map_err(|error| error.error)
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
