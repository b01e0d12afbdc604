//! Compiles a Rust file with a `main` of its own against the libraries of a session: what `%run` runs.
//!
//! The worker, where paths mean what the cell means, starts this program under the name [`NAME`]. What is compiled is
//! kept in the cache as long as the file, the files that it includes, the compiler and the libraries are the same.

use std::collections::HashSet;
use std::fs;
use std::path::Path;
use std::path::PathBuf;
use std::process::Command;
use std::process::Stdio;

use anyhow::Context;
use anyhow::Result;
use anyhow::bail;
use sha2::Digest;
use sha2::Sha256;
use threadbook::shell::SCRIPT_COMPILER as NAME;

use crate::build::RustcCall;
use crate::build::SessionPaths;
use crate::build::added;
use crate::build::cache_paths;
use crate::hash;
use crate::sys::links;
use crate::sys::processes;

/// What a program was made from, beside it: a hash, then the files, one a line.
const INPUTS: &str = ".inputs";
/// A changed text of the file, and links to what stands beside it.
const SOURCE: &str = ".source";

/// Compiles the file, or finds it compiled; prints the program's path. rustc's messages go to stderr. Gives the exit
/// code.
pub(super) fn main(args: &[String]) -> Result<i32> {
    let call = added::call_of_this_session()?;
    let file = match args {
        [option, file] if option == "--check" => return check(Path::new(file), &call),
        [file] => Path::new(file),
        _ => bail!("`{NAME}` takes one file"),
    };
    let folder = folder_of(file)?;
    // Lists of processes show the script's own name.
    let program = folder.join(file.file_stem().context("the file has no name")?);
    let before = fs::read_to_string(folder.join(INPUTS)).unwrap_or_default();
    let files: Vec<PathBuf> = before.lines().skip(1).map(PathBuf::from).collect();
    let is_same = !files.is_empty() && before.lines().next() == Some(&hash(&call, &files));
    if !is_same || !program.is_file() {
        fs::create_dir_all(&folder).with_context(|| format!("`{}`", folder.display()))?;
        let Some(files) = compile(file, &call, &program)? else {
            return Ok(1);
        };
        let mut inputs = hash(&call, &files);
        for file in &files {
            inputs.push_str(&format!("\n{}", file.display()));
        }
        fs::write(folder.join(INPUTS), inputs)?;
    }
    println!("{}", program.display());
    Ok(0)
}

/// Whether the file would compile as a module of a cell; gives the exit code.
fn check(file: &Path, call: &RustcCall) -> Result<i32> {
    let folder = tempfile::tempdir()?;
    let status = Command::new(call.program())
        .args([
            "--edition=2024",
            "--crate-name=module",
            "--crate-type=lib",
            "--color=always",
        ])
        .args(["--cap-lints=allow", "--emit=metadata"])
        .args(call.library_args())
        .arg("-o")
        .arg(folder.path().join("libmodule.rmeta"))
        .arg(file)
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .status()
        .with_context(|| format!("`{}`", call.program().display()))?;
    Ok(i32::from(!status.success()))
}

/// One folder for each script, which holds the latest program only.
fn folder_of(file: &Path) -> Result<PathBuf> {
    let path = file
        .canonicalize()
        .with_context(|| format!("`{}` can't be read", file.display()))?;
    let session = SessionPaths::of_this_process()?;
    let cache = session.cache().context("there is no cache")?;
    let mut hasher = Sha256::new();
    hasher.update(path.as_os_str().as_encoded_bytes());
    Ok(cache_paths::scripts(cache).join(hash::short(hasher)))
}

/// A hash of everything that a program is made from.
fn hash(call: &RustcCall, files: &[PathBuf]) -> String {
    let mut hasher = Sha256::new();
    hasher.update(format!("{call:?}"));
    // A library that was built anew keeps its name.
    for library in call.libraries() {
        let changed = fs::metadata(library).and_then(|metadata| metadata.modified());
        hasher.update(format!("{changed:?}"));
    }
    for file in files {
        hasher.update(fs::read(file).unwrap_or_default());
        hasher.update([0]);
    }
    hash::short(hasher)
}

/// Compiles; returns the files that were read, or `None` where rustc has reported errors.
fn compile(file: &Path, call: &RustcCall, program: &Path) -> Result<Option<Vec<PathBuf>>> {
    let text =
        fs::read_to_string(file).with_context(|| format!("`{}` can't be read", file.display()))?;
    let made = program.with_extension(std::process::id().to_string());
    let notes = made.with_extension("d");
    let mut command = Command::new(call.program());
    let source = match changed(&text) {
        Some(text) => {
            let folder = program.with_file_name(SOURCE);
            shown_as(file, &text, &folder, &mut command)?
        }
        None => file.to_owned(),
    };
    let status = command
        .args(processes::linking(library_folders(call).into_iter()))
        .args(["--edition=2024", "--crate-name=script", "--color=always"])
        .args(["-Cprefer-dynamic", "-Copt-level=3", "-Cstrip=debuginfo"])
        .args(call.library_args())
        .arg("--emit")
        .arg(format!(
            "link={},dep-info={}",
            made.display(),
            notes.display()
        ))
        .arg(&source)
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .status()
        .with_context(|| format!("`{}`", call.program().display()))?;
    let read = fs::read_to_string(&notes).unwrap_or_default();
    let _ = fs::remove_file(&notes);
    if !status.success() {
        return Ok(None);
    }
    // A program that runs keeps its old file.
    fs::rename(&made, program)?;
    let mut files = inputs(&read, &made);
    if source != file {
        files.retain(|input| *input != source);
        files.insert(0, file.to_owned());
    }
    for file in &mut files {
        *file = file.canonicalize()?;
    }
    Ok(Some(files))
}

/// Where the shared objects lie that the program needs: those of the libraries that cells name, and what these need.
fn library_folders(call: &RustcCall) -> Vec<PathBuf> {
    let named = call.libraries().filter_map(Path::parent);
    let mut folders: Vec<PathBuf> = call
        .library_folders()
        .chain(named.map(Path::to_owned))
        .collect();
    let mut seen = HashSet::new();
    folders.retain(|folder| seen.insert(folder.clone()));
    folders
}

/// The files that a program was made from, out of what rustc notes for `make`.
fn inputs(notes: &str, program: &Path) -> Vec<PathBuf> {
    let prefix = format!("{}:", program.display());
    let line = notes.lines().find_map(|line| line.strip_prefix(&prefix));
    let mut files = Vec::new();
    let mut file = String::new();
    let mut chars = line.unwrap_or_default().trim().chars();
    while let Some(char) = chars.next() {
        match char {
            // Blanks in names are escaped.
            '\\' => file.extend(chars.next()),
            ' ' => files.push(PathBuf::from(std::mem::take(&mut file))),
            char => file.push(char),
        }
    }
    files.push(PathBuf::from(file));
    files.retain(|file| !file.as_os_str().is_empty());
    files
}

/// The text as rustc takes it, on the same lines, where it does not take it as it is.
fn changed(text: &str) -> Option<String> {
    let without = without_manifest(text);
    let with = with_runtime(without.as_deref().unwrap_or(text));
    with.or(without)
}

/// The text of a cargo script without its manifest, which only cargo can read.
fn without_manifest(text: &str) -> Option<String> {
    let mut lines = text.split_inclusive('\n').peekable();
    let mut kept = String::new();
    if lines
        .peek()
        .is_some_and(|line| line.starts_with("#!") && !line.starts_with("#!["))
    {
        kept.push_str(lines.next()?);
    }
    if !lines.next()?.starts_with("---") {
        return None;
    }
    kept.push('\n');
    while !lines.next()?.starts_with("---") {
        kept.push('\n');
    }
    kept.push('\n');
    kept.extend(lines);
    Some(kept)
}

/// The text with tokio around an `async fn main` that has nothing of the kind, on the same lines.
fn with_runtime(text: &str) -> Option<String> {
    let mut attributes = String::new();
    let mut at = 0;
    for line in text.split_inclusive('\n') {
        let code = line.trim();
        if code.starts_with("async fn main(") || code.starts_with("pub async fn main(") {
            let column = line.len() - line.trim_start().len();
            return (!attributes.contains("main")).then(|| {
                let (before, after) = text.split_at(at + column);
                format!("{before}#[tokio::main] {after}")
            });
        }
        if code.starts_with("#[") {
            attributes.push_str(code);
        } else if !code.is_empty() && !code.starts_with("//") {
            attributes.clear();
        }
        at += line.len();
    }
    None
}

/// Writes a changed text of a file where rustc can read it, and lets rustc call it by the file's own name. Modules
/// beside the file are found.
fn shown_as(file: &Path, text: &str, folder: &Path, command: &mut Command) -> Result<PathBuf> {
    let _ = fs::remove_dir_all(folder);
    fs::create_dir_all(folder)?;
    let path = file.canonicalize()?;
    let (Some(parent), Some(name)) = (path.parent(), path.file_name()) else {
        bail!("`{}` is no file", file.display());
    };
    for entry in fs::read_dir(parent)?.flatten() {
        if entry.file_name() != name {
            let _ = links::link(&entry.path(), &folder.join(entry.file_name()));
        }
    }
    let source = folder.join(name);
    fs::write(&source, text)?;
    let mut prefix = folder.as_os_str().to_owned();
    prefix.push("=");
    prefix.push(file.parent().unwrap_or(Path::new("")));
    command.arg("--remap-path-prefix").arg(prefix);
    Ok(source)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_async_main_gets_tokio_unless_it_has_it() {
        for (text, expected) in [
            ("fn main() {}", None),
            (
                "// x\nasync fn main() {}\n",
                Some("// x\n#[tokio::main] async fn main() {}\n"),
            ),
            (
                "mod a {\n    pub async fn main() {}\n}",
                Some("mod a {\n    #[tokio::main] pub async fn main() {}\n}"),
            ),
            ("#[tokio::main]\n// so\n\nasync fn main() {}", None),
            (
                "#[allow(unused)]\nasync fn main() {}",
                Some("#[allow(unused)]\n#[tokio::main] async fn main() {}"),
            ),
            (
                "#[tokio::main(flavor = \"current_thread\")]\nasync fn main() {}",
                None,
            ),
            (
                "#[a]\nfn main_loop() {}\nasync fn main() {}",
                Some("#[a]\nfn main_loop() {}\n#[tokio::main] async fn main() {}"),
            ),
        ] {
            assert_eq!(with_runtime(text).as_deref(), expected, "{text}");
        }
    }

    #[test]
    fn a_manifest_is_left_out_and_lines_stay() {
        let text =
            "#!/usr/bin/env cargo\n---cargo\n[package]\n---\n#![allow(unused)]\nfn main() {}\n";
        let expected = "#!/usr/bin/env cargo\n\n\n\n#![allow(unused)]\nfn main() {}\n";
        assert_eq!(changed(text).as_deref(), Some(expected));
        for text in ["fn main() {}", "#![allow(unused)]\n---\n", "---\nno end"] {
            assert_eq!(changed(text), None, "{text}");
        }
    }

    #[test]
    fn inputs_are_read_with_blanks_in_their_names() {
        let notes = "/c/program.7: scripts/a.rs scripts/with\\ blank.rs\n\nscripts/a.rs:\n";
        assert_eq!(
            inputs(notes, Path::new("/c/program.7")),
            [
                Path::new("scripts/a.rs"),
                Path::new("scripts/with blank.rs")
            ]
        );
        assert!(inputs("", Path::new("/c/program")).is_empty());
    }
}
