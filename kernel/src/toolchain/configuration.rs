//! What rustc compiles for, and whether the predicate of a `#[cfg(..)]` holds there.

use std::collections::HashSet;
use std::path::Path;
use std::process::Command;
use std::sync::OnceLock;

use super::Sysroot;
use crate::cell::Configuration;

/// What `rustc --print cfg` lists: it is run once, when it is first needed.
#[derive(Debug, Default)]
pub struct RustcConfiguration {
    rustc: std::path::PathBuf,
    set: OnceLock<HashSet<String>>,
}

impl RustcConfiguration {
    /// Of a toolchain.
    pub fn of(sysroot: &Sysroot) -> RustcConfiguration {
        RustcConfiguration {
            rustc: sysroot.rustc(),
            set: OnceLock::new(),
        }
    }

    fn set(&self) -> &HashSet<String> {
        self.set.get_or_init(|| list(&self.rustc))
    }
}

impl Configuration for RustcConfiguration {
    fn holds(&self, predicate: &str) -> Option<bool> {
        let set = self.set();
        // Without a list nothing is known.
        let mut parser = Parser {
            rest: predicate,
            set: (!set.is_empty()).then_some(set)?,
        };
        let holds = parser.predicate()?;
        parser.rest.trim().is_empty().then_some(holds)
    }
}

fn list(rustc: &Path) -> HashSet<String> {
    let output = Command::new(rustc).args(["--print", "cfg"]).output();
    let text = output.map(|output| output.stdout).unwrap_or_default();
    String::from_utf8_lossy(&text)
        .lines()
        .map(str::to_owned)
        .collect()
}

struct Parser<'a> {
    rest: &'a str,
    set: &'a HashSet<String>,
}

impl Parser<'_> {
    /// Reads one predicate: a name, `name = "value"`, or `all`, `any` or `not` of some.
    fn predicate(&mut self) -> Option<bool> {
        let rest = self.rest.trim_start();
        let len = rest
            .find(|char: char| !(char.is_alphanumeric() || char == '_'))
            .unwrap_or(rest.len());
        let (name, rest) = rest.split_at(len);
        self.rest = rest.trim_start();
        if let Some(inside) = self.rest.strip_prefix('(') {
            self.rest = inside;
            let all = self.list()?;
            return match name {
                "all" => Some(all.iter().all(|holds| *holds)),
                "any" => Some(all.iter().any(|holds| *holds)),
                "not" => all.first().map(|holds| !holds),
                _ => None,
            };
        }
        if let Some(value) = self.rest.strip_prefix('=') {
            let value = value.trim_start().strip_prefix('"')?;
            let (value, rest) = value.split_once('"')?;
            self.rest = rest;
            return Some(self.set.contains(&format!("{name}=\"{value}\"")));
        }
        match name {
            "" => None,
            "true" => Some(true),
            "false" => Some(false),
            _ => Some(self.set.contains(name)),
        }
    }

    /// Reads predicates up to the closing bracket.
    fn list(&mut self) -> Option<Vec<bool>> {
        let mut list = Vec::new();
        loop {
            self.rest = self.rest.trim_start();
            if let Some(rest) = self.rest.strip_prefix(')') {
                self.rest = rest;
                return Some(list);
            }
            list.push(self.predicate()?);
            self.rest = self.rest.trim_start();
            self.rest = self.rest.strip_prefix(',').unwrap_or(self.rest);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn predicates_hold_or_not() {
        let set = ["unix", "target_os=\"linux\"", "debug_assertions"];
        let configuration = RustcConfiguration::default();
        let _ = configuration.set.set(set.map(str::to_owned).into());
        for (predicate, expected) in [
            ("unix", Some(true)),
            ("windows", Some(false)),
            ("target_os = \"linux\"", Some(true)),
            ("target_os=\"macos\"", Some(false)),
            ("not(windows)", Some(true)),
            ("all(unix, any(windows, debug_assertions),)", Some(true)),
            ("all()", Some(true)),
            ("any()", Some(false)),
            ("true", Some(true)),
            ("", None),
            ("unix windows", None),
            ("some(unix)", None),
            ("all(unix", None),
        ] {
            assert_eq!(configuration.holds(predicate), expected, "{predicate}");
        }
    }
}
