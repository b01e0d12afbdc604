//! The multipart layout: identities, delimiter, signature, header, parent header, metadata, content, buffers.

use bytes::Bytes;
use serde::Serialize;
use serde_json::Map;
use serde_json::Value;

use super::Header;
use super::Replays;
use super::Signer;

/// One multipart message as the socket has it.
pub type Frames = Vec<Bytes>;

const DELIMITER: &[u8] = b"<IDS|MSG>";

/// One message, its content not yet looked at.
#[derive(Clone, Debug, PartialEq)]
pub struct Message {
    /// The routing prefix (or, on iopub, the topic).
    pub identities: Vec<Bytes>,
    /// The header.
    pub header: Header,
    /// The header of the message that this one answers; empty for none.
    pub parent_header: Map<String, Value>,
    /// Metadata, mostly empty.
    pub metadata: Map<String, Value>,
    /// The content.
    pub content: Value,
    /// Binary extras.
    pub buffers: Vec<Bytes>,
}

/// Why frames are no message. Such frames are dropped: their sender does not hold the key, or has no address.
#[derive(Debug, thiserror::Error)]
pub enum FrameError {
    /// No `<IDS|MSG>` frame.
    #[error("no `<IDS|MSG>` delimiter among {frames} frames")]
    NoDelimiter {
        /// How many frames there were.
        frames: usize,
    },
    /// Fewer frames than a message has.
    #[error("expected at least 5 frames after the delimiter, found {found}")]
    Truncated {
        /// How many frames stood after the delimiter.
        found: usize,
    },
    /// The signature is not the one of the connection file's key.
    #[error("the signature does not match")]
    BadSignature,
    /// The signature was used before.
    #[error("the signature was used before")]
    Replayed,
    /// A part is not a JSON object.
    #[error("the {part} is not a JSON object: {source}")]
    NotJson {
        /// Which part.
        part: &'static str,
        /// What is wrong.
        source: serde_json::Error,
    },
    /// The header lacks what a reply needs.
    #[error("the header has no `msg_id` or no `msg_type`")]
    NoHeader,
}

impl Message {
    /// A new message that answers nothing.
    pub fn new(msg_type: &str, session: &str, content: Value) -> Message {
        Message {
            identities: Vec::new(),
            header: Header::new(msg_type, session),
            parent_header: Map::new(),
            metadata: Map::new(),
            content,
            buffers: Vec::new(),
        }
    }

    /// Takes frames apart. The signature is checked before anything is parsed.
    pub fn decode(
        signer: &Signer,
        replays: &mut Replays,
        frames: Frames,
    ) -> Result<Message, FrameError> {
        let count = frames.len();
        let mut frames = frames.into_iter();
        let identities: Vec<Bytes> = frames
            .by_ref()
            .take_while(|frame| frame != DELIMITER)
            .collect();
        if identities.len() == count {
            return Err(FrameError::NoDelimiter { frames: count });
        }
        let rest: Vec<Bytes> = frames.collect();
        let [
            signature,
            header,
            parent_header,
            metadata,
            content,
            buffers @ ..,
        ] = rest.as_slice()
        else {
            return Err(FrameError::Truncated { found: rest.len() });
        };
        if !signer.verify(&rest[1..5], signature) {
            return Err(FrameError::BadSignature);
        }
        if signer.is_keyed() && !replays.note(signature) {
            return Err(FrameError::Replayed);
        }
        let header = Header::from_raw(parse("header", header)?).ok_or(FrameError::NoHeader)?;
        Ok(Message {
            identities,
            header,
            parent_header: parse("parent header", parent_header)?,
            metadata: parse("metadata", metadata)?,
            content: Value::Object(parse("content", content)?),
            buffers: buffers.to_vec(),
        })
    }

    /// Makes signed frames.
    pub fn encode(&self, signer: &Signer) -> Frames {
        let parts = [
            to_json(self.header.raw()),
            to_json(&self.parent_header),
            to_json(&self.metadata),
            to_json(&self.content),
        ];
        let signature = signer.sign(&parts);
        let mut frames = self.identities.clone();
        frames.push(Bytes::from_static(DELIMITER));
        frames.push(signature);
        frames.extend(parts);
        frames.extend(self.buffers.iter().cloned());
        frames
    }

    /// The message's type.
    pub fn msg_type(&self) -> &str {
        self.header.msg_type()
    }

    /// The id of the message that this one answers; empty for none.
    pub fn parent_id(&self) -> &str {
        self.parent_header
            .get("msg_id")
            .and_then(Value::as_str)
            .unwrap_or_default()
    }
}

fn parse(part: &'static str, frame: &Bytes) -> Result<Map<String, Value>, FrameError> {
    // An old client writes `null` or nothing where an empty object is meant.
    if frame.is_empty() {
        return Ok(Map::new());
    }
    serde_json::from_slice::<Option<Map<String, Value>>>(frame)
        .map(Option::unwrap_or_default)
        .map_err(|source| FrameError::NotJson { part, source })
}

fn to_json(value: &impl Serialize) -> Bytes {
    // A map with text keys and plain values always has a JSON form.
    Bytes::from(serde_json::to_vec(value).unwrap_or_else(|_| b"{}".to_vec()))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::json;

    use super::*;

    fn signer(key: &str) -> Signer {
        Signer::new("hmac-sha256", key).unwrap()
    }

    fn sample() -> Message {
        let mut message = Message::new("execute_request", "s", json!({"code": "1+1 // é🦀"}));
        message.identities = vec![Bytes::from_static(b"peer"), Bytes::new()];
        message.buffers = vec![Bytes::from_static(b"\0\xff"), Bytes::new()];
        message
    }

    fn decode(key: &str, frames: Frames) -> Result<Message, FrameError> {
        Message::decode(&signer(key), &mut Replays::default(), frames)
    }

    #[test]
    fn a_message_survives_the_wire() {
        for key in ["", "secret"] {
            let message = sample();
            let frames = message.encode(&signer(key));
            assert_eq!(decode(key, frames).unwrap(), message);
        }
    }

    #[test]
    fn every_truncation_is_an_error_and_no_panic() {
        for key in ["", "secret"] {
            let frames = sample().encode(&signer(key));
            for end in 0..8 {
                assert!(decode(key, frames[..end].to_vec()).is_err(), "{end} frames");
            }
            assert!(
                decode(key, frames[..8].to_vec()).is_ok(),
                "buffers are optional"
            );
        }
    }

    #[test]
    fn a_changed_byte_breaks_the_signature() {
        let frames = sample().encode(&signer("secret"));
        for place in 3..8 {
            let mut forged = frames.clone();
            let mut bytes = forged[place].to_vec();
            bytes[0] ^= 1;
            forged[place] = Bytes::from(bytes);
            assert!(matches!(
                decode("secret", forged),
                Err(FrameError::BadSignature)
            ));
        }
    }

    #[test]
    fn a_replayed_message_is_dropped() {
        let frames = sample().encode(&signer("secret"));
        let mut replays = Replays::default();
        assert!(Message::decode(&signer("secret"), &mut replays, frames.clone()).is_ok());
        assert!(matches!(
            Message::decode(&signer("secret"), &mut replays, frames),
            Err(FrameError::Replayed)
        ));
    }

    #[test]
    fn deep_nesting_is_an_error() {
        let mut frames = sample().encode(&signer(""));
        frames[7] = Bytes::from(format!(
            "{{\"a\":{}{}}}",
            "[".repeat(10_000),
            "]".repeat(10_000)
        ));
        assert!(matches!(
            decode("", frames),
            Err(FrameError::NotJson {
                part: "content",
                ..
            })
        ));
    }

    #[test]
    fn unknown_header_fields_come_back() {
        let mut raw = sample().header.raw().clone();
        raw.insert("subshell_id".into(), json!("x"));
        let header = Header::from_raw(raw.clone()).unwrap();
        assert_eq!(header.raw(), &raw);
    }

    proptest! {
        #[test]
        fn garbage_never_panics(frames in prop::collection::vec(prop::collection::vec(any::<u8>(), 0..40), 0..10)) {
            let mut frames: Frames = frames.into_iter().map(Bytes::from).collect();
            let _ = decode("", frames.clone());
            let _ = decode("secret", frames.clone());
            frames.insert(frames.len() / 2, Bytes::from_static(DELIMITER));
            let _ = decode("", frames.clone());
            let _ = decode("secret", frames);
        }

        #[test]
        fn one_garbled_part_never_panics(place in 0usize..10, bytes in "\\PC{0,30}") {
            let mut frames = sample().encode(&signer(""));
            frames[place] = Bytes::from(bytes);
            let _ = decode("", frames);
        }
    }
}
