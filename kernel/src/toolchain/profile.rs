//! The profile of dependencies.

/// Dependencies are built once for good, so they get what a cell's own `:opt` does not change.
pub(super) const CONFIG: &str = r#"[profile.dev.package."*"]
opt-level = 3
debug = false
debug-assertions = false
overflow-checks = false
"#;
