//! What a front end asks about code: completion, inspection, whether a cell is complete, `name?`.

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
    let matches = kernel.complete("questions_text.to_upperc");
    assert!(matches.contains(&"to_uppercase".to_owned()), "{matches:?}");
    let matches = kernel.complete("let x = questions_te");
    assert!(
        matches.contains(&"questions_text".to_owned()),
        "{matches:?}"
    );
    let matches = kernel.complete("let é = std::thread::yield_n");
    assert!(matches.contains(&"yield_now".to_owned()), "{matches:?}");
}

#[test]
fn offsets_of_a_completion_are_code_points() {
    let mut kernel = Kernel::lease();
    let code = "\"🦀é\".to_upperc";
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
    let reply = kernel.ask(
        Channel::Shell,
        "inspect",
        json!({"code": "Vec::new()", "cursor_pos": 2, "detail_level": 0}),
    );
    assert_eq!(reply["status"], "ok");
    assert_eq!(reply["found"], true);
    assert!(
        reply["data"]["text/plain"]
            .as_str()
            .is_some_and(|text| !text.is_empty()),
        "{reply}"
    );
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
