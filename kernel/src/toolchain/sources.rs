//! The runtime's sources, which travel in the kernel's binary.

use std::path::Path;

use include_dir::Dir;
use include_dir::include_dir;
use sha2::Digest;
use sha2::Sha256;

use crate::build::Error;
use crate::build::error::at;

static SRC: Dir<'_> = include_dir!("$CARGO_MANIFEST_DIR/../runtime/src");
const MANIFEST: &str = include_str!("../../../runtime/Cargo.toml");
/// The versions that the kernel itself was built with, so that both use the same downloads.
const LOCK: &str = include_str!("../../../Cargo.lock");

/// Writes them to `runtime`, and the lock file to `lock`.
pub(super) fn write(runtime: &Path, lock: &Path) -> Result<(), Error> {
    let src = runtime.join("src");
    std::fs::create_dir_all(&src).map_err(at(&src))?;
    SRC.extract(&src).map_err(at(&src))?;
    let manifest = runtime.join("Cargo.toml");
    std::fs::write(&manifest, MANIFEST).map_err(at(&manifest))?;
    std::fs::write(lock, LOCK).map_err(at(lock))
}

/// Adds them to a hash, in an order that does not depend on the machine.
pub(super) fn hash(hasher: &mut Sha256) {
    hasher.update(MANIFEST);
    hasher.update(LOCK);
    hash_folder(&SRC, hasher);
}

fn hash_folder(folder: &Dir<'_>, hasher: &mut Sha256) {
    for file in folder.files() {
        hasher.update(file.path().as_os_str().as_encoded_bytes());
        hasher.update(file.contents());
    }
    for folder in folder.dirs() {
        hash_folder(folder, hasher);
    }
}
