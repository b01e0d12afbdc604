//! Rust files and the session: `%use` brings a file's items in, `%save` writes the session to a file.

use threadbook_jupyter::contract::Diagnostic;

use super::files::path;
use super::host::Host;
use super::host::UsedFile;
use super::magic::LineEffect;
use super::magic::Magic;
use super::magic::failed;
use crate::cell::LineMagic;
use crate::cell::program;

pub(super) const MAGICS: &[Magic] = &[
    Magic {
        name: "use",
        summary: "makes the items of a Rust file available to cells",
        help: "%use NAME from FILE

The file becomes the module NAME, and its public items are imported:
`%use mandelbrot from scripts/mandelbrot.rs`. A change of the file is picked up
by the next cell.",
        line: Some(LineEffect::InKernel(use_file)),
        cell: None,
    },
    Magic {
        name: "save",
        summary: "writes the session to a file, as one cargo script",
        help: "%save FILE

The Rust of all cells that ran without an error: items in their latest version,
then everything else in the order in which it ran. The file compiles by
`cargo +nightly -Zscript FILE`, and by `%run FILE`.",
        line: Some(LineEffect::InKernel(save)),
        cell: None,
    },
];

fn use_file(host: &mut dyn Host, magic: &LineMagic) -> Result<(), Diagnostic> {
    let Some((name, file)) = magic.args.split_once(" from ") else {
        return Err(failed(
            "`%use` needs a name and a file (write `%use NAME from FILE`)",
        ));
    };
    let name = name.trim();
    let starts_well = name.starts_with(|first: char| first.is_alphabetic() || first == '_');
    if !starts_well
        || !name
            .chars()
            .all(|char| char.is_alphanumeric() || char == '_')
    {
        return Err(failed(format!(
            "`{name}` can't be a module's name (write `%use NAME from FILE`)"
        )));
    }
    let (shown, path) = path(&host.folder(), file, "%use NAME from FILE")?;
    let text = std::fs::read_to_string(&path)
        .map_err(|error| failed(format!("`{shown}` can't be read: {error}")))?;
    let file = UsedFile {
        name: name.to_owned(),
        path,
        text,
    };
    host.used_files().retain(|used| used.name != name);
    bring_in(host, &file)?;
    host.used_files().push(file);
    Ok(())
}

/// Brings in again what has changed since; called before each cell.
pub(crate) fn refresh(host: &mut dyn Host) -> Result<(), Diagnostic> {
    for index in 0..host.used_files().len() {
        let mut file = host.used_files()[index].clone();
        // A file that is gone has no changes.
        let Ok(text) = std::fs::read_to_string(&file.path) else {
            continue;
        };
        if text != file.text {
            file.text = text;
            bring_in(host, &file)?;
            host.used_files()[index] = file;
        }
    }
    Ok(())
}

fn bring_in(host: &mut dyn Host, file: &UsedFile) -> Result<(), Diagnostic> {
    let UsedFile { name, path, text } = file;
    // rustc looks at the file itself first: so its messages name the file and its lines.
    let path = path.to_string_lossy();
    host.run_rust(&format!("threadbook::abi::program::check({path:?});"))
        .result?;
    host.run_rust(&format!("pub mod {name} {{\n{text}\n}}\nuse {name}::*;"))
        .result
}

fn save(host: &mut dyn Host, magic: &LineMagic) -> Result<(), Diagnostic> {
    let (name, path) = path(&host.folder(), &magic.args, "%save FILE")?;
    let text = program(&host.dependencies(), &host.ran());
    std::fs::write(path, text)
        .map_err(|error| failed(format!("`{name}` can't be written: {error}")))?;
    host.print(&format!("Saved the session as {name}\n"));
    Ok(())
}
