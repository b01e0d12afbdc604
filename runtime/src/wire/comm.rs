//! Messages on comms, between the kernel and the process that runs cells.
//!
//! Those to the worker are datagrams on a socket of their own: a piece that is read is read whole, and therefore a copy
//! of the worker that takes over never begins in the middle of one. Those to the kernel are reports.

use std::io;

use serde::Deserialize;
use serde::Serialize;
use serde_json::Map;
use serde_json::Value;

/// The largest datagram.
pub const DATAGRAM_MAX: usize = 32 << 10;
/// Bytes before the payload of a datagram: the number of the delivery, and how many pieces follow.
const PIECE_HEADER_LEN: usize = 8;

/// What a message does to its comm.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum CommAct {
    /// Opens it.
    Open,
    /// Sends data.
    #[default]
    Message,
    /// Closes it.
    Close,
}

/// A message on a comm.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct CommMessage {
    /// What it does.
    pub act: CommAct,
    /// The comm.
    pub comm_id: String,
    /// What the other side is to do with a comm that is opened; empty otherwise.
    pub target: String,
    /// The data.
    pub data: Value,
    /// The metadata.
    pub metadata: Map<String, Value>,
    /// Binary extras.
    #[serde(with = "hexadecimal")]
    pub buffers: Vec<Vec<u8>>,
}

/// What the kernel sends to the process that runs cells.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Delivery {
    /// A message of a front end.
    Message(Box<CommMessage>),
    /// A copy has taken over, and the kernel has compared its comms with those that the front ends have: the state of
    /// these is sent again.
    Resume,
}

/// A delivery as datagrams, which are sent in this order.
///
/// # Errors
///
/// Never: the JSON is made of strings and numbers, and keys are strings.
pub fn encode_delivery(number: u32, delivery: &Delivery) -> io::Result<Vec<Vec<u8>>> {
    let json = serde_json::to_vec(delivery)?;
    let pieces = json.chunks(DATAGRAM_MAX - PIECE_HEADER_LEN);
    let count = pieces.len() as u32;
    let datagram = |(index, piece): (u32, &[u8])| {
        let mut datagram = number.to_le_bytes().to_vec();
        datagram.extend((count - 1 - index).to_le_bytes());
        datagram.extend(piece);
        datagram
    };
    Ok((0..count).zip(pieces).map(datagram).collect())
}

/// Puts deliveries together again.
#[derive(Debug, Default)]
pub struct DeliveryDecoder {
    number: u32,
    next: Option<u32>,
    pieces: Vec<u8>,
}

impl DeliveryDecoder {
    /// Takes a datagram. Gives the delivery, with its number, that it completes. Pieces whose beginning another process
    /// has taken are skipped.
    pub fn take(&mut self, datagram: &[u8]) -> Option<(u32, Delivery)> {
        let (number, rest) = datagram.split_first_chunk()?;
        let (following, piece) = rest.split_first_chunk()?;
        let number = u32::from_le_bytes(*number);
        let following = u32::from_le_bytes(*following);
        let continues = self.number == number && self.next == Some(following);
        if !continues {
            self.pieces.clear();
        }
        self.number = number;
        self.next = following.checked_sub(1);
        self.pieces.extend(piece);
        if following > 0 {
            return None;
        }
        let whole = std::mem::take(&mut self.pieces);
        // What lacks its beginning is no JSON.
        Some((number, serde_json::from_slice(&whole).ok()?))
    }
}

/// Bytes as text in JSON, two digits each.
mod hexadecimal {
    use serde::Deserialize as _;
    use serde::Deserializer;
    use serde::Serializer;
    use serde::de::Error as _;

    pub(super) fn serialize<S: Serializer>(
        buffers: &[Vec<u8>],
        serializer: S,
    ) -> Result<S::Ok, S::Error> {
        serializer.collect_seq(buffers.iter().map(|buffer| text(buffer)))
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(
        deserializer: D,
    ) -> Result<Vec<Vec<u8>>, D::Error> {
        let texts = Vec::<String>::deserialize(deserializer)?;
        let buffers = texts.iter().map(|text| bytes(text));
        let buffers: Option<_> = buffers.collect();
        buffers.ok_or_else(|| D::Error::custom("expected hexadecimal digits"))
    }

    fn text(buffer: &[u8]) -> String {
        const DIGITS: &[u8; 16] = b"0123456789abcdef";
        let digits = buffer.iter().flat_map(|byte| [byte >> 4, byte & 15]);
        let digits = digits.map(|digit| char::from(DIGITS[usize::from(digit)]));
        digits.collect()
    }

    fn bytes(text: &str) -> Option<Vec<u8>> {
        let digit = |digit: u8| char::from(digit).to_digit(16);
        let byte = |pair: &[u8]| match pair {
            [high, low] => Some((digit(*high)? << 4 | digit(*low)?) as u8),
            _ => None,
        };
        text.as_bytes().chunks(2).map(byte).collect()
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn message(size: usize) -> Delivery {
        Delivery::Message(Box::new(CommMessage {
            act: CommAct::Open,
            comm_id: "c".to_owned(),
            target: "t".to_owned(),
            data: json!({"text": "é".repeat(size)}),
            metadata: Map::from_iter([("version".to_owned(), json!("2"))]),
            buffers: vec![vec![], vec![0, 15, 255]],
        }))
    }

    #[test]
    fn deliveries_survive_the_way() {
        let mut decoder = DeliveryDecoder::default();
        let deliveries = [message(0), Delivery::Resume, message(3 * DATAGRAM_MAX)];
        for (number, delivery) in (7..).zip(deliveries) {
            let datagrams = encode_delivery(number, &delivery).unwrap();
            let (last, pieces) = datagrams.split_last().unwrap();
            assert!(pieces.iter().all(|piece| piece.len() == DATAGRAM_MAX));
            assert!(pieces.iter().all(|piece| decoder.take(piece).is_none()));
            assert_eq!(decoder.take(last), Some((number, delivery)));
        }
    }

    #[test]
    fn a_delivery_that_lacks_its_beginning_is_skipped() {
        let mut decoder = DeliveryDecoder::default();
        let first = encode_delivery(1, &message(DATAGRAM_MAX)).unwrap();
        let second = encode_delivery(2, &message(DATAGRAM_MAX)).unwrap();
        // The process that received the first piece has died.
        for piece in &first[1..] {
            assert_eq!(decoder.take(piece), None);
        }
        assert_eq!(decoder.take(&first[0]), None);
        // The rest of the first delivery is lost too.
        for piece in &second[..second.len() - 1] {
            assert_eq!(decoder.take(piece), None);
        }
        let last = second.last().unwrap();
        assert_eq!(decoder.take(last), Some((2, message(DATAGRAM_MAX))));
        assert_eq!(decoder.take(b"short"), None);
    }
}
