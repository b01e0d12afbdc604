//! Magics, questions and Rust in one cell, in order, and unknown magics.

use threadbook_tests::kernel::Kernel;

#[test]
fn the_list_names_magics_and_commands() {
    let mut kernel = Kernel::lease();
    let ran = kernel.run("%lsmagic");
    let text = ran.stdout();
    for name in ["%lsmagic", ":dep", "!command", "name??"] {
        assert!(text.contains(name), "{text}");
    }
    ran.nothing();
    let ran = kernel.run("%magic");
    assert!(ran.stdout().contains("%lsmagic\n    lists all magics\n"));
    ran.nothing();
}

#[test]
fn rust_runs_before_and_after_a_magic() {
    let mut kernel = Kernel::lease();
    let ran = kernel.run(
        "println!(\"one\");\nlet magics_kept = 1;\n%magic\nprintln!(\"two\");\nmagics_kept + 1",
    );
    let text = ran.stdout();
    assert!(
        text.starts_with("one\n") && text.ends_with("two\n"),
        "{text}"
    );
    assert_eq!(ran.result(), "2");
    ran.nothing();
}

#[test]
fn a_step_that_fails_ends_the_cell_and_says_where() {
    let mut kernel = Kernel::lease();
    let ran = kernel.run("let magics_a = 1;\n%lsmagic\nlet magics_b: u8 = \"\";\n%magic");
    assert!(!ran.stdout().contains("says what magics are"));
    ran.failed("CompileError").says(&["line 3, column 20"]);
    let ran = kernel.run("%lsmagic\n    panic!(\"here\");");
    assert!(!ran.stdout().is_empty());
    ran.failed("Panic").says(&["line 2, column 5"]);
    kernel.run("magics_a").resulted("1");
}

#[test]
fn an_unknown_magic_is_an_error_before_anything_runs() {
    let mut kernel = Kernel::lease();
    let failure = kernel
        .run("println!(\"no\");\n%lsmagics\n")
        .failed("MagicError");
    failure.says(&[
        "`%lsmagics`",
        "did you mean `%lsmagic`?",
        "line 2, column 2",
    ]);
    let failure = kernel.run("%matplotlib inline").failed("MagicError");
    failure.says(&["`%matplotlib`", "`display::svg`"]);
    let failure = kernel.run("%%lsmagic\n1").failed("MagicError");
    failure.says(&["`%lsmagic` is"]);
    let failure = kernel.run("1;\n%%lsmagic").failed("MagicError");
    failure.says(&["first line of its cell", "line 2, column 1"]);
}

#[test]
fn what_only_looks_like_a_magic_is_rust() {
    let mut kernel = Kernel::lease();
    kernel
        .run("let magics_x = 7\n    % 4;\nmagics_x")
        .resulted("3");
    kernel
        .run("let magics_flag = true;\n!magics_flag")
        .resulted("false");
    kernel.run("!magics_flag").resulted("false");
    kernel
        .run("println!(\"{}\", \"\n%who\n!ls\");")
        .printed("\n%who\n!ls\n");
    kernel.run("::std::cmp::max(1, 2)").resulted("2");
    let text = "[".repeat(3000);
    let failure = kernel.run(&text).failed("CompileError");
    failure.says(&["nested more than 200 deep", "line 1, column 201"]);
}

#[test]
fn commands_of_evcxr_work_after_rust_too() {
    let mut kernel = Kernel::lease();
    let ran = kernel.run("let magics_late = 2;\n:vars\nmagics_late");
    assert_eq!(ran.contents("execute_result").len(), 2);
    ran.nothing();
}

#[test]
fn a_magic_without_a_value_can_not_be_kept_in_a_variable() {
    let mut kernel = Kernel::lease();
    for magic in ["%threads", "%cd /", "%who"] {
        let ran = kernel.run(&format!("let magics_list = {magic}"));
        let failure = ran.failed("MagicError");
        assert!(
            failure
                .evalue
                .contains("it has no value that a variable could keep"),
            "{failure:#?}"
        );
    }
}
