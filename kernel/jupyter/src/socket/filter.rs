//! Checks the bytes of one ZMTP peer before `zeromq` sees them.
//!
//! `zeromq` 0.7 reserves as many bytes as a frame's header announces, and has no limit among its options: a peer that
//! announces 2^36 bytes makes the process abort, for 2^62 even before the handshake. Here a frame's header is read
//! first. <https://rfc.zeromq.org/spec/23/>

/// No message of a notebook needs more.
const MESSAGE_LIMIT_BYTES: u64 = 256 << 20;

/// A handshake is a few properties.
const HANDSHAKE_LIMIT_BYTES: u64 = 64 << 10;

/// A message with widgets has some dozens of buffers.
const FRAMES_LIMIT: u32 = 4096;

const GREETING_BYTES: usize = 64;

/// What a peer did that breaks ZMTP's rules.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
pub(super) enum Refusal {
    #[error("the peer does not speak ZMTP 3")]
    NotZmtp,
    #[error("the peer announced {announced} bytes (at most {limit} are accepted)")]
    TooLarge { announced: u64, limit: u64 },
    #[error("the peer sent a message of more than {FRAMES_LIMIT} frames")]
    TooManyFrames,
}

/// Follows the frames of one connection.
#[derive(Debug)]
pub(super) struct Filter {
    state: FrameState,
    /// Whether the peer's first frame, the READY command, has come whole.
    ready: bool,
    more: bool,
    message_bytes: u64,
    message_frames: u32,
}

#[derive(Debug)]
enum FrameState {
    Greeting { seen: usize },
    Flags,
    Length { missing: u8, value: u64 },
    Body { missing: u64 },
}

impl Filter {
    pub(super) fn new() -> Filter {
        Filter {
            state: FrameState::Greeting { seen: 0 },
            ready: false,
            more: false,
            message_bytes: 0,
            message_frames: 0,
        }
    }

    /// Whether the peer has shown that it speaks the protocol.
    pub(super) fn is_ready(&self) -> bool {
        self.ready
    }

    /// Checks the next bytes. After a refusal none of them may be passed on.
    pub(super) fn check(&mut self, mut bytes: &[u8]) -> Result<(), Refusal> {
        while let [first, rest @ ..] = bytes {
            match &mut self.state {
                FrameState::Greeting { seen } => {
                    let expected = match *seen {
                        0 => *first == 0xff,
                        9 => *first == 0x7f,
                        10 => *first >= 3,
                        _ => true,
                    };
                    if !expected {
                        return Err(Refusal::NotZmtp);
                    }
                    *seen += 1;
                    if *seen == GREETING_BYTES {
                        self.state = FrameState::Flags;
                    }
                    bytes = rest;
                }
                FrameState::Flags => {
                    self.more = first & 0b001 != 0;
                    let long = first & 0b010 != 0;
                    let command = first & 0b100 != 0;
                    if !self.ready && !command {
                        return Err(Refusal::NotZmtp);
                    }
                    self.state = FrameState::Length {
                        missing: if long { 8 } else { 1 },
                        value: 0,
                    };
                    bytes = rest;
                }
                FrameState::Length { missing, value } => {
                    *value = *value << 8 | u64::from(*first);
                    *missing -= 1;
                    if *missing == 0 {
                        let announced = *value;
                        self.begin_body(announced)?;
                    }
                    bytes = rest;
                }
                FrameState::Body { missing } => {
                    let taken = (*missing).min(bytes.len() as u64);
                    *missing -= taken;
                    bytes = bytes.get(taken as usize..).unwrap_or_default();
                    if *missing == 0 {
                        self.end_body();
                    }
                }
            }
        }
        Ok(())
    }

    fn begin_body(&mut self, announced: u64) -> Result<(), Refusal> {
        let limit = if self.ready {
            MESSAGE_LIMIT_BYTES
        } else {
            HANDSHAKE_LIMIT_BYTES
        };
        let total = self.message_bytes.saturating_add(announced);
        if total > limit {
            return Err(Refusal::TooLarge {
                announced: total,
                limit,
            });
        }
        self.message_bytes = total;
        self.message_frames += 1;
        if self.message_frames > FRAMES_LIMIT {
            return Err(Refusal::TooManyFrames);
        }
        if announced == 0 {
            self.end_body();
        } else {
            self.state = FrameState::Body { missing: announced };
        }
        Ok(())
    }

    fn end_body(&mut self) {
        self.ready = true;
        self.state = FrameState::Flags;
        if !self.more {
            self.message_bytes = 0;
            self.message_frames = 0;
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn greeting() -> Vec<u8> {
        let mut bytes = vec![0; 64];
        bytes[0] = 0xff;
        bytes[9] = 0x7f;
        bytes[10] = 3;
        bytes[12..16].copy_from_slice(b"NULL");
        bytes
    }

    fn shaken() -> Vec<u8> {
        let mut bytes = greeting();
        bytes.extend([4, 6]);
        bytes.extend(b"\x05READY");
        bytes
    }

    fn long(flags: u8, announced: u64) -> Vec<u8> {
        let mut bytes = vec![flags | 2];
        bytes.extend(announced.to_be_bytes());
        bytes
    }

    #[test]
    fn a_conversation_passes_however_it_is_cut() {
        let mut bytes = shaken();
        for _ in 0..3 {
            bytes.extend([1, 0]);
            bytes.extend(long(0, 1000));
            bytes.extend(vec![7; 1000]);
        }
        for cut in 1..70 {
            let mut filter = Filter::new();
            for chunk in bytes.chunks(cut) {
                assert_eq!(filter.check(chunk), Ok(()));
            }
            assert!(filter.is_ready());
        }
    }

    #[test]
    fn huge_frames_are_refused_before_and_after_the_handshake() {
        for exponent in [28, 36, 62, 63] {
            for mut bytes in [greeting(), shaken()] {
                bytes.extend(long(4, (1 << exponent) + 1));
                assert!(matches!(
                    Filter::new().check(&bytes),
                    Err(Refusal::TooLarge { .. })
                ));
            }
        }
    }

    #[test]
    fn the_limit_holds_for_the_sum_of_a_message() {
        let mut bytes = shaken();
        bytes.extend(long(1, 1));
        bytes.push(0);
        bytes.extend(long(0, 256 << 20));
        assert!(matches!(
            Filter::new().check(&bytes),
            Err(Refusal::TooLarge { .. })
        ));
    }

    #[test]
    fn endless_small_frames_are_refused() {
        let mut bytes = shaken();
        bytes.extend([1, 0].repeat(5000));
        assert_eq!(Filter::new().check(&bytes), Err(Refusal::TooManyFrames));
    }

    #[test]
    fn other_protocols_are_refused() {
        assert_eq!(
            Filter::new().check(b"GET / HTTP/1.1\r\n"),
            Err(Refusal::NotZmtp)
        );
    }

    proptest! {
        #[test]
        fn garbage_never_panics_and_is_never_long(bytes in prop::collection::vec(any::<u8>(), 0..300)) {
            let mut all = shaken();
            all.extend(&bytes);
            let mut filter = Filter::new();
            if filter.check(&all).is_ok() && let FrameState::Body { missing } = filter.state {
                prop_assert!(missing <= MESSAGE_LIMIT_BYTES);
            }
            let _ = Filter::new().check(&bytes);
        }
    }
}
