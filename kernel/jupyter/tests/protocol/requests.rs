//! Requests other than cells.

use bytes::Bytes;
use serde_json::Map;
use serde_json::json;
use threadbook_jupyter::contract::Completeness;
use threadbook_jupyter::contract::KernelInfo;
use threadbook_jupyter::contract::Signal;
use threadbook_jupyter::kernel::Options;
use threadbook_jupyter::message::Channel;
use threadbook_jupyter::output::Event;

use super::front::Front;
use super::script::Word;
use super::script::failed;

#[test]
fn kernel_info_is_answered_before_there_is_an_evaluator() {
    let options = Options {
        info: KernelInfo {
            implementation: "script".to_owned(),
            language: Map::from_iter([("name".to_owned(), json!("words"))]),
            ..KernelInfo::default()
        },
        ..Options::default()
    };
    let mut front = Front::unready(None, options);
    for channel in [Channel::Shell, Channel::Control] {
        let info = front.ask(channel, "kernel_info", json!({}));
        assert_eq!(info["status"], "ok");
        assert_eq!(info["protocol_version"], "5.5");
        assert_eq!(info["implementation"], "script");
        assert_eq!(info["language_info"], json!({"name": "words"}));
        assert_eq!(info["supported_features"], json!([]));
    }
    front.made.say(Word::Go);
    front.end();
}

#[test]
fn completions_count_code_points() {
    let mut front = Front::start();
    let reply = front.ask(
        Channel::Shell,
        "complete",
        json!({"code": "🦀 é🦀 x", "cursor_pos": 4}),
    );
    assert_eq!(reply["matches"], json!(["é🦀…"]));
    assert_eq!(
        (&reply["cursor_start"], &reply["cursor_end"]),
        (&json!(2), &json!(4))
    );
    let types = &reply["metadata"]["_jupyter_types_experimental"][0];
    assert_eq!(
        (&types["type"], &types["start"], &types["end"]),
        (&json!("function"), &json!(2), &json!(4))
    );
    let reply = front.ask(
        Channel::Shell,
        "complete",
        json!({"code": "ab", "cursor_pos": 99}),
    );
    assert_eq!(reply["cursor_end"], 2);
    front.end();
}

#[test]
fn inspections_say_what_stands_there_or_that_nothing_does() {
    let mut front = Front::start();
    let content = json!({"code": "🦀ab", "cursor_pos": 1, "detail_level": 0});
    let reply = front.ask(Channel::Shell, "inspect", content);
    assert_eq!(
        (&reply["found"], &reply["data"]["text/plain"]),
        (&json!(true), &json!("ab"))
    );
    let reply = front.ask(
        Channel::Shell,
        "inspect",
        json!({"code": "", "cursor_pos": 0}),
    );
    assert_eq!(
        (&reply["found"], &reply["data"]),
        (&json!(false), &json!({}))
    );
    front.end();
}

#[test]
fn completion_does_not_wait_for_a_running_cell() {
    let mut front = Front::start();
    let cell = front.execute("wait");
    front.recv_busy(&cell);
    front.recv_input(&cell, 1);
    let reply = front.ask_while_busy(
        Channel::Shell,
        "complete",
        json!({"code": "ab", "cursor_pos": 1}),
    );
    assert_eq!(
        (&reply["matches"], &reply["cursor_start"]),
        (&json!([]), &json!(1))
    );
    let reply = front.ask_while_busy(
        Channel::Shell,
        "inspect",
        json!({"code": "ab", "cursor_pos": 1}),
    );
    assert_eq!(reply["found"], false);
    let info = front.ask_while_busy(Channel::Shell, "kernel_info", json!({}));
    assert_eq!(info["status"], "ok");
    front.gate.say(Word::Go);
    front.recv_reply(&cell, "execute_reply");
    front.recv_idle(&cell);
    front.end();
}

#[test]
fn what_is_known_of_the_session_is_answered_while_a_cell_runs() {
    let mut front = Front::start();
    let cell = front.execute("wait");
    front.recv_busy(&cell);
    front.recv_input(&cell, 1);
    let code = "🦀 + to";
    let content = json!({"code": code, "cursor_pos": 6});
    let reply = front.ask_while_busy(Channel::Shell, "complete", content.clone());
    assert_eq!(reply["matches"], json!(["total"]));
    assert_eq!(
        (&reply["cursor_start"], &reply["cursor_end"]),
        (&json!(4), &json!(6))
    );
    let types = &reply["metadata"]["_jupyter_types_experimental"][0];
    assert_eq!(types["signature"], "total: i32");
    let content = json!({"code": "total", "cursor_pos": 2});
    let reply = front.ask_while_busy(Channel::Shell, "inspect", content);
    assert_eq!(reply["data"]["text/plain"], "let total: i32");
    front.gate.say(Word::Go);
    front.recv_reply(&cell, "execute_reply");
    front.recv_idle(&cell);
    front.end();
}

#[test]
fn a_fault_of_the_analysis_is_answered_without_it() {
    let mut front = Front::start();
    let content = json!({"code": "fault + tot", "cursor_pos": 11});
    let reply = front.ask(Channel::Shell, "complete", content);
    assert_eq!(reply["matches"], json!(["total"]));
    let content = json!({"code": "é x", "cursor_pos": 3});
    let reply = front.ask(Channel::Shell, "complete", content);
    assert_eq!(reply["matches"], json!(["x…"]));
    front.end();
}

#[test]
fn is_complete_asks_the_given_function() {
    let options = Options {
        is_complete: |code| match code {
            "{" => Completeness::Incomplete {
                indent: "    ".into(),
            },
            "}" => Completeness::Invalid,
            "" => Completeness::Unknown,
            _ => Completeness::Complete,
        },
        ..Options::default()
    };
    let mut front = Front::unready(None, options);
    front.made.say(Word::Go);
    let mut ask = |code: &str| front.ask(Channel::Shell, "is_complete", json!({"code": code}));
    assert_eq!(ask("{"), json!({"status": "incomplete", "indent": "    "}));
    assert_eq!(ask("}"), json!({"status": "invalid"}));
    assert_eq!(ask(""), json!({"status": "unknown"}));
    assert_eq!(ask("1"), json!({"status": "complete"}));
    front.end();
}

#[test]
fn history_holds_stored_cells_and_their_results() {
    let mut front = Front::start();
    front.run("", 1);
    let id = front.execute("result 7");
    front.recv_busy(&id);
    front.recv_input(&id, 2);
    assert_eq!(front.recv(&id, "execute_result")["execution_count"], 2);
    front.recv_reply(&id, "execute_reply");
    front.recv_idle(&id);
    let content = json!({"hist_access_type": "tail", "n": 5, "output": true, "raw": true});
    let reply = front.ask(Channel::Shell, "history", content);
    assert_eq!(
        reply["history"],
        json!([[1, 1, ["", null]], [1, 2, ["result 7", "7"]]])
    );
    front.end();
}

#[test]
fn history_goes_on_in_the_next_kernel() {
    let folder = tempfile::TempDir::new().unwrap();
    let start = || {
        Front::start_with(Options {
            history: Some(folder.path().join("history.sqlite")),
            ..Options::default()
        })
    };
    let mut front = start();
    front.run("", 1);
    let id = front.execute("result 7");
    front.recv_busy(&id);
    front.recv_input(&id, 2);
    front.recv(&id, "execute_result");
    front.recv_reply(&id, "execute_reply");
    front.recv_idle(&id);
    front.end();
    let mut front = start();
    for (content, expected) in [
        (
            json!({"hist_access_type": "tail", "n": 1, "output": true}),
            json!([[1, 2, ["result 7", "7"]]]),
        ),
        (
            json!({"hist_access_type": "range", "session": -1, "start": 1, "stop": 2, "output": true}),
            json!([[1, 1, ["", null]]]),
        ),
        (
            json!({"hist_access_type": "search", "pattern": "* 7", "n": 9, "unique": true}),
            json!([[1, 2, "result 7"]]),
        ),
        (
            json!({"hist_access_type": "range", "session": 0, "start": 0, "stop": 9}),
            json!([]),
        ),
    ] {
        let reply = front.ask(Channel::Shell, "history", content);
        assert_eq!(reply, json!({"status": "ok", "history": expected}));
    }
    front.end();
}

#[test]
fn every_request_gets_a_reply() {
    let mut front = Front::start();
    assert_eq!(
        front.ask(Channel::Shell, "connect", json!({}))["status"],
        "ok"
    );
    for stem in ["debug", "usage", "create_subshell", "no_such"] {
        for channel in [Channel::Control, Channel::Shell] {
            let reply = front.ask(channel, stem, json!({"command": "x"}));
            assert_eq!(
                (&reply["status"], &reply["ename"]),
                (&json!("error"), &json!("Unsupported"))
            );
        }
    }
    for (stem, content) in [
        ("execute", json!({"code": 3})),
        ("complete", json!({})),
        ("inspect", json!({"code": "x", "cursor_pos": -1})),
        ("is_complete", json!({"code": null})),
        ("history", json!({"hist_access_type": "guess"})),
        ("shutdown", json!({"restart": "perhaps"})),
    ] {
        let reply = front.ask(Channel::Shell, stem, content);
        assert_eq!(
            (&reply["status"], &reply["ename"]),
            (&json!("error"), &json!("MalformedRequest"))
        );
    }
    front.end();
}

#[test]
fn bad_frames_are_dropped_and_the_channel_lives() {
    let mut front = Front::start();
    let deep = format!("{{\"a\":{}{}}}", "[".repeat(10_000), "]".repeat(10_000));
    for channel in [Channel::Shell, Channel::Control, Channel::Stdin] {
        for frames in [
            vec![""],
            vec!["<IDS|MSG>"],
            vec!["a", "b", "c"],
            vec!["<IDS|MSG>", "", "{}", "{}", "{}", "{}"],
            vec!["<IDS|MSG>", "", "[]", "3", "\"\"", "null"],
            vec![
                "<IDS|MSG>",
                "",
                "{\"msg_id\": 1, \"msg_type\": 2}",
                "{}",
                "{}",
                "{}",
            ],
            vec![
                "<IDS|MSG>",
                "",
                "{\"msg_id\": \"1\", \"msg_type\": \"x\"}",
                "{}",
                "{}",
                &deep,
            ],
            vec!["<IDS|MSG>", "", "{"],
        ] {
            let frames = frames
                .into_iter()
                .map(|frame| Bytes::copy_from_slice(frame.as_bytes()));
            front.client.send_frames(channel, frames.collect());
        }
    }
    front.ask(Channel::Shell, "kernel_info", json!({}));
    front.ask(Channel::Control, "kernel_info", json!({}));
    front.end();
}

#[test]
fn shutdown_works_while_a_cell_runs() {
    for (channel, restart) in [(Channel::Control, true), (Channel::Shell, false)] {
        let mut front = Front::start();
        let cell = front.execute("wait");
        let queued = front.execute("print never");
        front.recv_busy(&cell);
        front.recv_input(&cell, 1);
        let id = front.send(channel, "shutdown_request", json!({"restart": restart}));
        let reply = front.recv_reply(&id, "shutdown_reply");
        assert_eq!(
            (&reply["status"], &reply["restart"]),
            (&json!("ok"), &json!(restart))
        );
        front.recv_busy(&id);
        front.recv_idle(&id);
        front.recv_still_busy();
        assert_eq!(
            front.recv_reply(&queued, "execute_reply")["status"],
            "aborted"
        );
        front.recv_busy(&queued);
        front.recv_idle(&queued);
        front.recv_still_busy();
        assert_eq!(
            front.recv_reply(&cell, "execute_reply")["ename"],
            "KeyboardInterrupt"
        );
        front.recv(&cell, "error");
        front.recv_idle(&cell);
        front.ended();
    }
}

#[test]
fn a_termination_signal_ends_in_order() {
    let front = Front::start();
    front.signals_tx.send(Signal::Terminate).unwrap();
    front.ended();
}

#[test]
fn shutdown_does_not_run_a_cell_that_waits_for_the_evaluator() {
    let mut front = Front::unready(None, Options::default());
    let cell = front.execute("print never");
    // The cell begins at once, because it must be able to show what is being prepared.
    front.recv_busy(&cell);
    front.recv_input(&cell, 1);
    let id = front.send(Channel::Control, "shutdown_request", json!({}));
    front.recv_reply(&id, "shutdown_reply");
    front.recv_busy(&id);
    front.recv_idle(&id);
    front.recv_still_busy();
    front.made.say(Word::Go);
    assert_eq!(front.recv(&cell, "error")["ename"], "KeyboardInterrupt");
    front.recv_reply(&cell, "execute_reply");
    front.recv_idle(&cell);
    front.ended();
}

#[test]
fn what_is_shown_before_the_first_cell_stands_below_its_start() {
    let (shown_tx, shown_rx) = std::sync::mpsc::channel();
    let mut front = Front::making(
        move |output, made| {
            output.send(Event::Display {
                cell: None,
                data: Map::from_iter([("text/plain".to_owned(), json!("preparing"))]),
                metadata: Map::new(),
                display_id: None,
                update: false,
            });
            shown_tx.send(()).unwrap();
            made.wait();
            Ok(())
        },
        Options::default(),
    );
    shown_rx.recv().unwrap();
    let silent = front.execute_with("", json!({"silent": true}));
    front.recv_busy(&silent);
    front.made.say(Word::Go);
    front.recv_idle(&silent);
    front.recv_reply(&silent, "execute_reply");
    let id = front.execute("");
    front.recv_busy(&id);
    front.recv_input(&id, 1);
    let display = front.recv(&id, "display_data");
    assert_eq!(display["data"]["text/plain"], "preparing");
    front.recv_idle(&id);
    front.recv_reply(&id, "execute_reply");
    front.end();
}

#[test]
fn without_an_evaluator_every_cell_says_why() {
    let mut front = Front::unready(
        Some(failed("ToolchainError", "no cargo")),
        Options::default(),
    );
    front.made.say(Word::Go);
    for count in 1..3 {
        let id = front.execute("print x");
        front.recv_busy(&id);
        front.recv_input(&id, count);
        assert_eq!(front.recv(&id, "error")["evalue"], "no cargo");
        assert_eq!(
            front.recv_reply(&id, "execute_reply")["ename"],
            "ToolchainError"
        );
        front.recv_idle(&id);
    }
    let reply = front.ask(
        Channel::Shell,
        "complete",
        json!({"code": "ab", "cursor_pos": 1}),
    );
    assert_eq!(reply["matches"], json!([]));
    front.end();
}
