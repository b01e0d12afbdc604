//! Rules that the compiler does not check: where names may be used, how long a file may be, what the documents must
//! contain.
//!
//! Each failure lists every place that breaks the rule, so that one run shows all of them.

use std::fs;
use std::path::Path;
use std::path::PathBuf;

use serde_json::Value;
use threadbook_kernel::env;
use threadbook_tests::modules::Modules;

/// A file should be split before it has this many lines.
const LINES_LIMIT: usize = 600;

/// The notebooks in this folder are for readers to solve; those in the folders below are the solutions.
const EXERCISES: &str = "notebooks/exercises/";

/// Folders without handwritten files.
const SKIPPED_FOLDERS: [&str; 5] = [
    "target",
    ".git",
    ".ipynb_checkpoints",
    "__pycache__",
    "node_modules",
];

/// Sleeps on which no order depends: the file, the number of sleeps, and the reason.
const SLEEPS: [(&str, usize, &str); 8] = [
    (
        "runtime/src/threads/join.rs",
        1,
        "std's handle can wake nobody that waits with a limit",
    ),
    (
        "runtime/src/worker/hooks.rs",
        1,
        "the definition of libc's own",
    ),
    (
        "runtime/src/worker_main.rs",
        1,
        "the definition of libc's own",
    ),
    (
        "kernel/src/cli/top.rs",
        1,
        "a share of processor time is that of the time between two looks; the view is renewed",
    ),
    (
        "kernel/jupyter/src/socket/bind.rs",
        2,
        "a socket that keeps failing would burn the processor",
    ),
    (
        "kernel/jupyter/src/socket/guard.rs",
        1,
        "out of file descriptors, trying at once would burn the processor",
    ),
    (
        "runtime/src/worker/live.rs",
        1,
        "text without a newline is written out now and then",
    ),
    (
        "runtime/src/worker/streams.rs",
        1,
        "the counter that is waited for can wake nobody; the order is the counter's",
    ),
];

#[test]
fn no_source_file_is_too_long() {
    let mut faults = Vec::new();
    for file in files(&["rs", "py", "mjs", "md"]) {
        let count = file.text.lines().count();
        if count > LINES_LIMIT {
            faults.push(format!(
                "{}: {count} lines, at most {LINES_LIMIT}",
                file.name
            ));
        }
    }
    report(&faults);
}

#[test]
fn only_the_evaluator_names_evcxr() {
    report(&lines_with("evcxr::", |name| {
        name == "kernel/src/evaluator/rust/engine.rs"
    }));
}

#[test]
fn what_evcxr_generates_is_known_in_one_place() {
    const WORDS: [&str; 5] = [
        "evcxr_variable_store",
        "evcxr_internal_runtime",
        "EvcxrUserCodeError",
        "run_user_code_",
        "EVCXR_",
    ];
    let may = |name: &str| {
        name.starts_with("kernel/src/evcxr_text/")
            // The replacements of evcxr's text use the same words.
            || ["kernel/src/rewrite/calls.rs", "runtime/src/wire/evcxr_lines.rs"].contains(&name)
    };
    let mut faults = Vec::new();
    for file in files(&["rs"]) {
        if may(&file.name) || !is_product(&file.name) || file.name.ends_with("/tests.rs") {
            continue;
        }
        let tests = file.text.lines().position(|line| line == "#[cfg(test)]");
        for (number, line) in
            code_lines(&file).take_while(|(number, _)| tests.is_none_or(|tests| *number <= tests))
        {
            let words = WORDS.iter().filter(|word| line.contains(*word));
            faults.extend(words.map(|word| format!("{}:{number}: `{word}`", file.name)));
        }
    }
    report(&faults);
}

#[test]
fn only_the_socket_folder_names_zeromq() {
    report(&lines_with("zeromq::", |name| {
        name.starts_with("kernel/jupyter/src/socket/")
    }));
}

#[test]
fn modules_import_each_other_in_no_circle() {
    let mut faults = Vec::new();
    for krate in ["kernel/src", "kernel/jupyter/src", "runtime/src"] {
        let modules = Modules::read(&root().join(krate)).unwrap();
        let circles = modules.circles().into_iter();
        faults.extend(circles.map(|circle| format!("{krate}: {circle}")));
    }
    report(&faults);
}

#[test]
fn the_kernel_process_and_the_stand_in_do_not_import_each_other() {
    let mut faults = lines_with("crate::standin", |name| {
        !name.starts_with("kernel/src/") || name.starts_with("kernel/src/standin/")
    });
    for word in ["crate::toolchain", "crate::evaluator", "crate::magics"] {
        faults.extend(lines_with(word, |name| {
            !["standin", "build", "rewrite"]
                .iter()
                .any(|folder| name.starts_with(&format!("kernel/src/{folder}/")))
        }));
    }
    report(&faults);
}

#[test]
fn changes_of_generated_text_do_no_io() {
    let mut faults = Vec::new();
    for word in ["std::fs", "std::io", "std::process", "crate::sys"] {
        faults.extend(lines_with(word, |name| {
            !name.starts_with("kernel/src/rewrite/")
        }));
    }
    report(&faults);
}

#[test]
fn messages_do_no_io() {
    let mut faults = Vec::new();
    for word in [
        "std::fs",
        "std::net",
        "std::process",
        "tokio::net",
        "File::",
    ] {
        faults.extend(lines_with(word, |name| {
            // The module that describes the connection file also reads it.
            !name.starts_with("kernel/jupyter/src/message/")
                || name == "kernel/jupyter/src/message/connection.rs"
        }));
    }
    report(&faults);
}

#[test]
fn no_order_rests_on_a_sleep() {
    let mut faults = Vec::new();
    for mut file in files(&["rs"]) {
        if !is_product(&file.name) {
            continue;
        }
        // A test of timers may sleep. Test modules are at the end of a file.
        if let Some(tests) = file.text.find("\n#[cfg(test)]\nmod tests {") {
            file.text.truncate(tests);
        }
        let found = code_lines(&file)
            .filter(|(_, line)| line.contains("sleep("))
            .count();
        let allowed = SLEEPS
            .iter()
            .find(|(name, _, _)| *name == file.name)
            .map_or(0, |(_, count, _)| *count);
        if found != allowed {
            faults.push(format!(
                "{}: {found} sleeps, the list in tests/tests/tidy.rs says {allowed}",
                file.name
            ));
        }
    }
    for (name, _, _) in SLEEPS {
        if !root().join(name).is_file() {
            faults.push(format!("{name}: is in the list of sleeps, but is no file"));
        }
    }
    report(&faults);
}

#[test]
fn every_variable_is_in_the_readme() {
    let readme = read(&root().join("README.md"));
    let faults: Vec<String> = env::OWN
        .iter()
        .filter(|name| !readme.contains(&format!("| `{name}` |")))
        .map(|name| format!("README.md: no row for `{name}` in the table of variables"))
        .collect();
    report(&faults);
}

#[test]
fn relative_links_lead_somewhere() {
    let mut faults = Vec::new();
    for file in files(&["md", "ipynb"]) {
        let folder = root().join(&file.name);
        let folder = folder.parent().unwrap_or(Path::new("."));
        let is_notebook = file.name.ends_with(".ipynb");
        let text = if is_notebook {
            prose(&file.text)
        } else {
            file.text
        };
        for target in links(&text) {
            let path = target.split('#').next().unwrap_or_default();
            let is_elsewhere = target.contains("://") || target.starts_with("mailto:");
            if !is_elsewhere && !path.is_empty() && !folder.join(path).exists() {
                faults.push(format!("{}: `{target}` leads nowhere", file.name));
            }
        }
    }
    report(&faults);
}

#[test]
fn nothing_is_left_from_the_workbench() {
    // The words are assembled here: otherwise this file would break its own rule.
    let words = [
        concat!("FIX", "ME"),
        concat!("XX", "X "),
        concat!("TO", "DO"),
        concat!("to", "do!("),
        concat!("unimple", "mented!("),
    ];
    let paths = [concat!("/ro", "ot/"), concat!("/wo", "rk/")];
    let mut faults = Vec::new();
    for file in files(&["rs", "py", "mjs", "md", "toml", "ipynb", "yml", "run"]) {
        for (number, line) in file.text.lines().enumerate() {
            for word in words {
                if line.contains(word) {
                    faults.push(format!("{}:{}: `{word}`", file.name, number + 1));
                }
            }
            for path in paths {
                // `a/work/b` inside a longer path is not a private folder.
                let names_path = line.match_indices(path).any(|(at, _)| {
                    !line[..at].ends_with(|before: char| {
                        before.is_alphanumeric() || matches!(before, '.' | '_' | '-' | '}' | '~')
                    })
                });
                if names_path {
                    faults.push(format!("{}:{}: `{path}`", file.name, number + 1));
                }
            }
        }
        // The runtime defines a macro of that name for cells, and tests have cells that use it.
        if is_product(&file.name) && file.name != "runtime/src/printing.rs" {
            let word = concat!("db", "g!(");
            for (number, line) in code_lines(&file) {
                if line.contains(word) {
                    faults.push(format!("{}:{number}: `{word}`", file.name));
                }
            }
        }
    }
    report(&faults);
}

#[test]
fn notebooks_were_run_and_fail_only_where_they_say() {
    let notebooks = files(&["ipynb"]);
    assert!(!notebooks.is_empty(), "there is no notebook");
    let mut faults = Vec::new();
    for file in notebooks {
        match serde_json::from_str::<Value>(&file.text) {
            Ok(notebook) => check_notebook(&file.name, &notebook, &mut faults),
            Err(error) => faults.push(format!("{}: {error}", file.name)),
        }
    }
    report(&faults);
}

fn check_notebook(name: &str, notebook: &Value, faults: &mut Vec<String>) {
    if notebook["metadata"]["kernelspec"]["name"] != "threadbook" {
        faults.push(format!("{name}: the kernelspec is not `threadbook`"));
    }
    let Some(cells) = notebook["cells"].as_array() else {
        faults.push(format!("{name}: no list of cells"));
        return;
    };
    let is_exercise = name.starts_with(EXERCISES) && !name[EXERCISES.len()..].contains('/');
    let mut shown = 0;
    for (index, cell) in cells.iter().enumerate() {
        let place = format!("{name}, cell {index} (from 0)");
        if !cell["id"].is_string() {
            faults.push(format!("{place}: no id"));
        }
        if cell["cell_type"] != "code" {
            continue;
        }
        let outputs = cell["outputs"].as_array().map_or(&[][..], Vec::as_slice);
        shown += outputs.len();
        let fails = outputs
            .iter()
            .any(|output| output["output_type"] == "error");
        let may_fail = has_tag(cell, "raises-exception");
        if fails != may_fail {
            faults.push(format!(
                "{place}: an error is among the outputs: {fails}; tagged `raises-exception`: {may_fail}"
            ));
        }
        let is_run = cell["execution_count"].is_number();
        if is_exercise && is_run {
            faults.push(format!("{place}: was run, and is for the reader to run"));
        }
        if !is_exercise && !is_run && !has_tag(cell, "skip-execution") {
            faults.push(format!("{place}: was not run"));
        }
    }
    if shown == 0 && !is_exercise {
        faults.push(format!("{name}: no outputs"));
    }
}

fn has_tag(cell: &Value, tag: &str) -> bool {
    cell["metadata"]["tags"]
        .as_array()
        .is_some_and(|tags| tags.iter().any(|name| name == tag))
}

/// A file of the repository, named by its path from the top with `/` between parts.
struct SourceFile {
    name: String,
    text: String,
}

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..")
}

/// Files with these extensions, or with these names if they have no extension.
fn files(endings: &[&str]) -> Vec<SourceFile> {
    let mut found = Vec::new();
    collect(&root(), String::new(), endings, &mut found);
    found.sort_by(|left, right| left.name.cmp(&right.name));
    assert!(!found.is_empty(), "no files that end in {endings:?}");
    found
}

fn collect(folder: &Path, prefix: String, endings: &[&str], found: &mut Vec<SourceFile>) {
    let entries = fs::read_dir(folder)
        .unwrap_or_else(|error| panic!("can't list `{}`: {error}", folder.display()));
    for entry in entries {
        let entry = entry.unwrap_or_else(|error| panic!("in `{}`: {error}", folder.display()));
        let file_name = entry.file_name();
        let Some(file_name) = file_name.to_str() else {
            continue;
        };
        let path = entry.path();
        let name = format!("{prefix}{file_name}");
        // Links are not followed, because they may lead out of the repository.
        if path.is_symlink() {
            continue;
        }
        if path.is_dir() {
            if !SKIPPED_FOLDERS.contains(&file_name) {
                collect(&path, format!("{name}/"), endings, found);
            }
            continue;
        }
        let extension = path.extension().and_then(|extension| extension.to_str());
        if endings.contains(&extension.unwrap_or(file_name)) {
            let text = read(&path);
            found.push(SourceFile { name, text });
        }
    }
}

fn read(path: &Path) -> String {
    fs::read_to_string(path)
        .unwrap_or_else(|error| panic!("can't read `{}`: {error}", path.display()))
}

/// Lines of Rust code that contain a word, in files where it is not allowed. Comments may contain it.
fn lines_with(word: &str, may: impl Fn(&str) -> bool) -> Vec<String> {
    let mut faults = Vec::new();
    for file in files(&["rs"]) {
        // The rules themselves name the forbidden words.
        if may(&file.name) || !is_product(&file.name) {
            continue;
        }
        for (number, line) in code_lines(&file) {
            if line.contains(word) {
                faults.push(format!("{}:{number}: `{word}`", file.name));
            }
        }
    }
    faults
}

/// Whether a file is part of what users run, not of the tests.
fn is_product(name: &str) -> bool {
    name.starts_with("kernel/src/") || name.starts_with("runtime/src/")
}

/// Lines with their numbers, without comments.
fn code_lines(file: &SourceFile) -> impl Iterator<Item = (usize, &str)> {
    file.text
        .lines()
        .enumerate()
        .map(|(index, line)| (index + 1, line))
        .filter(|(_, line)| !line.trim_start().starts_with("//"))
}

/// The Markdown of a notebook.
fn prose(notebook: &str) -> String {
    // Another test reports files that are not notebooks.
    let notebook: Value = serde_json::from_str(notebook).unwrap_or_default();
    let cells = notebook["cells"].as_array().cloned().unwrap_or_default();
    let prose = cells.iter().filter(|cell| cell["cell_type"] == "markdown");
    let texts = prose.map(|cell| match &cell["source"] {
        Value::Array(lines) => lines.iter().filter_map(Value::as_str).collect(),
        source => source.as_str().unwrap_or_default().to_owned(),
    });
    texts.collect::<Vec<String>>().join("\n")
}

/// The targets of `[text](target)` in Markdown, outside of code.
fn links(text: &str) -> Vec<&str> {
    let mut targets = Vec::new();
    let mut fenced = false;
    for line in text.lines() {
        if line.trim_start().starts_with("```") {
            fenced = !fenced;
        }
        if fenced || line.starts_with("    ") {
            continue;
        }
        for (at, _) in line.match_indices("](") {
            let rest = &line[at + 2..];
            if let Some(end) = rest.find(')') {
                targets.push(rest[..end].split(' ').next().unwrap_or_default());
            }
        }
    }
    targets
}

fn report(faults: &[String]) {
    assert!(faults.is_empty(), "\n{}\n", faults.join("\n"));
}
