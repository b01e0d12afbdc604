//! The display of a cell's final expression, and the numbers of cells.

use serde_json::json;
use threadbook_tests::kernel::Kernel;

#[test]
fn a_final_expression_is_the_result() {
    let mut kernel = Kernel::lease();
    kernel.run("6 * 7").resulted("42");
    kernel.run("\"text\".to_owned()").resulted("\"text\"");
    kernel.run("let results_a = vec![1, 2];").nothing();
    kernel.run("results_a").resulted("[1, 2]");
    kernel.run("results_a.len()").resulted("2");
}

#[test]
fn unit_shows_nothing() {
    let mut kernel = Kernel::lease();
    kernel.run("()").nothing();
    kernel.run("").nothing();
    kernel.run("println!(\"x\")").printed("x\n");
    kernel
        .run("fn results_nothing() {} results_nothing()")
        .nothing();
}

#[test]
fn a_value_that_cannot_be_shown_is_an_error_that_says_so() {
    let mut kernel = Kernel::lease();
    let ran = kernel.run("struct ResultsOpaque; ResultsOpaque");
    let failure = ran.failed("CompileError");
    assert!(failure.evalue.contains("Debug"), "{failure:#?}");
    assert!(failure.evalue.contains(", line 1, column "), "{failure:#?}");
    assert!(
        failure.traceback.contains("#[derive(Debug)]"),
        "{failure:#?}"
    );
    let ran = kernel.run(
        "struct ResultsHidden(u8);\nlet results_hidden = vec![ResultsHidden(1)];\nresults_hidden",
    );
    let failure = ran.failed("CompileError");
    assert!(
        failure
            .evalue
            .contains("`ResultsHidden` doesn't implement `Debug`"),
        "{failure:#?}"
    );
    assert!(failure.evalue.contains(", line 3, column "), "{failure:#?}");
    kernel.run("1 + 1").resulted("2");
}

#[test]
fn cells_are_counted_from_one_and_silent_ones_are_not() {
    let mut kernel = Kernel::start();
    assert_eq!(kernel.run("let first = 1;").count(), 1);
    let ran = kernel.run_with(
        "println!(\"hidden\"); first",
        json!({"silent": true, "store_history": false}),
    );
    assert_eq!(ran.kinds(), ["status", "status"]);
    ran.nothing();
    let ran = kernel.run_with("2", json!({"store_history": false}));
    assert_eq!(
        ran.kinds(),
        ["status", "execute_input", "execute_result", "status"]
    );
    ran.resulted("2");
    let ran = kernel.run("3");
    assert_eq!(ran.count(), 2);
    ran.resulted("3");
    let failed = kernel.run("panic!()");
    assert_eq!(failed.count(), 3);
    failed.failed("Panic");
    let ran = kernel.run("4");
    assert_eq!(ran.count(), 4);
    ran.resulted("4");
}

#[test]
fn everything_about_a_cell_stands_between_busy_and_idle() {
    let mut kernel = Kernel::lease();
    let ran = kernel.run("println!(\"a\"); eprintln!(\"b\"); 5");
    let kinds = [
        "status",
        "execute_input",
        "stream",
        "stream",
        "execute_result",
        "status",
    ];
    assert_eq!(ran.kinds(), kinds);
    assert_eq!(ran.streams().len(), 2);
    ran.resulted("5");
}

#[test]
fn an_extern_block_that_runs_again_takes_the_place_of_the_earlier_one() {
    let mut kernel = Kernel::lease();
    let block = "unsafe extern \"C\" { fn getpid() -> i32; }";
    kernel.run(block).nothing();
    kernel.run(block).nothing();
    kernel
        .run(&format!("struct ResultsExtern; {block}"))
        .nothing();
    kernel
        .run("unsafe extern \"C\" { safe fn getpid() -> u32; safe fn getppid() -> u32; }")
        .nothing();
    kernel
        .run("(getpid() == std::process::id(), getppid() > 0)")
        .resulted("(true, true)");
}

#[test]
fn an_impl_that_runs_again_takes_the_place_of_the_earlier_one() {
    let mut kernel = Kernel::lease();
    kernel
        .run("struct ResultsLamp { watts: u32 }\nlet results_lamp = ResultsLamp { watts: 40 };")
        .nothing();
    let methods = "impl ResultsLamp {\n    fn twice(&self) -> u32 { 2 * self.watts }\n    fn é(&self) -> u32 { self.watts }\n}";
    let shown = "impl std::fmt::Display for ResultsLamp {\n    fn fmt(&self, f: &mut std::fmt::Formatter) -> std::fmt::Result { write!(f, \"{} W\", self.watts) }\n}";
    for _ in 0..2 {
        kernel.run(methods).nothing();
        kernel.run(shown).nothing();
    }
    kernel
        .run("println!(\"{results_lamp} {} {}\", results_lamp.twice(), results_lamp.é());")
        .printed("40 W 80 40\n");
    kernel
        .run("let results_twice_lamp = results_lamp.twice(); results_twice_lamp")
        .resulted("80");
    // A cell that would replace a definition but has an error leaves that definition unchanged.
    kernel
        .run("impl ResultsLamp { fn twice(&self) -> u32 { missing } }")
        .failed("CompileError")
        .says(&["missing", "line 1, column 45"]);
    kernel.run("results_lamp.twice()").resulted("80");
    kernel
        .run("impl ResultsLamp { fn twice(&self) -> u32 { self.watts + self.watts + 1 } }")
        .nothing();
    kernel
        .run("[results_lamp.twice(), results_lamp.é()]")
        .resulted("[81, 40]");
}

#[test]
fn variables_functions_types_and_imports_stay() {
    let mut kernel = Kernel::lease();
    kernel
        .run("let mut results_kept = vec![1]; use std::collections::BTreeMap;")
        .nothing();
    kernel.run("fn results_twice(n: i32) -> i32 { 2 * n } #[derive(Debug)] struct ResultsPoint { x: i32 }").nothing();
    kernel
        .run("results_kept.push(results_twice(4)); let results_map = BTreeMap::from([(1, 2)]);")
        .nothing();
    kernel
        .run("(results_kept.clone(), ResultsPoint { x: results_map[&1] })")
        .resulted("([1, 8], ResultsPoint { x: 2 })");
    kernel.run("let results_kept = \"another type\";").nothing();
    kernel.run("results_kept").resulted("\"another type\"");
}

#[test]
fn a_variable_that_a_cell_moves_is_gone_and_can_come_back() {
    let mut kernel = Kernel::lease();
    kernel
        .run("let results_moved = String::from(\"x\");")
        .nothing();
    kernel.run("drop(results_moved);").nothing();
    kernel
        .run("results_moved")
        .failed("CompileError")
        .says(&["results_moved"]);
    kernel.run("let results_moved = 3;").nothing();
    kernel.run("results_moved").resulted("3");
}

#[test]
fn a_long_result_has_several_lines_and_an_end() {
    let mut kernel = Kernel::lease();
    let ran = kernel.run("(1..=100_000).collect::<Vec<u32>>()");
    let text = ran.result();
    ran.nothing();
    assert!(text.starts_with("[\n    1, 2, 3, 4, "), "{text}");
    assert!(text.lines().count() <= 101, "{text}");
    assert!(
        text.ends_with("\n... (cut here; `println!(\"{value:#?}\")` prints all of it)"),
        "{text}"
    );
    kernel
        .run("Some(vec![\"a word of some length\"; 5])")
        .resulted(
            "Some(\n    [\n        \"a word of some length\",\n        \"a word of some length\",\n        \
             \"a word of some length\",\n        \"a word of some length\",\n        \"a word of some length\",\n    ],\n)",
        );
}

#[test]
fn records_maps_and_matrices_are_tables() {
    let mut kernel = Kernel::lease();
    for (code, cell, text) in [
        (
            "#[derive(Debug, Clone, serde::Serialize)] struct ResultsRow { z: u8, a: &'static str }\n\
             let results_rows = vec![ResultsRow { z: 1, a: \"x<y\" }; 2]; results_rows",
            ">x&lt;y</td>",
            "[ResultsRow { z: 1, a: \"x<y\" }, ResultsRow { z: 1, a: \"x<y\" }]",
        ),
        (
            "std::collections::HashMap::from([(10, \"ten\")])",
            ">ten</td>",
            "{10: \"ten\"}",
        ),
        (
            "vec![vec![1.0, 2.5], vec![3.0, 4.0]]",
            ">2.5</td>",
            "[[1.0, 2.5], [3.0, 4.0]]",
        ),
    ] {
        let ran = kernel.run(code);
        let data = &ran.contents("execute_result")[0]["data"];
        let html = data["text/html"].as_str().unwrap_or_default();
        assert!(
            html.starts_with("<table>") && html.contains(cell),
            "{data:#}"
        );
        ran.resulted(text);
    }
    let ran = kernel.run("vec![results_rows[0].clone(); 5]");
    assert!(
        ran.result().starts_with("z  a\n-  ---\n1  x<y\n"),
        "{}",
        ran.result()
    );
    ran.nothing();
    // These values are not tables, or `serde` can't serialise them.
    kernel.run("vec![(1, 2)]").resulted("[(1, 2)]");
    kernel
        .run("#[derive(Debug)] struct ResultsPlain; vec![ResultsPlain]")
        .resulted("[ResultsPlain]");
}
