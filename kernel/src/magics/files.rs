//! Files: written, loaded into cells, run as programs.

use std::fs::File;
use std::fs::OpenOptions;
use std::io::Write;
use std::path::Path;
use std::path::PathBuf;

use serde_json::json;
use threadbook_jupyter::contract::Diagnostic;

use super::host::Host;
use super::magic::LineEffect;
use super::magic::Magic;
use super::magic::failed;
use crate::cell::CellMagic;
use crate::cell::Expansion;
use crate::cell::LineMagic;

pub(super) const MAGICS: &[Magic] = &[
    Magic {
        name: "writefile",
        summary: "writes the cell to a file",
        help: "%%writefile [-a] FILE

Relative to the working folder, as all paths. With -a the lines are added to
what is there.",
        line: None,
        cell: Some(write),
    },
    Magic {
        name: "load",
        summary: "puts a file's text into the cell, in its place",
        help: "%load FILE

The line itself stays as a comment above the text.",
        line: Some(LineEffect::InKernel(load)),
        cell: None,
    },
    Magic {
        name: "run",
        summary: "runs a Rust file with a `main` of its own as a program",
        help: "%run [-b] [--no-raise] FILE [arguments]

Compiled against the libraries that cells have, once for each of its versions;
`async fn main` works too. Its output shows as it comes. An exit code other
than 0 ends the cell as a ShellError, but with --no-raise.

With -b, or `&` at the end, it runs in the background, until the kernel ends:

    let server = %run -b scripts/server.rs 8000
    server.stop();

The value has id(), is_running(), wait() and stop() too.",
        line: Some(LineEffect::InCode(Expansion::Value(
            "threadbook::abi::program::run",
        ))),
        cell: None,
    },
];

fn write(host: &mut dyn Host, magic: &CellMagic, body: &str) -> Result<(), Diagnostic> {
    let said = write_file(&host.folder(), &magic.args, body)?;
    host.print(&said);
    Ok(())
}

/// Writes a file; returns the message about it.
fn write_file(folder: &Path, args: &str, body: &str) -> Result<String, Diagnostic> {
    let (name, adds) = match args.strip_prefix("-a") {
        Some(rest) if rest.is_empty() || rest.starts_with(' ') => (rest, true),
        _ => (args, false),
    };
    let (name, path) = path(folder, name, "%%writefile FILE")?;
    let verb = match (adds, path.exists()) {
        (true, _) => "Appending to",
        (false, true) => "Overwriting",
        (false, false) => "Writing",
    };
    let file = match adds {
        true => OpenOptions::new().append(true).create(true).open(&path),
        false => File::create(&path),
    };
    file.and_then(|mut file| file.write_all(body.as_bytes()))
        .map_err(|error| failed(format!("`{name}` can't be written: {error}")))?;
    Ok(format!("{verb} {name}\n"))
}

fn load(host: &mut dyn Host, magic: &LineMagic) -> Result<(), Diagnostic> {
    let (name, path) = path(&host.folder(), &magic.args, "%load FILE")?;
    let text = std::fs::read_to_string(path)
        .map_err(|error| failed(format!("`{name}` can't be read: {error}")))?;
    let text = format!("// %load {}\n{text}", magic.args);
    host.payload(json!({"source": "set_next_input", "text": text, "replace": true}));
    Ok(())
}

/// A file's name as it was written, and where it is.
pub(super) fn path(
    folder: &Path,
    name: &str,
    usage: &str,
) -> Result<(String, PathBuf), Diagnostic> {
    let name = name.trim();
    let quoted = ['"', '\'']
        .into_iter()
        .find_map(|quote| name.strip_prefix(quote)?.strip_suffix(quote));
    let name = quoted.unwrap_or(name);
    if name.is_empty() {
        return Err(failed(format!("a file is missing (write `{usage}`)")));
    }
    let path = match name.strip_prefix("~/") {
        Some(rest) => std::env::home_dir().unwrap_or_default().join(rest),
        None => folder.join(name),
    };
    Ok((name.to_owned(), path))
}

#[cfg(test)]
mod tests {
    use std::fs;

    use tempfile::TempDir;

    use super::*;

    #[test]
    fn a_file_is_written_overwritten_and_added_to() {
        let folder = TempDir::new().unwrap();
        for (args, body, said, content) in [
            ("a.txt", "one\n", "Writing a.txt\n", "one\n"),
            ("a.txt", "two\n", "Overwriting a.txt\n", "two\n"),
            ("-a a.txt", "three", "Appending to a.txt\n", "two\nthree"),
            ("'a.txt'", "", "Overwriting a.txt\n", ""),
        ] {
            assert_eq!(write_file(folder.path(), args, body).unwrap(), said);
            let written = fs::read_to_string(folder.path().join("a.txt")).unwrap();
            assert_eq!(written, content);
        }
        let error = write_file(folder.path(), "no/a.txt", "").unwrap_err();
        assert_eq!(error.ename, "MagicError");
        assert!(
            error.evalue.starts_with("`no/a.txt` can't be written: "),
            "{error:?}"
        );
        let error = write_file(folder.path(), "-a", "").unwrap_err();
        assert_eq!(error.evalue, "a file is missing (write `%%writefile FILE`)");
    }
}
