//! Folders below the build folder that are expensive to make, such as a virtual environment.

use std::fs;
use std::fs::File;
use std::hash::DefaultHasher;
use std::hash::Hash;
use std::hash::Hasher as _;
use std::path::Path;
use std::path::PathBuf;
use std::process::Command;
use std::process::Output;

use anyhow::Context as _;
use anyhow::Result;
use anyhow::bail;

/// The folder of a kind for a key, which is made if it does not exist. Another key gets another folder.
///
/// Tests in several processes may need the folder at the same time: the first makes it, the others wait. `make` gets
/// the folder, which is empty or missing, and the lock. The lock becomes the standard input of the programs that write
/// into the folder, and thus they inherit it. If this process is killed, they continue alone and hold the lock until
/// they end.
pub(crate) fn made_once(
    kind: &str,
    key: impl Hash,
    make: impl FnOnce(&Path, &File) -> Result<()>,
) -> Result<PathBuf> {
    let parent = crate::profile_folder()?.join(kind);
    fs::create_dir_all(&parent).with_context(|| format!("can't make `{}`", parent.display()))?;
    let mut hasher = DefaultHasher::new();
    key.hash(&mut hasher);
    let name = format!("{:016x}", hasher.finish());
    let lock_path = parent.join(format!("{name}.lock"));
    let lock = File::create(&lock_path)
        .with_context(|| format!("can't make `{}`", lock_path.display()))?;
    lock.lock()
        .with_context(|| format!("can't lock `{}`", lock_path.display()))?;
    let folder = parent.join(name);
    // The mark is written last. Without it, the folder is what a killed installation has left.
    let mark = folder.join("complete");
    if !mark.exists() {
        if folder.exists() {
            fs::remove_dir_all(&folder)
                .with_context(|| format!("can't remove the unfinished `{}`", folder.display()))?;
        }
        make(&folder, &lock)?;
        fs::write(&mark, "").with_context(|| format!("can't write `{}`", mark.display()))?;
    }
    Ok(folder)
}

/// Runs a program to its end. `package` is the Debian package that contains the program.
pub(crate) fn output(command: &mut Command, package: &str) -> Result<Output> {
    let program = command.get_program().display().to_string();
    match command.output() {
        Ok(output) => Ok(output),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => {
            bail!("`{program}` is not installed (on Debian: `apt-get install {package}`)")
        }
        Err(error) => Err(error).with_context(|| format!("can't run `{program}`")),
    }
}

/// All that a program has printed, for an error message.
pub(crate) fn printed(output: &Output) -> String {
    let text = [output.stdout.as_slice(), output.stderr.as_slice()].concat();
    String::from_utf8_lossy(&text).trim().to_owned()
}
