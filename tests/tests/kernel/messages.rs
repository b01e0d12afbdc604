//! rustc's messages about a cell show its lines as they were written, and nothing of the code around them.

use threadbook_tests::kernel::Failure;
use threadbook_tests::kernel::Kernel;
use threadbook_tests::kernel::Lease;

/// Runs a cell that does not compile. Asserts that its error names nothing of the code around the cell.
#[track_caller]
fn wrong(kernel: &mut Lease, code: &str) -> (u64, Failure) {
    let ran = kernel.run(code);
    let count = ran.count();
    let failure = ran.failed("CompileError");
    for name in [
        "src/lib.rs",
        "evcxr",
        "Evcxr",
        "runtime/src",
        "abi",
        "DisplayedError",
        "put_variable",
        "run_user_code",
        "serde_core",
    ] {
        assert!(!failure.traceback.contains(name), "{name} in {failure:#?}");
    }
    (count, failure)
}

#[test]
fn an_error_in_a_macro_of_std_is_at_its_call() {
    let mut kernel = Kernel::lease();
    for (code, place, words) in [
        (
            "let mut messages_s = String::new();\nmessages_s.push_str(format!(\"x\"));",
            "line 2, column 21",
            "expected `&str`, found `String`",
        ),
        (
            "assert_eq!(1, \"a\")",
            "line 1, column 1",
            "no implementation for `{integer} == &str`",
        ),
        (
            "let messages_t: &str = format!(\"x\");",
            "line 1, column 24",
            "expected `&str`, found `String`",
        ),
        (
            "let messages_v: Vec<u8> = vec![\"a\"];",
            "line 1, column 32",
            "expected `u8`, found `&str`",
        ),
    ] {
        let (count, failure) = wrong(&mut kernel, code);
        let place = format!("cell {count}, {place}");
        assert!(failure.evalue.contains(&place), "{failure:#?}");
        failure.says(&[words, code.lines().last().unwrap()]);
    }
}

#[test]
fn an_error_in_a_macro_of_the_persons_own_is_there_and_names_the_call() {
    let mut kernel = Kernel::lease();
    let defined = kernel
        .run("macro_rules! messages_number { ($a:expr) => { { let n: u8 = \"no\"; n + $a } } }");
    let place = format!("cell {}, line 1, column 61", defined.count());
    defined.nothing();
    let (count, failure) = wrong(&mut kernel, "let messages_n =\n  messages_number!(1);");
    failure.says(&[
        &place,
        "in this macro invocation",
        &format!("::: cell {count}, line 2, column 3"),
        "2 |   messages_number!(1);",
    ]);
}

#[test]
fn of_two_equal_lines_the_right_one_is_named() {
    let mut kernel = Kernel::lease();
    let (count, failure) = wrong(
        &mut kernel,
        "let t = String::new();\nprintln!(\"{}\", t.len());\ndrop(t);\nprintln!(\"{}\", t.len());",
    );
    let place = format!("cell {count}, line 4, column 16");
    assert!(failure.evalue.contains(&place), "{failure:#?}");
    let numbers: Vec<&str> = failure
        .traceback
        .lines()
        .filter_map(|line| line.split_once(" | "))
        .map(|(number, _)| number.trim())
        .filter(|number| !number.is_empty())
        .collect();
    assert_eq!(numbers[..4], ["1", "2", "3", "4"], "{failure:#?}");
}

#[test]
fn lines_of_other_cells_are_shown_as_theirs() {
    let mut kernel = Kernel::lease();
    let defined =
        kernel.run("\nstatic MESSAGES_C: std::sync::Mutex<u8> = std::sync::Mutex::new(0);");
    let other = defined.count();
    defined.nothing();
    let (count, failure) = wrong(
        &mut kernel,
        "println!(\"one\");\nstd::mem::drop(MESSAGES_C);",
    );
    assert!(
        failure
            .evalue
            .contains(&format!("cell {count}, line 2, column 16")),
        "{failure:#?}"
    );
    let (_, failure) = wrong(
        &mut kernel,
        "fn messages_f() { messages_g(MESSAGES_C) }\nfn messages_g(n: u8) {}",
    );
    failure.says(&["1 | fn messages_f()", "2 | fn messages_g(n: u8) {}"]);
    kernel
        .run("fn messages_h(n: u8) -> &'static str { \"\" }")
        .warnings();
    let (_, failure) = wrong(&mut kernel, "messages_h(MESSAGES_C)");
    failure.says(&["note: function defined here"]);
    let (_, failure) = wrong(
        &mut kernel,
        "impl Drop for MessagesNone { fn drop(&mut self) {} }\nstruct MESSAGES_C;",
    );
    assert!(!failure.traceback.contains(&format!("cell {other}, line 1")));
}

#[test]
fn imports_are_shown_as_they_were_written() {
    let mut kernel = Kernel::lease();
    let (count, failure) = wrong(
        &mut kernel,
        "use std::{fmt, collections::{HashMap,\n    HashSett as Set}};",
    );
    let place = format!("cell {count}, line 2, column 5");
    assert!(failure.evalue.contains(&place), "{failure:#?}");
    failure.says(&["2 |     HashSett as Set}};", "2 +     HashSet as Set}};"]);
    let (count, failure) = wrong(&mut kernel, "use messages_no::a::{B, C};");
    let place = format!("cell {count}, line 1, column 5");
    assert!(failure.evalue.contains(&place), "{failure:#?}");
    let failure = failure.says(&[
        "1 | use messages_no::a::{B, C};",
        "    ^^^^^^^^^^^ ",
        "`:dep messages_no = \"*\"`",
    ]);
    assert_eq!(failure.traceback.matches("error[").count(), 1);
    assert!(!failure.traceback.contains("cargo add"), "{failure:#?}");
}

#[test]
fn a_preloaded_crate_that_makes_a_type_ambiguous_is_named() {
    let mut kernel = Kernel::lease();
    for code in [
        "let messages_n = 5;\nif messages_n == \"5\".parse().unwrap() {}",
        "let messages_e: Vec<i32> = vec![];\nassert_eq!(messages_e, &[][..]);",
    ] {
        let (count, failure) = wrong(&mut kernel, code);
        assert!(
            failure.evalue.contains(&format!("cell {count}, line 2")),
            "{failure:#?}"
        );
        failure.says(&["help: `serde_json` is there in each cell without a `:dep`"]);
    }
}

#[test]
fn an_error_that_cannot_leave_a_cell_names_nothing_of_the_kernels() {
    let mut kernel = Kernel::lease();
    let (_, failure) = wrong(
        &mut kernel,
        "std::thread::spawn(|| panic!(\"boom\")).join()?;",
    );
    failure.says(&["^ the trait `std::fmt::Display` is not implemented for `dyn Any + Send`"]);
    let (_, failure) = wrong(
        &mut kernel,
        "let messages_u: u32 = \"7\".parse().map_err(Into::into)?;",
    );
    assert_eq!(
        failure.traceback.matches("error[").count(),
        1,
        "{failure:#?}"
    );
}
