//! What the kernel answers to a question of the worker, on the worker's input pipe.

use serde::Deserialize;
use serde::Serialize;

/// The answer to [`Report::Input`](super::Report::Input), on the worker's input pipe.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "type", rename_all = "snake_case")]
pub enum Reply {
    /// What the person typed, without the end of the line.
    Line {
        /// The text.
        text: String,
    },
    /// The front end takes no input requests.
    NotAllowed,
    /// The person interrupted the cell instead.
    Interrupted,
}

/// A reply as it goes into the input pipe: token, length, JSON.
///
/// # Panics
///
/// Never: the reply's JSON is made of strings.
pub fn encode_reply(token: u32, reply: &Reply) -> Vec<u8> {
    let json = serde_json::to_vec(reply).expect("a reply is made of strings");
    let mut bytes = token.to_le_bytes().to_vec();
    bytes.extend((json.len() as u32).to_le_bytes());
    bytes.extend(json);
    bytes
}
