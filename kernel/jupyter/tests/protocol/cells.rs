//! Cells: their output, their order and their ends.

use serde_json::Value;
use serde_json::json;
use threadbook_jupyter::contract::Signal;
use threadbook_jupyter::kernel::Options;
use threadbook_jupyter::message::Channel;
use threadbook_jupyter::message::Message;

use super::front::Front;
use super::script::Word;

#[test]
fn a_cell_is_busy_input_output_reply_idle() {
    let mut front = Front::start();
    let id = front.execute_with(
        "print one\neprint two\ndisplay three\nclear\nupdate four\nraw five\nresult six",
        json!({"user_expressions": {"x": "1"}}),
    );
    front.recv_busy(&id);
    front.recv_input(&id, 1);
    front.recv_stream(&id, "stdout", "one\n");
    front.recv_stream(&id, "stderr", "two\n");
    let display = front.recv(&id, "display_data");
    assert_eq!(display["transient"]["display_id"], "id");
    assert_eq!(front.recv(&id, "clear_output")["wait"], true);
    assert_eq!(
        front.recv(&id, "update_display_data")["data"]["text/plain"],
        "four"
    );
    front.recv_stream(&id, "stdout", "five");
    assert_eq!(
        front.recv(&id, "execute_result")["data"]["text/plain"],
        "six"
    );
    front.recv_idle(&id);
    let reply = front.recv_reply(&id, "execute_reply");
    assert_eq!(
        (&reply["status"], &reply["execution_count"]),
        (&json!("ok"), &json!(1))
    );
    assert_eq!(reply["payload"], json!([]));
    assert_eq!(reply["user_expressions"]["x"]["status"], "error");
    front.end();
}

#[test]
fn a_long_compile_is_said_until_the_cell_runs() {
    let mut front = Front::start();
    for ends in ["compile ends\nwait\n", "compile ends\n", ""] {
        let id = front.execute(&format!("compile begins\nwait\n{ends}print one"));
        front.recv_busy(&id);
        let count = front.recv(&id, "execute_input");
        let display = front.recv(&id, "display_data");
        assert_eq!(display["data"]["text/plain"], "compiling", "{count}");
        front.gate.say(Word::Go);
        assert_eq!(front.recv(&id, "clear_output")["wait"], false);
        if ends.ends_with("wait\n") {
            front.gate.say(Word::Go);
        }
        front.recv_stream(&id, "stdout", "one\n");
        front.recv_idle(&id);
        front.recv_reply(&id, "execute_reply");
    }
    front.end();
}

#[test]
fn a_long_compile_is_not_said_where_nobody_watches() {
    let begin = |options: Value| {
        let mut front = Front::start();
        let id = front.execute_with("compile begins\nwait\nprint one", options);
        front.recv_busy(&id);
        front.recv_input(&id, 1);
        (front, id)
    };
    let (mut unwatched, unwatched_id) = begin(json!({"allow_stdin": false}));
    // Another kernel starts later and reports its long compile. By then, this kernel has had enough time to do the
    // same.
    let (mut watched, watched_id) = begin(json!({}));
    watched.recv(&watched_id, "display_data");
    unwatched.gate.say(Word::Go);
    unwatched.recv_stream(&unwatched_id, "stdout", "one\n");
    unwatched.recv_idle(&unwatched_id);
    unwatched.recv_reply(&unwatched_id, "execute_reply");
    watched.gate.say(Word::Go);
    watched.recv(&watched_id, "clear_output");
    watched.recv_stream(&watched_id, "stdout", "one\n");
    watched.recv_idle(&watched_id);
    watched.recv_reply(&watched_id, "execute_reply");
    unwatched.end();
    watched.end();
}

#[test]
fn idle_comes_after_the_last_output_a_hundred_times() {
    let mut front = Front::start();
    for count in 1..=100 {
        let id = front.execute("raw a\nprint b\neprint c");
        front.recv_busy(&id);
        front.recv_input(&id, count);
        front.recv_stream(&id, "stdout", "ab\n");
        front.recv_stream(&id, "stderr", "c\n");
        front.recv_idle(&id);
        front.recv_reply(&id, "execute_reply");
    }
    front.end();
}

#[test]
fn many_lines_are_few_messages() {
    let mut front = Front::start();
    let id = front.execute("flood 50000");
    front.recv_busy(&id);
    front.recv_input(&id, 1);
    let (mut messages, mut text) = (0, String::new());
    loop {
        let message = front.recv_iopub();
        if message.msg_type() == "status" {
            break;
        }
        messages += 1;
        text.push_str(message.content["text"].as_str().unwrap());
    }
    assert_eq!(text.lines().count(), 50_000);
    assert!(text.ends_with("line 49999\n"));
    // A slow machine may flush because of time, but never after each line.
    assert!(messages < 2_500, "{messages} messages");
    front.recv_reply(&id, "execute_reply");
    front.end();
}

#[test]
fn the_output_limit_is_told_in_words() {
    let options = Options {
        output_limit_bytes: 5,
        ..Options::default()
    };
    let mut front = Front::unready(None, options);
    front.made.say(Word::Go);
    let id = front.execute("print 1234567\nprint more");
    front.recv_busy(&id);
    front.recv_input(&id, 1);
    front.recv_stream(&id, "stdout", "12345");
    let told = front.recv(&id, "stream");
    assert!(
        told["text"]
            .as_str()
            .unwrap()
            .contains("THREADBOOK_OUTPUT_LIMIT"),
        "{told}"
    );
    front.recv_idle(&id);
    front.recv_reply(&id, "execute_reply");
    front.end();
}

#[test]
fn a_failed_cell_has_one_error_and_a_reply_that_repeats_it() {
    let mut front = Front::start();
    let id = front.execute("print before\nfail oh no");
    front.recv_busy(&id);
    front.recv_input(&id, 1);
    front.recv_stream(&id, "stdout", "before\n");
    let error = front.recv(&id, "error");
    front.recv_idle(&id);
    let reply = front.recv_reply(&id, "execute_reply");
    assert_eq!(
        (&reply["status"], &reply["execution_count"]),
        (&json!("error"), &json!(1))
    );
    for field in ["ename", "evalue", "traceback"] {
        assert_eq!(reply[field], error[field]);
    }
    assert_eq!(
        (&error["ename"], &error["evalue"]),
        (&json!("Panic"), &json!("oh no"))
    );
    front.end();
}

#[test]
fn a_failure_aborts_the_cells_that_wait_and_nothing_else() {
    let mut front = Front::start();
    let failing = front.execute("wait\nfail x");
    front.recv_busy(&failing);
    front.recv_input(&failing, 1);
    let aborted = [front.execute("print never"), front.execute("print never")];
    let info = front.send(Channel::Shell, "kernel_info_request", json!({}));
    front.recv_busy(&info);
    front.recv_idle(&info);
    front.recv_still_busy();
    assert_eq!(front.recv_reply(&info, "kernel_info_reply")["status"], "ok");
    front.gate.say(Word::Go);
    front.recv(&failing, "error");
    front.recv_idle(&failing);
    front.recv_reply(&failing, "execute_reply");
    for id in &aborted {
        front.recv_busy(id);
        front.recv_idle(id);
        assert_eq!(front.recv_reply(id, "execute_reply")["status"], "aborted");
    }
    front.run("", 2);
    front.end();
}

#[test]
fn without_stop_on_error_the_next_cell_runs() {
    let mut front = Front::start();
    let failing = front.execute_with("wait\nfail x", json!({"stop_on_error": false}));
    front.recv_busy(&failing);
    front.recv_input(&failing, 1);
    let next = front.execute("");
    front.gate.say(Word::Go);
    front.recv(&failing, "error");
    front.recv_idle(&failing);
    front.recv_reply(&failing, "execute_reply");
    front.recv_busy(&next);
    front.recv_input(&next, 2);
    front.recv_idle(&next);
    assert_eq!(front.recv_reply(&next, "execute_reply")["status"], "ok");
    front.end();
}

#[test]
fn silent_and_unstored_cells_do_not_count() {
    let mut front = Front::start();
    let silent = front.execute_with("print x\nresult y", json!({"silent": true}));
    front.recv_busy(&silent);
    front.recv_idle(&silent);
    assert_eq!(
        front.recv_reply(&silent, "execute_reply")["execution_count"],
        0
    );
    front.run("", 1);
    let unstored = front.execute_with("", json!({"store_history": false}));
    front.recv_busy(&unstored);
    front.recv_input(&unstored, 1);
    front.recv_idle(&unstored);
    front.recv_reply(&unstored, "execute_reply");
    front.run("", 2);
    let content = json!({"hist_access_type": "tail", "n": 9});
    let history = front.ask(Channel::Shell, "history", content);
    assert_eq!(history["history"], json!([[1, 1, ""], [1, 2, ""]]));
    front.end();
}

#[test]
fn an_interrupt_stops_the_cell_and_clears_the_queue() {
    for by_signal in [false, true] {
        let mut front = Front::start();
        let cell = front.execute("wait");
        front.recv_busy(&cell);
        front.recv_input(&cell, 1);
        let queued = front.execute("print never");
        // When the reply arrives, the queued cell has arrived too.
        front.ask_while_busy(Channel::Shell, "kernel_info", json!({}));
        let interrupt =
            (!by_signal).then(|| front.send(Channel::Control, "interrupt_request", json!({})));
        if by_signal {
            front.signals_tx.send(Signal::Interrupt).unwrap();
        }
        if let Some(id) = &interrupt {
            front.recv_busy(id);
            assert_eq!(
                front.recv_reply(id, "interrupt_reply"),
                json!({"status": "ok"})
            );
        }
        assert_eq!(front.recv(&cell, "error")["ename"], "KeyboardInterrupt");
        front.recv_idle(&cell);
        assert_eq!(
            front.recv_reply(&cell, "execute_reply")["ename"],
            "KeyboardInterrupt"
        );
        // The messages come in the order of the requests.
        front.recv_busy(&queued);
        front.recv_idle(&queued);
        assert_eq!(
            front.recv_reply(&queued, "execute_reply")["status"],
            "aborted"
        );
        // If a client confuses this idle with the idle of the cell, it already has the cell's error.
        if let Some(id) = &interrupt {
            front.recv_idle(id);
        }
        front.run("", 2);
        front.end();
    }
}

#[test]
fn an_interrupt_reaches_a_cell_that_waits_for_the_evaluator() {
    let mut front = Front::unready(None, Options::default());
    let cell = front.execute("print never");
    // The cell begins at once, because it must be able to show what is being prepared.
    front.recv_busy(&cell);
    front.recv_input(&cell, 1);
    let interrupt = front.send(Channel::Control, "interrupt_request", json!({}));
    front.recv_busy(&interrupt);
    // The reply does not wait for the cell.
    front.recv_reply(&interrupt, "interrupt_reply");
    front.made.say(Word::Go);
    assert_eq!(front.recv(&cell, "error")["ename"], "KeyboardInterrupt");
    front.recv_idle(&cell);
    front.recv_reply(&cell, "execute_reply");
    front.recv_idle(&interrupt);
    front.end();
}

#[test]
fn a_panicking_evaluator_is_an_internal_error_and_stays() {
    let mut front = Front::start();
    let id = front.execute("panic boom");
    front.recv_busy(&id);
    front.recv_input(&id, 1);
    let error = front.recv(&id, "error");
    assert_eq!(error["ename"], "InternalError");
    assert!(
        error["evalue"].as_str().unwrap().contains("`boom`"),
        "{error}"
    );
    front.recv_idle(&id);
    assert_eq!(front.recv_reply(&id, "execute_reply")["status"], "error");
    assert_eq!(front.run("", 2)["status"], "ok");
    // This evaluator would panic on a cursor inside a character of another text. The kernel does not pass such a cursor
    // to it.
    front.ask(
        Channel::Shell,
        "complete",
        json!({"code": "é", "cursor_pos": 1}),
    );
    front.end();
}

#[test]
fn late_output_belongs_to_the_latest_cell_and_named_output_to_its_own() {
    let mut front = Front::start();
    let first = front.execute("later from a thread");
    front.recv_busy(&first);
    front.recv_input(&first, 1);
    front.recv_idle(&first);
    front.recv_reply(&first, "execute_reply");
    front.gate.say(Word::Go);
    front.recv_stream(&first, "stdout", "from a thread");
    // The empty cell of `start` has id 1. Therefore the first cell here has id 2.
    let second = front.execute("as 2 of the first\nprint mine");
    front.recv_busy(&second);
    front.recv_input(&second, 2);
    front.recv_stream(&first, "stdout", "of the first");
    front.recv_stream(&second, "stdout", "mine\n");
    front.recv_idle(&second);
    front.recv_reply(&second, "execute_reply");
    front.end();
}

#[test]
fn printed_markers_become_displays_and_nothing_else_does() {
    let mut front = Front::start();
    let id = front.execute(
        "raw EVCXR_BEGIN_CONTENT text/html\\n<b>\\nEVCXR_END_\nraw CONTENT\\n\nprint EVCXR_END_CONTENT\n\
         raw EVCXR_BEGIN_CONTENT text/html\\nopen",
    );
    front.recv_busy(&id);
    front.recv_input(&id, 1);
    assert_eq!(
        front.recv(&id, "display_data")["data"],
        json!({"text/html": "<b>"})
    );
    front.recv_stream(
        &id,
        "stdout",
        "EVCXR_END_CONTENT\nEVCXR_BEGIN_CONTENT text/html\nopen",
    );
    front.recv_idle(&id);
    front.recv_reply(&id, "execute_reply");
    front.end();
}

#[test]
fn a_question_goes_to_the_client_and_its_answer_to_the_cell() {
    let mut front = Front::start();
    let id = front.execute("raw name? \ninput your name");
    front.recv_busy(&id);
    front.recv_input(&id, 1);
    // Text that was printed before the question is shown before it.
    front.recv_stream(&id, "stdout", "name? ");
    let request = front.recv_input_request(&id);
    assert_eq!(
        request.content,
        json!({"prompt": "your name", "password": false})
    );
    // An input reply to another request is ignored.
    let mut foreign = Message::new("input_reply", "elsewhere", json!({"value": "mallory"}));
    front.client.send_message(Channel::Stdin, &foreign);
    foreign.parent_header = json!({"msg_id": "other"}).as_object().unwrap().clone();
    front.client.send_message(Channel::Stdin, &foreign);
    front.client.answer_input(&request, "ferris");
    front.recv_stream(&id, "stdout", "got ferris\n");
    front.recv_idle(&id);
    front.recv_reply(&id, "execute_reply");
    front.end();
}

#[test]
fn a_client_without_stdin_is_not_asked() {
    let mut front = Front::start();
    let id = front.execute_with("input x", json!({"allow_stdin": false}));
    front.recv_busy(&id);
    front.recv_input(&id, 1);
    assert_eq!(front.recv(&id, "error")["evalue"], "not allowed");
    front.recv_idle(&id);
    front.recv_reply(&id, "execute_reply");
    front.end();
}

#[test]
fn an_interrupt_unblocks_a_question_and_its_late_answer_is_dropped() {
    let mut front = Front::start();
    let id = front.execute("input first");
    front.recv_busy(&id);
    front.recv_input(&id, 1);
    let request = front.recv_input_request(&id);
    front.signals_tx.send(Signal::Interrupt).unwrap();
    front.recv(&id, "error");
    front.recv_idle(&id);
    assert_eq!(
        front.recv_reply(&id, "execute_reply")["ename"],
        "KeyboardInterrupt"
    );
    let next = front.execute("input second");
    front.recv_busy(&next);
    front.recv_input(&next, 2);
    let second = front.recv_input_request(&next);
    front.client.answer_input(&request, "late");
    front.client.answer_input(&second, "right");
    front.recv_stream(&next, "stdout", "got right\n");
    front.recv_idle(&next);
    front.recv_reply(&next, "execute_reply");
    front.end();
}
