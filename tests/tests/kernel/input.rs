//! Input requests of cells.

use serde_json::json;
use threadbook_tests::kernel::Kernel;

#[test]
fn input_asks_and_gets_the_line() {
    let mut kernel = Kernel::lease();
    let id = kernel.send("print!(\"first \"); let input_name = threadbook::input(\"name? \")?; println!(\"hello {input_name}\");");
    let question = kernel.question(&id);
    assert_eq!(question.content["prompt"], "name? ");
    assert_eq!(question.content["password"], false);
    kernel.answer(&question, "Zoë 🦀");
    kernel.finish(&id).printed("first hello Zoë 🦀\n");
}

#[test]
fn getpass_hides_what_is_typed() {
    let mut kernel = Kernel::lease();
    let id = kernel.send("threadbook::getpass(\"secret? \")?.len()");
    let question = kernel.question(&id);
    assert_eq!(question.content["password"], true);
    kernel.answer(&question, "12345");
    kernel.finish(&id).resulted("5");
}

#[test]
fn stdin_asks_line_by_line() {
    let mut kernel = Kernel::lease();
    let id = kernel.send("let mut input_line = String::new(); for _ in 0..2 { std::io::stdin().read_line(&mut input_line)?; } input_line");
    for text in ["one", "two"] {
        let question = kernel.question(&id);
        assert_eq!(question.content["prompt"], "");
        kernel.answer(&question, text);
    }
    kernel.finish(&id).resulted("\"one\\ntwo\\n\"");
}

#[test]
fn a_front_end_that_takes_no_questions_is_an_error_that_says_so() {
    let mut kernel = Kernel::lease();
    let options = json!({"allow_stdin": false});
    let failure = kernel
        .run_with("threadbook::input(\"name? \")?", options.clone())
        .failed("ReturnedError");
    assert!(failure.evalue.contains("input"), "{failure:#?}");
    let ran = kernel.run_with(
        "let mut input_none = String::new(); std::io::stdin().read_line(&mut input_none)?;",
        options.clone(),
    );
    assert!(ran.stderr().contains("input"), "{}", ran.stderr());
    ran.failed("ReturnedError");
    let ran = kernel.run_with(
        "std::process::Command::new(\"cat\").status()?.success()",
        options,
    );
    ran.resulted("true");
}

#[test]
fn an_interrupt_unblocks_a_question_and_keeps_the_variables() {
    let mut kernel = Kernel::lease();
    kernel.run("let input_kept = 5;").nothing();
    for code in [
        "threadbook::input(\"never \")?;",
        "let mut input_l = String::new(); std::io::stdin().read_line(&mut input_l)?;",
    ] {
        let id = kernel.send(code);
        let question = kernel.question(&id);
        kernel.interrupt();
        kernel.finish(&id).failed("KeyboardInterrupt");
        // This answer is too late, and must not become the answer to the next question.
        kernel.answer(&question, "stale");
        let id = kernel.send("threadbook::input(\"again \")?");
        let next = kernel.question(&id);
        kernel.answer(&question, "stale");
        kernel.answer(&next, "fresh");
        kernel.finish(&id).resulted("\"fresh\"");
        kernel.run("input_kept").resulted("5");
    }
}

#[test]
fn a_thread_can_ask_too() {
    let mut kernel = Kernel::lease();
    let id = kernel.send(
        "std::thread::spawn(|| threadbook::input(\"from a thread \").unwrap()).join().unwrap()",
    );
    let question = kernel.question(&id);
    kernel.answer(&question, "ok");
    kernel.finish(&id).resulted("\"ok\"");
}
