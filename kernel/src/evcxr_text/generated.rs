//! The code that evcxr 0.22 generates for a cell: its parts, and how they are found.

use std::env::consts::DLL_PREFIX;
use std::env::consts::DLL_SUFFIX;
use std::ops::Range;

/// The name of the crate that evcxr makes of a cell.
pub(crate) const CRATE: &str = "ctx";
/// How the name of the function begins that runs a cell; the cell's number follows.
pub(crate) const FUNCTION: &str = "run_user_code_";

/// The type that evcxr makes of an error with which `?` leaves the cell. The items of the session stand before it.
pub(crate) const ERROR: &str = "struct EvcxrUserCodeError {}\n";
/// How it shows the error: as `:efmt` sets it, with `Display`, `Debug` or pretty `Debug`.
pub(crate) const ERROR_FORMATS: [&str; 3] = [
    "eprintln!(\"{}\", error);",
    "eprintln!(\"{:?}\", error);",
    "eprintln!(\"{:#?}\", error);",
];
/// The module that evcxr puts into every cell, where its variables are kept, and what follows its last line.
pub(crate) const STORE: &str = "\nmod evcxr_internal_runtime {\n";
pub(crate) const STORE_END: &str = "\n}\n#[unsafe(no_mangle)]\npub extern \"C\" fn run_user_code_";
/// Where the cell's function has the store at hand, before it takes variables out of it.
pub(crate) const STORE_READY: &str =
    "let evcxr_variable_store = unsafe {&mut *evcxr_variable_store};";
/// The lines around those that look for the variables of earlier cells.
pub(super) const CHECKS: &str = "{let mut vars_ok = true;";
pub(super) const CHECKS_END: &str = "if !vars_ok {return evcxr_variable_store;}}";
/// How a line begins that puts a variable into the store, looks for one, or takes one out, and what stands between its
/// type and its name.
pub(crate) const PUT: &str = "evcxr_variable_store.put_variable::<";
const CHECK: &str = "vars_ok &= evcxr_variable_store.check_variable::<";
const TAKE: &str = " = evcxr_variable_store.take_variable::<";
const NAME: &str = ">(stringify!(";
/// How evcxr runs a cell that awaits: on a runtime of its own, made in the cell's crate.
pub(crate) const ASYNC: &str =
    "let mut mutex =\nevcxr_variable_store.lazy_arc(\"evcxr_tokio_runtime\"";
/// The end of that, which is the last line of its kind.
pub(crate) const ASYNC_END: &str = "\n});\n";
/// What the person's statements begin behind, and what stands behind them and what they put into the store.
const STATEMENTS: &str = ".block_on(async {\n";
pub(super) const STATEMENTS_END: &str = "Ok::<(), EvcxrUserCodeError>(())\n";
/// How evcxr shows a cell's value, on a line of its own behind the value.
pub(crate) const DISPLAY: &str = "\n).evcxr_display();\n";
/// The same for a value that can't be shown in this way: its text is sent.
pub(crate) const SEND: &str = "if let Err(error) = try_send_text(text)\n    {\n        eprintln!(\"Failed to send content to parent";
/// How evcxr learns that the cell has panicked.
pub(crate) const PANICKED: &str = "    println!(\"EVCXR_PANIC_NOTIFICATION\");";
/// The end of the function that runs a cell.
pub(super) const FUNCTION_END: &str = "evcxr_variable_store\n}\n";
/// The end of a text that defines items and runs nothing.
pub(super) const ITEMS_ONLY: &str =
    "mut x: *mut std::os::raw::c_void) -> *mut std::os::raw::c_void {x}\n";

/// The function that is only checked, the end of its head, and how a line of it begins that shows rust-analyzer a variable.
pub(super) const ANALYSED_FUNCTION: &str = "\nasync fn evcxr_analysis_wrapper(\n";
pub(super) const ANALYSIS: &str = "\n) -> Result<(), EvcxrUserCodeError> {\n";
const ANALYSED: &str = "evcxr_variable_store(";

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
    source.rfind(ERROR)
}

/// Where the line stands that the person's statements begin behind.
pub(crate) fn statements(source: &str) -> Option<Range<usize>> {
    let start = source.rfind(ASYNC)?;
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
pub(super) const CATCHING: [&str; 6] = [
    "match std::panic::catch_unwind(",
    "  std::panic::AssertUnwindSafe(||{",
    "})) { ",
    "  Ok(_) => {}",
    "  Err(_) => {",
    "}}",
];
/// The same as it stands in the text: what is above the statements, and what is below them.
pub(crate) const CATCH: &str =
    "match std::panic::catch_unwind(\n  std::panic::AssertUnwindSafe(||{\n";
pub(crate) const CATCH_END: &str = "})) { \n  Ok(_) => {}\n  Err(_) => {\n";
/// How many of these lines stand above the statements.
pub(crate) const CATCHING_LINES: i64 = 2;

/// Whether the code that runs a cell catches its panics.
pub(crate) fn catches_panics(source: &str) -> bool {
    source.contains(&format!("\n{}\n", CATCHING[0]))
}

/// Whether a line is there for that alone.
pub(crate) fn is_about_catching(line: &str) -> bool {
    let line = line.trim_end_matches('\n');
    CATCHING.contains(&line) || line == PANICKED
}

/// The code that is only checked, without the lines that show rust-analyzer the cell's variables: rustc would complain
/// of those that end with the cell.
pub(crate) fn without_analysed(source: &str, with: &str) -> String {
    let mut source = source.to_owned();
    // A cell may have a `Result` of its own.
    if let Some(start) = source.rfind(ANALYSIS) {
        source.replace_range(start..start + ANALYSIS.len(), with);
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

/// Whether a file holds an object of a cell, as rustc or evcxr names it.
pub(crate) fn is_object_of_cell(name: &str) -> bool {
    let of_evcxr = name.strip_prefix(DLL_PREFIX);
    of_evcxr.is_some_and(|name| name.starts_with("code_"))
        || [format!("lib{CRATE}"), format!("{CRATE}.")]
            .iter()
            .any(|start| name.starts_with(start))
}
