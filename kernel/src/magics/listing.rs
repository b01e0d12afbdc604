//! `%lsmagic` and `%magic`: what there is.

use threadbook_jupyter::contract::Diagnostic;

use super::Host;
use super::LineEffect;
use super::Magic;
use super::all;
use super::commands::COMMANDS;
use super::commands::Command;
use crate::cell::LineMagic;

pub(super) const MAGICS: &[Magic] = &[
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
    let commands: Vec<&str> = COMMANDS.iter().map(|command| command.name).collect();
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
    text.push_str(&commands());
    host.print(&text);
    Ok(())
}

/// The commands that begin with a colon.
pub(super) fn commands() -> String {
    let commands = COMMANDS.iter();
    commands
        .map(|Command { name, summary, .. }| format!("{name}\n    {summary}\n"))
        .collect()
}
