//! evcxr's sentences and names.

/// The name of the crate by which evcxr checks whether there is such a dependency.
pub(crate) const VALIDATION_CRATE: &str = "evcxr_dummy_validate_dep";

/// What evcxr sets so that cargo runs rustc by way of evcxr's own program: for a cache, or to link dependencies
/// dynamically.
pub(crate) const WRAPPER_MARK: &str = "EVCXR_RUSTC_WRAPPER";
/// The folder in which evcxr makes its crates.
pub(crate) const FOLDER_VAR: &str = "EVCXR_TMPDIR";
/// The folder with evcxr's own configuration.
pub(crate) const CONFIGURATION_VAR: &str = "EVCXR_CONFIG_DIR";

/// What names begin with that evcxr puts into code.
pub(crate) const PREFIXES: [&str; 2] = ["evcxr_", "__evcxr"];
/// What evcxr's names begin with in rustc's messages.
pub(crate) const IN_MESSAGES: [&str; 3] = ["evcxr", "Evcxr", super::generated::FUNCTION];
/// Methods that evcxr's traits give to all values.
pub(crate) const METHODS: [&str; 2] = ["evcxr_display", "evcxr_internal_runtime"];

/// Why evcxr does not compile a cell that binds a variable.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Refusal {
    /// Its type is that of a closure, which has no name.
    Closure,
    /// rust-analyzer does not know its type.
    UnknownType,
}

/// The variable for which evcxr refuses to compile a cell, in evcxr's error.
pub(crate) fn refused(message: &str) -> Option<(&str, Refusal)> {
    let (name, what) = message
        .strip_prefix("The variable `")
        .or_else(|| message.strip_prefix("Couldn't automatically determine type of variable `"))?
        .split_once('`')?;
    match what {
        what if what.starts_with(" is a closure") => Some((name, Refusal::Closure)),
        what if what.starts_with('.') => Some((name, Refusal::UnknownType)),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn refusals_name_the_variable() {
        let closure = "The variable `f` is a closure, which cannot be persisted.";
        assert_eq!(refused(closure), Some(("f", Refusal::Closure)));
        let unknown = "Couldn't automatically determine type of variable `x`.\nPlease give it";
        assert_eq!(refused(unknown), Some(("x", Refusal::UnknownType)));
        assert_eq!(refused("The variable `x` is borrowed"), None);
        assert_eq!(refused("Something else"), None);
    }
}
