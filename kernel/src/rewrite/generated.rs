//! What evcxr 0.22 generates, and what is changed in it before rustc sees it.
//!
//! evcxr's code prints its markers to stdout, where the user prints too. The changed code calls the runtime instead,
//! so no text that a cell prints can be taken for a marker. Each change stays on its line, so that positions hold.

use std::env::consts::DLL_PREFIX;
use std::env::consts::DLL_SUFFIX;
use std::ops::Range;

/// The name of the crate that evcxr makes of a cell.
pub(crate) const CRATE: &str = "ctx";

/// How code names the runtime, which all code of a session does but that by which evcxr tries itself out.
pub(crate) const RUNTIME: &str = "use threadbook::";

/// Where code is put in that runs before the cell's variables are taken out of the store.
const FIRST: &str = "/*first*/";
/// evcxr's text, and what stands in its place, on as many lines.
const CHANGES: [(&str, &str); 3] = [
    (
        "    println!(\"EVCXR_PANIC_NOTIFICATION\");",
        "    ::threadbook::abi::panicked();",
    ),
    (
        "let evcxr_variable_store = unsafe {&mut *evcxr_variable_store};",
        "let evcxr_variable_store = unsafe {&mut *evcxr_variable_store}; /*first*/",
    ),
    (
        "if let Err(error) = try_send_text(text)\n    {\n        eprintln!(\"Failed to send content to parent",
        "if let Err(error) = ::threadbook::abi::result(text)\n    {\n        eprintln!(\"Failed to send content to parent",
    ),
];

/// The type that evcxr makes of an error with which `?` leaves the cell.
const ERROR: (&str, &str) = (
    "struct EvcxrUserCodeError {}\n",
    "\nmod evcxr_internal_runtime {",
);
/// How it shows the error, as `:efmt` sets it, and the runtime's type that does the same.
const ERROR_FORMATS: [(&str, &str); 3] = [
    ("eprintln!(\"{}\", error);", "DisplayedError"),
    ("eprintln!(\"{:?}\", error);", "DebugError"),
    ("eprintln!(\"{:#?}\", error);", "PrettyDebugError"),
];

/// The module that evcxr puts into every cell: where its variables are kept.
const STORE: (&str, &str) = (
    "mod evcxr_internal_runtime {\n",
    "\n}\n#[unsafe(no_mangle)]\npub extern \"C\" fn run_user_code_",
);
/// How evcxr runs a cell that awaits: on a runtime of its own, made in the cell's crate.
const ASYNC: (&str, &str) = (
    "let mut mutex =\nevcxr_variable_store.lazy_arc(\"evcxr_tokio_runtime\"",
    STATEMENTS,
);
/// How evcxr shows a cell's value, on a line of its own behind the value. A value that is taken by reference finds what
/// its type or a trait of the person's has for that before what the runtime has for all values.
const DISPLAY: (&str, &str) = (
    "\n).evcxr_display();\n",
    "\n).threadbook_by_reference().evcxr_display();\n",
);
/// The end of that, which is the last line of its kind.
const ASYNC_END: &str = "\n});\n";

/// How a line begins that puts a variable into the store, and what stands between its type and its name.
pub(crate) const PUT: &str = "evcxr_variable_store.put_variable::<";
const CHECK: &str = "vars_ok &= evcxr_variable_store.check_variable::<";
/// The same for variables that the cell does not mention, up to their names.
pub(crate) const CHECK_NAMES: &str = "vars_ok &= evcxr_variable_store.check_names(&";
const TAKE: &str = " = evcxr_variable_store.take_variable::<";
const NAME: &str = ">(stringify!(";
/// How a line begins that shows rust-analyzer a variable.
const ANALYSED: &str = "evcxr_variable_store(";
/// The end of the head of the function that is only checked, and what stands for it.
const ANALYSIS: (&str, &str) = (
    "\n) -> Result<(), EvcxrUserCodeError> {\n",
    "\n) -> ::core::result::Result<(), EvcxrUserCodeError> {/*shown*/\n",
);
/// Where that function needs in scope what shows values.
pub(crate) const SHOWN: &str = "/*shown*/";
/// What the person's statements begin behind, and what stands behind them and what they put into the store.
const STATEMENTS: &str = ".block_on(async {\n";
const STATEMENTS_END: &str = "Ok::<(), EvcxrUserCodeError>(())\n";
/// The end of the function that runs a cell.
const FUNCTION_END: &str = "evcxr_variable_store\n}\n";

/// Where in evcxr's text the parts lie that run a cell, in bytes.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Frame {
    /// The person's statements, and the lines that put the cell's new variables into the store.
    pub(crate) body: Range<usize>,
    /// The lines that put the variables of earlier cells back.
    pub(crate) old: Range<usize>,
}

impl Frame {
    /// Finds them; nothing in a text that runs no statements.
    pub(crate) fn find(source: &str) -> Option<Frame> {
        let start = statements(source)?.end;
        let end = start + source[start..].rfind(STATEMENTS_END)?;
        let old_end = end + source[end..].rfind(FUNCTION_END)?;
        let lines = source[end..old_end].split_inclusive('\n').rev();
        let old: usize = lines
            .take_while(|line| line.starts_with(PUT) || line.trim().is_empty())
            .map(str::len)
            .sum();
        Some(Frame {
            body: start..end,
            old: old_end - old..old_end,
        })
    }
}

/// The items of the session, in a text that runs statements.
pub(crate) fn items(source: &str) -> &str {
    items_end(source).map_or(source, |end| &source[..end])
}

/// Where the items of the session end, in a text that runs statements or has them analysed.
pub(crate) fn items_end(source: &str) -> Option<usize> {
    source.rfind(ERROR.0)
}

/// Where the line stands that the person's statements begin behind.
fn statements(source: &str) -> Option<Range<usize>> {
    let start = source.rfind(ASYNC.0)?;
    let at = start + source[start..].find(STATEMENTS)?;
    Some(at..at + STATEMENTS.len())
}

/// The type and the name of the variable that a line puts into the store.
pub(crate) fn put_of_line(line: &str) -> Option<(&str, &str)> {
    type_and_name(line.strip_prefix(PUT)?)
}

/// The type and the name of the variable that a line takes out of the store.
pub(crate) fn take_of_line(line: &str) -> Option<(&str, &str)> {
    let (_, rest) = line.strip_prefix("let ")?.split_once(TAKE)?;
    type_and_name(rest)
}

/// The type and the name of the variable that a line looks for in the store.
pub(crate) fn check_of_line(line: &str) -> Option<(&str, &str)> {
    type_and_name(line.strip_prefix(CHECK)?)
}

fn type_and_name(rest: &str) -> Option<(&str, &str)> {
    let (ty, rest) = rest.rsplit_once(NAME)?;
    let (name, _) = rest.split_once(')')?;
    Some((ty, name.trim_start_matches("r#")))
}

/// What evcxr writes around the statements where they may panic.
const CATCHING: [&str; 6] = [
    "match std::panic::catch_unwind(",
    "  std::panic::AssertUnwindSafe(||{",
    "})) { ",
    "  Ok(_) => {}",
    "  Err(_) => {",
    "}}",
];
/// How many of these lines stand above the statements.
pub(crate) const CATCHING_LINES: i64 = 2;

/// Whether the code that runs a cell catches its panics.
pub(crate) fn catches_panics(source: &str) -> bool {
    source.contains(&format!("\n{}\n", CATCHING[0]))
}

/// Whether a line is there for that alone.
pub(crate) fn is_about_catching(line: &str) -> bool {
    let line = line.trim_end_matches('\n');
    CATCHING.contains(&line) || line == CHANGES[0].0
}

/// The code that is only checked, without the lines that show rust-analyzer the cell's variables: rustc would complain
/// of those that end with the cell.
pub(crate) fn without_analysed(source: &str) -> String {
    let mut source = source.to_owned();
    // A cell may have a `Result` of its own.
    if let Some(start) = source.rfind(ANALYSIS.0) {
        source.replace_range(start..start + ANALYSIS.0.len(), ANALYSIS.1);
    }
    let lines = source.split_inclusive('\n');
    lines
        .map(|line| {
            if line.starts_with(ANALYSED) {
                "\n"
            } else {
                line
            }
        })
        .collect()
}

/// The name of the shared object that rustc makes of a cell.
pub(crate) fn object_file() -> String {
    format!("{DLL_PREFIX}{CRATE}{DLL_SUFFIX}")
}

/// Changes what evcxr generated; the cell's own code stays as it is, on its lines.
///
/// `first` is run before the cell's variables are taken out of the store.
pub fn rewrite(source: &str, first: &str) -> String {
    let mut changed = source.to_owned();
    for (from, to) in CHANGES {
        // evcxr's text comes after the cells' items, so that the last one is evcxr's own.
        if let Some(start) = changed.rfind(from) {
            changed.replace_range(start..start + from.len(), to);
        }
    }
    changed = changed.replacen(FIRST, first, 1);
    if let Some(start) = changed.rfind(DISPLAY.0) {
        changed.replace_range(start..start + DISPLAY.0.len(), DISPLAY.1);
    }
    if let Some(start) = changed.rfind(ERROR.0) {
        let is_shown_by = |(format, _): &(&str, &str)| changed[start..].contains(format);
        if let Some((_, error)) = ERROR_FORMATS.into_iter().find(is_shown_by) {
            let import = format!("use ::threadbook::abi::{error} as EvcxrUserCodeError;");
            replace_between(&mut changed, ERROR, &import);
        }
    }
    replace_between(
        &mut changed,
        STORE,
        "mod evcxr_internal_runtime { pub use ::threadbook::abi::store::*;\n",
    );
    if let Some(place) = statements(&changed) {
        let call = if mentions_async(&changed) {
            "block_on"
        } else {
            "run"
        };
        if let Some(end) = changed.rfind(ASYNC_END) {
            changed.replace_range(end..end + ASYNC_END.len(), "\n}));\n");
        }
        changed.replace_range(place, "async {\n");
        let opening = format!("::threadbook::abi::{call}(Box::pin(\n");
        replace_between(&mut changed, (ASYNC.0, "async {\n"), &opening);
    }
    changed
}

/// Replaces from the first text up to the second, which stays; the lines in between become empty ones.
fn replace_between(source: &mut String, (from, to): (&str, &str), with: &str) -> bool {
    let Some(start) = source.rfind(from) else {
        return false;
    };
    let Some(len) = source[start..].find(to) else {
        return false;
    };
    let lines = source[start..start + len].matches('\n').count() - with.matches('\n').count();
    source.replace_range(start..start + len, &format!("{with}{}", "\n".repeat(lines)));
    true
}

/// Whether any code could use tokio: evcxr's own mention of it aside.
fn mentions_async(source: &str) -> bool {
    let count = |word: &str| source.matches(word).count();
    // evcxr writes `tokio` twice and `async` once for a cell that runs as this one does.
    count("tokio") > 2 || count("async") > 1 || count(".await") > 0
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn markers_become_calls_and_lines_stay() {
        let source = "fn user() { println!(\"EVCXR_PANIC_NOTIFICATION\"); }\n\
                      if std::panic::catch_unwind(||{\n}).is_err() {\n    println!(\"EVCXR_PANIC_NOTIFICATION\");\n}\n";
        let changed = rewrite(source, "");
        assert_eq!(changed.lines().count(), source.lines().count());
        assert!(changed.contains("fn user() { println!(\"EVCXR_PANIC_NOTIFICATION\"); }"));
        assert!(changed.contains("    ::threadbook::abi::panicked();"));
    }

    #[test]
    fn a_cell_is_run_by_the_runtime_and_lines_stay() {
        let source = "fn user() {}\nmod evcxr_internal_runtime {\npub struct VariableStore {\n}\n}\n#[unsafe(no_mangle)]\n\
                      pub extern \"C\" fn run_user_code_3(\nlet mut mutex =\nevcxr_variable_store.lazy_arc(\"evcxr_tokio_runtime\", ||\n\
                      std::sync::Mutex::new(tokio::runtime::Runtime::new().unwrap())); match\n\
                      mutex.lock() { Ok(guard) => guard, }\n.block_on(async {\n1 + 1;\n});\n})) { \n";
        let changed = rewrite(source, "");
        assert_eq!(changed.lines().count(), source.lines().count());
        assert!(
            changed.contains("::threadbook::abi::run(Box::pin(\n"),
            "{changed}"
        );
        assert!(
            changed.contains("\nasync {\n1 + 1;\n}));\n})) { \n"),
            "{changed}"
        );
        assert!(!changed.contains("struct VariableStore"), "{changed}");
        let awaiting = rewrite(&source.replace("1 + 1;", "x.await;"), "");
        assert!(
            awaiting.contains("::threadbook::abi::block_on(Box::pin(\n"),
            "{awaiting}"
        );
    }

    #[test]
    fn a_value_is_asked_by_reference_how_it_is_shown() {
        let source = "let evcxr_variable_store = unsafe {&mut *evcxr_variable_store};\n(\nf(\"(1).evcxr_display();\")\n).evcxr_display();\n}\n";
        let changed = rewrite(source, "use a::B as _;");
        assert_eq!(changed.lines().count(), source.lines().count());
        assert!(changed.contains(
            "(\nf(\"(1).evcxr_display();\")\n).threadbook_by_reference().evcxr_display();\n"
        ));
        assert!(changed.contains("}; "), "{changed}");
        assert!(changed.contains(" use a::B as _;\n"), "{changed}");
    }

    #[test]
    fn errors_of_a_cell_are_the_runtimes_in_every_format() {
        for (format, error) in ERROR_FORMATS {
            let source = format!(
                "\n            struct EvcxrUserCodeError {{}}\n            impl<T> From<T> for EvcxrUserCodeError {{\n\
                 {format}\n}}\nmod evcxr_internal_runtime {{\n1;\n}}\n"
            );
            let changed = rewrite(&source, "");
            assert_eq!(changed.lines().count(), source.lines().count());
            assert!(
                changed.contains(&format!(
                    "use ::threadbook::abi::{error} as EvcxrUserCodeError;\n"
                )),
                "{changed}"
            );
            assert!(!changed.contains("impl<T>"), "{changed}");
        }
    }
}
