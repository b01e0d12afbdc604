use std::sync::mpsc;

use serde_json::json;

use super::*;

/// Delivers a message of the front end.
fn given(comm: &Comm, act: CommAct, data: serde_json::Value) {
    thread::take(CommMessage {
        act,
        comm_id: comm.id().to_owned(),
        data,
        ..CommMessage::default()
    });
}

#[test]
fn a_comm_sends_until_it_is_closed() {
    let comm = Comm::open("test-send", json!({"a": 1}));
    comm.send(
        Message::new(json!(2))
            .with_buffer([3])
            .with_metadata("m", 4),
    );
    comm.close();
    comm.send(json!(5));
    comm.close();
    let sent = sent::take();
    let acts: Vec<CommAct> = sent.iter().map(|message| message.act).collect();
    assert_eq!(acts, [CommAct::Open, CommAct::Message, CommAct::Close]);
    assert!(sent.iter().all(|message| message.comm_id == comm.id()));
    assert_eq!(
        (sent[0].target.as_str(), &sent[0].data),
        ("test-send", &json!({"a": 1}))
    );
    assert_eq!(
        (&sent[1].data, &sent[1].buffers),
        (&json!(2), &vec![vec![3]])
    );
    assert_eq!(sent[1].metadata["m"], 4);
    assert_eq!(format!("{comm:?}"), "Comm(test-send, closed)");
}

#[test]
fn messages_call_the_callback_that_was_set_last() {
    let comm = Comm::open("test-call", json!({}));
    let (tx, rx) = mpsc::channel();
    comm.on_message(|_| panic!("replaced"));
    let (own, message_tx) = (comm.clone(), tx.clone());
    comm.on_message(move |message| {
        message_tx.send(message.data.clone()).unwrap();
        let next_tx = message_tx.clone();
        own.on_message(move |message| next_tx.send(json!([message.data])).unwrap());
    });
    comm.on_close(move |_| tx.send(json!("closed")).unwrap());
    for number in [1, 2] {
        given(&comm, CommAct::Message, json!(number));
    }
    given(&comm, CommAct::Close, json!({}));
    given(&comm, CommAct::Message, json!(3));
    let called: Vec<_> = rx.iter().collect();
    assert_eq!(called, [json!(1), json!([2]), json!("closed")]);
    assert!(!comm.is_open());
}

#[test]
fn a_panic_leaves_the_callback_in_place() {
    let comm = Comm::open("test-panic", json!({}));
    let (tx, rx) = mpsc::channel();
    comm.on_message(move |message| {
        assert!(message.data != 1, "one");
        tx.send(message.data).unwrap();
    });
    for number in [1, 2] {
        given(&comm, CommAct::Message, json!(number));
    }
    assert_eq!(rx.recv().unwrap(), 2);
    assert!(comm.is_open());
}

#[test]
fn a_target_takes_what_the_front_end_opens() {
    let (tx, rx) = mpsc::channel();
    target("test-target", move |comm, message| {
        assert!(message.data != "bad", "not this one");
        tx.send((comm, message.data)).unwrap();
    });
    for data in ["good", "bad"] {
        thread::take(CommMessage {
            act: CommAct::Open,
            comm_id: format!("test-{data}"),
            target: "test-target".to_owned(),
            data: json!(data),
            ..CommMessage::default()
        });
    }
    let (comm, data) = rx.recv().unwrap();
    assert_eq!(
        (comm.id(), comm.target(), data),
        ("test-good", "test-target", json!("good"))
    );
    assert!(comm.is_open() && table::find("test-bad").is_none());
}
