//! Shell lines, scripts of other languages, and the state that they share with cells.

use serde_json::json;
use threadbook_tests::kernel::Kernel;
use threadbook_tests::kernel::Setup;

#[test]
fn lines_run_in_order_with_rust_and_show_what_they_print() {
    let mut kernel = Kernel::lease();
    for (code, expected) in [
        ("!echo one", "one\n"),
        ("println!(\"a\");\n!echo b\nprintln!(\"c\");", "a\nb\nc\n"),
        (
            "for n in 0..2 {\n    !echo {n} '{n}' {{n}}\n}",
            "0 0 {n}\n1 1 {n}\n",
        ),
        ("let shell_x = 3;\n!echo $shell_x {shell_x + 1:>3}", "3 4\n"),
        ("!echo a \\\n  b", "a b\n"),
        ("!printf 'no end'", "no end"),
        ("!test -t 1 && echo terminal", "terminal\n"),
        ("!--no-raise false", ""),
        (
            "{\n    let shell_f = || {\n        !echo inside\n    };\n    shell_f();\n    shell_f();\n}",
            "inside\ninside\n",
        ),
        ("!echo $HOME | cut -c1", "/\n"),
        ("!printf '\\033[31mred\\033[0m\\n'", "\x1b[31mred\x1b[0m\n"),
    ] {
        let ran = kernel.run(code);
        assert_eq!(ran.stdout(), expected, "{code}");
        ran.nothing();
    }
}

#[test]
fn both_streams_are_live_and_keep_their_names() {
    let mut kernel = Kernel::lease();
    let id = kernel.send("!echo out; echo err >&2; read shell_line; echo $shell_line");
    kernel.until_text(&id, "out");
    kernel.until_text(&id, "err");
    let question = kernel.question(&id);
    kernel.answer(&question, "typed");
    let ran = kernel.finish(&id);
    assert_eq!(ran.stdout(), "out\ntyped\n");
    assert_eq!(ran.stderr(), "err\n");
    ran.nothing();
}

#[test]
fn what_a_line_prints_can_be_a_value() {
    let mut kernel = Kernel::lease();
    kernel
        .run("let shell_lines = !printf 'b\\na\\n'; exit 3\nshell_lines.sort();\nshell_lines")
        .failed("CompileError");
    kernel
        .run("let mut shell_lines = !printf 'b\\na\\n'; exit 3\nshell_lines.sort();\nshell_lines.len()")
        .resulted("2");
    kernel.run("shell_lines").resulted("[\"a\", \"b\"]");
    kernel.run("shell_lines.code").resulted("3");
    kernel
        .run("let shell_vec: Vec<String> = shell_lines.into();\nshell_vec.join(\"+\")")
        .resulted("\"a+b\"");
    kernel
        .run("!!echo shown; test -t 1")
        .resulted("[\"shown\"]");
    let ran = kernel.run("let shell_none = !echo apart >&2");
    assert_eq!(ran.stderr(), "apart\n");
    ran.nothing();
}

#[test]
fn a_failing_line_ends_the_cell() {
    let mut kernel = Kernel::lease();
    for (code, says) in [
        (
            "!exit 3",
            "`exit 3` ended with exit code 3 (write `!--no-raise command` to go on after it)",
        ),
        (
            "!kill -9 $$",
            "`kill -9 $$` was ended by signal 9 (write `!--no-raise command` to go on after it)",
        ),
        (
            "%%bash -e\nfalse\necho no",
            "`%%bash -e` ended with exit code 1 (write `%%bash --no-raise` to go on after it)",
        ),
        (
            "%%python\nimport sys; sys.exit(5)",
            "`%%python` ended with exit code 5 (write `%%python --no-raise` to go on after it)",
        ),
    ] {
        let failure = kernel.run(code).failed("ShellError");
        assert_eq!(failure.evalue, says);
        assert_eq!(failure.traceback, format!("ShellError: {says}"));
    }
    let ran = kernel.run("struct ShellDropped;\nimpl Drop for ShellDropped { fn drop(&mut self) { println!(\"dropped\") } }\nlet shell_dropped = ShellDropped;\nlet shell_moved = shell_dropped;\n{\n    let _inner = shell_moved;\n    !false\n}");
    assert_eq!(ran.stdout(), "dropped\n");
    ran.failed("ShellError");
    let ran = kernel.run("!no-such-program-at-all");
    assert!(ran.stderr().contains("not found"));
    ran.failed("ShellError").says(&["exit code 127"]);
    kernel.run("1 + 1").resulted("2");
}

#[test]
fn a_failure_that_is_caught_does_not_end_the_cell() {
    let mut kernel = Kernel::lease();
    kernel
        .run("std::panic::catch_unwind(|| {\n    !false\n}).is_err()")
        .resulted("true");
    let failure = kernel
        .run("let _ = std::panic::catch_unwind(|| {\n    !false\n});\npanic!(\"later\")")
        .failed("Panic");
    failure.says(&["later"]);
    // On another thread, the failure is a panic of that thread.
    let ran = kernel.run("std::thread::spawn(|| {\n    !exit 4\n}).join().is_err()");
    assert!(ran.stderr().contains("`exit 4` ended with exit code 4"));
    assert_eq!(ran.result(), "true");
    ran.nothing();
}

#[test]
fn scripts_of_other_languages_run() {
    let mut kernel = Kernel::lease();
    for (code, expected) in [
        (
            "%%bash\necho $0 $BASH_VERSION | cut -d. -f1 | cut -d' ' -f1",
            "bash\n",
        ),
        ("%%sh\na=1\necho \"$a 'x' {a}\"", "1 'x' {a}\n"),
        ("%%python\nprint('π', 1 + 1)", "π 2\n"),
        ("%%python -O\nassert False\nprint(__debug__)", "False\n"),
        ("%%script python3 -\nprint(6 * 7)", "42\n"),
        ("%%script sh -s a b\necho $2", "b\n"),
        ("%%bash --no-raise\nexit 1", ""),
        (
            "%%python\nimport multiprocessing\ndef square(n):\n    return n * n\nif __name__ == '__main__':\n    \
             with multiprocessing.Pool(2) as pool:\n        print(pool.map(square, range(4)))",
            "[0, 1, 4, 9]\n",
        ),
    ] {
        let ran = kernel.run(code);
        assert_eq!(ran.stdout(), expected, "{code}");
        ran.nothing();
    }
    let ran = kernel.run("\n%%python\ndef f():\n    return 1 / 0\nf()");
    let text = ran.stderr();
    for (line, code) in [(5, "f()"), (4, "return 1 / 0")] {
        let place = format!("cell {}\", line {line}, in ", ran.count());
        assert!(text.contains(&place) && text.contains(code), "{text}");
    }
    assert!(text.contains("ZeroDivisionError"));
    ran.failed("ShellError");
    let failure = kernel.run("%%script\n1").failed("MagicError");
    failure.says(&["`%%script` needs a program"]);
}

#[test]
fn python_asks_the_person_and_gets_the_end_where_nobody_answers() {
    let mut kernel = Kernel::lease();
    let id = kernel.send("%%python\nname = input('name? ')\nprint('hello', name)\nprint(input())");
    for answer in ["Ada", "second"] {
        let question = kernel.question(&id);
        kernel.answer(&question, answer);
    }
    let ran = kernel.finish(&id);
    assert_eq!(ran.stdout(), "name? hello Ada\nsecond\n");
    ran.nothing();
    let id = kernel.send_with("!cat; echo end", json!({"allow_stdin": false}));
    let ran = kernel.finish(&id);
    assert_eq!(ran.stdout(), "end\n");
    ran.nothing();
}

#[test]
fn an_interrupt_reaches_every_process_of_a_line() {
    let mut kernel = Kernel::start();
    let id = kernel.send("!sh -c 'echo started; sleep 1000' | cat; sleep 1000");
    kernel.until_text(&id, "started");
    kernel.interrupt();
    let ran = kernel.finish(&id);
    assert_eq!(ran.stdout(), "started\n");
    ran.failed("KeyboardInterrupt");
    // Each process has received the signal, and ends by itself.
    for program in ["sleep", "sh", "cat"] {
        kernel.process().until_gone(program);
    }
    kernel
        .run("%ps")
        .printed("no program that a cell has started is there\n");
}

#[test]
fn a_program_that_ends_by_itself_leaves_the_process_of_cells_as_it_was() {
    let mut kernel = Kernel::start();
    let ran = kernel.run("std::process::id()");
    let worker = ran.result();
    ran.nothing();
    let id =
        kernel.send("!trap 'echo caught; exit 3' INT; echo started; while :; do sleep 0.05; done");
    kernel.until_text(&id, "started");
    kernel.interrupt();
    let ran = kernel.finish(&id);
    assert_eq!(ran.stdout(), "started\ncaught\n");
    ran.failed("KeyboardInterrupt");
    kernel.run("std::process::id()").resulted(&worker);
}

#[test]
fn an_interrupt_while_a_line_asks_ends_it() {
    let mut kernel = Kernel::start();
    kernel.run("let shell_kept = 5;").nothing();
    let id = kernel.send("!read x");
    kernel.question(&id);
    kernel.interrupt();
    kernel.finish(&id).failed("KeyboardInterrupt");
    kernel.run("shell_kept").resulted("5");
}

#[test]
fn folder_and_environment_are_one_for_cells_and_shell() {
    let mut kernel = Kernel::start();
    let ran = kernel.run("%cd /tmp\n!pwd\nstd::env::current_dir().unwrap().display().to_string()");
    assert_eq!(ran.stdout(), "/tmp\n/tmp\n");
    assert_eq!(ran.result(), "\"/tmp\"");
    ran.nothing();
    kernel.run("%cd /\n%cd -").printed("/\n/tmp\n");
    kernel.run("%cd /usr/../usr\n%pwd").printed("/usr\n/usr\n");
    let ran = kernel.run("let value = 7;\n%env SHELL_TEST=a {value}\n!echo $SHELL_TEST\nstd::env::var(\"SHELL_TEST\").unwrap()");
    assert_eq!(ran.stdout(), "env: SHELL_TEST=a 7\na 7\n");
    assert_eq!(ran.result(), "\"a 7\"");
    ran.nothing();
    kernel.run("%env SHELL_TEST").printed("a 7\n");
    kernel
        .run("%env SHELL_TOKEN=s3")
        .printed("env: SHELL_TOKEN=<hidden>\n");
    let ran = kernel.run("%env");
    let text = ran.stdout();
    assert!(
        text.contains("\nSHELL_TEST=a 7\n") && text.contains("\nSHELL_TOKEN=<hidden>\n"),
        "{text}"
    );
    ran.nothing();
    for (code, says) in [
        (
            "%cd /no/such/folder",
            "`/no/such/folder` can't be the working folder",
        ),
        (
            "%env NO_SUCH_NAME_AT_ALL",
            "there is no variable `NO_SUCH_NAME_AT_ALL`",
        ),
        ("%env =1", "`` can't be a variable's name"),
    ] {
        let failure = kernel.run(code).failed("MagicError");
        assert!(failure.evalue.contains(says), "{failure:?}");
    }
}

#[test]
fn programs_in_the_background_go_on_and_print_under_their_cell() {
    let mut kernel = Kernel::start_with(&Setup::default());
    let ran = kernel.run("!sleep 1000 2>/dev/null & echo $!");
    assert!(ran.stdout().trim().parse::<u32>().is_ok());
    ran.nothing();
    let ran = kernel.run("%ps");
    assert!(ran.stdout().contains("sleep 1000"));
    ran.nothing();
    let id = kernel.send("! (while ! test -e {std::env::temp_dir().display()}/go; do sleep 0.01; done; echo late) & true");
    kernel.finish(&id).nothing();
    kernel
        .run("std::fs::write(std::env::temp_dir().join(\"go\"), \"\").unwrap();")
        .nothing();
    kernel.late_text("stdout", &id, "late\n");
}

#[test]
fn threads_and_programs_are_listed_with_their_cells() {
    let mut kernel = Kernel::start();
    kernel
        .run("std::thread::Builder::new().name(\"waiter\".into()).spawn(|| std::thread::park()).unwrap();")
        .nothing();
    // Each copy before a cell wakes every thread briefly. A waiting thread may be listed before it waits again.
    let mut seen = Vec::new();
    while seen.len() < 40 {
        let ran = kernel.run("%threads");
        let text = ran.stdout();
        let main = format!("  {}  runs", ran.count());
        ran.nothing();
        let says = |name: &str, what: &str| {
            let mut lines = text.lines();
            lines.any(|line| line.contains(name) && line.contains(what))
        };
        assert!(says("main", &main) && says("waiter", "  1  "), "{text}");
        if says("waiter", "  1  waits for a lock") {
            return;
        }
        seen.push(text);
    }
    panic!("{seen:#?}");
}
