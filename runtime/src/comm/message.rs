//! What is sent on a comm.

use serde_json::Map;
use serde_json::Value;

/// A message on a comm: a JSON value, and seldom more.
///
/// A value by itself is a message: `comm.send(json!({"x": 1}))`.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Message {
    /// The value.
    pub data: Value,
    /// Data about the message, mostly empty.
    pub metadata: Map<String, Value>,
    /// Bytes that are no JSON.
    pub buffers: Vec<Vec<u8>>,
}

impl Message {
    /// A message of a value.
    pub fn new(data: Value) -> Message {
        Message {
            data,
            ..Message::default()
        }
    }

    /// The message with bytes behind those that it has.
    ///
    /// ```
    /// use threadbook::comm::Message;
    ///
    /// let message = Message::new(serde_json::json!({"rows": 1})).with_buffer([1, 2]);
    /// assert_eq!(message.buffers, [[1, 2]]);
    /// ```
    #[must_use]
    pub fn with_buffer(mut self, buffer: impl Into<Vec<u8>>) -> Message {
        self.buffers.push(buffer.into());
        self
    }

    /// The message with an entry of metadata.
    #[must_use]
    pub fn with_metadata(mut self, name: &str, value: impl Into<Value>) -> Message {
        self.metadata.insert(name.to_owned(), value.into());
        self
    }
}

impl From<Value> for Message {
    fn from(data: Value) -> Message {
        Message::new(data)
    }
}
