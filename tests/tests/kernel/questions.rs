//! Requests of a front end about code: completion, inspection, whether a cell is complete, `name?`.

use serde_json::Value;
use serde_json::json;
use threadbook_jupyter::message::Channel;
use threadbook_tests::kernel::Kernel;
use threadbook_tests::kernel::Lease;

#[test]
fn what_follows_a_variable_is_completed() {
    let mut kernel = Kernel::lease();
    kernel
        .run("let questions_text = String::from(\"abc\");")
        .nothing();
    kernel.complete_until("questions_text.to_upperc", "to_uppercase");
    kernel.complete_until("let x = questions_te", "questions_text");
    kernel.complete_until("let é = std::thread::yield_n", "yield_now");
}

#[test]
fn what_a_cell_may_not_use_is_not_offered() {
    let mut kernel = Kernel::lease();
    kernel
        .run("let questions_list = vec![1]; let (questions_tx, questions_rx) = std::sync::mpsc::channel::<i32>();")
        .nothing();
    let matches = kernel.complete_until("questions_list.", "push");
    for name in [
        "buf",
        "append_elements",
        "extend_desugared",
        "evcxr_display",
    ] {
        assert!(
            !matches.iter().any(|found| found == name),
            "{name}: {matches:?}"
        );
    }
    let place = |name: &str| matches.iter().position(|found| found == name);
    assert!(place("len").is_some() && place("capacity") < place("into"));
    assert!(place("push") < place("type_id"));
    let matches = kernel.complete_until("questions_tx.", "send");
    assert!(!matches.iter().any(|found| found == "inner"), "{matches:?}");
    let matches = kernel.complete_until("std::thread::", "spawn");
    for name in [
        "_assert_sync_and_send",
        "Any",
        "builder::",
        "main_thread::",
        "current_os_id",
    ] {
        assert!(
            !matches.iter().any(|found| found == name),
            "{name}: {matches:?}"
        );
    }
    let matches = kernel.complete_until("threadbook::", "process::");
    for name in ["worker::", "abi::", "blocking::", "session_tokio::"] {
        assert!(
            !matches.iter().any(|found| found == name),
            "{name}: {matches:?}"
        );
    }
    assert!(kernel.complete("evcx").is_empty());
}

#[test]
fn own_fields_and_methods_are_offered_though_they_are_private() {
    let mut kernel = Kernel::lease();
    kernel
        .run("struct QuestionsOwn { secret: i32 } impl QuestionsOwn { fn grow(&self) -> i32 { self.secret } } let questions_own = QuestionsOwn { secret: 1 };")
        .nothing();
    let matches = kernel.complete_until("questions_own.", "grow");
    assert!(matches.contains(&"secret".to_owned()), "{matches:?}");
}

#[test]
fn brackets_need_not_be_closed() {
    let mut kernel = Kernel::lease();
    kernel
        .run("let questions_word = String::from(\"abc\");")
        .nothing();
    for code in [
        "println!(\"{}\", questions_word.to_upperc",
        "let all = vec![questions_word.to_upperc",
        "fn f() { dbg!(String::new().to_upperc",
    ] {
        kernel.complete_until(code, "to_uppercase");
    }
}

#[test]
fn a_cursor_is_counted_in_code_points() {
    let mut kernel = Kernel::lease();
    for (code, start) in [
        ("let привет = 1; \"мир\".to_upperc", 22),
        ("\"🦀🦀\".to_upperc", 5),
        ("let x = \"e\u{301}\u{301}\"; \"\".to_upperc", 18),
    ] {
        kernel.complete_until(code, "to_uppercase");
        let content = json!({"code": code, "cursor_pos": code.chars().count()});
        let reply = kernel.ask(Channel::Shell, "complete", content);
        let end = code.chars().count();
        assert_eq!(
            (&reply["cursor_start"], &reply["cursor_end"]),
            (&json!(start), &json!(end)),
            "{code}"
        );
        let types = &reply["metadata"]["_jupyter_types_experimental"][0];
        assert_eq!(
            (&types["start"], &types["type"]),
            (&json!(start), &json!("function")),
            "{types}"
        );
        assert!(
            types["signature"]
                .as_str()
                .is_some_and(|text| text.contains('(')),
            "{types}"
        );
    }
}

#[test]
fn files_are_offered_where_files_are_named() {
    let mut kernel = Kernel::lease();
    let folder = tempfile::tempdir().unwrap();
    std::fs::create_dir_all(folder.path().join("questions_folder/inner")).unwrap();
    std::fs::write(folder.path().join("questions_file.rs"), "").unwrap();
    let place = format!("{}/questions_f", folder.path().display());
    for (code, expected) in [
        (
            "!cat questions_f",
            &["questions_file.rs", "questions_folder/"][..],
        ),
        (
            "let text = !cat questions_f",
            &["questions_file.rs", "questions_folder/"],
        ),
        ("%cd questions_f", &["questions_folder/"]),
        (
            "%run questions_f",
            &["questions_file.rs", "questions_folder/"],
        ),
        (
            "%load questions_f",
            &["questions_file.rs", "questions_folder/"],
        ),
        (
            "%use questions_f",
            &["questions_file.rs", "questions_folder/"],
        ),
        (
            "%%writefile questions_f",
            &["questions_file.rs", "questions_folder/"],
        ),
        (
            "%%bash\ncat questions_f",
            &["questions_file.rs", "questions_folder/"],
        ),
        (
            "std::fs::read(\"questions_f",
            &["questions_file.rs", "questions_folder/"],
        ),
        ("let path = \"questions_folder/i", &["inner/"]),
    ] {
        assert_eq!(
            kernel.complete(&code.replace("questions_f", &place)),
            expected,
            "{code}"
        );
    }
}

#[test]
fn cells_of_other_languages_get_nothing_of_rust() {
    let mut kernel = Kernel::lease();
    kernel.run("let questions_rust = 1;").nothing();
    for code in [
        "%%bash\necho questions_ru",
        "%%python\nquestions_ru",
        "%%python\n\"\".to_upperc",
    ] {
        assert!(kernel.complete(code).is_empty(), "{code}");
    }
    assert_eq!(
        kernel.complete("%%python\nquestions_python = 1\nquestions_p"),
        ["questions_python"]
    );
}

#[test]
fn a_dependency_line_is_completed_without_rust() {
    let mut kernel = Kernel::lease();
    for code in [
        ":dep ",
        "%dep zzz",
        ":dep tokio = { version = \"1\", features = [\"",
        "%dep add tokio@",
    ] {
        let matches = kernel.complete(code);
        assert!(
            !matches.contains(&"questions".to_owned()),
            "{code}: {matches:?}"
        );
    }
    assert_eq!(kernel.complete(":dep x = { feat"), ["features"]);
    assert_eq!(kernel.complete("%dep --l"), ["--lock"]);
}

#[test]
fn offsets_of_a_completion_are_code_points() {
    let mut kernel = Kernel::lease();
    let code = "\"🦀é\".to_upperc";
    kernel.complete_until(code, "to_uppercase");
    let reply = kernel.ask(
        Channel::Shell,
        "complete",
        json!({"code": code, "cursor_pos": code.chars().count()}),
    );
    assert_eq!(reply["cursor_start"], 5, "{reply}");
    assert_eq!(reply["cursor_end"], 14, "{reply}");
}

#[test]
fn a_name_is_inspected() {
    let mut kernel = Kernel::lease();
    kernel.inspect_until("Vec", "pub struct Vec");
    let reply = kernel.ask(
        Channel::Shell,
        "inspect",
        json!({"code": "no_such_name_at_all", "cursor_pos": 3, "detail_level": 0}),
    );
    assert_eq!(
        (&reply["status"], &reply["found"]),
        (&json!("ok"), &json!(false))
    );
}

#[test]
fn a_variable_is_inspected_with_its_type_and_value() {
    let mut kernel = Kernel::lease();
    kernel.run("let questions_numbers = vec![1, 2, 3]; let questions_long: Vec<usize> = (0..1000).collect();").nothing();
    let text = kernel.inspect_until("questions_numbers", "=");
    assert_eq!(text, "let questions_numbers: Vec<i32> = [1, 2, 3]");
    let text = kernel.inspect_until("f(questions_long", "=");
    assert!(text.ends_with('…') && text.len() < 200, "{text}");
    kernel
        .run("let questions_numbers = \"other\".to_owned();")
        .nothing();
    let text = kernel.inspect_until("questions_numbers", "=");
    assert_eq!(text, "let questions_numbers: String = \"other\"");
    // A variable that the cell itself binds hides the session's variable.
    kernel.inspect_until("let questions_numbers = 1u8; questions_numbers", "u8");
}

#[test]
fn functions_magics_errors_and_keywords_are_inspected() {
    let mut kernel = Kernel::lease();
    kernel
        .run("/// Doubles a number.\nfn questions_twice(n: u8) -> u8 { 2 * n }")
        .nothing();
    let text = kernel.inspect_until("questions_twice", "Doubles a number.");
    assert!(text.contains("fn questions_twice(n: u8) -> u8"), "{text}");
    kernel.inspect_until("String::new().len", "pub const fn len");
    kernel.inspect_until("%timeit", "%timeit");
    kernel.inspect_until("E0382", "moved elsewhere");
    kernel.inspect_until("match", "Control flow based on pattern matching.");
    for (code, text) in [
        ("E0382?", "moved elsewhere"),
        ("match?", "pattern matching"),
        ("questions_twice?", "Doubles a number."),
    ] {
        let ran = kernel.run(code);
        let page = &ran.reply["payload"][0]["data"]["text/plain"];
        assert!(
            page.as_str().is_some_and(|page| page.contains(text)),
            "{code}: {page}"
        );
        ran.nothing();
    }
    kernel.run("let questions_seven = 7;").nothing();
    let ran = kernel.run("questions_seven?");
    let page = &ran.reply["payload"][0]["data"]["text/plain"];
    assert_eq!(page, "let questions_seven: i32 = 7");
    ran.nothing();
    kernel.run("questions_seven + 1").resulted("8");
}

#[test]
fn questions_are_answered_while_a_cell_runs() {
    let mut kernel = Kernel::lease();
    kernel
        .run("let questions_known = 5; fn questions_item(n: u8) -> u8 { n }")
        .nothing();
    let cell = kernel.send("threadbook::input(\"\")?");
    let question = kernel.question(&cell);
    assert_eq!(kernel.complete("questions_kn"), ["questions_known"]);
    assert_eq!(kernel.complete("questions_it"), ["questions_item"]);
    assert_eq!(
        kernel.complete("let questions_other = 1;\nquestions_oth"),
        ["questions_other"]
    );
    assert_eq!(kernel.complete("%whos"), ["%whos"]);
    assert_eq!(
        kernel.inspect("questions_known").as_deref(),
        Some("let questions_known: i32")
    );
    assert_eq!(
        kernel.inspect("questions_item").as_deref(),
        Some("fn questions_item(n: u8) -> u8")
    );
    assert!(kernel.inspect("%whos").is_some());
    kernel.answer(&question, "");
    kernel.finish(&cell).resulted("\"\"");
    kernel.complete_until("String::new().to_upperc", "to_uppercase");
}

#[test]
fn questions_are_answered_while_the_evaluator_starts() {
    let mut kernel = Kernel::start();
    // These answers are the same before and after the evaluator has started.
    assert_eq!(kernel.complete("%whos"), ["%whos"]);
    assert_eq!(kernel.complete("%history -"), ["-g", "-l", "-n"]);
    kernel.complete_until("let questions_early = 1;\nquestions_ea", "questions_early");
    assert!(kernel.inspect("%whos").is_some());
}

#[test]
fn a_name_with_a_question_mark_is_paged() {
    let mut kernel = Kernel::lease();
    let ran = kernel.run("Vec?");
    let payload = &ran.reply["payload"][0];
    assert_eq!(payload["source"], "page", "{payload}");
    assert!(
        payload["data"]["text/plain"]
            .as_str()
            .is_some_and(|text| text.contains("Vec")),
        "{payload}"
    );
    ran.nothing();
    let failure = kernel.run("no_such_name_at_all?").failed("NotFound");
    assert!(failure.evalue.contains("no_such_name_at_all"));
}

#[test]
fn whether_a_cell_is_complete() {
    let mut kernel = Kernel::lease();
    for (code, status) in [
        ("1 + 1", "complete"),
        ("fn f() {", "incomplete"),
        ("let x = (1,", "incomplete"),
        ("fn f() }", "invalid"),
        ("let s = \"a\nb\";", "complete"),
        ("let s = \"a", "incomplete"),
        ("", "complete"),
        (":dep hex", "complete"),
    ] {
        let reply = kernel.ask(Channel::Shell, "is_complete", json!({"code": code}));
        assert_eq!(reply["status"], status, "{code}");
    }
}

#[test]
fn strange_texts_are_answered() {
    let mut kernel = Kernel::lease();
    for code in super::texts::strange() {
        for cursor in [code.chars().count() / 2, code.chars().count() + 9] {
            assert_ok(
                &mut kernel,
                "complete",
                json!({"code": code, "cursor_pos": cursor}),
            );
            assert_ok(
                &mut kernel,
                "inspect",
                json!({"code": code, "cursor_pos": cursor, "detail_level": 1}),
            );
        }
        kernel.ask(Channel::Shell, "is_complete", json!({"code": code}));
    }
    kernel.run("1 + 1").resulted("2");
}

#[track_caller]
fn assert_ok(kernel: &mut Lease, stem: &str, content: Value) {
    let reply = kernel.ask(Channel::Shell, stem, content.clone());
    assert_eq!(reply["status"], "ok", "{stem} {content:.200} {reply}");
}
