//! What concerns all widgets of a session: the front end requests them after a reload, and gets them again after a copy of
//! the process has taken over.

use std::sync::Once;

use serde_json::Map;
use serde_json::json;

use super::model;
use crate::comm;

/// The target on which a front end requests all widgets at once.
const TARGET: &str = "jupyter.widget.control";

/// Done once, before the first widget is opened.
pub(super) fn install() {
    static INSTALLED: Once = Once::new();
    INSTALLED.call_once(|| {
        comm::on_resume(refresh_all);
        comm::target(TARGET, |comm, _| {
            let answers = comm.clone();
            comm.on_message(move |message| {
                if message.data["method"] == "request_states" {
                    answers.send(states());
                }
            });
        });
    });
}

/// All widgets with their states.
pub(super) fn states() -> serde_json::Value {
    let models = model::known().into_iter();
    let states: Map<_, _> = models.map(|(id, model)| (id, model.described())).collect();
    json!({"method": "update_states", "states": states, "buffer_paths": []})
}

fn refresh_all() {
    for (_, model) in model::known() {
        model.refresh();
    }
}
