//! Comms: messages of clients go to the evaluator, which has the comms, and come back as its events.

use serde_json::Map;
use serde_json::Value;
use serde_json::json;

use crate::contract::CommRequest;
use crate::contract::Control;
use crate::message::CommMessage;
use crate::ticket::Ticket;

/// Which comms are open, of one target or of all.
pub(super) fn info(control: &dyn Control, target: Option<&str>) -> Value {
    let comms = control.comms().into_iter();
    let comms: Map<String, Value> = comms
        .filter(|(_, name)| target.is_none_or(|target| target == name))
        .map(|(id, name)| (id, json!({"target_name": name})))
        .collect();
    json!({"status": "ok", "comms": comms})
}

/// Passes a message on. Its idle follows when the evaluator has handled it.
pub(super) fn pass(control: &dyn Control, ticket: Ticket, message: CommMessage) {
    control.comm(CommRequest::new(ticket, message));
}
