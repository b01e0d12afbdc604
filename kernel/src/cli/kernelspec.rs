//! Kernelspecs: the folders by which Jupyter finds its kernels.

use std::env;
use std::fs;
use std::io::ErrorKind;
use std::io::Write;
use std::path::Path;
use std::path::PathBuf;

use anyhow::Context;
use anyhow::Result;
use anyhow::bail;
use anyhow::ensure;
use serde_json::Value;
use serde_json::json;
use tempfile::NamedTempFile;

use super::location::Location;
use crate::sys::files;

const LOGOS: [(&str, &[u8]); 3] = [
    (
        "logo-32x32.png",
        include_bytes!("../../assets/logo-32x32.png"),
    ),
    (
        "logo-64x64.png",
        include_bytes!("../../assets/logo-64x64.png"),
    ),
    ("logo-svg.svg", include_bytes!("../../assets/logo-svg.svg")),
];

const SPEC_FILE: &str = "kernel.json";

/// The kernelspec's name, unless the user chooses another one.
pub(crate) const NAME: &str = "threadbook";

/// The name in Jupyter's menus, unless the user chooses another one.
pub(crate) const DISPLAY_NAME: &str = "Rust (Threadbook)";

/// What a kernelspec of a Python package has in place of its own folder, by Jupyter's rule.
const OWN_FOLDER: &str = "{resource_dir}";

/// Accepts a kernelspec's name by Jupyter's rule, and makes it lower-case as Jupyter does.
pub(crate) fn parse_name(name: &str) -> Result<String, String> {
    let allowed = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '_' | '-');
    // Jupyter's rule alone would let `.` and `..` through, which are other folders.
    if name.chars().all(allowed) && name.contains(|c: char| c != '.') {
        Ok(name.to_ascii_lowercase())
    } else {
        Err("expected ASCII letters, digits, `.`, `_` and `-`".to_owned())
    }
}

/// Writes the kernelspec and prints where it stands and what to type next.
pub(crate) fn install(location: &Location, name: &str, display_name: &str) -> Result<()> {
    let folder = location.kernels_folder()?.join(name);
    ensure_ours_or_missing(&folder)?;
    write(&folder, display_name)?;
    println!("installed the kernel `{name}` in {}", folder.display());
    println!("next: jupyter lab   (or: jupyter console --kernel {name})");
    Ok(())
}

/// Writes the kernelspec into its folder, which is made, over what is there.
pub(crate) fn write(folder: &Path, display_name: &str) -> Result<()> {
    fs::create_dir_all(folder)
        .with_context(|| format!("can't make the folder `{}`", folder.display()))?;
    for (file_name, content) in LOGOS {
        write_file(&folder.join(file_name), content)?;
    }
    // Last, because a folder is a kernelspec for Jupyter as soon as this file is in it.
    let mut spec = serde_json::to_vec_pretty(&kernel_json(display_name)?)?;
    spec.push(b'\n');
    write_file(&folder.join(SPEC_FILE), &spec)
}

/// Removes the kernelspec.
pub(crate) fn uninstall(location: &Location, name: &str) -> Result<()> {
    let folder = location.kernels_folder()?.join(name);
    ensure!(
        folder.exists(),
        "no kernel `{name}` is installed in `{}` (`jupyter kernelspec list` shows what is installed where)",
        folder.display()
    );
    ensure_ours_or_missing(&folder)?;
    fs::remove_dir_all(&folder)
        .with_context(|| format!("can't remove the folder `{}`", folder.display()))?;
    println!("uninstalled the kernel `{name}` from {}", folder.display());
    Ok(())
}

/// The programs of installed kernelspecs that are ours, each with the kernelspec's folder.
pub(crate) fn installed(kernels_folders: &[PathBuf]) -> Vec<(PathBuf, PathBuf)> {
    let mut found = Vec::new();
    for kernels_folder in kernels_folders {
        let Ok(entries) = fs::read_dir(kernels_folder) else {
            continue;
        };
        for folder in entries.flatten().map(|entry| entry.path()) {
            if let Ok(Some(program)) = our_program(&folder) {
                found.push((folder, program));
            }
        }
    }
    found.sort();
    found
}

fn kernel_json(display_name: &str) -> Result<Value> {
    let program = env::current_exe().context("can't tell the path of this program")?;
    let program = program.to_str().with_context(|| {
        format!(
            "the path `{}` is not UTF-8, as JSON needs it",
            program.display()
        )
    })?;
    Ok(json!({
        "argv": [program, "kernel", "-f", "{connection_file}"],
        "display_name": display_name,
        "language": "rust",
        "interrupt_mode": "message",
        "env": {},
        "metadata": {"debugger": false},
    }))
}

/// The program that a kernelspec starts, if the kernelspec is one of ours; `None` if it is another kernel's.
fn our_program(folder: &Path) -> Result<Option<PathBuf>> {
    let file = folder.join(SPEC_FILE);
    let text = match fs::read(&file) {
        Ok(text) => text,
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(None),
        Err(error) => bail!("can't read `{}`: {error}", file.display()),
    };
    let spec: Value = serde_json::from_slice(&text).unwrap_or_default();
    let argv: Vec<&str> = spec["argv"]
        .as_array()
        .map(|argv| argv.iter().filter_map(Value::as_str).collect())
        .unwrap_or_default();
    let [program, "kernel", "-f", "{connection_file}"] = argv[..] else {
        return Ok(None);
    };
    let program = match program.strip_prefix(OWN_FOLDER) {
        Some(rest) => resolved(PathBuf::from(format!("{}{rest}", folder.display()))),
        None => PathBuf::from(program),
    };
    let is_ours = program
        .file_name()
        .is_some_and(|name| name.to_string_lossy().starts_with("threadbook"));
    Ok(is_ours.then_some(program))
}

/// The path without `..`, where there is such a file.
fn resolved(path: PathBuf) -> PathBuf {
    path.canonicalize().unwrap_or(path)
}

fn ensure_ours_or_missing(folder: &Path) -> Result<()> {
    // A folder without a kernel.json is what an install that was cut short leaves.
    if folder.join(SPEC_FILE).exists() && our_program(folder)?.is_none() {
        bail!(
            "the kernelspec in `{}` belongs to another kernel (choose another `--name`)",
            folder.display()
        );
    }
    Ok(())
}

/// Writes a file. Other programs see the old file or the whole new one.
fn write_file(path: &Path, content: &[u8]) -> Result<()> {
    let write = || -> Result<()> {
        let folder = path.parent().context("the path has no folder")?;
        let mut file = NamedTempFile::new_in(folder)?;
        file.write_all(content)?;
        files::let_read(file.as_file())?;
        file.persist(path)?;
        Ok(())
    };
    write().with_context(|| format!("can't write `{}`", path.display()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_follow_the_rule_of_jupyter() {
        for (name, parsed) in [("threadbook", "threadbook"), ("Rust-1.95_x", "rust-1.95_x")] {
            assert_eq!(parse_name(name).as_deref(), Ok(parsed));
        }
        for name in ["", ".", "..", "a/b", "a b", "café", "a\n"] {
            assert!(parse_name(name).is_err(), "{name:?}");
        }
    }
}
