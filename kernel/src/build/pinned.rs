//! The versions of a notebook's dependencies, in a file beside it.
//!
//! The file lists what the notebook adds to the runtime's own packages, in the form of a `Cargo.lock`. A session
//! begins with these versions, and cargo keeps to them where they fit a `:dep`'s requirement.

use std::collections::BTreeSet;
use std::path::Path;

use toml::Value;

use super::SessionPaths;
use crate::env;

/// The name of the file that has the versions of the notebook that a kernel runs: that of the notebook.
pub fn name() -> String {
    let notebook = env::path(env::NOTEBOOK);
    let name = notebook.as_deref().and_then(Path::file_stem);
    let name = name.map_or("threadbook".into(), |name| name.to_string_lossy());
    format!("{name}.lock")
}

/// Has a session begin with the versions in a folder's file, where there is one.
pub(crate) fn begin(folder: &Path, session: &SessionPaths) -> std::io::Result<()> {
    match std::fs::read_to_string(folder.join(name())) {
        Ok(text) => note(session, &text),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(()),
        Err(error) => Err(error),
    }
}

/// Notes what the session pins from now on.
pub(crate) fn note(session: &SessionPaths, text: &str) -> std::io::Result<()> {
    std::fs::write(session.pinned(), text)
}

/// A package with an exact version, as a lock file names it.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Package {
    pub(crate) name: String,
    pub(crate) version: String,
    source: String,
    checksum: Option<String>,
}

impl Package {
    fn entry(&self) -> String {
        let mut entry = format!(
            "\n[[package]]\nname = {:?}\nversion = {:?}\nsource = {:?}\n",
            self.name, self.version, self.source
        );
        if let Some(checksum) = &self.checksum {
            entry.push_str(&format!("checksum = {checksum:?}\n"));
        }
        entry
    }
}

/// The packages of a lock file, but for those that lie in a folder of this machine.
pub(crate) fn packages(lock: &str) -> BTreeSet<Package> {
    let table: toml::Table = lock.parse().unwrap_or_default();
    let packages = table.get("package").and_then(Value::as_array);
    let package = |entry: &Value| {
        let text = |key: &str| Some(entry.get(key)?.as_str()?.to_owned());
        Some(Package {
            name: text("name")?,
            version: text("version")?,
            source: text("source")?,
            checksum: text("checksum"),
        })
    };
    packages.into_iter().flatten().filter_map(package).collect()
}

/// The text of a file that pins what one lock file has and the other has not.
pub(crate) fn text(lock: &str, runtime: &str) -> (usize, String) {
    let own: Vec<Package> = packages(lock)
        .difference(&packages(runtime))
        .cloned()
        .collect();
    let mut text =
        "# The versions of a notebook's dependencies, written by `%dep --lock`.\n".to_owned();
    text.extend(own.iter().map(Package::entry));
    (own.len(), text)
}

/// What a session's file pins, if it has one.
pub(crate) fn of(session: &SessionPaths) -> Option<BTreeSet<Package>> {
    let text = std::fs::read_to_string(session.pinned()).ok()?;
    Some(packages(&text))
}

/// A lock file with the packages that are pinned.
pub(crate) fn added_to(lock: &str, pinned: &BTreeSet<Package>) -> String {
    let has = packages(lock);
    let mut lock = lock.to_owned();
    lock.extend(pinned.difference(&has).map(Package::entry));
    lock
}

/// How a lock file differs from what is pinned, where the kernel is to hold to that.
pub(crate) fn difference(session: &SessionPaths, lock: &str, runtime: &str) -> Option<String> {
    if !env::is_set(env::LOCKED) {
        return None;
    }
    let remedy = "(run `%dep --lock` at the notebook's end to pin what it uses)";
    let Some(pinned) = of(session) else {
        return Some(format!(
            "there is no lock file `{}`, which `--locked` holds to {remedy}",
            name()
        ));
    };
    let own = packages(lock);
    let runtime = packages(runtime);
    let other = own
        .difference(&runtime)
        .find(|package| !pinned.contains(package))?;
    let expected = pinned.iter().find(|pinned| pinned.name == other.name);
    let expected = match expected {
        Some(pinned) => format!("expected {}", pinned.version),
        None => "expected none".to_owned(),
    };
    Some(format!(
        "`{}` {} is not what the lock file `{}` has, {expected} {remedy}",
        other.name,
        other.version,
        name()
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    const RUNTIME: &str =
        "version = 4\n\n[[package]]\nname = \"tokio\"\nversion = \"1.0.0\"\nsource = \"r\"\n";

    fn lock() -> String {
        format!(
            "{RUNTIME}\n[[package]]\nname = \"here\"\nversion = \"0.1.0\"\n\n\
             [[package]]\nname = \"log\"\nversion = \"0.4.1\"\nsource = \"r\"\nchecksum = \"c\"\ndependencies = [\"tokio\"]\n"
        )
    }

    #[test]
    fn what_a_notebook_adds_is_pinned_and_comes_back() {
        let (count, text) = text(&lock(), RUNTIME);
        assert_eq!(count, 1);
        assert!(
            text.contains("[[package]]\nname = \"log\"\nversion = \"0.4.1\"\nsource = \"r\"\nchecksum = \"c\"\n")
                && !text.contains("tokio"),
            "{text}"
        );
        let begun = added_to(RUNTIME, &packages(&text));
        let names: Vec<String> = packages(&begun)
            .into_iter()
            .map(|package| package.name)
            .collect();
        assert_eq!(names, ["log", "tokio"]);
        assert_eq!(added_to(&begun, &packages(&text)), begun);
    }
}
