//! Magics about the contents of a session, help, and cells that are shown or saved.

use serde_json::json;
use threadbook_jupyter::message::Channel;
use threadbook_tests::kernel::Kernel;

#[test]
fn variables_are_listed_with_types_sizes_and_values() {
    let mut kernel = Kernel::start();
    kernel
        .run("%who")
        .printed("there are no variables, functions or types yet\n");
    kernel
        .run(
            "let numbers = vec![1u64; 1000];\nlet name = String::from(\"Ada\");\nstruct Opaque;\nlet opaque = Opaque;\n\
             fn twice(n: u64) -> u64 { 2 * n }",
        )
        .nothing();
    kernel
        .run("%who")
        .printed("name\t numbers\t opaque\t Opaque\t twice\n");
    kernel.run("%who Vec").printed("numbers\n");
    kernel
        .run("%whos Rc")
        .printed("no variable has a type that begins with `Rc`\n");
    let ran = kernel.run("%whos");
    let text = ran.stdout();
    let lines: Vec<&str> = text.lines().collect();
    assert_eq!(lines[0], "Variable  Type      Size  Value");
    assert_eq!(lines[2], "name      String      24  \"Ada\"");
    assert!(lines[3].starts_with("numbers   Vec<u64>    24  [1, 1, 1,") && lines[3].ends_with('…'));
    assert_eq!(lines[4], "opaque    Opaque       0");
    ran.nothing();
    kernel
        .run("%reset now")
        .failed("MagicError")
        .says(&["write `drop(name);`"]);
    kernel.run("%reset").nothing();
    kernel.run("numbers").failed("CompileError");
    kernel.run("println!(\"{}\", 1);").printed("1\n");
}

#[test]
fn cells_are_printed_as_they_were_typed() {
    let mut kernel = Kernel::start();
    kernel.run("let a = 1;\nlet b = 2;").nothing();
    kernel.run("panic!(\"x\")").failed("Panic");
    assert!(!kernel.run("%lsmagic").stdout().is_empty());
    kernel
        .run("%history -n")
        .printed("   1:\nlet a = 1;\nlet b = 2;\n   2: panic!(\"x\")\n   3: %lsmagic\n");
    kernel
        .run("%history 2-3")
        .printed("panic!(\"x\")\n%lsmagic\n");
    kernel.run("%history -l 1").printed("%history 2-3\n");
    kernel
        .run("%history -g let a")
        .printed("let a = 1;\nlet b = 2;\n");
    kernel
        .run("%history -x")
        .failed("MagicError")
        .says(&["there is no option `-x`"]);
}

#[test]
fn dependencies_and_options_are_listed_and_set() {
    let mut kernel = Kernel::lease();
    let ran = kernel.run("%dep");
    let text = ran.stdout();
    assert!(
        text.contains("tokio = ") && !text.contains("threadbook"),
        "{text}"
    );
    ran.nothing();
    let ran = kernel.run("%dep tree");
    assert!(ran.stdout().contains("rayon v1"));
    ran.nothing();
    kernel.run("%opt").printed("optimisation level 2\n");
    for (text, message) in [
        ("%opt 9", "no optimisation level `9`"),
        ("%dep add", "takes one crate"),
        ("%dep nonsense", "can't read `nonsense`"),
    ] {
        kernel.run(text).failed("MagicError").says(&[message]);
    }
}

#[test]
fn output_is_kept_in_a_variable() {
    let mut kernel = Kernel::lease();
    kernel
        .run("%%capture session_shown\nprintln!(\"one\");\neprintln!(\"two\");\n%lsmagic\n6 * 7")
        .nothing();
    kernel
        .run("(session_shown.stdout.starts_with(\"one\\n\"), session_shown.stdout.contains(\"%lsmagic\"), session_shown.stderr.as_str(), session_shown.outputs.len())")
        .resulted("(true, true, \"two\\n\", 1)");
    let ran = kernel.run("session_shown.show();");
    assert!(ran.stdout().starts_with("one\n"));
    assert_eq!(ran.stderr(), "two\n");
    assert_eq!(ran.displays()[0]["text/plain"], "42");
    ran.nothing();
    kernel
        .run("%%capture\nprintln!(\"dropped\");\nlet session_kept = 1;")
        .nothing();
    kernel.run("session_kept").resulted("1");
    kernel
        .run("%%capture session_failed\nprintln!(\"x\"); panic!(\"y\")")
        .failed("Panic");
    kernel.run("session_failed.stdout").resulted("\"x\\n\"");
    kernel
        .run("%%capture 1x\n1")
        .failed("MagicError")
        .says(&["the name of a variable"]);
}

#[test]
fn cells_are_shown() {
    let mut kernel = Kernel::lease();
    for (magic, mime) in [
        ("html", "text/html"),
        ("svg", "image/svg+xml"),
        ("markdown", "text/markdown"),
        ("latex", "text/latex"),
        ("javascript", "application/javascript"),
    ] {
        let ran = kernel.run(&format!("%%{magic}\n<b>it's {{}}</b>\n"));
        assert_eq!(ran.displays()[0][mime], "<b>it's {}</b>\n", "{magic}");
        ran.nothing();
    }
}

#[test]
fn help_is_paged_and_shown_where_nobody_pages() {
    let mut kernel = Kernel::lease();
    let unattended = json!({"allow_stdin": false});
    kernel
        .run("/// Twice.\nfn session_twice(n: u8) -> u8 {\n    2 * n\n}\nlet session_n = 1;")
        .nothing();
    for (text, part) in [
        ("%time?", "%time EXPRESSION"),
        ("?%%timeit", "%%timeit [-n LOOPS]"),
        (
            "session_twice??",
            "/// Twice.\nfn session_twice(n: u8) -> u8 {\n    2 * n\n}",
        ),
        ("session_n??", "let session_n = 1;"),
        ("Vec?", "pub struct Vec"),
        ("Vec??", "library/alloc/src/vec/mod.rs"),
    ] {
        let ran = kernel.run_with(text, json!({"allow_stdin": true}));
        let page = &ran.reply["payload"][0];
        assert_eq!(page["source"], "page", "{text}");
        let shown = page["data"]["text/plain"].as_str().unwrap();
        assert!(shown.contains(part), "{text}: {shown}");
        ran.nothing();
        let ran = kernel.run_with(text, unattended.clone());
        assert!(
            ran.displays()[0]["text/plain"]
                .as_str()
                .unwrap()
                .contains(part),
            "{text}"
        );
        ran.nothing();
    }
    let ran = kernel.run_with("Vec?", json!({"allow_stdin": true}));
    for mime in ["text/markdown", "text/html"] {
        assert!(
            ran.reply["payload"][0]["data"][mime].is_string(),
            "{mime}: {}",
            ran.reply
        );
    }
    ran.nothing();
    kernel.run("%nothing?").failed("NotFound");
    let reply = kernel.ask(
        Channel::Shell,
        "inspect",
        json!({"code": "%%time\nf()", "cursor_pos": 4, "detail_level": 0}),
    );
    assert!(
        reply["data"]["text/plain"]
            .as_str()
            .unwrap()
            .contains("%%time"),
        "{reply}"
    );
}

#[test]
fn magics_and_rust_beside_them_are_completed() {
    let mut kernel = Kernel::lease();
    assert_eq!(kernel.complete("%%tim"), ["%%time", "%%timeit"]);
    assert_eq!(kernel.complete("f();\n%tim"), ["%time", "%timeit"]);
    kernel
        .run("let session_word = String::from(\"abc\");")
        .nothing();
    for text in [
        "%time session_word.to_upperc",
        "%%time\nsession_word.to_upperc",
        "%lsmagic\nlet x = session_word.to_upperc",
    ] {
        kernel.complete_until(text, "to_uppercase");
    }
}

#[test]
fn exit_leaves_a_console() {
    let mut kernel = Kernel::lease();
    for text in ["exit", "quit", "exit()", "%quit"] {
        let ran = kernel.run(text);
        assert_eq!(
            ran.reply["payload"],
            json!([{"source": "ask_exit", "keepkernel": false}]),
            "{text}"
        );
        ran.nothing();
    }
    kernel.run("let exit = String::from(\"5\");").nothing();
    kernel.run("exit").resulted("\"5\"");
    kernel.run("drop(exit);").nothing();
}
