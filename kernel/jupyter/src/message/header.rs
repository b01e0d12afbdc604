//! A message's header. What the client wrote is kept whole, so that it comes back as a parent header unchanged,
//! fields of later protocol versions included.

use chrono::SecondsFormat;
use chrono::Utc;
use serde_json::Map;
use serde_json::Value;
use serde_json::json;
use uuid::Uuid;

use super::PROTOCOL_VERSION;

/// A header with at least a message id and a type.
#[derive(Clone, Debug, PartialEq)]
pub struct Header {
    msg_id: String,
    msg_type: String,
    raw: Map<String, Value>,
}

impl Header {
    /// A header for a new message.
    pub fn new(msg_type: &str, session: &str) -> Header {
        let msg_id = Uuid::new_v4().to_string();
        let fields = json!({
            "msg_id": msg_id,
            "username": "kernel",
            "session": session,
            "date": Utc::now().to_rfc3339_opts(SecondsFormat::Micros, true),
            "msg_type": msg_type,
            "version": PROTOCOL_VERSION,
        });
        Header {
            msg_id,
            msg_type: msg_type.to_owned(),
            raw: match fields {
                Value::Object(raw) => raw,
                _ => Map::new(),
            },
        }
    }

    /// Takes a header apart; `None` where the id or the type is missing.
    pub fn from_raw(raw: Map<String, Value>) -> Option<Header> {
        let msg_id = raw.get("msg_id")?.as_str()?.to_owned();
        let msg_type = raw.get("msg_type")?.as_str()?.to_owned();
        Some(Header {
            msg_id,
            msg_type,
            raw,
        })
    }

    /// The message's id.
    pub fn msg_id(&self) -> &str {
        &self.msg_id
    }

    /// The message's type, such as `execute_request`.
    pub fn msg_type(&self) -> &str {
        &self.msg_type
    }

    /// The sender's session, empty where it is missing.
    pub fn session(&self) -> &str {
        self.raw
            .get("session")
            .and_then(Value::as_str)
            .unwrap_or_default()
    }

    /// All fields as they were sent.
    pub fn raw(&self) -> &Map<String, Value> {
        &self.raw
    }
}
