//! Features of what the runtime uses that are on from the start, since many crates turn them on.
//!
//! A dependency of a session shares the runtime's copy of a crate where it needs the version and the features that
//! the copy has; else it brings a copy of its own. Most crates share what they can with these features. They are turned
//! on by a crate without code, on which the prepared build and every build of a session's dependencies depend. Features
//! that change how a crate behaves are left out.

use std::path::PathBuf;

use toml::Value;

use super::PreparedPaths;

/// The crate's name.
pub(crate) const CRATE: &str = "threadbook-features";

/// Crates of the runtime's, their versions, and the features.
const FEATURES: [(&str, &str, &[&str]); 14] = [
    ("bytes", "1", &["serde"]),
    ("either", "1", &["serde", "use_std"]),
    ("libc", "0.2", &["extra_traits"]),
    ("lock_api", "0.4", &["arc_lock"]),
    ("log", "0.4", &["std"]),
    ("memchr", "2", &["use_std"]),
    ("mio", "1", &["log"]),
    ("parking_lot", "0.12", &["arc_lock"]),
    ("serde", "1", &["alloc", "rc"]),
    ("serde_core", "1", &["alloc", "rc"]),
    (
        "serde_json",
        "1",
        &["alloc", "float_roundtrip", "raw_value", "unbounded_depth"],
    ),
    (
        "smallvec",
        "1",
        &["const_generics", "const_new", "serde", "union", "write"],
    ),
    ("tokio", "1", &["full", "test-util"]),
    // Its events come to the logger of `log` where nothing else takes them.
    ("tracing", "0.1", &["log"]),
];

/// The same of the procedural macros' own.
const OF_MACROS: [(&str, &str, &[&str]); 1] = [(
    "syn",
    "3",
    &["extra-traits", "fold", "full", "visit", "visit-mut"],
)];

/// The files of the crate; `dependencies` are what cells depend on, but for the runtime.
pub(crate) fn files(
    paths: &PreparedPaths,
    dependencies: &[(String, String)],
) -> [(PathBuf, String); 3] {
    let folder = paths.features();
    [
        (folder.join("Cargo.toml"), manifest(dependencies)),
        (folder.join("src/lib.rs"), String::new()),
        // Without a build script cargo would not read the dependencies.
        (folder.join("build.rs"), "fn main() {}\n".to_owned()),
    ]
}

/// The dependency on the crate, as it stands in a manifest.
pub(crate) fn dependency(paths: &PreparedPaths) -> (String, String) {
    (
        CRATE.to_owned(),
        format!("{{ path = {:?} }}", paths.features()),
    )
}

fn manifest(dependencies: &[(String, String)]) -> String {
    let mut wanted = toml::Table::new();
    for (name, value) in dependencies {
        // Our own text, in this file or the next one.
        let line: toml::Table = format!("{name} = {value}").parse().unwrap_or_default();
        wanted.extend(line);
    }
    for (name, version, features) in FEATURES {
        add(&mut wanted, name, version, features);
    }
    let mut of_macros = toml::Table::new();
    for (name, version, features) in OF_MACROS {
        add(&mut of_macros, name, version, features);
    }
    let mut manifest = toml::Table::new();
    manifest.insert("dependencies".to_owned(), wanted.into());
    manifest.insert("build-dependencies".to_owned(), of_macros.into());
    format!("[package]\nname = \"{CRATE}\"\nversion = \"1.0.0\"\nedition = \"2024\"\n\n{manifest}")
}

/// Adds features to a dependency, or the dependency with them.
fn add(wanted: &mut toml::Table, name: &str, version: &str, features: &[&str]) {
    let entry = wanted
        .entry(name)
        .or_insert_with(|| Value::String(version.to_owned()));
    if let Value::String(version) = entry {
        let version = Value::String(version.clone());
        *entry = toml::Table::from_iter([("version".to_owned(), version)]).into();
    }
    if let Value::Table(table) = entry {
        let list = table
            .entry("features")
            .or_insert_with(|| Value::Array(Vec::new()));
        if let Value::Array(list) = list {
            list.extend(features.iter().map(|feature| Value::from(*feature)));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn features_are_added_to_what_cells_depend_on() {
        let dependencies = [
            ("rayon".to_owned(), "\"1\"".to_owned()),
            (
                "tokio".to_owned(),
                "{ version = \"1.2\", features = [\"full\"] }".to_owned(),
            ),
        ];
        let manifest: toml::Table = manifest(&dependencies).parse().unwrap();
        let dependencies = &manifest["dependencies"];
        assert_eq!(dependencies["rayon"].as_str(), Some("1"));
        assert_eq!(dependencies["tokio"]["version"].as_str(), Some("1.2"));
        let features = dependencies["tokio"]["features"].as_array().unwrap();
        assert!(features.contains(&"full".into()) && features.contains(&"test-util".into()));
        assert!(manifest["build-dependencies"]["syn"]["features"].is_array());
    }
}
