//! The failure of a cell is visible to the person and to `nbconvert`.

use serde_json::json;
use threadbook_tests::kernel::Kernel;
use threadbook_tests::kernel::Lease;

#[test]
fn a_panic_is_an_error_with_its_place() {
    let mut kernel = Kernel::lease();
    let ran = kernel.run("let errors_a = 1;\n  assert_eq!(errors_a, 2, \"not {}\", 2);");
    let place = format!("cell {}, line 2, column 3", ran.count());
    let failure = ran.failed("Panic");
    assert!(failure.evalue.contains("not 2"), "{failure:#?}");
    failure.says(&["assertion `left == right` failed", &place]);
}

#[test]
fn a_panic_inside_std_blames_the_cell() {
    let mut kernel = Kernel::lease();
    let ran = kernel.run("println!(\"before\");\nNone::<i32>.unwrap();");
    let place = format!("cell {}, line 2, column 13", ran.count());
    assert_eq!(ran.stdout(), "before\n");
    ran.failed("Panic")
        .says(&["called `Option::unwrap()` on a `None` value", &place]);
}

#[test]
fn a_panic_in_a_function_of_an_earlier_cell_names_that_cell() {
    let mut kernel = Kernel::lease();
    let defined = kernel.run(
        "fn errors_thrower(n: u32) -> u32 {\n    if n > 2 { panic!(\"too large\") }\n    n\n}",
    );
    let place = format!("cell {}, line 2, column 16", defined.count());
    defined.nothing();
    kernel.run("errors_thrower(1)").resulted("1");
    kernel
        .run("let errors_b = errors_thrower(3);")
        .failed("Panic")
        .says(&["too large", &place]);
}

#[test]
fn variables_survive_a_panic() {
    let mut kernel = Kernel::lease();
    kernel.run("let errors_kept = vec![1, 2];").nothing();
    kernel.run("let errors_made = 5; let errors_sum: i32 = errors_kept.iter().sum(); panic!(\"{errors_sum}\")")
        .failed("Panic");
    kernel.run("errors_kept").resulted("[1, 2]");
}

#[test]
fn a_question_mark_that_leaves_the_cell_is_an_error() {
    let mut kernel = Kernel::lease();
    let ran = kernel.run(
        "println!(\"on\");\nlet errors_n: i32 = \"x\".parse::<i32>()?;\nprintln!(\"not reached\");",
    );
    let place = format!("cell {}, line 2, column", ran.count());
    assert_eq!(ran.stdout(), "on\n");
    let failure = ran.failed("ReturnedError");
    assert!(
        failure.evalue.contains("invalid digit found in string"),
        "{failure:#?}"
    );
    failure.says(&["ParseIntError", &place]);
    kernel
        .run("let errors_n: i32 = \"7\".parse::<i32>()?; errors_n")
        .resulted("7");
}

#[test]
fn an_error_is_shown_in_the_format_that_was_chosen() {
    let mut kernel = Kernel::start();
    let mut wrong = |format: &str| {
        if !format.is_empty() {
            assert!(kernel.run(format).result().starts_with("Error format: "));
        }
        let failure = kernel.run("\"x\".parse::<u8>()?;").failed("ReturnedError");
        failure.says(&["ParseIntError"]).evalue
    };
    assert!(wrong("").starts_with("invalid digit found in string (cell 1,"));
    assert!(wrong(":efmt {:?}").starts_with("ParseIntError { kind: InvalidDigit } (cell 3,"));
    assert!(
        wrong(":efmt {:#?}").starts_with("ParseIntError {\n    kind: InvalidDigit,\n} (cell 5,")
    );
}

#[test]
fn a_compile_error_has_its_place_its_help_and_its_colour() {
    let mut kernel = Kernel::lease();
    let ran = kernel.run("let errors_length = 1;\nprintln!(\"{}\", errors_lenght);");
    let place = format!("cell {}, line 2, column 16", ran.count());
    let failure = ran
        .failed("CompileError")
        .says(&[&place, "help", "errors_length"]);
    assert!(
        failure.evalue.contains("cannot find value `errors_lenght`"),
        "{failure:#?}"
    );
    assert!(failure.coloured.contains("\x1b["), "{failure:#?}");
    no_generated_names(&failure.traceback);
}

#[test]
fn several_compile_errors_are_one_message() {
    let mut kernel = Kernel::lease();
    let ran = kernel.run("let errors_s: String = 5;\nlet errors_t: u8 = \"\";\nerrors_nowhere();");
    let count = ran.count();
    let failure = ran.failed("CompileError");
    for line in 1..=3 {
        assert!(
            failure
                .traceback
                .contains(&format!("cell {count}, line {line}, column")),
            "{failure:#?}"
        );
    }
    no_generated_names(&failure.traceback);
}

#[test]
fn the_column_of_a_second_statement_on_a_line_is_right() {
    let mut kernel = Kernel::lease();
    let ran = kernel.run("let errors_é = 1; let errors_c: String = 5;");
    let place = format!("cell {}, line 1, column 42", ran.count());
    ran.failed("CompileError").says(&[&place]);
    let ran = kernel.run("let errors_d = 1; panic!(\"here\");");
    let place = format!("cell {}, line 1, column 19", ran.count());
    ran.failed("Panic").says(&[&place]);
}

#[test]
fn the_place_is_right_in_what_the_kernel_wraps() {
    let mut kernel = Kernel::lease();
    for (code, line, mark) in [
        ("use nosuch::*;", "line 1, column 5", "    ^^^^^^"),
        (
            "let e = 1; use std::nosuch as _;",
            "line 1, column 16",
            "               ^^^^^^^^^^^^^^^^",
        ),
        (
            "use std::io::{self,\n  nosuch::*};",
            "line 2, column 3",
            "  ^^^^^^",
        ),
        (
            "thread_local! { static ERRORS_T: Nope = 1; }",
            "line 1, column 34",
            "                                 ^^^^",
        ),
    ] {
        let failure = kernel.run(code).failed("CompileError");
        let text = failure.traceback;
        assert!(text.contains(line), "{text}");
        let marked = |line: &str| {
            let after = line.trim_start().strip_prefix("| ");
            after.is_some_and(|line| line.starts_with(mark))
        };
        assert!(text.lines().any(marked), "{text}");
        no_generated_names(&text);
    }
}

#[test]
fn a_compile_error_about_an_item_of_an_earlier_cell_names_that_cell() {
    let mut kernel = Kernel::lease();
    let defined =
        kernel.run("let errors_e = 1;\nfn errors_callee(text: &str) -> usize { text.len() }");
    let place = format!("cell {}, line 2, column 4", defined.count());
    defined.nothing();
    let ran = kernel.run("let errors_f = 1;\n\nerrors_callee(3)");
    let own = format!("cell {}, line 3, column 15", ran.count());
    let failure = ran.failed("CompileError").says(&[&place, &own]);
    no_generated_names(&failure.traceback);
}

#[test]
fn a_borrow_error_shows_both_places() {
    let mut kernel = Kernel::lease();
    let ran = kernel
        .run("let errors_v = vec![1];\nlet errors_w = errors_v;\nprintln!(\"{:?}\", errors_v);");
    let failure = ran
        .failed("CompileError")
        .says(&["borrow of moved value", "value moved here"]);
    no_generated_names(&failure.traceback);
}

#[test]
fn an_unfinished_text_is_an_error_of_the_cell() {
    let mut kernel = Kernel::lease();
    for code in [
        "let x = (1,",
        "fn f( {",
        "let y = ;",
        "}",
        "1 +",
        "println!(\"a\"); } println!(\"b\");",
    ] {
        let failure = kernel.run(code).failed("CompileError");
        assert!(!failure.evalue.is_empty(), "{code}");
        no_generated_names(&failure.traceback);
    }
    kernel.run("1 + 1").resulted("2");
}

#[test]
fn a_failed_cell_aborts_what_is_queued_behind_it_and_nothing_sent_later() {
    let mut kernel = Kernel::lease();
    let failing =
        kernel.send("std::thread::sleep(std::time::Duration::from_millis(500)); panic!(\"stop\");");
    let queued: Vec<String> = (0..3)
        .map(|n| kernel.send(&format!("println!(\"{n}\");")))
        .collect();
    kernel.finish(&failing).failed("Panic");
    for id in queued {
        kernel.finish(&id).aborted();
    }
    kernel.run("println!(\"goes on\");").printed("goes on\n");

    let failing = kernel.send_with("panic!(\"go on\");", json!({"stop_on_error": false}));
    let queued = kernel.send("println!(\"all the same\");");
    kernel.finish(&failing).failed("Panic");
    kernel.finish(&queued).printed("all the same\n");
}

#[test]
fn a_panic_that_the_cell_catches_is_shown_and_is_no_error() {
    let mut kernel = Kernel::lease();
    let ran = kernel.run("let errors_r = std::panic::catch_unwind(|| panic!(\"caught\")).is_err();\nprintln!(\"{errors_r}\");");
    assert!(ran.stderr().contains("caught"));
    ran.printed("true\n");
}

#[test]
fn a_panic_in_a_background_thread_is_reported_under_its_cell() {
    let mut kernel = Kernel::lease();
    let ran = kernel.run("std::thread::Builder::new().name(\"diver\".into()).spawn(|| panic!(\"deep\")).unwrap().join().is_err()");
    let place = format!("cell {}, line 1, column", ran.count());
    let text = ran.stderr();
    assert!(
        text.contains("deep") && text.contains("diver") && text.contains(&place),
        "{text}"
    );
    ran.resulted("true");
    kernel.run("1 + 1").resulted("2");
}

#[test]
fn a_panic_in_a_forgotten_thread_fails_no_later_cell() {
    let mut kernel = Kernel::start();
    let code = "let (go_tx, go_rx) = std::sync::mpsc::channel::<()>();
        let forgotten = std::thread::spawn(move || {
if go_rx.recv().is_ok() { panic!(\"late\"); }
        });";
    kernel.run(code).nothing();
    let first = kernel.latest();
    kernel
        .run("go_tx.send(()).unwrap(); forgotten.join().is_err()")
        .resulted("true");
    let text = "thread '<unnamed>' panicked at cell 1, line 3, column 27:\nlate\n";
    kernel.late_text("stderr", &first, text);
    kernel.run("1 + 1").resulted("2");
}

#[test]
fn warnings_are_shown_once_under_their_cell() {
    let mut kernel = Kernel::lease();
    let ran = kernel.run(
        "fn errors_careless() { \"1\".parse::<i32>(); }\nerrors_careless(); println!(\"ran\");",
    );
    let text = ran.warnings();
    assert!(
        text.contains("unused") && text.contains("must be used"),
        "{text}"
    );
    assert!(
        text.contains(&format!("cell {}, line 1", ran.count())),
        "{text}"
    );
    no_generated_names(&text);
    ran.printed("ran\n");
    let ran = kernel.run("for errors_a in [1] { for errors_b in [2] { for errors_c in [3] { for errors_d in [4] {} } } }");
    assert_eq!(
        ran.warnings().matches("warning: unused variable").count(),
        4
    );
    let html = ran.displays()[0]["text/html"].as_str().unwrap();
    assert!(
        html.starts_with("<details><summary>4 warnings</summary>"),
        "{html}"
    );
    ran.nothing();
    kernel
        .run("errors_careless(); println!(\"again\");")
        .printed("again\n");
}

#[test]
fn what_a_notebook_leaves_unused_is_no_warning() {
    let mut kernel = Kernel::lease();
    silent(
        &mut kernel,
        "let errors_unused = 1; let mut errors_mutable = 2; fn errors_dead() {} struct ErrorsDead { a: u8 } use std::collections::HashSet;",
    );
    silent(
        &mut kernel,
        "enum ErrorsChoice { A, B } const ERRORS_C: u8 = 1; mod errors_inner { pub fn f() {} } macro_rules! errors_macro { () => {} }",
    );
}

#[track_caller]
fn silent(kernel: &mut Lease, code: &str) {
    kernel.run(code).nothing();
}

/// Asserts that the text names nothing of the crate that a cell is compiled in.
#[track_caller]
fn no_generated_names(text: &str) {
    for name in [
        "src/lib.rs",
        "evcxr",
        "run_user_code",
        "ctx.rs",
        "user_code_",
        "threadbook_imports",
        "threadbook_locals",
        "kept",
    ] {
        assert!(!text.contains(name), "{name} in {text}");
    }
}

#[test]
fn what_a_beginner_gets_wrong_is_said_with_its_place_and_a_remedy() {
    let mut kernel = Kernel::lease();
    for (code, place, parts) in [
        (
            "let errors_v = vec![1];\nprintln!(\"{}\", errors_v.len()",
            "line 2, column 9",
            ["unclosed delimiter: `(`", ""],
        ),
        (
            "struct ErrorsBare;\n  ErrorsBare",
            "line 2, column 3",
            ["`ErrorsBare` doesn't implement `", "|   ^^^^^^^^^^ "],
        ),
        (
            "async fn errors_later() -> u8 { 5 }\nerrors_later()",
            "line 2, column 1",
            ["doesn't implement `", "help: `.await` it"],
        ),
        (
            "let errors_m = Mutex::new(1);",
            "line 1, column 16",
            ["cannot find type `Mutex`", "1 + use std::sync::Mutex;"],
        ),
        (
            "print(\"x\")",
            "line 1, column 1",
            [
                "expected function, found macro `print`",
                "use `!` to invoke the macro",
            ],
        ),
        (
            "\n[|errors_x: u8| errors_x]",
            "line 2, column 1",
            ["`{closure@cell ", ", line 2, column 2}` doesn't implement"],
        ),
        (
            "match 5 {\n  1 => \"a\",\n  _ => 2\n}",
            "line 3, column 8",
            ["`match` arms have incompatible types", "3 |   _ => 2\n"],
        ),
        (
            "1 /* 2\n",
            "line 1, column 3",
            ["unterminated block comment", ""],
        ),
    ] {
        let ran = kernel.run(code);
        let place = format!("cell {}, {place}", ran.count());
        let failure = ran.failed("CompileError").says(&parts);
        assert!(failure.evalue.contains(&place), "{failure:#?}");
        let is_framed = |line: &str| {
            let line = line.trim_start();
            line.starts_with(|first: char| first.is_ascii_digit()) && line.contains("| |")
        };
        assert!(!failure.traceback.lines().any(is_framed), "{failure:#?}");
    }
}
