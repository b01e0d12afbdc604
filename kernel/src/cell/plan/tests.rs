//! The plans of cells.

use super::*;

/// A session with some names and magics.
struct Known;

impl Facts for Known {
    fn knows(&self, name: &str) -> bool {
        ["flag", "dir"].contains(&name)
    }

    fn is_fallible(&self, name: &str) -> bool {
        name == "opened"
    }

    fn expansion(&self, magic: &str) -> Option<Expansion> {
        match magic {
            "cd" => Some(Expansion::Call("cd")),
            "start" => Some(Expansion::Value("start")),
            "time" => Some(Expansion::Around(|_, _| {
                Ok(Around {
                    options_len: 0,
                    before: "T(".to_owned(),
                    after: ")".to_owned(),
                    keeps_let: true,
                    awaiting: None,
                })
            })),
            "timeit" => Some(Expansion::Around(|rest, _| {
                let options_len = rest
                    .find(|char| char != '-' && char != 'n' && char != ' ')
                    .unwrap_or(rest.len());
                Ok(Around {
                    options_len,
                    before: "I(|| {".to_owned(),
                    after: "})".to_owned(),
                    keeps_let: false,
                    awaiting: Some(("A(async || {".to_owned(), "}).await".to_owned())),
                })
            })),
            _ => None,
        }
    }

    fn is_kernels(&self, magic: &str) -> bool {
        magic == "who"
    }
}

/// The steps as text, in order. Blank lines that replace other lines are removed from Rust.
fn read(text: &str) -> Vec<String> {
    match Plan::of(text, &Known) {
        Ok(Plan::Cell(magic)) => vec![format!(
            "%%{}|{}|{}",
            magic.name, magic.args, &text[magic.body]
        )],
        Ok(Plan::Steps(steps)) => steps
            .iter()
            .map(|step| match step {
                Step::Rust(code) => code.text.trim_matches('\n').to_owned(),
                Step::Line(magic) => format!("%{}|{}", magic.name, magic.args),
                Step::Help(question) => format!(
                    "?{}{}",
                    question.name,
                    if question.source { "??" } else { "" }
                ),
            })
            .collect(),
        Err(error) => vec![format!("{}: {}", error.at, error.message)],
    }
}

fn is_only_rust(text: &str) {
    assert_eq!(read(text), [text.trim_end()], "{text}");
}

#[test]
fn rust_is_left_alone() {
    for text in [
        "1 + 1",
        "let x = 7\n    % 3;",
        "let x = if a { 1 } else { 2 }\n    % 3;",
        "let s = \"\n!ls\n%who\n\";",
        "let s = r#\"\n!ls \" \n%who\n\"#;",
        "/*\n%who\n!ls /* \n!ls */\n*/\nf();",
        "// it's\nlet c = '\"';\nf::<'static>(c)",
        "let x = !flag;",
        "let x = !flag && true;",
        "let m = !0xff & y;",
        "let m = !MASK;",
        "let b = !f(1);",
        "let b = !std::path::Path::new(\"x\").exists();",
        "let b = !matches!(x, Some(_));",
        "fn not(done: bool) -> bool {\n    !done\n}",
        "if a {\n    !flag\n} else {\n    true\n}",
        "vec![\n    !x,\n    y\n    % 2\n]",
        "macro_rules! m {\n    (\n    % x) => {\n    !y\n};\n}",
        "println!\n(\"x\")",
        "tokio::select! {\n    !ls => {}\n}",
        "let v = x\n    .map(|x| {\n        !flag\n    });",
        "match x {\n    1 => 2,\n    _ => 3,\n}",
        "assert!(\n!flag\n);",
        "x?",
        "opened?",
        "let r = f();\nr?",
        ":dep x\n:opt 2\nlet y = 1;",
        "a == !b",
        "x.y = !z;\nlet q: Box<dyn Iterator<Item = u8>> = w;",
        "#[derive(Debug)]\nstruct A;",
    ] {
        if text == "x?" {
            continue;
        }
        is_only_rust(text);
    }
}

#[test]
fn a_leading_not_is_kept_from_evcxr() {
    assert_eq!(read("!flag"), [" !flag"]);
    assert_eq!(read("\n!flag && !f()"), [" !flag && !f()"]);
    assert_eq!(read("::std::process::id()"), ["\t::std::process::id()"]);
    assert_eq!(read("let a = 1;\n!flag"), ["let a = 1;\n!flag"]);
}

#[test]
fn shell_lines_become_calls() {
    const LINE: &str = "threadbook::abi::shell::line(";
    for (text, expected) in [
        ("!ls -l", "line(\"ls -l\");"),
        ("  ! ls", "  line(\"ls\");"),
        (
            "!echo \"it's\" \\\\ 'x",
            "line(\"echo \\\"it\\'s\\\" \\\\\\\\ \\'x\");",
        ),
        (
            "!echo {dir}/x{{y}}",
            "line(&::std::format!(\"echo {}/x{{y}}\", dir));",
        ),
        (
            "!echo {dir.len() + 1:>4} $dir $HOME ${HOME}",
            "line(&::std::format!(\"echo {:>4} {} $HOME ${{HOME}}\", dir.len() + 1, dir));",
        ),
        (
            "!awk '{print $1}' {a,b} {1..3} {}",
            "line(\"awk \\'{print $1}\\' {a,b} {1..3} {}\");",
        ),
        ("!echo $$dir \\$dir", "line(\"echo $dir \\\\$dir\");"),
        ("!--no-raise false", "line_no_raise(\"false\");"),
        ("!!ls", "capture(\"ls\")"),
        ("!!ls\nlet x = 1;", "capture(\"ls\");\nlet x = 1;"),
        ("let files = !ls *.rs", "let files = capture(\"ls *.rs\");"),
        (
            "let files: Vec<_> = !ls;",
            "let files: Vec<_> = capture(\"ls;\");",
        ),
        ("files = !--no-raise ls", "files = capture(\"ls\");"),
        (
            "!a \\\n b\nlet x = 1;",
            "line(\"a \\\\\\n b\");\n\nlet x = 1;",
        ),
        (
            "for i in 0..3 {\n    !echo {i} $i\n}",
            "for i in 0..3 {\n    line(&::std::format!(\"echo {} {}\", i, i));\n}",
        ),
        (
            "fn f() {}\n!ls\nfn g() {}",
            "fn f() {}\nline(\"ls\");\nfn g() {}",
        ),
        (
            "if a {\n} else {\n}\n!ls",
            "if a {\n} else {\n}\nline(\"ls\");",
        ),
        (
            "let f = || {\n    !ls\n};",
            "let f = || {\n    line(\"ls\");\n};",
        ),
        ("%cd {dir}/..", "cd(&::std::format!(\"{}/..\", dir))"),
        ("%cd\n1", "cd(\"\");\n1"),
        ("let old = %start x", "let old = start(\"x\");"),
    ] {
        let expected = expected
            .replace("line(", LINE)
            .replace("line_no_raise(", "threadbook::abi::shell::line_no_raise(")
            .replace("capture(", "threadbook::abi::shell::capture(");
        assert_eq!(read(text), [expected], "{text}");
    }
}

#[test]
fn magics_and_questions_are_steps_between_rust() {
    for (text, expected) in [
        ("%who", &["%who|"][..]),
        (
            "let a = 1;\n%who  x y \nlet b = 2;",
            &["let a = 1;", "%who|x y", "let b = 2;"],
        ),
        ("fn f() {}\n%nothing\n// end", &["fn f() {}", "%nothing|"]),
        ("Vec?", &["?Vec"]),
        (
            "let v = 1;\nVec::new??\nv",
            &["let v = 1;", "?Vec::new??", "v"],
        ),
        ("%who?\n?%%time", &["?%who", "?%%time"]),
        (
            "!ls\n:dep x\nf()",
            &["threadbook::abi::shell::line(\"ls\");", ":dep x\nf()"],
        ),
        ("// only words\n", &[]),
        ("%%bash -x\necho 'it\n", &["%%bash|-x|echo 'it\n"]),
        ("\n  %%time", &["%%time||"]),
        ("%%time?", &["?%%time"]),
    ] {
        assert_eq!(read(text), expected, "{text}");
    }
}

#[test]
fn rust_after_a_magic_is_wrapped() {
    for (text, expected) in [
        ("%time f(1)", "T(f(1))"),
        ("%time f(1);", "T(f(1));"),
        ("%time f(1)\ng()", "T(f(1));\ng()"),
        (
            "%time let x = f(\n  1,\n);\nx",
            "let x = T(f(\n  1,\n));\nx",
        ),
        (
            "%time let x: Box<dyn Iterator<Item = u8>> = f()",
            "let x: Box<dyn Iterator<Item = u8>> = T(f());",
        ),
        ("%time let x = &mut f()", "let x = &mut T(f());"),
        (
            "%time let Some(x) = f() else { return };",
            "let Some(x) = T(f()) else { return };",
        ),
        (
            "%time let x = if a { 1 } else { 2 };",
            "let x = T(if a { 1 } else { 2 });",
        ),
        (
            "%time v.iter()\n    .sum::<u8>()\n%who",
            "T(v.iter()\n    .sum::<u8>())",
        ),
        (
            "%time for i in 0..2 {\n    g(i);\n}\nh()",
            "T(for i in 0..2 {\n    g(i);\n});\nh()",
        ),
        (
            "for i in 0..2 {\n    %time f(i)\n}",
            "for i in 0..2 {\n    T(f(i));\n}",
        ),
        ("%time f(1);%time g()", "T(f(1));%time g()"),
        ("%timeit -n f(x)", "I(|| {f(x)})"),
        ("%timeit f(x).await", "A(async || {f(x).await}).await"),
        ("%timeit let y = f(x)", "I(|| {let y = f(x);})"),
        ("let t = %timeit f(x)", "let t = I(|| {f(x)});"),
        ("%time %cd  a {x}", "T(cd(&::std::format!(\"a {}\", x)))"),
        ("%time !ls", "T(threadbook::abi::shell::line(\"ls\"))"),
    ] {
        assert_eq!(read(text)[0], expected, "{text}");
    }
}

#[test]
fn what_cannot_be_is_an_error_that_says_where() {
    for (text, expected) in [
        ("f(); } g();", "5: unexpected closing delimiter: `}`"),
        (
            "let x = 1;\n%%time\nf()",
            "11: `%%time` stands on a later line (a cell magic has to be the first line of its cell)",
        ),
        (
            "{\n  %who\n}",
            "4: `%who`: it is the kernel that runs it, so it can't stand inside a block (put it on a line outside of all brackets)",
        ),
        (
            "let x = %who",
            "8: `%who`: it has no value that a variable could keep (`%%capture NAME` on the first line of a cell keeps what the \
             cell shows)",
        ),
        ("%time\nf()", "0: `%time`: there is no Rust after it"),
        ("f(1, [2", "5: unclosed delimiter: `[`"),
        (
            "f(1 /* a\n/* b */",
            "4: unterminated block comment (`*/` ends it)",
        ),
        ("%time f(1", "7: unclosed delimiter: `(`"),
        ("let a = vec![1;\n%cd b", "12: unclosed delimiter: `[`"),
        (
            "fn f() {\n    if a {\n        1\n}",
            "7: unclosed delimiter: `{` (perhaps that of line 2: the `}` in line 4, which closes it, has another indent)",
        ),
    ] {
        assert_eq!(read(text), [expected], "{text}");
    }
    let deep = "[".repeat(3000);
    assert!(read(&deep)[0].contains("nested more than"));
}

#[test]
fn lines_hold_and_places_lead_back() {
    let text = "let dir = 1;\n%who\n\nfn f() {\n    !echo {dir} é {dir.x}\n}";
    let Ok(Plan::Steps(steps)) = Plan::of(text, &Known) else {
        panic!("expected steps");
    };
    let Some(Step::Rust(code)) = steps.last() else {
        panic!("expected Rust");
    };
    assert_eq!(code.text.lines().count(), text.lines().count());
    let columns: Vec<_> = code
        .edits
        .columns(text)
        .into_iter()
        .filter(|edit| edit.line == 4)
        .collect();
    let line = code.text.lines().nth(4).unwrap();
    let column = line.chars().count()
        - line
            .chars()
            .rev()
            .collect::<String>()
            .find("x.rid")
            .unwrap()
        - 5;
    let old = crate::cell::ColumnEdit::to_old(&columns, column as u32);
    assert_eq!(old, 19, "{line}");
}

proptest::proptest! {
    #[test]
    fn any_text_is_read(text in ".{0,200}") {
        check_reading(&text, &crate::magics::RegistryFacts);
    }

    #[test]
    fn any_mix_of_pieces_is_read(
        pieces in proptest::collection::vec(
            proptest::sample::select(vec![
                "%time ", "%timeit -n 3 ", "%%timeit", "%%time\n", "!ls {x} ", "!!", "let x = ", "\n", "\r\n", " ", "{", "}",
                "(", ")", "[", "]", "\"", "'", "r#\"", "\"#", "//", "/*", "*/", "$x", "{{", "}}", "\\\n", ";", "?", "??",
                "if ", "else ", "fn f", "é", "\u{feff}", ":dep x", "::", "#[", "#!", "macro_rules! m", "'a", "b'", ".await", "%who",
                "=", "%", "!", "|x| ", "match ", "=> ", ",", "1..2", "_", "\0",
            ]),
            0..40,
        )
    ) {
        let text: String = pieces.concat();
        check_reading(&text, &crate::magics::RegistryFacts);
    }
}
