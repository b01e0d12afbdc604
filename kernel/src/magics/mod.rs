//! The magics: what `%name` and `%%name` do. One registry, which execution, help, completion and the lists read.
//!
//! A family has a file with a `MAGICS` list, and [`FAMILIES`] has a line for it. A magic that has to happen in order with
//! the Rust around it is an [`Expansion`]: it becomes Rust. Any other is a function that gets a [`Host`].

mod commands;
mod complete;
mod files;
mod foreign;
mod host;
mod listing;
mod logs;
mod modules;
mod nearest;
mod session;
mod shell;
mod show;
mod snapshots;
mod time;

pub(crate) use commands::command;
pub(crate) use complete::complete;
pub use host::Host;
pub use host::RunResult;
pub use host::Shown;
pub use host::Variable;
pub use modules::UsedFile;
pub(crate) use modules::refresh;

use threadbook_jupyter::contract::Diagnostic;

use crate::cell::CellMagic;
use crate::cell::Expansion;
use crate::cell::Facts;
use crate::cell::LineMagic;

/// Everything that is known of a magic.
#[derive(Clone, Copy)]
pub struct Magic {
    /// Without signs.
    pub name: &'static str,
    /// One line for lists: a fragment in lower case.
    pub summary: &'static str,
    /// Usage, one form a line, then what there is to say. Plain text; lines of at most 80 characters.
    pub help: &'static str,
    /// What `%name` does, if there is one.
    pub line: Option<LineEffect>,
    /// What `%%name` does, if there is one.
    pub cell: Option<CellRun>,
}

/// What a line magic does.
#[derive(Clone, Copy)]
pub enum LineEffect {
    /// It becomes Rust, and so works in blocks and functions too.
    InCode(Expansion),
    /// The kernel runs it, between the Rust before and after it.
    InKernel(LineRun),
}

/// Runs a line magic.
pub type LineRun = fn(&mut dyn Host, &LineMagic) -> Result<(), Diagnostic>;
/// Runs a cell magic; the text is that of the lines below it.
pub type CellRun = fn(&mut dyn Host, &CellMagic, &str) -> Result<(), Diagnostic>;

/// One line a family, in the order in which they are listed.
const FAMILIES: &[&[Magic]] = &[
    listing::MAGICS,
    time::MAGICS,
    shell::MAGICS,
    files::MAGICS,
    snapshots::MAGICS,
    session::MAGICS,
    show::MAGICS,
    logs::MAGICS,
    modules::MAGICS,
];

/// All magics.
pub fn all() -> impl Iterator<Item = &'static Magic> {
    FAMILIES.iter().flat_map(|family| family.iter())
}

/// The magic of a name.
pub fn find(name: &str) -> Option<&'static Magic> {
    all().find(|magic| magic.name == name)
}

/// The Rust that `%name` becomes.
pub fn expansion(name: &str) -> Option<Expansion> {
    match find(name)?.line? {
        LineEffect::InCode(expansion) => Some(expansion),
        LineEffect::InKernel(_) => None,
    }
}

/// What runs `%name`.
pub fn line(name: &str) -> Result<LineRun, String> {
    match find(name).and_then(|magic| magic.line) {
        Some(LineEffect::InKernel(run)) => Ok(run),
        Some(LineEffect::InCode(_)) => Err(format!("`%{name}` can't stand here")),
        None if find(name).is_some() => Err(format!(
            "`%{name}` is a cell magic (write `%%{name}` on the first line of a cell)"
        )),
        None => Err(unknown(name, "%", |magic| magic.line.is_some())),
    }
}

/// What runs `%%name`.
pub fn cell(name: &str) -> Result<CellRun, String> {
    match find(name).map(|magic| magic.cell) {
        Some(Some(run)) => Ok(run),
        Some(None) => Err(format!(
            "`%%{name}` is not there, `%{name}` is (a line magic, for a line of its own)"
        )),
        None => Err(unknown(name, "%%", |magic| magic.cell.is_some())),
    }
}

/// `%name` or `%%name` is no magic: which one may have been meant, or what there is in Rust.
fn unknown(name: &str, signs: &str, fits: fn(&Magic) -> bool) -> String {
    if let Some(instead) = foreign::instead_of(name) {
        return format!(
            "`{signs}{name}` is a magic of IPython's that has no place here ({instead})"
        );
    }
    let names = all().filter(|magic| fits(magic)).map(|magic| magic.name);
    match nearest::nearest(name, names) {
        Some(near) => format!(
            "there is no magic `{signs}{name}` (did you mean `{signs}{near}`? `%lsmagic` lists all)"
        ),
        None => format!("there is no magic `{signs}{name}` (`%lsmagic` lists all)"),
    }
}

/// Whether the lines below a cell magic are Rust.
pub fn takes_rust(name: &str) -> bool {
    ["time", "timeit", "capture"].contains(&name)
}

/// What the registry knows, without a session.
pub struct RegistryFacts;

impl Facts for RegistryFacts {
    fn knows(&self, _: &str) -> bool {
        false
    }

    fn is_fallible(&self, _: &str) -> bool {
        false
    }

    fn expansion(&self, magic: &str) -> Option<Expansion> {
        expansion(magic)
    }

    fn is_kernels(&self, magic: &str) -> bool {
        line(magic).is_ok()
    }
}

/// A failed magic.
pub fn failed(evalue: impl Into<String>) -> Diagnostic {
    Diagnostic::of("MagicError", evalue)
}

/// The text of `%name?`.
pub fn help(name: &str) -> Option<String> {
    let magic = find(name.trim_start_matches('%'))?;
    Some(format!("{}\n\n{}", magic.summary, magic.help.trim()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_magic_says_what_it_is() {
        for magic in all() {
            let name = magic.name;
            assert!(
                !magic.summary.is_empty() && !magic.summary.ends_with('.'),
                "{name}"
            );
            assert!(
                !magic.summary.contains('\n') && magic.summary.len() <= 76,
                "{name}"
            );
            assert!(magic.line.is_some() || magic.cell.is_some(), "{name}");
            assert_eq!(
                all().filter(|other| other.name == name).count(),
                1,
                "{name}"
            );
            let has = |usage: &str| {
                magic.help.lines().any(|line| {
                    line.strip_prefix(usage)
                        .is_some_and(|rest| rest.is_empty() || rest.starts_with(' '))
                })
            };
            assert_eq!(
                has(&format!("%{name}")),
                magic.line.is_some(),
                "usage of %{name}"
            );
            assert_eq!(
                has(&format!("%%{name}")),
                magic.cell.is_some(),
                "usage of %%{name}"
            );
            assert!(
                magic.help.lines().all(|line| line.chars().count() <= 80),
                "{name}"
            );
        }
    }

    #[test]
    fn the_readme_tells_of_magics_that_are_there() {
        let readme = include_str!("../../../README.md");
        let mut rows = 0;
        for row in readme.lines().filter(|row| row.starts_with("| `%")) {
            let form = row.split('`').nth(1).unwrap_or_default();
            let magic = find(form.trim_start_matches('%'));
            assert!(
                magic.is_some_and(|magic| row.contains(magic.summary)),
                "{row}"
            );
            rows += 1;
        }
        assert!(rows > 20, "{rows}");
    }

    #[test]
    fn an_unknown_magic_teaches() {
        for (found, words) in [
            (line("lsmagics"), "did you mean `%lsmagic`?"),
            (line("qqqqqqqq"), "`%lsmagic` lists all"),
            (line("matplotlib"), "magic of IPython's"),
        ] {
            let message = found.err().unwrap_or_default();
            assert!(message.contains(words), "{message}");
        }
        let message = cell("lsmagic").err().unwrap_or_default();
        assert!(message.contains("`%lsmagic` is"), "{message}");
    }
}
