//! Displays of widgets: a reference to the model, and text for where nothing can show it.

use std::sync::Arc;

use serde_json::Map;
use serde_json::Value;
use serde_json::json;

use super::control;
use super::model::Model;
use crate::wire::Report;
use crate::worker;

/// The MIME type of a view of a widget.
const VIEW: &str = "application/vnd.jupyter.widget-view+json";

/// Shows a widget as an output of the cell that calls.
#[track_caller]
pub(super) fn show(model: &Arc<Model>) {
    worker::report(&Report::Display {
        load: worker::load_of_caller(),
        data: bundle(model),
        json: None,
        id: None,
        update: false,
    });
}

/// Shows a widget as the value of a cell.
pub(super) fn show_result(model: &Arc<Model>) {
    worker::report(&Report::Result {
        data: bundle(model),
    });
}

fn bundle(model: &Arc<Model>) -> Map<String, Value> {
    control::install();
    let view = json!({"version_major": 2, "version_minor": 0, "model_id": model.open()});
    Map::from_iter([
        (VIEW.to_owned(), view),
        ("text/plain".to_owned(), model.text().into()),
    ])
}
