//! Signatures: who may speak to this kernel.

use std::collections::HashSet;
use std::collections::VecDeque;

use bytes::Bytes;
use hmac::Hmac;
use hmac::KeyInit;
use hmac::Mac;
use sha2::Sha256;

/// The connection file requires a signature scheme that this kernel does not support.
#[derive(Debug, thiserror::Error)]
#[error("unknown signature scheme `{0}` (expected `hmac-sha256`)")]
pub struct UnknownScheme(pub String);

/// Signs messages and verifies signatures. With an empty key nothing is signed and everything is accepted, as the
/// protocol has it.
#[derive(Clone)]
pub struct Signer {
    keyed: Option<Hmac<Sha256>>,
}

impl Signer {
    /// Takes the two values of the connection file.
    pub fn new(scheme: &str, key: &str) -> Result<Signer, UnknownScheme> {
        if key.is_empty() {
            return Ok(Signer { keyed: None });
        }
        if scheme != "hmac-sha256" {
            return Err(UnknownScheme(scheme.to_owned()));
        }
        let keyed = Hmac::<Sha256>::new_from_slice(key.as_bytes()).ok();
        Ok(Signer { keyed })
    }

    /// Whether messages carry a signature.
    pub fn is_keyed(&self) -> bool {
        self.keyed.is_some()
    }

    /// The signature in hexadecimal, empty without a key.
    pub fn sign(&self, parts: &[Bytes]) -> Bytes {
        let Some(mut mac) = self.keyed.clone() else {
            return Bytes::new();
        };
        for part in parts {
            mac.update(part);
        }
        let digest = mac.finalize().into_bytes();
        let mut text = String::with_capacity(2 * digest.len());
        for byte in digest {
            for nibble in [byte >> 4, byte & 15] {
                text.push(char::from_digit(u32::from(nibble), 16).unwrap_or('0'));
            }
        }
        Bytes::from(text)
    }

    /// Whether the signature is the right one for the parts.
    pub fn verify(&self, parts: &[Bytes], signature: &[u8]) -> bool {
        let Some(mut mac) = self.keyed.clone() else {
            return true;
        };
        let Some(digest) = from_hex(signature) else {
            return false;
        };
        for part in parts {
            mac.update(part);
        }
        // This comparison takes the same time wherever the first difference is.
        mac.verify_slice(&digest).is_ok()
    }
}

impl std::fmt::Debug for Signer {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        // The key stays out of logs.
        f.debug_struct("Signer")
            .field("keyed", &self.is_keyed())
            .finish()
    }
}

fn from_hex(text: &[u8]) -> Option<Vec<u8>> {
    let (pairs, []) = text.as_chunks::<2>() else {
        return None;
    };
    pairs
        .iter()
        .map(|[high, low]| {
            let high = char::from(*high).to_digit(16)?;
            let low = char::from(*low).to_digit(16)?;
            u8::try_from(high << 4 | low).ok()
        })
        .collect()
}

/// Remembers the latest signatures, so that a recorded message has no effect when it is sent a second time.
#[derive(Debug)]
pub struct Replays {
    order: VecDeque<Bytes>,
    seen: HashSet<Bytes>,
    capacity: usize,
}

impl Default for Replays {
    fn default() -> Replays {
        Replays::new(65_536)
    }
}

impl Replays {
    /// Remembers so many signatures.
    pub fn new(capacity: usize) -> Replays {
        Replays {
            order: VecDeque::new(),
            seen: HashSet::new(),
            capacity: capacity.max(1),
        }
    }

    /// Notes a verified signature. Returns whether it is new. Unsigned messages are always new.
    pub fn note(&mut self, signature: &Bytes) -> bool {
        if signature.is_empty() {
            return true;
        }
        // Hexadecimal in the other case is the same signature. The copy also lets go of the buffer that it came in.
        let signature = Bytes::from(signature.to_ascii_lowercase());
        if !self.seen.insert(signature.clone()) {
            return false;
        }
        self.order.push_back(signature);
        if self.order.len() > self.capacity
            && let Some(oldest) = self.order.pop_front()
        {
            self.seen.remove(&oldest);
        }
        true
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_signature_is_that_of_python() {
        // python3 -c "import hmac; print(hmac.new(b'k', b'{}{}{}{}', 'sha256').hexdigest())"
        let signer = Signer::new("hmac-sha256", "k").unwrap();
        let parts = vec![Bytes::from_static(b"{}"); 4];
        let signature = signer.sign(&parts);
        assert_eq!(signature, PYTHON);
        assert!(signer.verify(&parts, &signature));
        assert!(!signer.verify(&parts[1..], &signature));
        assert!(!signer.verify(&parts, b""));
        assert!(!signer.verify(&parts, b"zz"));
        assert!(!signer.verify(&parts, &signature[1..]));
    }

    const PYTHON: &str = "6f7c3dea506a2fb840fc9377d65462646f8e8df4acfafa710cf0c50bb2db8de2";

    #[test]
    fn an_empty_key_signs_nothing_and_accepts_all() {
        let signer = Signer::new("", "").unwrap();
        assert!(signer.sign(&[]).is_empty());
        assert!(signer.verify(&[], b"whatever"));
    }

    #[test]
    fn a_replay_is_noticed_until_it_is_forgotten() {
        let mut replays = Replays::new(2);
        assert!(replays.note(&Bytes::from_static(b"aa")));
        assert!(!replays.note(&Bytes::from_static(b"aa")));
        assert!(!replays.note(&Bytes::from_static(b"AA")));
        assert!(replays.note(&Bytes::from_static(b"bb")));
        assert!(replays.note(&Bytes::from_static(b"cc")));
        assert!(replays.note(&Bytes::from_static(b"aa")));
        assert!(replays.note(&Bytes::new()));
        assert!(replays.note(&Bytes::new()));
    }
}
