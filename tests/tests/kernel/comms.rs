//! Comms and widgets: messages of a front end call functions of cells, even while a cell runs and after a crash.

use serde_json::Value;
use serde_json::json;
use threadbook_tests::kernel::Kernel;
use threadbook_tests::kernel::Ran;
use threadbook_tests::kernel::wait_until;

/// The id of the comm that a cell has opened for a target.
#[track_caller]
fn opened(ran: &Ran, target: &str) -> String {
    let opened = ran.contents("comm_open").into_iter();
    let mut opened = opened.filter(|content| content["target_name"] == target);
    let comm = opened.next_back().expect("no comm was opened");
    comm["comm_id"].as_str().unwrap().to_owned()
}

fn message(comm_id: &str, data: Value) -> (String, Value) {
    let content = json!({"comm_id": comm_id, "data": data});
    ("comm_msg".to_owned(), content)
}

fn update(value: i64) -> Value {
    json!({"method": "update", "state": {"value": value}, "buffer_paths": []})
}

#[test]
fn a_cell_opens_a_comm_and_gets_its_messages() {
    let mut kernel = Kernel::start();
    assert_eq!(kernel.comms(), []);
    let ran = kernel.run(
        "use serde_json::json;\n\
         let comm = comm::Comm::open(\"chart\", json!({\"points\": 3}));\n\
         let replies = comm.clone();\n\
         comm.on_message(move |message| { println!(\"got {}\", message.data); replies.send(json!([message.data])); });\n\
         comm.on_close(|message| println!(\"closed: {}\", message.data));",
    );
    let cell = kernel.latest();
    assert_eq!(ran.contents("comm_open")[0]["data"], json!({"points": 3}));
    let id = opened(&ran, "chart");
    ran.nothing();
    assert_eq!(kernel.comms(), [(id.clone(), "chart".to_owned())]);
    // Several messages at once keep their order.
    let sent: Vec<String> = (1..=3)
        .map(|number| kernel.send_on_comm(&id, json!(number)))
        .collect();
    for (number, sent) in (1..=3).zip(sent) {
        assert_eq!(kernel.handled(&sent), [message(&id, json!([number]))]);
    }
    kernel.late_text("stdout", &cell, "got 1\ngot 2\ngot 3\n");
    let close = kernel.send_comm("comm_close", json!({"comm_id": id, "data": "bye"}));
    assert_eq!(kernel.handled(&close), []);
    kernel.late_text("stdout", &cell, "closed: \"bye\"\n");
    assert_eq!(kernel.comms(), []);
    kernel.run("comm.is_open()").resulted("false");
}

#[test]
fn a_front_end_opens_comms_of_targets_that_cells_take() {
    let mut kernel = Kernel::start();
    let open = |kernel: &mut Kernel, id: &str| {
        let content = json!({"comm_id": id, "target_name": "clock", "data": id});
        let id = kernel.send_comm("comm_open", content);
        kernel.handled(&id)
    };
    let closed = |id: &str| {
        let content = json!({"comm_id": id, "data": {}});
        ("comm_close".to_owned(), content)
    };
    assert_eq!(open(&mut kernel, "early"), [closed("early")]);
    kernel
        .run(
            "comm::target(\"clock\", |comm, message| {\n    assert!(message.data != \"bad\", \"not this\");\n    comm.send(message.data);\n});",
        )
        .nothing();
    let cell = kernel.latest();
    assert_eq!(open(&mut kernel, "good"), [message("good", json!("good"))]);
    assert_eq!(open(&mut kernel, "bad"), [closed("bad")]);
    kernel.late_text(
        "stderr",
        &cell,
        "thread 'threadbook-comm' panicked at cell 1, line 2, column 5:\nnot this\n",
    );
    assert_eq!(kernel.comms(), [("good".to_owned(), "clock".to_owned())]);
}

#[test]
fn a_panic_in_a_callback_is_shown_and_the_comm_goes_on() {
    let mut kernel = Kernel::start();
    let ran = kernel.run(
        "let comm = comm::Comm::open(\"t\", serde_json::json!({}));\n\
         comm.on_message(|message| { assert!(message.data == 2, \"only two\"); println!(\"two\"); });",
    );
    let cell = kernel.latest();
    let id = opened(&ran, "t");
    ran.nothing();
    let sent = kernel.send_on_comm(&id, json!(1));
    assert_eq!(kernel.handled(&sent), []);
    kernel.late_text(
        "stderr",
        &cell,
        "thread 'threadbook-comm' panicked at cell 1, line 2, column 29:\nonly two\n",
    );
    let sent = kernel.send_on_comm(&id, json!(2));
    assert_eq!(kernel.handled(&sent), []);
    kernel.late_text("stdout", &cell, "two\n");
}

#[test]
fn a_callback_is_called_while_a_cell_runs_and_survives_its_interrupt() {
    let mut kernel = Kernel::start();
    let ran = kernel.run(
        "let slider = widgets::IntSlider::new(0..=10);\n\
         let (value_tx, value_rx) = std::sync::mpsc::channel();\n\
         slider.on_change(move |value| value_tx.send(value).unwrap());\n\
         slider",
    );
    assert_eq!(ran.result(), "IntSlider(value=0, min=0, max=10)");
    let id = opened(&ran, "jupyter.widget");
    ran.nothing();
    let cell = kernel.send("println!(\"waits\");\nprintln!(\"{}\", value_rx.recv()?);");
    kernel.until_text(&cell, "waits");
    let sent = kernel.send_on_comm(&id, update(7));
    assert_eq!(kernel.handled(&sent), []);
    kernel.finish(&cell).printed("waits\n7\n");
    let cell = kernel.send(
        "println!(\"waits\");\nloop { std::thread::sleep(std::time::Duration::from_millis(1)); }",
    );
    kernel.until_text(&cell, "waits");
    kernel.interrupt();
    let ran = kernel.finish(&cell);
    ran.stdout();
    ran.failed("KeyboardInterrupt");
    let sent = kernel.send_on_comm(&id, update(8));
    assert_eq!(kernel.handled(&sent), []);
    kernel
        .run("(slider.value(), value_rx.recv()?)")
        .resulted("(8, 8)");
    // A message about a change by the program belongs to the running cell.
    let ran = kernel.run("slider.set_value(9);");
    let sent = ran.contents("comm_msg");
    assert_eq!((sent.len(), &sent[0]["data"]), (1, &update(9)));
    ran.nothing();
}

#[test]
fn widgets_go_back_with_the_process_and_none_dangles() {
    let mut kernel = Kernel::start();
    let ran = kernel.run("let slider = widgets::IntSlider::new(0..=10);\nslider.on_change(|value| println!(\"now {value}\"));\nslider.show();");
    let cell = kernel.latest();
    let slider = opened(&ran, "jupyter.widget");
    let style = ran.contents("comm_open").len();
    ran.displays();
    ran.nothing();
    let ran = kernel.run(
        "let comm = comm::Comm::open(\"lost\", serde_json::json!({}));\nslider.set_value(5);\nstd::process::abort();",
    );
    let lost = opened(&ran, "lost");
    let closed = ran.contents("comm_close");
    assert_eq!((closed.len(), &closed[0]["comm_id"]), (1, &json!(lost)));
    ran.failed("WorkerCrashed");
    // This message is handled after the resent state of the widgets. Therefore that state has arrived when the reply
    // does.
    let sent = kernel.send_on_comm(&slider, update(3));
    assert_eq!(kernel.handled(&sent), []);
    kernel.skip_late("comm_msg");
    kernel.late_text("stdout", &cell, "now 3\n");
    let open = kernel.comms();
    assert!(!open.iter().any(|(id, _)| *id == lost), "{open:?}");
    assert_eq!(open.len(), style);
    kernel.run("slider.value()").resulted("3");
    // A message to a comm that no longer exists still gets its idle.
    let sent = kernel.send_on_comm(&lost, json!({}));
    assert_eq!(kernel.handled(&sent), []);
    kernel.run("%reset").nothing();
    wait_until("the end of all comms", || {
        kernel.comms().is_empty().then_some(())
    });
    kernel.skip_late("comm_close");
}

#[test]
fn a_callback_that_crashes_the_process_ends_its_message() {
    let mut kernel = Kernel::start();
    let ran = kernel.run(
        "let kept = 1;\nlet comm = comm::Comm::open(\"t\", serde_json::json!({}));\n\
         let replies = comm.clone();\n\
         comm.on_message(move |message| { if message.data == \"crash\" { std::process::abort(); } replies.send(message.data); });",
    );
    let id = opened(&ran, "t");
    ran.nothing();
    let sent = ["crash", "waits"].map(|data| kernel.send_on_comm(&id, json!(data)));
    assert_eq!(kernel.handled(&sent[0]), []);
    assert_eq!(kernel.handled(&sent[1]), [message(&id, json!("waits"))]);
    kernel.late_words("SIGABRT");
    kernel.run("kept").resulted("1");
}

#[test]
fn a_front_end_restores_all_widgets_at_once() {
    let mut kernel = Kernel::start();
    let ran = kernel.run("let label = widgets::Label::new(\"a\");\nlet row = widgets::HBox::new(&[&label, &widgets::Button::new(\"Go\")]);\nrow");
    assert_eq!(
        ran.result(),
        "HBox(Label(value=\"a\"), Button(description=\"Go\"))"
    );
    let view =
        &ran.contents("execute_result")[0]["data"]["application/vnd.jupyter.widget-view+json"];
    let id = view["model_id"].as_str().unwrap().to_owned();
    assert_eq!(view["version_major"], 2);
    ran.nothing();
    let content =
        json!({"comm_id": "control", "target_name": "jupyter.widget.control", "data": {}});
    let sent = kernel.send_comm("comm_open", content);
    assert_eq!(kernel.handled(&sent), []);
    let sent = kernel.send_on_comm("control", json!({"method": "request_states"}));
    let answers = kernel.handled(&sent);
    assert_eq!(answers.len(), 1);
    let states = &answers[0].1["data"]["states"];
    assert_eq!(states[&id]["model_name"], "HBoxModel");
    let label = states[&id]["state"]["children"][0].as_str().unwrap();
    let label = label.strip_prefix("IPY_MODEL_").unwrap();
    assert_eq!(states[label]["state"]["value"], "a");
}

#[test]
fn a_slider_sets_the_number_of_workers_of_a_running_pool() {
    let mut kernel = Kernel::start();
    let ran = kernel.run(
        "use std::sync::Arc;\nuse std::sync::Barrier;\n\
         let pool = Arc::new(ThreadPoolExecutor::new(1));\n\
         let slider = widgets::IntSlider::new(1..=4);\nlet resized = Arc::clone(&pool);\n\
         slider.on_change(move |workers| resized.set_workers(workers as usize));\nslider",
    );
    ran.result();
    let id = opened(&ran, "jupyter.widget");
    ran.nothing();
    let cell = kernel.send(
        "let all = Arc::new(Barrier::new(3));\n\
         let waits: Vec<_> = (0..3).map(|_| { let all = Arc::clone(&all); pool.submit(move || { all.wait(); }) }).collect();\n\
         println!(\"runs\");\nfor one in waits { one.result()?; }\npool.workers()",
    );
    kernel.until_text(&cell, "runs");
    let sent = kernel.send_on_comm(&id, update(3));
    assert_eq!(kernel.handled(&sent), []);
    let ran = kernel.finish(&cell);
    assert_eq!(ran.stdout(), "runs\n");
    ran.resulted("3");
}
