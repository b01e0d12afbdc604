//! The note about a dependency that does not share a crate with the session.

use std::collections::HashMap;
use std::collections::HashSet;

use toml::Value;

use super::graph::Graph;
use crate::build::Prepared;
use crate::rewrite::manifest::key_and_package;

/// The packages of a lock file: what each one uses, by name and version.
struct Lock(HashMap<Package, Vec<Package>>);

type Package = (String, String);

impl Lock {
    fn read(text: &str) -> Lock {
        let table: toml::Table = text.parse().unwrap_or_default();
        let packages = table.get("package").and_then(Value::as_array);
        let packages = packages.map(Vec::as_slice).unwrap_or_default();
        let text = |value: &Value, key: &str| {
            let value = value.get(key).and_then(Value::as_str);
            value.unwrap_or_default().to_owned()
        };
        let names: Vec<Package> = packages
            .iter()
            .map(|package| (text(package, "name"), text(package, "version")))
            .collect();
        let used = |package: &Value| -> Vec<Package> {
            let list = package.get("dependencies").and_then(Value::as_array);
            let list = list.into_iter().flatten().filter_map(Value::as_str);
            list.filter_map(|used| {
                // The version stands there where there are several.
                let mut words = used.split(' ');
                let (name, version) = (words.next()?, words.next());
                let mut found = names.iter().filter(|(other, _)| other == name);
                found
                    .find(|(_, other)| version.is_none_or(|version| version == other))
                    .cloned()
            })
            .collect()
        };
        Lock(
            names
                .iter()
                .cloned()
                .zip(packages.iter().map(used))
                .collect(),
        )
    }

    /// A package and all that it uses.
    fn reached_from(&self, package: &str) -> HashSet<&Package> {
        let mut waiting: Vec<&Package> =
            self.0.keys().filter(|(name, _)| name == package).collect();
        let mut reached = HashSet::new();
        while let Some(next) = waiting.pop() {
            if reached.insert(next) {
                waiting.extend(self.0.get(next).into_iter().flatten());
            }
        }
        reached
    }
}

/// The words for the dependencies that the lines name, a line each.
pub(super) fn of(prepared: &Prepared, graph: &Graph, lock: &str, lines: &[String]) -> Vec<String> {
    let lock = Lock::read(lock);
    let mut words = Vec::new();
    for line in lines {
        let (_, package) = key_and_package(line);
        let reached = lock.reached_from(&package);
        for (name, _) in prepared.dependencies() {
            let Some(own) = prepared.version_of(&name) else {
                continue;
            };
            for (_, version) in reached.iter().filter(|(other, _)| *other == name) {
                if !is_shared(prepared, graph, &name, version)
                    && let Some(text) = word(&package, &name, &own, version)
                    && !words.contains(&text)
                {
                    words.push(text);
                }
            }
        }
    }
    words
}

/// Whether the graph has the prepared build's copy of a package, or none that was built.
fn is_shared(prepared: &Prepared, graph: &Graph, name: &str, version: &str) -> bool {
    let file = prepared.call().library(&name.replace('-', "_"));
    let file = file.and_then(|file| file.file_name());
    let mut copies = graph
        .units()
        .iter()
        .filter(|unit| unit.package == name && unit.version == version);
    let mut is_other = copies.clone().flat_map(|unit| &unit.files);
    copies.next().is_none() || is_other.any(|made| made.file_name() == file)
}

fn word(package: &str, name: &str, own: &str, version: &str) -> Option<String> {
    let brings = match package == name {
        true => format!("this is a `{name}` {version} of its own"),
        false => format!("`{package}` brings a `{name}` {version} of its own"),
    };
    if name == "tokio" {
        return Some(format!(
            "{brings} beside the session's {own}: its timers, sockets and `spawn` work only inside of a runtime of that \
             `tokio` (use a version of `{package}` that goes with `tokio` {own}, or start such a runtime)"
        ));
    }
    // Other major versions are known to be other crates.
    (compatible(own) == compatible(version)).then(|| {
        let why = match own == version {
            true => "with other features".to_owned(),
            false => format!("in place of {own}"),
        };
        format!(
            "{brings}, {why}: its types and traits are not those of the session's `{name}`, which cells go on using"
        )
    })
}

/// The part of a version that determines what it is compatible with.
fn compatible(version: &str) -> &str {
    let mut numbers = version.split('.');
    let end = match (numbers.next(), numbers.next()) {
        (Some("0"), Some(minor)) => 2 + minor.len(),
        (Some(major), _) => major.len(),
        _ => 0,
    };
    &version[..end]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_package_uses_is_found_in_a_lock_file() {
        let lock = Lock::read(
            "version = 4\n\n[[package]]\nname = \"a\"\nversion = \"1.0.0\"\ndependencies = [\"b 2.0.0\", \"c\"]\n\n\
             [[package]]\nname = \"b\"\nversion = \"1.0.0\"\n\n[[package]]\nname = \"b\"\nversion = \"2.0.0\"\n\n\
             [[package]]\nname = \"c\"\nversion = \"1.0.0\"\n",
        );
        let mut reached: Vec<String> = lock
            .reached_from("a")
            .into_iter()
            .map(|(name, version)| format!("{name} {version}"))
            .collect();
        reached.sort_unstable();
        assert_eq!(reached, ["a 1.0.0", "b 2.0.0", "c 1.0.0"]);
    }

    #[test]
    fn another_tokio_is_told_of_and_another_major_version_is_not() {
        assert!(
            word("old", "tokio", "1.54.1", "0.2.25")
                .unwrap()
                .contains("`old` brings a `tokio` 0.2.25")
        );
        assert_eq!(word("old", "rand", "0.10.1", "0.8.5"), None);
        let told = word("csv", "serde", "1.0.229", "1.0.229").unwrap();
        assert!(told.contains("with other features"), "{told}");
        assert_eq!((compatible("0.2.25"), compatible("1.54.1")), ("0.2", "1"));
    }
}
