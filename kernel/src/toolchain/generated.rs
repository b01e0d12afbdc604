//! What evcxr 0.22 generates, and what is changed in it before rustc sees it.
//!
//! evcxr's code prints its markers to stdout, where the user prints too. The changed code calls the runtime instead,
//! so no text that a cell prints can be taken for a marker. Each change stays on its line, so that positions hold.

/// The name of the crate that evcxr makes of a cell.
pub(super) const CRATE: &str = "ctx";
/// The name of the crate with which evcxr asks whether a dependency can be had.
pub(super) const VALIDATION_CRATE: &str = "evcxr_dummy_validate_dep";

/// Text of evcxr's, and what stands in its place.
const CHANGES: [(&str, &str); 3] = [
    (
        "fn from(error: T) -> Self {\n                    eprintln!(\"{}\", error);\n                    \
         println!(\"{}\", evcxr_internal_runtime::USER_ERROR_OCCURRED);",
        "#[track_caller] fn from(error: T) -> Self {\n                    \
         ::threadbook::abi::returned(&error);\n",
    ),
    (
        "eprintln!(\"The type of the variable {name} was redefined, so was lost.\",);\n            \
         println!(\"{VARIABLE_CHANGED_TYPE}{name}\");",
        "::threadbook::abi::type_changed(name);\n",
    ),
    (
        "    println!(\"EVCXR_PANIC_NOTIFICATION\");",
        "    ::threadbook::abi::panicked();",
    ),
];

/// The changed source, if anything is to be changed. Only evcxr's own text is touched: it comes last in the file.
pub fn rewrite(source: &str) -> Option<String> {
    let mut changed = source.to_owned();
    for (from, to) in CHANGES {
        if let Some(start) = changed.rfind(from) {
            changed.replace_range(start..start + from.len(), to);
        }
    }
    (changed != source).then_some(changed)
}

/// A manifest as evcxr writes it.
pub(super) fn manifest(dependencies: &[(String, String)]) -> String {
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
pub(super) fn only_knows(manifest: &str, known: &[(String, String)]) -> bool {
    let Some((_, dependencies)) = manifest.split_once("[dependencies]") else {
        return false;
    };
    let lines = dependencies
        .lines()
        .map(str::trim)
        .filter(|line| !line.is_empty());
    lines.into_iter().all(|line| {
        known
            .iter()
            .any(|(name, value)| line == format!("{name} = {value}"))
    })
}

/// The optimisation level that the manifest asks for.
pub(super) fn opt_level(manifest: &str) -> String {
    let value = manifest
        .lines()
        .find_map(|line| line.strip_prefix("opt-level = "));
    value.unwrap_or("2").trim_matches(['"', '\'']).to_owned()
}

/// Whether two manifests differ at most in the optimisation level and the order of dependencies.
pub(super) fn same_but_opt_level(left: &str, right: &str) -> bool {
    fn lines(manifest: &str) -> Vec<&str> {
        let mut lines: Vec<&str> = manifest
            .lines()
            .filter(|line| !line.starts_with("opt-level"))
            .collect();
        // evcxr keeps dependencies in a hash map, so their order changes from cell to cell.
        lines.sort_unstable();
        lines
    }
    lines(left) == lines(right)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn markers_become_calls_and_lines_stay() {
        let source = "fn user() { println!(\"EVCXR_PANIC_NOTIFICATION\"); }\n\
                      if std::panic::catch_unwind(||{\n}).is_err() {\n    println!(\"EVCXR_PANIC_NOTIFICATION\");\n}\n";
        let changed = rewrite(source).unwrap();
        assert_eq!(changed.lines().count(), source.lines().count());
        assert!(changed.contains("fn user() { println!(\"EVCXR_PANIC_NOTIFICATION\"); }"));
        assert!(changed.contains("    ::threadbook::abi::panicked();"));
    }

    #[test]
    fn known_dependencies_are_told_from_new_ones() {
        let known = [("rayon".to_owned(), "\"1\"".to_owned())];
        let none = manifest(&[]);
        let same = manifest(&known);
        let other = manifest(&[("rayon".to_owned(), "\"1.5\"".to_owned())]);
        assert!(only_knows(&none, &known));
        assert!(only_knows(&same, &known));
        assert!(!only_knows(&other, &known));
        assert!(!only_knows("no manifest", &known));
    }

    #[test]
    fn the_optimisation_level_does_not_make_another_manifest() {
        let one = manifest(&[]);
        let other = one.replace("opt-level = 2", "opt-level = \"z\"");
        assert!(same_but_opt_level(&one, &other));
        assert_eq!(opt_level(&other), "z");
        assert!(!same_but_opt_level(
            &one,
            &manifest(&[("a".to_owned(), "\"1\"".to_owned())])
        ));
    }
}
