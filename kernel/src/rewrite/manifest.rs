//! The manifest of a session's crate, as evcxr writes it, and the dependencies in it.

use toml::Table;
use toml::Value;

use crate::evcxr_text::generated::CRATE;

/// The manifest's last part.
const DEPENDENCIES: &str = "dependencies";

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
    let known = spelled(known);
    let is_known = |(name, value): (&String, &Value)| known.contains(&line(name, value));
    table(manifest)
        .get(DEPENDENCIES)
        .and_then(Value::as_table)
        .is_some_and(|dependencies| dependencies.iter().all(is_known))
}

/// Dependencies in the spelling of [`dependencies`].
pub(crate) fn spelled(known: &[(String, String)]) -> Vec<String> {
    let lines = known
        .iter()
        .map(|(name, value)| format!("{name} = {value}"));
    lines
        .filter_map(|text| table(&text).into_iter().next())
        .map(|(name, value)| line(&name, &value))
        .collect()
}

/// Whether a manifest has a dependency of this name that is another one.
pub(crate) fn depends_otherwise(manifest: &str, name: &str, value: &str) -> bool {
    let this = spelled(&[(name.to_owned(), value.to_owned())]);
    let mut lines = dependencies(manifest).into_iter();
    lines.any(|line| key(&line) == Some(name) && !this.contains(&line))
}

/// Whether a line of a manifest is the dependency on the runtime.
pub(crate) fn is_runtime(line: &str) -> bool {
    line.starts_with("threadbook ")
}

/// The name of the dependency that a line of a manifest is about.
pub(crate) fn key(line: &str) -> Option<&str> {
    Some(line.split_once('=')?.0.trim())
}

/// The dependencies of a manifest, a line for each: in one order, since evcxr keeps them in a hash map, and in one spelling.
pub(crate) fn dependencies(manifest: &str) -> Vec<String> {
    let manifest = table(manifest);
    let dependencies = manifest.get(DEPENDENCIES).and_then(Value::as_table);
    let dependencies = dependencies.into_iter().flatten();
    dependencies
        .map(|(name, value)| line(name, value))
        .collect()
}

/// The optimisation level in the manifest.
pub(crate) fn opt_level(manifest: &str) -> String {
    let manifest = table(manifest);
    let profile = manifest
        .get("profile")
        .and_then(|profiles| profiles.get("dev"));
    match profile.and_then(|profile| profile.get("opt-level")) {
        Some(Value::String(level)) => level.clone(),
        Some(level) => level.to_string(),
        None => "2".to_owned(),
    }
}

/// The name of a dependency and that of its package: two where it is renamed.
pub(crate) fn key_and_package(line: &str) -> (String, String) {
    let Some((key, value)) = table(line).into_iter().next() else {
        return Default::default();
    };
    let package = value.get("package").and_then(Value::as_str);
    let package = package.unwrap_or(&key).to_owned();
    (key, package)
}

/// Whether a dependency comes from the registry, not from a folder or a repository.
pub(crate) fn is_of_registry(line: &str) -> bool {
    let table = table(line);
    let mut values = table.values();
    values.all(|value| value.get("path").is_none() && value.get("git").is_none())
}

fn table(text: &str) -> Table {
    text.parse().unwrap_or_default()
}

fn line(name: &str, value: &Value) -> String {
    format!("{name} = {value}")
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
    fn a_dependency_has_one_spelling() {
        let spellings = [
            "old={package=\"rand\",version='0.8',features=[\"a\"]}",
            "old = { package = \"rand\",  version = \"0.8\", features = [ \"a\" ] }",
        ];
        let of = |line: &str| dependencies(&(manifest(&[]) + line + "\nlog = \"0.4\"\n"));
        let [first, second] = spellings.map(of);
        assert_eq!(first, second);
        assert_eq!(first[0], "log = \"0.4\"");
        assert_eq!(key(&first[1]), Some("old"));
        let known = [("old".to_owned(), spellings[0][4..].to_owned())];
        assert_eq!(spelled(&known), first[1..]);
        assert!(is_of_registry(&first[1]));
        for other in [
            "here = { path = \"/a b\" }",
            "there={git=\"https://example.org\"}",
        ] {
            let mut lines = of(other).into_iter();
            assert!(lines.any(|line| !is_of_registry(&line)), "{other}");
        }
    }

    #[test]
    fn the_level_is_a_number_or_a_letter() {
        assert_eq!(opt_level(&manifest(&[])), "2");
        for (value, level) in [("3", "3"), ("\"s\"", "s")] {
            let manifest = manifest(&[]).replace("opt-level = 2", &format!("opt-level = {value}"));
            assert_eq!(opt_level(&manifest), level);
        }
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
