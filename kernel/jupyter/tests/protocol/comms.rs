//! Comms: the messages of both sides, the list of open comms, and busy and idle around each message.

use serde_json::json;
use threadbook_jupyter::message::Channel;
use threadbook_jupyter::message::Message;

use super::front::Front;
use super::script::Word;

/// Opens a comm that echoes.
#[track_caller]
fn open(front: &mut Front, comm_id: &str) {
    let content = json!({"comm_id": comm_id, "target_name": "echo", "data": {}});
    let id = front.send(Channel::Shell, "comm_open", content);
    front.recv_busy(&id);
    front.recv_idle(&id);
}

#[test]
fn one_of_an_unknown_target_is_closed_on_iopub() {
    let mut front = Front::start();
    assert_eq!(
        front.ask(Channel::Shell, "comm_info", json!({})),
        json!({"status": "ok", "comms": {}})
    );
    let content = json!({"comm_id": "c", "target_name": "t", "data": {}});
    let id = front.send(Channel::Shell, "comm_open", content);
    front.recv_busy(&id);
    assert_eq!(front.recv(&id, "comm_close")["comm_id"], "c");
    front.recv_idle(&id);
    for msg_type in ["comm_msg", "comm_close"] {
        let content = json!({"comm_id": "c", "data": {}});
        let id = front.send(Channel::Shell, msg_type, content);
        front.recv_busy(&id);
        front.recv_idle(&id);
    }
    front.end();
}

#[test]
fn the_open_ones_are_listed_by_target() {
    let mut front = Front::start();
    open(&mut front, "c");
    for (target, comms) in [
        (json!(null), json!({"c": {"target_name": "echo"}})),
        (json!("echo"), json!({"c": {"target_name": "echo"}})),
        (json!("other"), json!({})),
    ] {
        assert_eq!(
            front.ask(Channel::Shell, "comm_info", json!({"target_name": target})),
            json!({"status": "ok", "comms": comms})
        );
    }
    let id = front.send(
        Channel::Shell,
        "comm_close",
        json!({"comm_id": "c", "data": {}}),
    );
    front.recv_busy(&id);
    front.recv_idle(&id);
    let reply = front.ask(Channel::Shell, "comm_info", json!({}));
    assert_eq!(reply["comms"], json!({}));
    front.end();
}

#[test]
fn metadata_and_buffers_pass_both_ways() {
    let mut front = Front::start();
    open(&mut front, "c");
    let content = json!({"comm_id": "c", "data": {"x": [1, "é"]}});
    let mut message = Message::new("comm_msg", "client", content.clone());
    message.metadata.insert("m".to_owned(), json!(1));
    message.buffers = vec![vec![].into(), vec![0, 255].into()];
    let id = message.header.msg_id().to_owned();
    front.client.send_message(Channel::Shell, &message);
    front.recv_busy(&id);
    let echo = front.recv_iopub();
    assert_eq!(
        (echo.msg_type(), echo.parent_id()),
        ("comm_msg", id.as_str())
    );
    assert_eq!(echo.content, content);
    assert_eq!(
        (&echo.metadata, &echo.buffers),
        (&message.metadata, &message.buffers)
    );
    front.recv_idle(&id);
    front.end();
}

#[test]
fn messages_are_handled_in_order_while_a_cell_runs() {
    let mut front = Front::start();
    open(&mut front, "c");
    let cell = front.execute("print before\nwait\nprint after");
    front.recv_busy(&cell);
    front.recv_input(&cell, 1);
    front.recv_stream(&cell, "stdout", "before\n");
    for number in 0..20 {
        let content = json!({"comm_id": "c", "data": number});
        let id = front.send(Channel::Shell, "comm_msg", content.clone());
        front.recv_busy(&id);
        assert_eq!(front.recv(&id, "comm_msg"), content);
        front.recv_idle(&id);
        front.recv_still_busy();
    }
    front.gate.say(Word::Go);
    front.recv_stream(&cell, "stdout", "after\n");
    front.recv_reply(&cell, "execute_reply");
    front.recv_idle(&cell);
    front.end();
}

#[test]
fn a_message_of_a_cell_is_the_cell_s_and_comes_in_order_with_its_text() {
    let mut front = Front::start();
    let cell = front.execute("print before\ncomm c 7\nprint after");
    front.recv_busy(&cell);
    front.recv_input(&cell, 1);
    front.recv_stream(&cell, "stdout", "before\n");
    assert_eq!(
        front.recv(&cell, "comm_open"),
        json!({"comm_id": "c", "target_name": "t", "data": "7"})
    );
    front.recv_stream(&cell, "stdout", "after\n");
    front.recv_reply(&cell, "execute_reply");
    front.recv_idle(&cell);
    front.end();
}

#[test]
fn one_without_an_id_is_malformed() {
    let mut front = Front::start();
    for content in [
        json!({}),
        json!({"comm_id": 3}),
        json!({"comm_id": "c", "target_name": 1}),
    ] {
        let id = front.send(Channel::Shell, "comm_open", content);
        front.recv_busy(&id);
        front.recv_idle(&id);
    }
    front.end();
}
