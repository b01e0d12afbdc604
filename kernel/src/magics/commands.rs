//! evcxr's commands, which begin with a colon at the top of a cell: which of them evcxr runs, which the kernel does in
//! its own way, and which would change nothing here.

use threadbook_jupyter::contract::Diagnostic;

use super::host::Host;
use super::magic::failed;
use super::session;
use crate::build::Results;

/// A command.
#[derive(Clone, Copy)]
pub(super) struct Command {
    /// With its colon.
    pub(super) name: &'static str,
    /// One line for lists: a fragment in lower case.
    pub(super) summary: &'static str,
    /// What becomes of it.
    pub(super) does: Does,
}

/// What becomes of a command.
#[derive(Clone, Copy)]
pub(super) enum Does {
    /// evcxr runs it.
    Evcxrs,
    /// The kernel does it.
    Ours(CommandRun),
}

/// Runs a command with the rest of its line.
pub(crate) type CommandRun = fn(&mut dyn Host, &str) -> Result<(), Diagnostic>;

const fn evcxrs(name: &'static str, summary: &'static str) -> Command {
    let does = Does::Evcxrs;
    Command {
        name,
        summary,
        does,
    }
}

const fn ours(name: &'static str, summary: &'static str, run: CommandRun) -> Command {
    let does = Does::Ours(run);
    Command {
        name,
        summary,
        does,
    }
}

/// The commands that do something.
pub(super) const COMMANDS: &[Command] = &[
    evcxrs(
        ":build_env",
        "sets a variable of the environment for compiling",
    ),
    ours(
        ":clear",
        "forgets everything that cells have made",
        |host, _| host.reset(),
    ),
    evcxrs(":dep", "adds a crate: `:dep regex = \"1\"`"),
    evcxrs(":doc", "shows the documentation of a name"),
    evcxrs(":efmt", "how errors returned by `?` are shown"),
    evcxrs(":explain", "explains the last compile error"),
    ours(
        ":fmt",
        "how values are shown: `:fmt {:#?}`; as usual without one",
        format,
    ),
    ours(":help", "lists these commands", |host, _| {
        host.print(&list());
        Ok(())
    }),
    evcxrs(":last_compile_dir", "the folder of the last compile"),
    evcxrs(":last_error_json", "rustc's JSON of the last error"),
    evcxrs(":load_config", "reads evcxr's configuration again"),
    evcxrs(":offline", "whether cargo has to do without the network"),
    ours(
        ":opt",
        "the optimisation level: `:opt 3`",
        session::set_level,
    ),
    ours(
        ":quit",
        "ends the session, where the front end is a console",
        |host, _| session::leave(host),
    ),
    ours(
        ":restart",
        "starts the process that runs cells anew, without its variables",
        |host, _| host.restart(),
    ),
    evcxrs(":show_deps", "lists the crates that were added"),
    evcxrs(":t", "short for `:type`"),
    evcxrs(":type", "shows the type of a variable"),
    ours(":types", "whether types are shown with values", types),
    evcxrs(":vars", "lists the variables and their types"),
    evcxrs(":version", "evcxr's version"),
];

/// evcxr's other commands, and why there is nothing for them to do.
const WITHOUT_EFFECT: [(&str, &str); 12] = [
    (
        ":allow_static_linking",
        "cells share their libraries, so these are linked dynamically",
    ),
    (":cache", CACHED),
    (":clear_cache", CACHED),
    (":codegen_backend", TOOLCHAIN),
    (":env", "write `%env NAME=value`, which counts at once"),
    (
        ":internal_debug",
        "`THREADBOOK_LOG=debug` logs what the kernel does",
    ),
    (":linker", TOOLCHAIN),
    (
        ":preserve_vars_on_panic",
        "variables that stood before a cell are kept whatever it does",
    ),
    (":sccache", CACHED),
    (":time_passes", TIMES),
    (":timing", TIMES),
    (":toolchain", TOOLCHAIN),
];
const CACHED: &str =
    "crates that were compiled are kept in any case; `threadbook cache` lists them";
const TOOLCHAIN: &str =
    "cells are compiled as the runtime is, by the toolchain with which the kernel was started";
const TIMES: &str = "write `%%time` for a cell, `%time` for an expression";

/// What becomes of the command on a line, with the rest of the line; nothing where that is evcxr's business.
pub(crate) fn command(line: &str) -> Option<Result<(CommandRun, &str), String>> {
    let line = line.trim();
    let (name, args) = line.split_once(' ').unwrap_or((line, ""));
    if let Some((_, why)) = WITHOUT_EFFECT.iter().find(|(other, _)| *other == name) {
        return Some(Err(format!("`{name}` has no effect here ({why})")));
    }
    match COMMANDS.iter().find(|command| command.name == name)?.does {
        Does::Evcxrs => None,
        Does::Ours(run) => Some(Ok((run, args.trim()))),
    }
}

fn format(host: &mut dyn Host, format: &str) -> Result<(), Diagnostic> {
    let mut results = host.results();
    results.format = match format {
        "" => Results::default().format,
        format => format.to_owned(),
    };
    if results.wanted_trait().is_none() {
        return Err(failed(format!(
            "`:fmt` can't show values by `{format}` (expected a text with one placeholder, such as `{{:#?}}`)"
        )));
    }
    set(host, &results, &format!(":fmt {}", results.format))
}

fn types(host: &mut dyn Host, _: &str) -> Result<(), Diagnostic> {
    let mut results = host.results();
    results.types = !results.types;
    set(host, &results, ":types")
}

/// Sets it for evcxr too, which shows a value itself where it can't be shown otherwise.
fn set(host: &mut dyn Host, results: &Results, command: &str) -> Result<(), Diagnostic> {
    host.set_results(results)?;
    host.run_rust(command).result
}

/// The commands that begin with a colon.
pub(super) fn list() -> String {
    let commands = COMMANDS.iter();
    commands
        .map(|Command { name, summary, .. }| format!("{name}\n    {summary}\n"))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_command_of_evcxrs_is_run_or_refused() {
        assert!(command(":dep a = \"1\"").is_none());
        assert!(command("::std::f();").is_none());
        assert!(matches!(command(" :fmt  {} "), Some(Ok((_, "{}")))));
        let refused = command(":timing").and_then(Result::err).unwrap_or_default();
        assert_eq!(
            refused,
            "`:timing` has no effect here (write `%%time` for a cell, `%time` for an expression)"
        );
        for (name, _) in WITHOUT_EFFECT {
            assert!(
                COMMANDS.iter().all(|command| command.name != name),
                "{name}"
            );
        }
    }
}
