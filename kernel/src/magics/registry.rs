//! The registry of all magics, which execution, help, completion and the lists read.
//!
//! `%lsmagic` and `%magic` stand here, since what they show is the registry.

use threadbook_jupyter::contract::Diagnostic;

use super::commands;
use super::files;
use super::foreign;
use super::going_back;
use super::host::Host;
use super::logs;
use super::magic::CellRun;
use super::magic::LineEffect;
use super::magic::LineRun;
use super::magic::Magic;
use super::modules;
use super::nearest;
use super::session;
use super::shell;
use super::show;
use super::time;
use crate::cell::Expansion;
use crate::cell::Facts;
use crate::cell::LineMagic;

/// One line a family, in the order in which they are listed.
const FAMILIES: &[&[Magic]] = &[
    LISTING,
    time::MAGICS,
    shell::MAGICS,
    files::MAGICS,
    going_back::MAGICS,
    session::MAGICS,
    show::MAGICS,
    logs::MAGICS,
    modules::MAGICS,
];

/// All magics.
pub(super) fn all() -> impl Iterator<Item = &'static Magic> {
    FAMILIES.iter().flat_map(|family| family.iter())
}

/// The magic of a name.
pub(crate) fn find(name: &str) -> Option<&'static Magic> {
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

/// The facts of the registry, without a session.
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

/// The text of `%name?`.
pub fn help(name: &str) -> Option<String> {
    let magic = find(name.trim_start_matches('%'))?;
    Some(format!("{}\n\n{}", magic.summary, magic.help.trim()))
}

/// The magics that list magics.
const LISTING: &[Magic] = &[
    Magic {
        name: "lsmagic",
        summary: "lists all magics",
        help: "%lsmagic

Line magics, cell magics, and the commands that begin with a colon.",
        line: Some(LineEffect::InKernel(list)),
        cell: None,
    },
    Magic {
        name: "magic",
        summary: "says what magics are, and what each of them does",
        help: "%magic

`%name?` tells more of one.",
        line: Some(LineEffect::InKernel(explain)),
        cell: None,
    },
];

fn names(signs: &str, fits: fn(&Magic) -> bool) -> String {
    let names: Vec<String> = all()
        .filter(|magic| fits(magic))
        .map(|magic| format!("{signs}{}", magic.name))
        .collect();
    names.join("  ")
}

fn list(host: &mut dyn Host, _: &LineMagic) -> Result<(), Diagnostic> {
    let commands: Vec<&str> = commands::COMMANDS
        .iter()
        .map(|command| command.name)
        .collect();
    host.print(&format!(
        "Line magics:\n{}\n\nCell magics:\n{}\n\nShell:\n!command  !!command  let lines = !command\n\n\
         Help:\nname?  name??  %magic?\n\nCommands of evcxr's:\n{}\n",
        names("%", |magic| magic.line.is_some()),
        names("%%", |magic| magic.cell.is_some()),
        commands.join("  "),
    ));
    Ok(())
}

fn explain(host: &mut dyn Host, _: &LineMagic) -> Result<(), Diagnostic> {
    let mut text = String::from(
        "A line that begins with `%` is a magic; a cell that begins with `%%` is given to one as a whole.\n\
         `name?` shows help on Rust's names and on magics, `!command` runs a shell command.\n\n",
    );
    for magic in all() {
        let forms = match (magic.line.is_some(), magic.cell.is_some()) {
            (true, true) => format!("%{0}, %%{0}", magic.name),
            (true, false) => format!("%{}", magic.name),
            _ => format!("%%{}", magic.name),
        };
        text.push_str(&format!("{forms}\n    {}\n", magic.summary));
    }
    text.push_str("\nCommands of evcxr's:\n");
    text.push_str(&commands::list());
    host.print(&text);
    Ok(())
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
