//! The manifest of a session's crate, as evcxr writes it, and the dependencies in it.

use crate::evcxr_text::generated::CRATE;

/// The headline of a manifest's last part.
const DEPENDENCIES: &str = "[dependencies]";

/// A manifest as evcxr writes it.
pub(crate) fn manifest(dependencies: &[(String, String)]) -> String {
    let list: String = dependencies
        .iter()
        .map(|(name, value)| format!("{name} = {value}\n"))
        .collect();
    format!(
        r#"[package]
name = "{CRATE}"
version = "1.0.0"
edition = "2024"

[lib]
crate-type = ["cdylib"]
path = "src/lib.rs"

[profile.dev]
opt-level = 2
debug = false
strip = "debuginfo"
rpath = true
lto = false
debug-assertions = true
codegen-units = 16
panic = 'unwind'
incremental = true
overflow-checks = true

[dependencies]
{list}"#
    )
}

/// Whether the manifest's dependencies are among the known ones, values included.
pub(crate) fn only_knows(manifest: &str, known: &[(String, String)]) -> bool {
    let is_known = |line: &str| is_among(line, known);
    manifest.contains(DEPENDENCIES) && dependency_lines(manifest).into_iter().all(is_known)
}

/// Whether a line of a manifest is one of these dependencies.
pub(crate) fn is_among(line: &str, known: &[(String, String)]) -> bool {
    let line = without_blanks(line);
    known
        .iter()
        .any(|(name, value)| line == without_blanks(&format!("{name} = {value}")))
}

/// Whether a manifest has a dependency of this name that is another one.
pub(crate) fn depends_otherwise(manifest: &str, name: &str, value: &str) -> bool {
    let this = [(name.to_owned(), value.to_owned())];
    let mut lines = dependency_lines(manifest).into_iter();
    lines.any(|line| key(line) == Some(name) && !is_among(line, &this))
}

/// Whether a line of a manifest is the dependency on the runtime.
pub(crate) fn is_runtime(line: &str) -> bool {
    line.starts_with("threadbook ")
}

/// The name of the dependency that a line of a manifest is about.
pub(crate) fn key(line: &str) -> Option<&str> {
    Some(line.split_once('=')?.0.trim())
}

/// A line of TOML without the blanks that mean nothing.
pub(crate) fn without_blanks(line: &str) -> String {
    let mut in_text = false;
    line.chars()
        .filter(|char| {
            in_text ^= *char == '"';
            in_text || *char != ' '
        })
        .collect()
}

/// The lines that name dependencies, in one order: evcxr keeps them in a hash map, so that theirs changes.
pub(crate) fn dependency_lines(manifest: &str) -> Vec<&str> {
    let (_, dependencies) = manifest.split_once(DEPENDENCIES).unwrap_or_default();
    let mut lines: Vec<&str> = dependencies
        .lines()
        .map(str::trim)
        .filter(|line| !line.is_empty())
        .collect();
    lines.sort_unstable();
    lines
}

/// The optimisation level in the manifest.
pub(crate) fn opt_level(manifest: &str) -> String {
    let value = manifest
        .lines()
        .find_map(|line| line.strip_prefix("opt-level = "));
    value.unwrap_or("2").trim_matches(['"', '\'']).to_owned()
}

/// The name of a dependency and that of its package: two where it is renamed.
pub(crate) fn key_and_package(line: &str) -> (String, String) {
    let table: toml::Table = line.parse().unwrap_or_default();
    let Some((key, value)) = table.into_iter().next() else {
        return Default::default();
    };
    let package = value.get("package").and_then(toml::Value::as_str);
    let package = package.unwrap_or(&key).to_owned();
    (key, package)
}

/// The dependencies of a manifest, each in one spelling.
pub(crate) fn normalized_dependencies(manifest: &str) -> Vec<String> {
    let lines = dependency_lines(manifest).into_iter();
    lines.map(without_blanks).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_names_a_crate_and_its_package() {
        for (line, key, package) in [
            ("log = \"0.4\"", "log", "log"),
            ("old={package=\"rand\",version=\"0.8\"}", "old", "rand"),
            ("here = { path = \"/tmp/here\" }", "here", "here"),
        ] {
            assert_eq!(
                key_and_package(line),
                (key.to_owned(), package.to_owned()),
                "{line}"
            );
        }
    }

    #[test]
    fn known_dependencies_are_told_from_new_ones() {
        let known = [("rayon".to_owned(), "\"1\"".to_owned())];
        let none = manifest(&[]);
        let same = manifest(&known);
        let other = manifest(&[("rayon".to_owned(), "\"1.5\"".to_owned())]);
        assert!(only_knows(&none, &known));
        assert!(only_knows(&same, &known));
        assert!(only_knows(&same.replace("rayon = ", "rayon="), &known));
        assert!(!only_knows(&other, &known));
        assert!(!only_knows("no manifest", &known));
    }

    #[test]
    fn a_dependency_of_the_same_name_may_be_another_one() {
        let own = manifest(&[("log".to_owned(), "{ version = \"0.4\" }".to_owned())]);
        assert!(depends_otherwise(&own, "log", "\"0.4\""));
        assert!(!depends_otherwise(&own, "log", "{version = \"0.4\"}"));
        assert!(!depends_otherwise(&own, "rand", "\"0.10\""));
    }

    #[test]
    fn the_optimisation_level_is_read() {
        let one = manifest(&[]);
        assert_eq!(opt_level(&one), "2");
        assert_eq!(
            opt_level(&one.replace("opt-level = 2", "opt-level = \"z\"")),
            "z"
        );
    }
}
