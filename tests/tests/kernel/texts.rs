//! Cells that are hardly Rust: each gets a reply, and the next cell works.

use threadbook_tests::kernel::Kernel;

/// Texts that have crashed evaluators.
pub(crate) fn strange() -> Vec<String> {
    let mut texts: Vec<String> = [
        "#[derive(Debug)]",
        "let a = std::",
        "std::",
        "a\0b",
        "\0",
        "// only a remark",
        "/* only\na remark */",
        "/* never closed",
        "\"never closed",
        "r#\"never closed\"",
        "'",
        ")(",
        "fn main(){}",
        "fn main(){ println!(\"never called\"); }",
        ":",
        ":nonsense",
        "::",
        "?",
        "#",
        "#!",
        "#![feature(x)]",
        "{",
        "}}}}",
        "let",
        "let = 1",
        "let x",
        "use",
        "mod m",
        "𝒳𝒴",
        "🦀",
        "é",
        "\u{feff}1 + 1",
        "\u{202e}let",
        "…",
        "return",
        "return;",
        "break",
        "match",
        ";;;",
        "pub pub pub",
        "macro_rules! texts_m { () => { 1 } }",
        "extern crate nothing_of_this_name;",
        "\n\n\n",
        "\t",
        "\r",
        "\r\n1\r\n",
        "async",
        ".await",
        "x.await",
        "impl",
        "unsafe",
        "loop",
        "fn f<T",
        "'a: loop { break 'a }",
        "let (a, b",
        "include!(\"/etc/passwd\")",
        "compile_error!(\"mine\")",
    ]
    .map(str::to_owned)
    .to_vec();
    texts.push("(".repeat(200));
    texts.push("[".repeat(200));
    texts
}

#[test]
fn every_strange_text_is_answered_and_the_next_cell_works() {
    let mut kernel = Kernel::start();
    kernel.run("let kept = 5;").nothing();
    for code in strange() {
        let ran = kernel.run(&code);
        // The content of the reply does not matter here.
        let _ = (
            ran.streams(),
            ran.contents("execute_result"),
            ran.contents("error"),
            ran.displays(),
        );
        for name in ["KernelError", "internal"] {
            assert!(
                !ran.reply.to_string().contains(name),
                "{code:?} {}",
                ran.reply
            );
        }
        drop(ran);
        kernel.run("kept").resulted("5");
    }
}

#[test]
fn windows_line_ends_are_line_ends() {
    let mut kernel = Kernel::lease();
    kernel
        .run("let texts_a = 1;\r\nlet texts_b = 2;\r\ntexts_a + texts_b\r\n")
        .resulted("3");
    let ran = kernel.run("let texts_c = 1;\r\npanic!(\"x\");\r\n");
    let place = format!("cell {}, line 2, column 1", ran.count());
    ran.failed("Panic").says(&[&place]);
}

#[test]
fn names_need_not_be_ascii() {
    let mut kernel = Kernel::lease();
    kernel
        .run("let größe = 3; fn поле(x: i32) -> i32 { x + 1 }")
        .nothing();
    kernel.run("поле(größe)").resulted("4");
}

#[test]
fn a_long_cell_runs() {
    let mut kernel = Kernel::lease();
    let mut code = String::from("let mut texts_sum = 0u64;\n");
    while code.len() < 100_000 {
        code.push_str("texts_sum += 1; // and so on, line by line\n");
    }
    let lines = code.lines().count() - 1;
    kernel
        .run(&(code + "texts_sum"))
        .resulted(&lines.to_string());
    let text = "z".repeat(100_000);
    kernel
        .run(&format!("let texts_long = {text:?}; texts_long.len()"))
        .resulted("100000");
}

#[test]
fn a_main_of_a_cell_runs_and_can_be_called_again() {
    let mut kernel = Kernel::lease();
    kernel
        .run("fn main() { println!(\"called\"); }")
        .printed("called\n");
    kernel.run("main()").printed("called\n");
    kernel.run("1 + 1").resulted("2");
}

#[test]
fn remarks_and_blank_lines_are_cells_that_do_nothing() {
    let mut kernel = Kernel::lease();
    for code in ["", "\n\n", "// a remark", "/* a\nremark */", "  \t"] {
        kernel.run(code).nothing();
    }
}
