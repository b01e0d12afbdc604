//! `%time` and `%timeit`: their output, and that the code runs as it would without them.

use threadbook_tests::kernel::Kernel;

/// The first word of each printed line.
fn words(text: &str) -> Vec<&str> {
    text.lines()
        .map(|line| line.split_once(':').map_or(line, |(word, _)| word))
        .collect()
}

#[test]
fn a_timed_cell_keeps_its_variables_its_result_and_its_output() {
    let mut kernel = Kernel::lease();
    let ran = kernel.run("%%time\nlet timing_a = 1;\nprintln!(\"x\");\ntiming_a + 1");
    assert_eq!(ran.result(), "2");
    let text = ran.stdout();
    assert_eq!(
        words(&text),
        ["x", "CPU times", "Wall time", "compile"],
        "{text}"
    );
    ran.nothing();
    kernel.run("timing_a").resulted("1");
    let ran = kernel.run("\n%%time\n%%time\n()");
    assert_eq!(
        words(&ran.stdout()),
        [
            "CPU times",
            "Wall time",
            "compile",
            "CPU times",
            "Wall time",
            "compile"
        ]
    );
    ran.nothing();
}

#[test]
fn children_and_parallelism_are_told_where_there_are_some() {
    let mut kernel = Kernel::lease();
    let ran = kernel.run(
        "%%time\nstd::process::Command::new(\"sh\").args([\"-c\", \"i=0; while [ $i -lt 100000 ]; do i=$((i+1)); \
         done\"]).status()?;",
    );
    let text = ran.stdout();
    assert_eq!(
        words(&text),
        [
            "CPU times",
            "Wall time",
            "children",
            "parallelism",
            "compile"
        ],
        "{text}"
    );
    ran.nothing();
}

#[test]
fn an_expression_is_timed_where_it_stands() {
    let mut kernel = Kernel::lease();
    let ran = kernel.run("%time let timing_v: Vec<u64> = (0..10)\n    .collect();\n%time timing_v.iter().sum::<u64>()");
    assert_eq!(
        words(&ran.stdout()),
        ["CPU times", "Wall time", "CPU times", "Wall time"]
    );
    assert_eq!(ran.result(), "45");
    ran.nothing();
    let ran = kernel.run("for i in 0..2 {\n    %time println!(\"{i}\")\n}");
    assert_eq!(
        words(&ran.stdout()),
        ["0", "CPU times", "Wall time", "1", "CPU times", "Wall time"]
    );
    ran.nothing();
    let ran = kernel.run(
        "fn timing_f() -> Result<u8, std::num::ParseIntError> {\n    %time let x = \"a\".parse::<u8>()?;\n    Ok(x)\n}\n\
         timing_f().is_err()",
    );
    assert_eq!(words(&ran.stdout()), ["CPU times", "Wall time"]);
    assert_eq!(ran.result(), "true");
    ran.nothing();
    let ran = kernel.run("%time tokio::time::sleep(std::time::Duration::from_millis(20)).await");
    assert_eq!(
        words(&ran.stdout()),
        ["CPU times", "Wall time", "parallelism"]
    );
    ran.nothing();
}

#[test]
fn errors_of_timed_code_are_its_own() {
    let mut kernel = Kernel::lease();
    kernel
        .run("%%time\nlet timing_b: u8 = \"\";")
        .failed("CompileError")
        .says(&["line 2, column 20"]);
    kernel
        .run("let x = 1;\n%time let timing_q = x + nothing;")
        .failed("CompileError")
        .says(&[
            "line 2, column 26",
            "2 | %time let timing_q = x + nothing;\n  |                          ^^^^^^^",
        ]);
    let ran = kernel.run("%time panic!(\"here\")");
    assert_eq!(words(&ran.stdout()), ["CPU times", "Wall time"]);
    ran.failed("Panic").says(&["line 1, column 7"]);
    let ran = kernel.run("%%time\npanic!(\"here\")");
    assert_eq!(words(&ran.stdout()), ["CPU times", "Wall time", "compile"]);
    ran.failed("Panic").says(&["line 2, column 1"]);
    kernel
        .run("%%time f()\n1")
        .failed("MagicError")
        .says(&["there is `%time`"]);
    kernel
        .run("%time")
        .failed("MagicError")
        .says(&["there is no Rust after it"]);
}

#[test]
fn code_is_run_many_times() {
    let mut kernel = Kernel::lease();
    let ran = kernel.run("let mut timing_n = 0_u64;\n%timeit -n 10 -r 3 timing_n += 1");
    let text = ran.stdout();
    assert!(
        text.contains(" per loop (mean ± std. dev. of 3 runs, 10 loops each)\n"),
        "{text}"
    );
    ran.nothing();
    // There are three runs of ten loops, and one loop to warm up.
    kernel.run("timing_n").resulted("31");
    let ran = kernel.run("let timing_t = %timeit -n 1000 -r 2 -q timing_n.pow(2)");
    ran.nothing();
    kernel
        .run("(timing_t.loops, timing_t.repeat, timing_t.all_runs.len(), timing_t.average() > 0.0)")
        .resulted("(1000, 2, 2, true)");
    let ran = kernel.run("%timeit -n 1 -r 1 -o std::thread::yield_now()");
    assert!(ran.result().starts_with("<TimeitResult : "));
    assert!(!ran.stdout().is_empty());
    ran.nothing();
    let ran = kernel.run("%timeit -n 2 -r 2 tokio::task::yield_now().await");
    assert!(ran.stdout().contains("2 runs, 2 loops each"));
    ran.nothing();
}

#[test]
fn loops_are_chosen_and_a_setup_runs_once() {
    let mut kernel = Kernel::lease();
    let ran = kernel.run(
        "%%timeit -r 2 println!(\"setup\"); let words = [\"a\", \"b\"];\nlet joined = words.join(\"\");\njoined.len()",
    );
    let text = ran.stdout();
    assert!(text.starts_with("setup\n"), "{text}");
    assert_eq!(text.matches("setup").count(), 1, "{text}");
    assert!(
        text.contains("mean ± std. dev. of 2 runs, 1") && text.contains(",000 loops each"),
        "{text}"
    );
    ran.nothing();
    kernel.run("words").failed("CompileError");
    kernel
        .run("%%timeit -n 1\nlet x: u8 = \"\";")
        .failed("CompileError")
        .says(&["line 2, column 13"]);
    kernel
        .run("%%timeit -n 1 missing\n1")
        .failed("CompileError")
        .says(&["line 1, column 15", "1 | %%timeit -n 1 missing\n"]);
    for (text, message) in [
        ("%%timeit\n", "no Rust below"),
        ("%timeit -n 1", "no Rust after"),
        (
            "%timeit -n x f()",
            "`-n` takes a number above 0, but `x` follows",
        ),
        ("%%timeit -v x\nf()", "let name = %timeit"),
        ("%%timeit\n%lsmagic", "takes Rust and shell lines only"),
    ] {
        kernel.run(text).failed("MagicError").says(&[message]);
    }
}
