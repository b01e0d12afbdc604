use std::sync::Arc;
use std::sync::atomic::AtomicI64;
use std::sync::atomic::Ordering;

use serde_json::Value;
use serde_json::json;

use super::model::Model;
use super::*;
use crate::comm::sent;
use crate::wire::CommAct;

fn model(widget: &dyn Widget) -> Arc<Model> {
    Arc::clone(&widget.model().0)
}

/// The states of the models that were opened since the last call, with the models' names.
fn opened() -> Vec<(String, Value)> {
    let opened = sent::take().into_iter();
    opened
        .filter(|message| message.act == CommAct::Open)
        .map(|mut message| {
            assert_eq!(message.target, "jupyter.widget");
            assert_eq!(message.metadata["version"], "2.1.0");
            assert_eq!(message.data["buffer_paths"], json!([]));
            let state = message.data["state"].take();
            (state["_model_name"].as_str().unwrap().to_owned(), state)
        })
        .collect()
}

#[test]
fn nothing_is_sent_of_a_widget_before_it_is_shown() {
    let slider = IntSlider::new(0..=10).with_value(3);
    slider.set_value(4);
    assert!(sent::take().is_empty());
    slider.show();
    let opened = opened();
    let names: Vec<&str> = opened.iter().map(|(name, _)| name.as_str()).collect();
    assert_eq!(names, ["LayoutModel", "SliderStyleModel", "IntSliderModel"]);
    let state = &opened[2].1;
    let reference = |name: &str| state[name].as_str().unwrap().starts_with("IPY_MODEL_");
    assert!(reference("layout") && reference("style"), "{state}");
    for (name, value) in [
        ("_model_module", json!("@jupyter-widgets/controls")),
        ("_model_module_version", json!("2.0.0")),
        ("_view_name", json!("IntSliderView")),
        ("_view_module", json!("@jupyter-widgets/controls")),
        ("value", json!(4)),
        ("min", json!(0)),
        ("max", json!(10)),
    ] {
        assert_eq!(state[name], value, "{name}");
    }
    let layout = &opened[0].1;
    assert_eq!(layout["_model_module"], "@jupyter-widgets/base");
    let style = &opened[1].1;
    assert_eq!(style["_view_name"], "StyleView");
    assert_eq!(style["_view_module"], "@jupyter-widgets/base");
    // The second call shows the same model.
    slider.show();
    assert!(sent::take().is_empty());
}

#[test]
fn a_change_of_the_program_is_sent_once_and_calls_nothing() {
    let slider = FloatSlider::new(0.0..=1.0);
    slider.on_change(|_| panic!("called"));
    slider.show();
    sent::take();
    slider.set_value(7.0);
    slider.set_value(1.0);
    slider.set_value(f64::NAN);
    let sent = sent::take();
    assert_eq!(sent.len(), 1);
    assert_eq!(
        sent[0].data,
        json!({"method": "update", "state": {"value": 1.0}, "buffer_paths": []})
    );
}

#[test]
fn a_change_of_the_person_calls_and_is_not_sent_back() {
    let slider = IntSlider::new(0..=10);
    let seen = Arc::new(AtomicI64::new(-1));
    let noted = Arc::clone(&seen);
    slider.on_change(move |value| {
        assert_eq!(noted.swap(value, Ordering::Relaxed), -1);
    });
    slider.show();
    sent::take();
    let update = json!({"method": "update", "state": {"value": 5.0}, "buffer_paths": []});
    model(&slider).take(&update);
    assert_eq!((slider.value(), seen.load(Ordering::Relaxed)), (5, 5));
    // An update with the same value is not a change.
    model(&slider).take(&update);
    model(&slider).take(&json!({"method": "update", "state": {"readout": false}}));
    assert!(sent::take().is_empty());
}

#[test]
fn a_front_end_gets_the_state_that_it_requests() {
    let text = Text::new("a");
    text.show();
    let id = sent::take().pop().unwrap().comm_id;
    model(&text).take(&json!({"method": "request_state"}));
    let state = sent::take().pop().unwrap().data["state"].take();
    assert_eq!(
        (&state["value"], &state["_model_name"]),
        (&json!("a"), &json!("TextModel"))
    );
    let all = super::control::states();
    assert_eq!(all["method"], "update_states");
    assert_eq!(all["states"][&id]["model_name"], "TextModel");
    assert_eq!(all["states"][&id]["state"], state);
    text.close();
    assert!(super::control::states()["states"].get(&id).is_none());
    let closed = sent::take();
    assert!(closed.iter().all(|message| message.act == CommAct::Close));
    assert_eq!(closed.len(), 3);
}

#[test]
fn a_click_calls_and_a_panic_does_not_remove_the_function() {
    let button = Button::new("Go");
    let clicks = Arc::new(AtomicI64::new(0));
    let counted = Arc::clone(&clicks);
    button.on_click(move || {
        assert!(
            counted.fetch_add(1, Ordering::Relaxed) > 0,
            "the first click"
        );
    });
    let click = json!({"method": "custom", "content": {"event": "click"}});
    let clicked = std::panic::catch_unwind(|| model(&button).take(&click));
    assert!(clicked.is_err());
    model(&button).take(&click);
    assert_eq!(clicks.load(Ordering::Relaxed), 2);
}

#[test]
fn a_box_opens_what_it_holds() {
    let row = VBox::new(&[
        &HBox::new(&[&Checkbox::new(true)]),
        &IntProgress::new(0..=3),
    ]);
    row.show();
    let opened = opened();
    let names: Vec<&str> = opened.iter().map(|(name, _)| name.as_str()).collect();
    let names: Vec<&str> = names
        .into_iter()
        .filter(|name| !name.contains("Layout"))
        .collect();
    assert_eq!(
        names,
        [
            "CheckboxStyleModel",
            "CheckboxModel",
            "HBoxModel",
            "ProgressStyleModel",
            "IntProgressModel",
            "VBoxModel"
        ]
    );
    let (_, state) = opened.last().unwrap();
    assert_eq!(state["children"].as_array().unwrap().len(), 2);
    let (_, bar) = &opened[opened.len() - 2];
    assert_eq!(bar["_view_name"], "ProgressView");
}

#[test]
fn an_output_keeps_the_end_of_its_text() {
    let output = Output::new();
    output.append("é");
    output.append(&"x".repeat((64 << 10) - 1));
    assert_eq!(output.text().len(), (64 << 10) - 1);
    output.clear();
    output.append("new");
    output.show();
    let (name, state) = opened().pop().unwrap();
    assert_eq!(name, "OutputModel");
    assert_eq!(state["_model_module"], "@jupyter-widgets/output");
    assert_eq!(state["_model_module_version"], "1.0.0");
    assert_eq!(
        state["outputs"],
        json!([{"output_type": "stream", "name": "stdout", "text": "new"}])
    );
}

#[test]
fn widgets_are_texts_where_nothing_shows_them() {
    let slider = IntSlider::new(0..=10).with_value(3);
    assert_eq!(format!("{slider:?}"), "IntSlider(value=3, min=0, max=10)");
    let slider = slider.with_description("workers");
    assert_eq!(
        format!("{slider:?}"),
        r#"IntSlider(value=3, min=0, max=10, description="workers")"#
    );
    assert_eq!(format!("{:?}", Text::new("")), r#"Text(value="")"#);
    assert_eq!(format!("{:?}", Output::new()), "Output()");
}

#[test]
#[should_panic(expected = "the range `3..=2` is empty")]
fn a_slider_needs_a_number() {
    #[expect(clippy::reversed_empty_ranges, reason = "the test is about these")]
    let _ = IntSlider::new(3..=2);
}
