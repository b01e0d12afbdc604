//! Puts the runtime's calls in the place of what evcxr generates.
//!
//! evcxr's code prints its markers to stdout, where the user prints too. The changed code calls the runtime instead,
//! so no text that a cell prints can be taken for a marker. Each change stays on its line, so that positions hold.

use crate::evcxr_text::generated;

/// Where code is put in that runs before the cell's variables are taken out of the store.
const FIRST: &str = "/*first*/";
/// evcxr's text, and what stands in its place, on as many lines.
const CHANGES: [(&str, &str); 4] = [
    (generated::PANICKED, "    ::threadbook::abi::panicked();"),
    (
        generated::STORE_READY,
        "let evcxr_variable_store = unsafe {&mut *evcxr_variable_store}; /*first*/",
    ),
    (
        generated::SEND,
        "if let Err(error) = ::threadbook::abi::result(text)\n    {\n        eprintln!(\"Failed to send content to parent",
    ),
    // A value that is taken by reference finds what its type or a trait of the person's has for that before what the
    // runtime has for all values.
    (
        generated::DISPLAY,
        "\n).threadbook_by_reference().evcxr_display();\n",
    ),
];
/// What stands in the place of evcxr's lines that catch panics, above and below a call that gives whether there was none.
const CAUGHT: &str = "match {\n  {\n";
const CAUGHT_END: &str = "}} { \n  true => {}\n  false => {\n";
/// The runtime's types for errors, in the order of [`generated::ERROR_FORMATS`].
const ERROR_TYPES: [&str; 3] = ["DisplayedError", "DebugError", "PrettyDebugError"];
/// How the module with the store begins. What a cell links besides comes next.
const STORE: &str = "\nmod evcxr_internal_runtime {";
/// The end of the head of the function that is only checked. A cell may have a `Result` of its own.
const CHECKED: &str = "\n) -> ::core::result::Result<(), EvcxrUserCodeError> {/*shown*/\n";
/// Where that function needs in scope what shows values.
const SHOWN: &str = "/*shown*/";
/// How a line begins that checks the names of variables which the cell does not mention.
const CHECK_NAMES: &str = "vars_ok &= evcxr_variable_store.check_names(";

/// The line that checks whether variables are there, of whatever types. rustc takes one text for less than a list.
pub(crate) fn check_names(names: &[&str]) -> String {
    format!("{CHECK_NAMES}{:?});\n", names.join(" "))
}

/// The code that is only checked, without the lines that show rust-analyzer the cell's variables: rustc would complain
/// of those that end with the cell.
pub(crate) fn checked(source: &str) -> String {
    generated::without_analysed(source, CHECKED)
}

/// Changes what evcxr generated; the cell's own code stays as it is, on its lines.
///
/// `first` is run before the cell's variables are taken out of the store. `scope` is what brings into scope what shows
/// values, in code that is only checked.
pub fn put_calls(source: &str, first: &str, scope: &str) -> String {
    let mut changed = source.to_owned();
    for (from, to) in CHANGES {
        replace_last(&mut changed, from, to);
    }
    changed = changed.replacen(FIRST, first, 1);
    changed = changed.replacen(SHOWN, scope, 1);
    if let Some(start) = changed.rfind(generated::ERROR) {
        let formats = generated::ERROR_FORMATS.into_iter().zip(ERROR_TYPES);
        let mut shown = formats.filter(|(format, _)| changed[start..].contains(format));
        if let Some((_, error)) = shown.next() {
            let import = format!("use ::threadbook::abi::{error} as EvcxrUserCodeError;");
            replace_between(&mut changed, (generated::ERROR, generated::STORE), &import);
        }
    }
    let store = format!("{STORE} pub use ::threadbook::abi::store::*;\n");
    replace_between(
        &mut changed,
        (generated::STORE, generated::STORE_END),
        &store,
    );
    if let Some(place) = generated::statements(&changed) {
        // The runtime catches panics, which thus no cell compiles.
        let catches = changed.contains(generated::CATCH);
        let (prefix, end) = match catches {
            true => ("catch_", "\n}))\n"),
            false => ("", "\n}));\n"),
        };
        let call = if mentions_async(&changed) {
            "block_on"
        } else {
            "run"
        };
        replace_last(&mut changed, generated::CATCH_END, CAUGHT_END);
        replace_last(&mut changed, generated::ASYNC_END, end);
        changed.replace_range(place, "async {\n");
        let opening = format!("::threadbook::abi::{prefix}{call}(Box::pin(\n");
        replace_between(&mut changed, (generated::ASYNC, "async {\n"), &opening);
        replace_last(&mut changed, generated::CATCH, CAUGHT);
    }
    changed
}

/// Has changed code link a crate that it does not name, on a line that is there.
pub(crate) fn link(source: &str, name: &str) -> String {
    match source.rfind(STORE) {
        Some(start) => {
            let (before, after) = source.split_at(start + STORE.len());
            format!("{before} extern crate {name} as _;{after}")
        }
        None => source.to_owned(),
    }
}

/// Replaces a text where it stands last: evcxr's text comes after the cells' items, so that this is evcxr's own.
fn replace_last(source: &mut String, from: &str, to: &str) {
    if let Some(start) = source.rfind(from) {
        source.replace_range(start..start + from.len(), to);
    }
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
        let changed = put_calls(source, "", "");
        assert_eq!(changed.lines().count(), source.lines().count());
        assert!(changed.contains("fn user() { println!(\"EVCXR_PANIC_NOTIFICATION\"); }"));
        assert!(changed.contains("    ::threadbook::abi::panicked();"));
    }

    #[test]
    fn a_cell_is_run_by_the_runtime_and_lines_stay() {
        let source = "fn user() {}\nmod evcxr_internal_runtime {\npub struct VariableStore {\n}\n}\n#[unsafe(no_mangle)]\n\
                      pub extern \"C\" fn run_user_code_3(\nlet mut mutex =\nevcxr_variable_store.lazy_arc(\"evcxr_tokio_runtime\", ||\n\
                      std::sync::Mutex::new(tokio::runtime::Runtime::new().unwrap())); match\n\
                      mutex.lock() { Ok(guard) => guard, }\n.block_on(async {\n1 + 1;\n});\n";
        let changed = put_calls(source, "", "");
        assert_eq!(changed.lines().count(), source.lines().count());
        assert!(
            changed.contains("::threadbook::abi::run(Box::pin(\n"),
            "{changed}"
        );
        assert!(changed.contains("\nasync {\n1 + 1;\n}));\n"), "{changed}");
        assert!(!changed.contains("struct VariableStore"), "{changed}");
        let awaiting = put_calls(&source.replace("1 + 1;", "x.await;"), "", "");
        assert!(
            awaiting.contains("::threadbook::abi::block_on(Box::pin(\n"),
            "{awaiting}"
        );
        let catching = source.replace(
            "let mut mutex",
            &format!("{}let mut mutex", generated::CATCH),
        );
        let catching = format!(
            "{catching}{}    println!(\"EVCXR_PANIC_NOTIFICATION\");\n}}}}\n",
            generated::CATCH_END
        );
        let changed = put_calls(&catching, "", "");
        assert_eq!(changed.lines().count(), catching.lines().count());
        let ends = "\n1 + 1;\n}))\n}} { \n  true => {}\n  false => {\n    ::threadbook::abi::panicked();\n}}\n";
        assert!(
            changed.contains("match {\n  {\n::threadbook::abi::catch_run(Box::pin(\n")
                && changed.ends_with(ends),
            "{changed}"
        );
    }

    #[test]
    fn a_cell_links_a_crate_on_a_line_that_was_there() {
        let source = "fn f() {}\nmod evcxr_internal_runtime { pub use a::*;\n}\n";
        assert_eq!(
            link(source, "dependencies_1"),
            "fn f() {}\nmod evcxr_internal_runtime { extern crate dependencies_1 as _; pub use a::*;\n}\n"
        );
        assert_eq!(link("fn f() {}\n", "dependencies_1"), "fn f() {}\n");
    }

    #[test]
    fn a_value_is_asked_by_reference_how_it_is_shown() {
        let source = "let evcxr_variable_store = unsafe {&mut *evcxr_variable_store};\n(\nf(\"(1).evcxr_display();\")\n).evcxr_display();\n}\n";
        let changed = put_calls(source, "use a::B as _;", "");
        assert_eq!(changed.lines().count(), source.lines().count());
        assert!(changed.contains(
            "(\nf(\"(1).evcxr_display();\")\n).threadbook_by_reference().evcxr_display();\n"
        ));
        assert!(changed.contains("}; "), "{changed}");
        assert!(changed.contains(" use a::B as _;\n"), "{changed}");
    }

    #[test]
    fn errors_of_a_cell_are_the_runtimes_in_every_format() {
        for (format, error) in generated::ERROR_FORMATS.into_iter().zip(ERROR_TYPES) {
            let source = format!(
                "\n            struct EvcxrUserCodeError {{}}\n            impl<T> From<T> for EvcxrUserCodeError {{\n\
                 {format}\n}}\nmod evcxr_internal_runtime {{\n1;\n}}\n"
            );
            let changed = put_calls(&source, "", "");
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
