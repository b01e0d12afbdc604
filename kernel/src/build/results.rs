//! How a cell's value is shown: what `:fmt` and `:types` have set, and the Rust that makes it so.

use serde::Deserialize;
use serde::Serialize;

use super::SessionPaths;
use super::notes::noted;

/// Placeholders by their ends, and the traits that they are of.
const TRAITS: [(&str, &str); 9] = [
    ("?", "Debug"),
    ("x", "LowerHex"),
    ("X", "UpperHex"),
    ("o", "Octal"),
    ("b", "Binary"),
    ("e", "LowerExp"),
    ("E", "UpperExp"),
    ("p", "Pointer"),
    ("", "Display"),
];

/// What is brought into scope where values are shown as usual.
const USUAL: &str = "#[allow(unused_imports)] use ::threadbook::show::{ByReference as _, InWords as _, ShowDebug as _, ShowNothing as _};";
/// What shows lists and maps as tables.
const TABLES: &str = "#[allow(unused_imports)] use ::threadbook::show::ShowTable as _;";
/// The method by which types show themselves.
const OWN_DISPLAY: &str = "fn evcxr_display";

/// How the value of a cell's last expression is shown.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Results {
    /// The format of `format!`.
    pub format: String,
    /// Whether the type stands before the value.
    pub types: bool,
}

impl Default for Results {
    fn default() -> Results {
        Results {
            format: "{:?}".to_owned(),
            types: false,
        }
    }
}

impl Results {
    /// What the session has.
    pub fn of(session: &SessionPaths) -> Results {
        noted(&session.results()).unwrap_or_default()
    }

    /// Keeps it for later cells of the session.
    pub fn keep(&self, session: &SessionPaths) -> std::io::Result<()> {
        std::fs::write(session.results(), serde_json::to_vec(self)?)
    }

    /// The trait that a value must have, if the format has one placeholder.
    pub fn wanted_trait(&self) -> Option<&'static str> {
        let format = self.format.replace("{{", "").replace("}}", "");
        let (before, rest) = format.split_once('{')?;
        let (placeholder, rest) = rest.split_once('}')?;
        let spec = match placeholder.split_once(':') {
            Some(("", spec)) => spec,
            None if placeholder.is_empty() => "",
            _ => return None,
        };
        let (_, name) = TRAITS.iter().find(|(end, _)| spec.ends_with(end))?;
        (!before.contains('}') && !rest.contains(['{', '}'])).then_some(*name)
    }

    /// One line of Rust that brings into scope what shows values. A method `evcxr_display` of the value's own comes first.
    pub(crate) fn scope(&self, source: &str) -> String {
        let Results { format, types } = self;
        let Some(wanted) = self.wanted_trait().filter(|_| *self != Results::default()) else {
            return match has_display_trait(source) {
                true => USUAL.to_owned(),
                false => format!("{USUAL}{TABLES}"),
            };
        };
        format!("::threadbook::shown_by!({format:?} of {wanted}, {types});")
    }
}

/// Whether a session has a trait of its own that shows values, lists perhaps: rustc could not choose between that and ours.
/// A method of a type alone comes before both.
fn has_display_trait(source: &str) -> bool {
    let mut methods = source.match_indices(OWN_DISPLAY);
    methods.any(|(at, _)| {
        let before = &source[..at];
        before.rfind("trait ") > before.rfind("impl")
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_format_has_one_placeholder_and_its_trait() {
        for (format, expected) in [
            ("{:?}", Some("Debug")),
            ("{:#?}", Some("Debug")),
            ("{}", Some("Display")),
            ("{:>8.2} m", Some("Display")),
            ("0x{:x}", Some("LowerHex")),
            ("{{{:02X}}}", Some("UpperHex")),
            ("", None),
            ("x", None),
            ("{} {}", None),
            ("{name}", None),
            ("{", None),
            ("}{}", None),
        ] {
            let results = Results {
                format: format.to_owned(),
                types: false,
            };
            assert_eq!(results.wanted_trait(), expected, "{format}");
        }
    }

    #[test]
    fn what_shows_values_is_brought_into_scope_for_the_format() {
        let mut results = Results::default();
        assert_eq!(results.scope(""), format!("{USUAL}{TABLES}"));
        let own_trait = "trait Show { fn evcxr_display(&self); }";
        assert_eq!(results.scope(own_trait), USUAL);
        let own_method = "trait A {}\nimpl Bar { fn evcxr_display(&self) {} }";
        assert_eq!(results.scope(own_method), format!("{USUAL}{TABLES}"));
        results.format = "{}\n\"m\"".to_owned();
        results.types = true;
        assert_eq!(
            results.scope(""),
            "::threadbook::shown_by!(\"{}\\n\\\"m\\\"\" of Display, true);"
        );
        results.format = "{".to_owned();
        assert_eq!(results.scope(""), format!("{USUAL}{TABLES}"));
    }
}
