//! `%lsmagic` and `%magic`: what there is.

use super::Host;
use super::Line;
use super::Magic;
use super::all;
use crate::cell::LineMagic;
use crate::evaluator::Diagnostic;

pub(super) const MAGICS: &[Magic] = &[
    Magic {
        name: "lsmagic",
        summary: "lists all magics",
        help: "%lsmagic

Line magics, cell magics, and the commands that begin with a colon.",
        line: Some(Line::InKernel(list)),
        cell: None,
    },
    Magic {
        name: "magic",
        summary: "says what magics are, and what each of them does",
        help: "%magic

`%name?` tells more of one.",
        line: Some(Line::InKernel(explain)),
        cell: None,
    },
];

/// evcxr's own commands, which work too.
const COMMANDS: [(&str, &str); 33] = [
    (
        ":allow_static_linking",
        "whether dependencies may be linked statically",
    ),
    (
        ":build_env",
        "sets a variable of the environment for compiling",
    ),
    (":cache", "the size in MB of the cache of compiled crates"),
    (":clear", "forgets everything but the cache"),
    (":clear_cache", "empties the cache of compiled crates"),
    (
        ":codegen_backend",
        "the part of rustc that makes machine code",
    ),
    (":dep", "adds a crate: `:dep regex = \"1\"`"),
    (":doc", "shows the documentation of a name"),
    (":efmt", "how errors returned by `?` are shown"),
    (":env", "sets a variable of the environment"),
    (":explain", "explains the last compile error"),
    (":fmt", "how values are shown: `:fmt {:#?}`"),
    (":help", "lists these commands with their options"),
    (":internal_debug", "evcxr's own debugging"),
    (":last_compile_dir", "the folder of the last compile"),
    (":last_error_json", "rustc's JSON of the last error"),
    (":linker", "the linker to use"),
    (":load_config", "reads evcxr's configuration again"),
    (":offline", "whether cargo has to do without the network"),
    (":opt", "the optimisation level: `:opt 3`"),
    (
        ":preserve_vars_on_panic",
        "whether variables are kept when a cell panics",
    ),
    (":quit", "ends the kernel at once"),
    (":restart", "starts the process that runs cells anew"),
    (":sccache", "compiles through sccache"),
    (":show_deps", "lists the crates that were added"),
    (":t", "short for `:type`"),
    (
        ":time_passes",
        "whether rustc's own times are shown (nightly)",
    ),
    (":timing", "whether the time that a cell takes is shown"),
    (":toolchain", "the toolchain to compile with"),
    (":type", "shows the type of a variable"),
    (":types", "whether types are shown with values"),
    (":vars", "lists the variables and their types"),
    (":version", "evcxr's version"),
];

fn names(signs: &str, fits: fn(&Magic) -> bool) -> String {
    let names: Vec<String> = all()
        .filter(|magic| fits(magic))
        .map(|magic| format!("{signs}{}", magic.name))
        .collect();
    names.join("  ")
}

fn list(host: &mut dyn Host, _: &LineMagic) -> Result<(), Diagnostic> {
    let commands: Vec<&str> = COMMANDS.iter().map(|(name, _)| *name).collect();
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
    for (name, summary) in COMMANDS {
        text.push_str(&format!("{name}\n    {summary}\n"));
    }
    host.print(&text);
    Ok(())
}
