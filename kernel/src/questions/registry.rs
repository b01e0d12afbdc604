//! Crates in cargo's local copy of a registry's index: their names, versions and features. Nothing is downloaded.
//!
//! Cargo keeps a file for each crate that it has looked up: a header, and for each version its number and its
//! description as JSON, all of them ended by zero bytes.

use std::cmp::Reverse;
use std::collections::BTreeMap;
use std::collections::BTreeSet;
use std::path::Path;
use std::path::PathBuf;

use serde::Deserialize;

/// More names than a person reads through.
const MOST_NAMES: usize = 200;

/// What the header has before its text: the format's version, and the index's as four bytes.
const HEADER_BYTES: usize = 5;

/// Cargo's copies of indexes.
#[derive(Clone, Debug)]
pub(super) struct Registry {
    folders: Vec<PathBuf>,
}

/// A version of a crate.
#[derive(Clone, Debug, Deserialize)]
struct Version {
    vers: String,
    #[serde(default)]
    deps: Vec<Dependency>,
    #[serde(default)]
    features: BTreeMap<String, Vec<String>>,
    #[serde(default)]
    features2: Option<BTreeMap<String, Vec<String>>>,
    #[serde(default)]
    yanked: bool,
}

#[derive(Clone, Debug, Deserialize)]
struct Dependency {
    name: String,
    #[serde(default)]
    optional: bool,
}

impl Registry {
    /// The indexes in cargo's home folder.
    pub(super) fn find() -> Registry {
        Registry::in_home(&cargo_home())
    }

    fn in_home(home: &Path) -> Registry {
        let indexes = entries(&home.join("registry/index"));
        let folders = indexes.into_iter().map(|index| index.join(".cache"));
        Registry {
            folders: folders.collect(),
        }
    }

    /// The crates whose names begin so.
    pub(super) fn names(&self, prefix: &str) -> Vec<String> {
        let prefix = prefix.to_lowercase();
        let mut names = BTreeSet::new();
        for folder in &self.folders {
            collect(folder, &prefix, &mut names);
        }
        names.into_iter().take(MOST_NAMES).collect()
    }

    /// The versions of a crate, newest first, without those that were withdrawn.
    pub(super) fn versions(&self, name: &str) -> Vec<String> {
        let versions = self.all_versions(name).into_iter();
        versions.map(|version| version.vers).collect()
    }

    /// The features of a crate in the newest version that a requirement allows, roughly: the one that begins so.
    pub(super) fn features(&self, name: &str, requirement: &str) -> Vec<String> {
        let wanted = requirement.trim_start_matches(['^', '=', '~', ' ']);
        let versions = self.all_versions(name);
        let fitting = versions
            .iter()
            .find(|version| version.vers.starts_with(wanted));
        fitting
            .or(versions.first())
            .map_or_else(Vec::new, Version::all_features)
    }

    fn all_versions(&self, name: &str) -> Vec<Version> {
        let name = name.to_lowercase();
        let spellings = [name.clone(), name.replace('_', "-"), name.replace('-', "_")];
        let files = self.folders.iter().flat_map(|folder| {
            spellings
                .iter()
                .filter_map(|name| Some(folder.join(folder_of(name)?).join(name)))
        });
        let text = files.into_iter().find_map(|file| std::fs::read(file).ok());
        let mut versions: Vec<Version> = text
            .as_deref()
            .map_or_else(Vec::new, read)
            .into_iter()
            .filter(|version| !version.yanked)
            .collect();
        versions.sort_by_key(|version| Reverse(order(&version.vers)));
        versions
    }
}

impl Version {
    /// Those that are declared, and the optional dependencies, which are features too unless a feature names them so.
    fn all_features(&self) -> Vec<String> {
        let declared = || self.features.iter().chain(self.features2.iter().flatten());
        let mut named: BTreeSet<&str> = declared().map(|(name, _)| name.as_str()).collect();
        let parts: BTreeSet<&str> = declared()
            .flat_map(|(_, parts)| parts)
            .filter_map(|part| part.strip_prefix("dep:"))
            .collect();
        let optional = self.deps.iter().filter(|dependency| dependency.optional);
        named.extend(
            optional
                .map(|dependency| dependency.name.as_str())
                .filter(|name| !parts.contains(name)),
        );
        named.into_iter().map(str::to_owned).collect()
    }
}

/// Cargo's home folder.
pub(crate) fn cargo_home() -> PathBuf {
    let home = std::env::var_os("CARGO_HOME").map(PathBuf::from);
    let home = home.or_else(|| Some(dirs::home_dir()?.join(".cargo")));
    home.unwrap_or_default()
}

/// The versions in a file of the index.
fn read(file: &[u8]) -> Vec<Version> {
    let Some(text) = file.get(HEADER_BYTES..) else {
        return Vec::new();
    };
    // The header's text comes first, then numbers and descriptions in turn.
    let fields = text.split(|byte| *byte == 0).skip(1);
    let descriptions = fields.skip(1).step_by(2);
    descriptions
        .filter_map(|description| serde_json::from_slice(description).ok())
        .collect()
}

/// The order of versions: one before a release comes before it.
fn order(version: &str) -> (Vec<u64>, bool, String) {
    let without_build = version.split('+').next().unwrap_or_default();
    let (release, before) = without_build.split_once('-').unwrap_or((without_build, ""));
    let numbers = release.split('.').map(|part| part.parse().unwrap_or(0));
    (numbers.collect(), before.is_empty(), before.to_owned())
}

/// The folder in the index that has a crate's file.
fn folder_of(name: &str) -> Option<PathBuf> {
    if !name.is_ascii() {
        return None;
    }
    Some(match name.len() {
        0 => return None,
        1 => PathBuf::from("1"),
        2 => PathBuf::from("2"),
        3 => Path::new("3").join(&name[..1]),
        _ => Path::new(&name[..2]).join(&name[2..4]),
    })
}

/// Adds the names of the files below a folder, but not of folders in which no name begins so.
fn collect(folder: &Path, prefix: &str, names: &mut BTreeSet<String>) {
    for path in entries(folder) {
        let Some(name) = path.file_name().and_then(|name| name.to_str()) else {
            continue;
        };
        if path.is_dir() {
            if may_have(folder, name, prefix) {
                collect(&path, prefix, names);
            }
        } else if name.starts_with(prefix) && !name.contains('.') {
            names.insert(name.to_owned());
        }
    }
}

/// Whether a folder of the index may have names that begin so. `parent` is the folder that it is in.
fn may_have(parent: &Path, folder: &str, prefix: &str) -> bool {
    let begins = |part: &str| part.starts_with(folder) || folder.starts_with(part);
    let parent = parent.file_name().and_then(|name| name.to_str());
    match (parent, folder.len()) {
        // `ab` below the root, `cd` below `ab`; short names have folders of their own.
        (Some(".cache"), 2) => begins(prefix),
        (Some(parent), 2) if parent.len() == 2 => begins(prefix.get(2..).unwrap_or_default()),
        _ => true,
    }
}

fn entries(folder: &Path) -> Vec<PathBuf> {
    let entries = std::fs::read_dir(folder).into_iter().flatten().flatten();
    entries.map(|entry| entry.path()).collect()
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;

    /// An index with a few crates.
    pub(crate) fn registry(home: &Path) -> Registry {
        let cache = home.join("registry/index/index.example-1/.cache");
        let entry = |version: &str, more: &str| {
            format!("{version}\0{{\"name\":\"x\",\"vers\":\"{version}\"{more}}}\0")
        };
        let features = r#","deps":[{"name":"log","optional":true},{"name":"mio","optional":true},{"name":"bytes"}],
            "features":{"fs":[],"net":["dep:mio"]},"features2":{"full":["fs","net"]}"#;
        for (file, versions) in [
            (
                "to/ki/tokio",
                [
                    entry("0.9.0", ""),
                    entry("1.9.0", r#","features":{"old":[]}"#),
                    entry("1.10.0", features),
                    entry("1.11.0", r#","yanked":true"#),
                    entry("1.10.0-rc.1", ""),
                ]
                .concat(),
            ),
            ("to/ml/toml", entry("1.0.0", "")),
            ("3/l/log", entry("0.4.1", "")),
        ] {
            let path = cache.join(file);
            std::fs::create_dir_all(path.parent().unwrap()).unwrap();
            let header = b"\x03\x02\0\0\0etag: x\0";
            std::fs::write(path, [header.as_slice(), versions.as_bytes()].concat()).unwrap();
        }
        Registry::in_home(home)
    }

    #[test]
    fn crates_are_found_by_the_start_of_their_name() {
        let home = tempfile::tempdir().unwrap();
        let registry = registry(home.path());
        assert_eq!(registry.names("to"), ["tokio", "toml"]);
        assert_eq!(registry.names("Tok"), ["tokio"]);
        assert_eq!(registry.names("l"), ["log"]);
        assert_eq!(registry.names(""), ["log", "tokio", "toml"]);
        assert!(registry.names("tokios").is_empty());
        assert!(registry.names("é").is_empty());
    }

    #[test]
    fn versions_come_newest_first_with_their_features() {
        let home = tempfile::tempdir().unwrap();
        let registry = registry(home.path());
        let versions = ["1.10.0", "1.10.0-rc.1", "1.9.0", "0.9.0"];
        assert_eq!(registry.versions("tokio"), versions);
        let features = ["fs", "full", "log", "net"];
        assert_eq!(registry.features("tokio", "1"), features);
        assert_eq!(registry.features("tokio", "1.9"), ["old"]);
        assert_eq!(registry.features("tokio", "7"), features);
        assert!(registry.features("nothing", "1").is_empty());
        assert!(registry.versions("é").is_empty());
    }

    #[test]
    fn a_damaged_file_has_no_versions() {
        for file in [&b""[..], b"\x03", b"\x03\x02\0\0\0etag\0\x31\0{", b"{}"] {
            assert!(read(file).is_empty(), "{file:?}");
        }
    }
}
