//! Compares what evcxr generates for cells of each shape with the text that the kernel was written for
//! (`tests/evcxr/`). Tests of the kernel's `evcxr_text` read the same files.

use std::fs;
use std::path::PathBuf;
use std::sync::Arc;

use threadbook_tests::cache::PrivateCache;
use threadbook_tests::kernel::Kernel;
use threadbook_tests::kernel::Setup;
use threadbook_tests::root;

/// If this variable is not empty, the test writes the files again.
const UPDATE: &str = "UPDATE_EVCXR_TEXT";

/// The names of the files, and the cells, which run in this order. At most one variable exists at a time, because evcxr
/// writes variables in any order.
const SHAPES: [(&str, &str); 15] = [
    ("value", "1 + 1"),
    ("nothing_but_a_statement", "println!(\"printed\");"),
    ("new_variable", "let numbers = vec![5_u8];"),
    ("variable_that_is_used", "numbers.len()"),
    ("variable_bound_again", "let mut numbers = vec![numbers];"),
    ("variable_that_is_changed", "numbers.push(Vec::new());"),
    ("variable_that_is_moved", "drop(numbers);"),
    ("item", "fn five() -> u8 { 5 }"),
    ("import", "use std::collections::BTreeSet;"),
    ("item_and_statement", "struct Unit;\ndrop(Unit);"),
    ("value_without_debug", "Unit"),
    ("await", "tokio::task::yield_now().await;"),
    ("question_mark", "\"5\".parse::<u8>()?;"),
    ("error_as_debug", ":efmt {:?}\n\"5\".parse::<u8>()?;"),
    ("only_checked", "let unknown = Default::default();"),
];

#[test]
fn evcxr_generates_what_the_kernel_expects() {
    let cache = Arc::new(PrivateCache::new().unwrap());
    let mut kernel = Kernel::start_with(&Setup {
        cache: Some(Arc::clone(&cache)),
        ..Setup::default()
    });
    let session = fs::read_dir(cache.sessions())
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .find(|path| path.join("src").is_dir())
        .unwrap();
    let mut differing = Vec::new();
    for (name, cell) in SHAPES {
        // This test ignores how the cell ends.
        kernel.run_unread(cell);
        let generated = fs::read_to_string(session.join("generated.rs")).unwrap();
        let generated = in_one_form(&generated);
        let file = golden(name);
        if std::env::var_os(UPDATE).is_some_and(|value| !value.is_empty()) {
            fs::create_dir_all(file.parent().unwrap()).unwrap();
            fs::write(&file, &generated).unwrap();
        }
        let expected = fs::read_to_string(&file).unwrap_or_default();
        if generated != expected {
            differing.push(format!(
                "{name}: expected\n{expected}\nfound\n{generated}\n"
            ));
        }
    }
    assert!(
        differing.is_empty(),
        "evcxr's text has changed (set `{UPDATE}` to write the files anew, and read their difference):\n{}",
        differing.join("\n")
    );
}

fn golden(name: &str) -> PathBuf {
    root().join("tests/evcxr").join(format!("{name}.rs"))
}

/// The text in a form that is the same in each run: the session's items are sorted, and the number of the cell is
/// replaced. The lines of evcxr's store are left out.
fn in_one_form(generated: &str) -> String {
    let mut lines: Vec<&str> = generated.lines().collect();
    let is_end_of_items = |line: &&str| {
        line.contains("struct EvcxrUserCodeError") || line.starts_with("#[unsafe(no_mangle)]")
    };
    let items = lines.iter().position(is_end_of_items).unwrap();
    lines[..items].sort_unstable();
    let starts = |start: &str| lines.iter().position(|line| line.starts_with(start));
    if let Some(store) = starts("mod evcxr_internal_runtime {")
        && let Some(end) = starts("#[unsafe(no_mangle)]")
    {
        lines.splice(store + 1..end - 1, ["// ..."]);
    }
    let numbered = |line: &&str| {
        let (before, rest) = line.split_once("run_user_code_")?;
        let rest = rest.trim_start_matches(|char: char| char.is_ascii_digit());
        Some(format!("{before}run_user_code_N{rest}"))
    };
    lines
        .iter()
        .map(|line| numbered(line).unwrap_or_else(|| (*line).to_owned()) + "\n")
        .collect()
}
