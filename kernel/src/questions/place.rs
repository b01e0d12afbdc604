//! What stands at a cursor, and what is completed there.

use super::Found;
use super::Known;
use super::arguments;
use super::dependency;
use super::files;
use super::files::Style;
use super::files::Which;
use super::registry::Registry;
use super::words;
use crate::cell::Expansion;
use crate::cell::Facts;
use crate::cell::Inside;
use crate::cell::RustAt;
use crate::cell::cell_magic;
use crate::cell::is_word;
use crate::cell::shell_line_at;
use crate::evaluator::Completions;
use crate::magics;

/// Functions and macros whose first argument is a path, as they stand before it.
const TAKE_PATHS: [&str; 26] = [
    "File::open",
    "File::create",
    "File::create_new",
    "fs::read",
    "fs::read_to_string",
    "fs::read_dir",
    "fs::write",
    "fs::copy",
    "fs::rename",
    "fs::metadata",
    "fs::exists",
    "fs::remove_file",
    "fs::remove_dir",
    "fs::remove_dir_all",
    "fs::create_dir",
    "fs::create_dir_all",
    "read_to_string",
    "Path::new",
    "PathBuf::from",
    ".open",
    "from_path",
    "current_dir",
    "set_current_dir",
    "include_str!",
    "include_bytes!",
    "include!",
];

/// Completions at a place of a cell, in bytes.
pub(crate) fn complete(code: &str, cursor: usize, known: &Known) -> Found {
    let mut start = 0;
    while let Some(magic) = cell_magic(&code[start..]) {
        let (args, body) = (start + magic.args_at, start + magic.body.start);
        // The line may be the last one, without an end.
        let is_in_line = cursor < body || !code[..body].ends_with('\n');
        if is_in_line && cursor >= args && start + magic.at + magic.name.len() < cursor {
            return magic_arguments(code, &magic.name, args, cursor, known);
        }
        if !is_in_line && !magics::takes_rust(&magic.name) {
            return Found::Whole(foreign(code, body, cursor, &magic.name, known));
        }
        if is_in_line {
            break;
        }
        start = body;
    }
    if let Some(found) = magics::complete(code, cursor) {
        return Found::Whole(found);
    }
    let line_start = code[..cursor].rfind('\n').map_or(0, |newline| newline + 1);
    let line = &code[line_start..cursor];
    if let Some(name) = line_magic(line) {
        let args = line_start + line.find(name).unwrap_or(0) + name.len();
        return magic_arguments(code, name, args, cursor, known);
    }
    if let Some(args) = line.trim_start().strip_prefix(":dep ") {
        let found = dependency::complete(args, cursor - args.len(), &Registry::find());
        return Found::Whole(found);
    }
    if let Some(shell) = shell_line_at(code, cursor, known) {
        return shell_files(code, shell, cursor, known);
    }
    rust(code, cursor, known)
}

/// The name of the magic whose arguments a line ends in.
fn line_magic(line: &str) -> Option<&str> {
    let text = line.trim_start();
    // `let files = %run x` too.
    let text = match text
        .strip_prefix("let ")
        .and_then(|text| text.split_once('='))
    {
        Some((_, value)) => value.trim_start(),
        None => text,
    };
    let name = text.strip_prefix('%')?;
    let len = name.find(|char| !is_word(char))?;
    (len > 0 && name[len..].starts_with(' ')).then_some(&name[..len])
}

fn magic_arguments(code: &str, name: &str, start: usize, cursor: usize, known: &Known) -> Found {
    let args = code.get(start..cursor).unwrap_or_default();
    let blanks = args.len() - args.trim_start().len();
    match arguments::complete(name, &args[blanks..], start + blanks, known) {
        Some(found) => Found::Whole(found),
        None => rust(code, cursor, known),
    }
}

/// In a cell of another language: files in a shell's, and words of the cell itself.
fn foreign(code: &str, body: usize, cursor: usize, magic: &str, known: &Known) -> Completions {
    let line_start = code[body..cursor]
        .rfind('\n')
        .map_or(body, |newline| body + newline + 1);
    let is_shell = ["bash", "sh", "script"].contains(&magic);
    if is_shell {
        let start = line_start + files::word_start(&code[line_start..cursor]);
        let found = files::complete(
            &code[..cursor],
            start,
            &known.folder(),
            Style::Shell,
            Which::All,
        );
        if !found.matches.is_empty() && start < cursor {
            return found;
        }
    }
    let mut found = words::complete(&code[body..], cursor - body, &Known::default());
    found.start_byte += body;
    found.end_byte += body;
    found
}

fn shell_files(code: &str, start: usize, cursor: usize, known: &Known) -> Found {
    let line = &code[start..cursor];
    // `{expr}` and `$name` are Rust's.
    let after_brace = line
        .rfind('{')
        .is_some_and(|open| !line[open..].contains('}'));
    let after_dollar = line[..words::word_start(line)].ends_with('$');
    let is_closed = code[cursor..]
        .lines()
        .next()
        .is_some_and(|rest| rest.contains('}'));
    if after_brace && is_closed {
        return rust(code, cursor, known);
    }
    if after_brace || after_dollar {
        return Found::Whole(words::complete(code, cursor, known));
    }
    let word = start + files::word_start(line);
    let mut found = files::complete(
        &code[..cursor],
        word,
        &known.folder(),
        Style::Shell,
        Which::All,
    );
    if code[..start].trim_end_matches('!').ends_with(['=', ' ']) && word == start {
        // Behind `let x =` it may still become Rust, as in `!flag`.
        let words = words::complete(code, cursor, known);
        if words.start_byte == found.start_byte {
            found.matches.splice(0..0, words.matches);
        }
    }
    Found::Whole(found)
}

impl Facts for Known {
    fn knows(&self, name: &str) -> bool {
        self.variables.iter().any(|(variable, _)| variable == name)
    }

    fn is_fallible(&self, _: &str) -> bool {
        false
    }

    fn expansion(&self, magic: &str) -> Option<Expansion> {
        magics::expansion(magic)
    }

    fn is_kernels(&self, magic: &str) -> bool {
        magics::line(magic).is_ok()
    }
}

fn rust(code: &str, cursor: usize, known: &Known) -> Found {
    let nothing = Completions {
        start_byte: cursor,
        end_byte: cursor,
        matches: Vec::new(),
    };
    let rust = RustAt::find(code, cursor);
    match Inside::end_of(&rust.text[..rust.cursor]) {
        Inside::Comment => Found::Whole(nothing),
        Inside::Text { start, is_raw } => {
            let style = if is_raw {
                Style::Plain
            } else {
                Style::RustString
            };
            let len = rust.cursor - start;
            let typed = code.get(cursor.saturating_sub(len)..cursor);
            let is_path = is_path_text(&rust.text[..start], &rust.text[start..rust.cursor]);
            if is_path && typed == Some(&rust.text[start..rust.cursor]) {
                let text = &code[..cursor];
                let found = files::complete(text, cursor - len, &known.folder(), style, Which::All);
                if !found.matches.is_empty() {
                    return Found::Whole(found);
                }
            }
            // In a format string, names stand behind a brace.
            match rust.text[start..rust.cursor].rfind('{') {
                Some(open) if !rust.text[start + open..rust.cursor].contains('}') => {
                    Found::Part(words::complete(code, cursor, known))
                }
                _ => Found::Whole(nothing),
            }
        }
        Inside::Code => Found::Part(words::complete(code, cursor, known)),
    }
}

/// Whether the text of a string is a path, by what it has and what stands before it.
fn is_path_text(before: &str, typed: &str) -> bool {
    if typed.contains('/') || typed.starts_with("..") {
        return true;
    }
    let call = before
        .trim_end_matches(['"', '#', 'r', 'b', 'c'])
        .trim_end();
    call.strip_suffix('(').is_some_and(|call| {
        TAKE_PATHS
            .iter()
            .any(|function| call.trim_end().ends_with(function))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn offered(code: &str, known: &Known) -> (bool, usize, Vec<String>) {
        let found = complete(code, code.len(), known);
        let is_whole = matches!(found, Found::Whole(_));
        let found = found.into_completions();
        let texts = found.matches.into_iter().map(|found| found.text);
        (is_whole, found.start_byte, texts.collect())
    }

    #[test]
    fn each_place_has_its_own_completions() {
        let folder = tempfile::tempdir().unwrap();
        std::fs::create_dir(folder.path().join("source")).unwrap();
        std::fs::write(folder.path().join("some.rs"), "").unwrap();
        let known = Known {
            variables: vec![("solution".to_owned(), "i32".to_owned())],
            folder: Some(folder.path().to_owned()),
            ..Known::default()
        };
        for (code, is_whole, expected) in [
            ("so", false, &["solution"][..]),
            ("!cat so", true, &["some.rs", "source/"]),
            ("let x = !cat so", true, &["some.rs", "source/"]),
            ("let x = 1;\n!!cat so", true, &["some.rs", "source/"]),
            ("!cat {so", true, &["solution"]),
            ("!cat $so", true, &["solution"]),
            ("%cd so", true, &["source/"]),
            ("let x = %run so", true, &["some.rs", "source/"]),
            ("%%writefile so", true, &["some.rs", "source/"]),
            ("%%writefile x.rs\nso", true, &[]),
            ("%%bash\nls so", true, &["some.rs", "source/"]),
            ("%%python\nsolve = 1\nso", true, &["solve"]),
            ("%%time\nso", false, &["solution"]),
            ("%time so", false, &["solution"]),
            ("%%timeit -n 2 so", false, &["solution"]),
            ("// so", true, &[]),
            ("\"so", true, &[]),
            ("\"./so", true, &["some.rs", "source/"]),
            ("std::fs::read(\"so", true, &["some.rs", "source/"]),
            ("Path::new(r\"so", true, &["some.rs", "source/"]),
            ("println!(\"{so", false, &["solution"]),
            ("println!(\"{}\", so", false, &["solution"]),
            ("!echo it's\nso", false, &["solution"]),
            (
                "let é = \"é\"; fs::read(\"so",
                true,
                &["some.rs", "source/"],
            ),
            ("%cd source\nfs::read(\"so", true, &["some.rs", "source/"]),
        ] {
            let (whole, start, texts) = offered(code, &known);
            assert_eq!(
                (whole, texts.as_slice()),
                (
                    is_whole,
                    expected
                        .iter()
                        .map(|text| (*text).to_owned())
                        .collect::<Vec<_>>()
                        .as_slice()
                ),
                "{code}"
            );
            let expected_start = code.rfind("so").filter(|_| !expected.is_empty());
            assert_eq!(start, expected_start.unwrap_or(code.len()), "{code}");
        }
    }

    #[test]
    fn strange_places_are_answered() {
        for code in [
            "",
            "%",
            "%%",
            "%%bash",
            "%%bash\n",
            "!",
            "\"",
            "'",
            "é",
            "%%time %%time\n%%bash\nx",
            ":dep",
            ":dep ",
            "let x = %",
            "%time %time ",
        ] {
            for (cursor, _) in code.char_indices().chain([(code.len(), ' ')]) {
                let found = complete(code, cursor, &Known::default()).into_completions();
                assert!(
                    found.start_byte <= found.end_byte && found.end_byte <= code.len(),
                    "{code}"
                );
            }
        }
    }
}
