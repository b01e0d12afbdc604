//! A cell's shared object once more, with line tables: made when the place of a crash or a panic is looked up.
//!
//! Line tables in each cell would cost each compile more than these are worth. rustc makes the same code with them as
//! without, and can be made later. Their user compares the code.

use std::path::Path;
use std::path::PathBuf;
use std::process::Command;
use std::process::Stdio;

use threadbook::worker::SOURCE_FILE;

use crate::build::PreparedPaths;
use crate::build::SessionPaths;
use crate::build::added;
use crate::build::added::Added;
use crate::build::linker::Linking;
use crate::build::optimizing;
use crate::evcxr_text::generated;
use crate::sys::processes;

/// The crate that cells are, which the names of their functions begin with.
pub const CRATE: &str = generated::CRATE;

/// Where the source of a shared object is kept.
pub fn source_of(so: &Path) -> PathBuf {
    so.with_extension("rs")
}

/// Compiles what a shared object was compiled from, with line tables; gives the object.
pub fn compile(so: &Path) -> anyhow::Result<PathBuf> {
    let session = SessionPaths::of_this_process()?;
    let folder = session.lines();
    std::fs::create_dir_all(folder.join("src"))?;
    let source = folder.join(SOURCE_FILE);
    std::fs::copy(source_of(so), &source)?;
    let text = std::fs::read_to_string(&source)?;
    let call =
        optimizing::call(&added::call_of_this_session()?, &text, &folder.join("kept")).with_lines();
    let Some(out_dir) = call.out_dir() else {
        anyhow::bail!("the call of rustc names no folder for what it makes");
    };
    // The folder of the cells themselves, so that all is the same. evcxr has given the cell's object another name.
    let made = out_dir.join(generated::object_file());
    let prepared = PreparedPaths::of(&session)?;
    // Linked as the cell's object was.
    let added = Added::of(&session);
    let objects = folder.join("objects");
    let linking = Linking::begin(&prepared, &call, &added.layers, &text, objects)?;
    let compile = linking
        .as_ref()
        .map_or_else(|| call.clone(), Linking::compile_call);
    let mut command = Command::new(compile.program());
    processes::in_own_group(&mut command);
    let mut child = command
        .args(compile.args())
        .current_dir(&folder)
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()?;
    // An interrupt ends it, as it ends the compile of a cell.
    let compiling = session.compiler();
    let noted = std::fs::write(&compiling, child.id().to_string());
    let status = child.wait()?;
    noted.and_then(|()| std::fs::remove_file(&compiling))?;
    anyhow::ensure!(status.success(), "the cell does not compile again");
    if let Some(linking) = linking {
        let status = linking.command()?.status()?;
        anyhow::ensure!(status.success(), "the cell is not linked again");
    }
    let object = folder.join("lines.so");
    std::fs::rename(made, &object)?;
    Ok(object)
}
