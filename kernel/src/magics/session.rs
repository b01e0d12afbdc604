//! What the session holds: variables, cells that ran, dependencies, options.

use serde_json::json;
use threadbook_jupyter::contract::Diagnostic;

use super::host::Host;
use super::magic::LineEffect;
use super::magic::Magic;
use super::magic::failed;
use crate::cell::LineMagic;
use crate::cell::PRELUDE_MACROS;

pub(super) const MAGICS: &[Magic] = &[
    Magic {
        name: "who",
        summary: "lists the names of variables, functions and types",
        help: "%who [TYPE]

With a type only the variables whose type begins with it: `%who Vec`.",
        line: Some(LineEffect::InKernel(who)),
        cell: None,
    },
    Magic {
        name: "whos",
        summary: "shows the variables with their types, sizes and values",
        help: "%whos [TYPE]

The size is that of the variable itself in bytes, without what it points to.
Values are shown by `Debug`, cut short; those that have none show nothing.",
        line: Some(LineEffect::InKernel(whos)),
        cell: None,
    },
    Magic {
        name: "exit",
        summary: "ends the session, where the front end is a console",
        help: "%exit

`exit` and `quit` on their own do the same.",
        line: Some(LineEffect::InKernel(exit)),
        cell: None,
    },
    Magic {
        name: "quit",
        summary: "ends the session, where the front end is a console",
        help: "%quit

As `%exit`.",
        line: Some(LineEffect::InKernel(exit)),
        cell: None,
    },
    Magic {
        name: "history",
        summary: "prints the cells of this session",
        help: "%history [-n] [-l COUNT] [-g TEXT] [CELLS]

CELLS are numbers and ranges of `In [..]`, such as `2 4-6`; all if none are
given. A cell stands there as it was typed, magics too.

-n        with their numbers
-l COUNT  the last COUNT ones
-g TEXT   those that contain TEXT",
        line: Some(LineEffect::InKernel(history)),
        cell: None,
    },
    Magic {
        name: "reset",
        summary: "forgets all variables, functions, types and imports",
        help: "%reset [-f]

It does not ask; -f is taken and changes nothing. Dependencies are forgotten
too. What `%history` prints stays.",
        line: Some(LineEffect::InKernel(reset)),
        cell: None,
    },
    Magic {
        name: "dep",
        summary: "lists the dependencies of the session, or adds a crate",
        help: "%dep
%dep add NAME[@VERSION]
%dep NAME = \"VERSION\"
%dep NAME = { version = \"1\", features = [\"f\"] }
%dep tree
%dep --lock

The lines with an equals sign are those of a Cargo.toml. `:dep` is the same.
`--lock` writes the exact versions to a file beside the notebook, with its name
and the ending `.lock` (where it is not known, `threadbook.lock`). Later runs
begin with them; `threadbook run --locked` fails where one differs.",
        line: Some(LineEffect::InKernel(dep)),
        cell: None,
    },
    Magic {
        name: "opt",
        summary: "shows or sets the optimisation level of later cells",
        help: "%opt [0|1|2|3|s|z]

Cells are compiled with level 2 unless told otherwise. The units that rustc
divides a cell into are optimised one by one. They are optimised together as
well (ThinLTO), which can double the time of a compile, where `%time`,
`%%time`, `%timeit` or `%%timeit` measures, where the code names rayon or puts
characters into strings (`.push('x')`, `.ends_with('x')`), and always at 3.",
        line: Some(LineEffect::InKernel(opt)),
        cell: None,
    },
];

/// rustc's optimisation levels.
const LEVELS: [&str; 6] = ["0", "1", "2", "3", "s", "z"];

/// The items that the person has named; the kernel has some of its own.
fn items(host: &dyn Host) -> Vec<String> {
    let mut items = host.items();
    items.retain(|name| {
        !name.starts_with("threadbook_") && !PRELUDE_MACROS.contains(&name.as_str())
    });
    items
}

fn exit(host: &mut dyn Host, _: &LineMagic) -> Result<(), Diagnostic> {
    leave(host)
}

/// Has the front end end the session.
pub(super) fn leave(host: &mut dyn Host) -> Result<(), Diagnostic> {
    host.payload(json!({"source": "ask_exit", "keepkernel": false}));
    Ok(())
}

fn who(host: &mut dyn Host, magic: &LineMagic) -> Result<(), Diagnostic> {
    let mut names: Vec<String> = variables(host, &magic.args)
        .into_iter()
        .map(|(name, _)| name)
        .collect();
    if magic.args.is_empty() {
        names.extend(items(host));
    }
    match names.is_empty() {
        true => host.print(&format!("{}\n", nothing(&magic.args))),
        false => host.print(&format!("{}\n", names.join("\t "))),
    }
    Ok(())
}

fn nothing(ty: &str) -> String {
    match ty {
        "" => "there are no variables, functions or types yet".to_owned(),
        ty => format!("no variable has a type that begins with `{ty}`"),
    }
}

/// Names and types; of types only those that are selected, by their name without its path.
fn variables(host: &dyn Host, ty: &str) -> Vec<(String, String)> {
    let variables = host.variables().into_iter();
    variables
        .map(|variable| (variable.name, short_type(&variable.type_name)))
        .filter(|(_, short)| short.starts_with(ty))
        .collect()
}

/// A type without the paths in front of names: `Vec<String>`.
fn short_type(name: &str) -> String {
    let mut short = String::new();
    let mut word = String::new();
    let mut chars = name.chars().peekable();
    while let Some(char) = chars.next() {
        if char.is_alphanumeric() || char == '_' {
            word.push(char);
        } else if char == ':' && chars.peek() == Some(&':') {
            chars.next();
            word.clear();
        } else {
            short.push_str(&word);
            word.clear();
            short.push(char);
        }
    }
    short + &word
}

fn whos(host: &mut dyn Host, magic: &LineMagic) -> Result<(), Diagnostic> {
    let variables = variables(host, &magic.args);
    if variables.is_empty() {
        return who(host, magic);
    }
    let rows: String = variables
        .iter()
        .map(|(name, ty)| {
            format!("({name:?}, {ty:?}, ::std::mem::size_of_val(&{name}), (&Probe(&{name})).preview()), ")
        })
        .collect();
    let ran = host.run_rust(&format!(
        "{{ #[allow(unused_imports)] use threadbook::abi::inspect::{{Hidden as _, Probe, Shown as _}}; \
         threadbook::abi::inspect::table(::core::file!(), &[{rows}]); }}"
    ));
    ran.result
}

fn history(host: &mut dyn Host, magic: &LineMagic) -> Result<(), Diagnostic> {
    let request =
        Wanted::read(&magic.args).map_err(|message| failed(format!("`%history`: {message}")))?;
    let mut cells = host.cells();
    cells.retain(|(count, text)| request.wants(*count, text));
    if let Some(last) = request.last {
        cells.drain(..cells.len().saturating_sub(last));
    }
    let mut printed = String::new();
    for (count, text) in &cells {
        if request.numbers {
            let separator = if text.contains('\n') { "\n" } else { " " };
            printed.push_str(&format!("{count:>4}:{separator}"));
        }
        printed.push_str(text.trim_end());
        printed.push('\n');
    }
    host.print(&printed);
    Ok(())
}

/// The cells that `%history` shows.
#[derive(Debug, Default, PartialEq, Eq)]
struct Wanted {
    numbers: bool,
    last: Option<usize>,
    text: Option<String>,
    ranges: Vec<(u32, u32)>,
}

impl Wanted {
    fn read(args: &str) -> Result<Wanted, String> {
        let mut wanted = Wanted::default();
        let mut words = args.split_whitespace();
        while let Some(word) = words.next() {
            match word {
                "-n" => wanted.numbers = true,
                "-l" => {
                    let count = words.next().and_then(|word| word.parse().ok());
                    wanted.last = Some(count.ok_or("`-l` takes a number of cells")?);
                }
                "-g" => {
                    let text: Vec<&str> = words.by_ref().collect();
                    if text.is_empty() {
                        return Err("`-g` takes the text to look for".to_owned());
                    }
                    wanted.text = Some(text.join(" "));
                }
                word if word.starts_with('-') => {
                    return Err(format!(
                        "there is no option `{word}` (`-n`, `-l COUNT`, `-g TEXT`)"
                    ));
                }
                word => {
                    let (from, to) = word.split_once('-').unwrap_or((word, word));
                    let number = |text: &str| {
                        text.parse::<u32>().map_err(|_| {
                            format!("`{word}` is no cell and no range (as `3` or `4-6`)")
                        })
                    };
                    wanted.ranges.push((number(from)?, number(to)?));
                }
            }
        }
        Ok(wanted)
    }

    fn wants(&self, count: u32, text: &str) -> bool {
        let in_range = self.ranges.is_empty()
            || self
                .ranges
                .iter()
                .any(|(from, to)| (*from..=*to).contains(&count));
        in_range
            && self
                .text
                .as_ref()
                .is_none_or(|part| text.contains(part.as_str()))
    }
}

fn reset(host: &mut dyn Host, magic: &LineMagic) -> Result<(), Diagnostic> {
    match magic.args.as_str() {
        "" | "-f" => host.reset(),
        args => Err(failed(format!(
            "`%reset` forgets everything, but `{args}` follows (for one variable write `drop(name);`)"
        ))),
    }
}

fn dep(host: &mut dyn Host, magic: &LineMagic) -> Result<(), Diagnostic> {
    match magic.args.split_once(' ').unwrap_or((&magic.args, "")) {
        ("", _) => {
            let list = dependencies(&host.manifest());
            host.print(&list);
            Ok(())
        }
        ("tree", "") => {
            let tree = host.dependency_tree()?;
            host.print(&tree);
            Ok(())
        }
        ("--lock", "") => {
            let pinned = host.pin_dependencies()?;
            host.print(&pinned);
            Ok(())
        }
        ("add", rest) => {
            let (name, version) = rest.trim().split_once('@').unwrap_or((rest.trim(), "*"));
            if name.is_empty() || name.contains(char::is_whitespace) {
                return Err(failed(
                    "`%dep add` takes one crate (as `%dep add regex@1`; features: `%dep NAME = { version = \"1\", features = [..] }`)",
                ));
            }
            host.run_rust(&format!(":dep {name} = {version:?}")).result
        }
        _ if magic.args.contains('=') => host.run_rust(&format!(":dep {}", magic.args)).result,
        _ => Err(failed(format!(
            "`%dep` can't read `{}` (`%dep add NAME`, `%dep NAME = \"VERSION\"`, `%dep tree`, `%dep --lock`, or nothing)",
            magic.args
        ))),
    }
}

/// The lines of a manifest that name dependencies.
fn dependencies(manifest: &str) -> String {
    let (_, list) = manifest.split_once("[dependencies]").unwrap_or_default();
    let mut lines: Vec<&str> = list
        .lines()
        .map(str::trim)
        .filter(|line| line.contains('=') && !line.starts_with("threadbook "))
        .collect();
    lines.sort_unstable();
    lines.iter().map(|line| format!("{line}\n")).collect()
}

fn opt(host: &mut dyn Host, magic: &LineMagic) -> Result<(), Diagnostic> {
    match magic.args.as_str() {
        "" => {
            let manifest = host.manifest();
            let level = manifest
                .lines()
                .find_map(|line| line.strip_prefix("opt-level = "));
            let level = level.unwrap_or("2").trim_matches(['"', '\'']);
            host.print(&format!("optimisation level {level}\n"));
            Ok(())
        }
        level => set_level(host, level),
    }
}

/// Sets the level; without one, evcxr goes from 2 to 0 and from any other to 2.
pub(super) fn set_level(host: &mut dyn Host, level: &str) -> Result<(), Diagnostic> {
    let level = level.trim_matches(['"', '\'']);
    if level.is_empty() {
        return host.run_rust(":opt").result;
    }
    if !LEVELS.contains(&level) {
        return Err(failed(format!(
            "there is no optimisation level `{level}` (expected {})",
            LEVELS.join(", ")
        )));
    }
    // It is written into a manifest as it stands, where a letter is a text.
    let is_number = level.parse::<u8>().is_ok();
    let value = match is_number {
        true => level.to_owned(),
        false => format!("{level:?}"),
    };
    host.run_rust(&format!(":opt {value}")).result
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn types_lose_their_paths() {
        for (long, short) in [
            ("alloc::vec::Vec<alloc::string::String>", "Vec<String>"),
            ("&'static str", "&'static str"),
            (
                "(u8, std::collections::HashMap<u8, [i32; 3]>)",
                "(u8, HashMap<u8, [i32; 3]>)",
            ),
            ("fn(u8) -> std::io::Result<()>", "fn(u8) -> Result<()>"),
        ] {
            assert_eq!(short_type(long), short);
        }
    }

    #[test]
    fn wanted_cells_are_read() {
        let wanted = Wanted::read("-n 2 4-6 -g let x").unwrap();
        assert!(wanted.numbers);
        assert!(
            wanted.wants(5, "let x = 1")
                && !wanted.wants(3, "let x = 1")
                && !wanted.wants(2, "f()")
        );
        for (args, message) in [
            ("-q", "there is no option `-q`"),
            ("-l", "takes a number"),
            ("-g", "takes the text"),
            ("x-y", "`x-y` is no cell"),
        ] {
            let error = Wanted::read(args).unwrap_err();
            assert!(error.contains(message), "{error}");
        }
    }

    #[test]
    fn a_manifest_is_listed() {
        let manifest = "[package]\nname = \"x\"\n[dependencies]\ntokio = \"1\"\n\nregex = \"1\"\n";
        assert_eq!(dependencies(manifest), "regex = \"1\"\ntokio = \"1\"\n");
    }
}
