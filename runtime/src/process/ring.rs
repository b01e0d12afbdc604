//! A ring of bytes in shared memory, with one writer and one reader at a time, which may be threads or processes.
//!
//! A message is one piece or several, of which the first and the last are marked: one that is longer than the ring goes
//! through it in pieces, and one that its writer has not ended is known by the next beginning. A piece is there once
//! `tail` has moved behind it, and gone once `head` has: a process that is killed at any moment leaves the ring whole.
//!
//! Nothing that lies in the memory is trusted: a copy of a process that takes over may find it in any state. What makes
//! no sense empties the ring.

use std::io;
use std::sync::atomic::AtomicU8;
use std::sync::atomic::Ordering;
use std::time::Duration;

use super::atomics::AtomicU32;
use super::atomics::AtomicU64;
use super::atomics::fence;
use super::futex;
use super::memory::Memory;

/// A piece begins a message.
const FIRST: u32 = 1 << 30;
/// A piece ends a message.
const LAST: u32 = 1 << 31;
const LEN: u32 = FIRST - 1;
/// The length and the marks in front of each piece.
const HEAD: usize = 4;

#[repr(C)]
#[derive(Default)]
struct Ends {
    /// Bytes ever read; the reader's.
    head: Apart,
    /// Bytes ever written; the writer's.
    tail: Apart,
    /// Changes with what is there, where a reader waits for it.
    written: AtomicU32,
    reader_waits: AtomicU32,
    /// Changes with what is free, where a writer waits for it.
    read: AtomicU32,
    writer_waits: AtomicU32,
}

/// Two counters in one line of the cache would have writer and reader wait for each other.
#[repr(C, align(128))]
#[derive(Default)]
struct Apart(AtomicU64);

/// The ring.
#[derive(Debug)]
pub(super) struct Ring {
    memory: Memory,
    capacity: usize,
}

/// What [`Ring::read`] found.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Read {
    /// Nothing is there.
    Nothing,
    /// More of the message is to come.
    Part,
    /// The message is whole.
    Whole,
}

/// Pieces that have left the ring.
#[derive(Debug, Default)]
pub(super) struct Taken {
    bytes: Vec<u8>,
    /// Where the next one begins.
    at: usize,
}

impl Taken {
    /// Adds the next piece to the message so far, as [`Ring::read`] does.
    pub(super) fn read(&mut self, message: &mut Vec<u8>) -> Read {
        let mut result = Read::Nothing;
        while result == Read::Nothing
            && let Some((word, rest)) = self.bytes[self.at..].split_first_chunk::<HEAD>()
        {
            let piece = PieceHeader::of(*word);
            let Some(content) = rest.get(..piece.len) else {
                message.clear();
                self.at = self.bytes.len();
                break;
            };
            result = piece.add(message, |to| to.copy_from_slice(content));
            self.at += HEAD + piece.len;
        }
        result
    }
}

/// What stands in front of a piece.
#[derive(Clone, Copy, Debug)]
struct PieceHeader {
    len: usize,
    is_first: bool,
    is_last: bool,
}

impl PieceHeader {
    fn of(word: [u8; HEAD]) -> PieceHeader {
        let word = u32::from_le_bytes(word);
        PieceHeader {
            len: (word & LEN) as usize,
            is_first: word & FIRST != 0,
            is_last: word & LAST != 0,
        }
    }

    /// Adds the content to the message.
    fn add(self, message: &mut Vec<u8>, copy: impl FnOnce(&mut [u8])) -> Read {
        if self.is_first {
            message.clear();
        } else if message.is_empty() {
            // A piece whose beginning another reader has taken along has no reader.
            return Read::Nothing;
        }
        let start = message.len();
        message.resize(start + self.len, 0);
        copy(&mut message[start..]);
        match self.is_last {
            true => Read::Whole,
            false => Read::Part,
        }
    }
}

impl Ring {
    /// A ring of so many bytes, a power of two.
    pub(super) fn new(capacity: usize) -> io::Result<Ring> {
        assert!(capacity.is_power_of_two() && capacity >= 64);
        let memory = Memory::new(size_of::<Ends>() + capacity)?;
        // SAFETY: the memory begins at a page, is long enough, and no other code has it yet.
        unsafe { memory.start().cast::<Ends>().write(Ends::default()) };
        Ok(Ring { memory, capacity })
    }

    /// The longest piece.
    pub(super) fn piece(&self) -> usize {
        self.capacity / 4 - HEAD
    }

    /// How many bytes wait.
    pub(super) fn waiting(&self) -> usize {
        let ends = self.ends();
        // Whoever waits has marked that before. The other side first moves its counter and then looks for the mark: of
        // two such pairs with a fence between, one sees what the other has written.
        fence(Ordering::SeqCst);
        let tail = ends.tail.0.load(Ordering::Acquire);
        tail.wrapping_sub(ends.head.0.load(Ordering::Acquire)) as usize
    }

    /// Writes a piece, at most [`Ring::piece`] bytes; `false` where there is no room. For the one writer.
    pub(super) fn write(&self, bytes: &[u8], is_first: bool, is_last: bool) -> bool {
        let ends = self.ends();
        let tail = ends.tail.0.load(Ordering::Relaxed);
        let used = tail.wrapping_sub(ends.head.0.load(Ordering::Acquire)) as usize;
        if self.capacity.saturating_sub(used) < HEAD + bytes.len() {
            return false;
        }
        let marks = if is_first { FIRST } else { 0 } | if is_last { LAST } else { 0 };
        self.copy_in(tail, &(bytes.len() as u32 | marks).to_le_bytes());
        self.copy_in(tail + HEAD as u64, bytes);
        let end = tail + (HEAD + bytes.len()) as u64;
        ends.tail.0.store(end, Ordering::Release);
        wake(&ends.written, &ends.reader_waits);
        true
    }

    /// Adds the next piece to the message so far, which a new beginning replaces. For the one reader.
    pub(super) fn read(&self, message: &mut Vec<u8>) -> Read {
        let head = self.ends().head.0.load(Ordering::Relaxed);
        let Some(there) = self.there(head) else {
            return Read::Nothing;
        };
        let mut at = 0;
        let mut result = Read::Nothing;
        while result == Read::Nothing && at < there {
            let mut word = [0; HEAD];
            self.copy_out(head + at as u64, &mut word);
            let piece = PieceHeader::of(word);
            let start = at + HEAD;
            at = start + piece.len;
            if at > there {
                message.clear();
                self.move_head(head + there as u64);
                return Read::Nothing;
            }
            result = piece.add(message, |to| self.copy_out(head + start as u64, to));
        }
        self.move_head(head + at as u64);
        result
    }

    /// Takes all pieces that are there into the taken ones, which have all been read. For the one reader.
    pub(super) fn take(&self, taken: &mut Taken) {
        let head = self.ends().head.0.load(Ordering::Relaxed);
        let there = self.there(head).unwrap_or(0);
        taken.at = 0;
        taken.bytes.resize(there, 0);
        if there > 0 {
            self.copy_out(head, &mut taken.bytes);
            self.move_head(head + there as u64);
        }
    }

    /// How many bytes wait behind the head; what makes no sense is emptied.
    fn there(&self, head: u64) -> Option<usize> {
        let tail = self.ends().tail.0.load(Ordering::Acquire);
        let there = tail.wrapping_sub(head) as usize;
        if there > self.capacity {
            self.move_head(tail);
            return None;
        }
        Some(there)
    }

    fn move_head(&self, head: u64) {
        let ends = self.ends();
        ends.head.0.store(head, Ordering::Release);
        wake(&ends.read, &ends.writer_waits);
    }

    /// Waits until something was written, at most for the limit. May return early.
    pub(super) fn wait_to_read(&self, limit: Duration) {
        let ends = self.ends();
        let is_empty = || self.waiting() == 0;
        wait(&ends.written, &ends.reader_waits, is_empty, limit);
    }

    /// Waits until something was read, at most for the limit. May return early.
    pub(super) fn wait_to_write(&self, len: usize, limit: Duration) {
        let ends = self.ends();
        let is_full = || self.capacity.saturating_sub(self.waiting()) < HEAD + len;
        wait(&ends.read, &ends.writer_waits, is_full, limit);
    }

    fn ends(&self) -> &Ends {
        // SAFETY: the memory begins at a page and with this structure; all of it is atomic.
        unsafe { self.memory.start().cast::<Ends>().as_ref() }
    }

    fn bytes(&self) -> &[AtomicU8] {
        // SAFETY: the memory has so many bytes behind the structure; they are used as atomic ones by everybody.
        unsafe {
            let start = self.memory.start().add(size_of::<Ends>());
            std::slice::from_raw_parts(start.cast().as_ptr(), self.capacity)
        }
    }

    fn parts(&self, at: u64, len: usize) -> (&[AtomicU8], &[AtomicU8]) {
        let bytes = self.bytes();
        let start = at as usize & (self.capacity - 1);
        let first = len.min(self.capacity - start);
        (&bytes[start..start + first], &bytes[..len - first])
    }

    fn copy_in(&self, at: u64, from: &[u8]) {
        let (first, second) = self.parts(at, from.len());
        let (from_first, from_second) = from.split_at(first.len());
        for (to, from) in [(first, from_first), (second, from_second)] {
            // SAFETY: both are of one length. Nobody else uses these bytes until the counter has moved; a process whose
            // memory was changed by its copy reads bytes that make no sense, which any bytes may be.
            unsafe {
                std::ptr::copy_nonoverlapping(from.as_ptr(), to.as_ptr() as *mut u8, from.len())
            };
        }
    }

    fn copy_out(&self, at: u64, to: &mut [u8]) {
        let (first, second) = self.parts(at, to.len());
        let (to_first, to_second) = to.split_at_mut(first.len());
        for (from, to) in [(first, to_first), (second, to_second)] {
            // SAFETY: as above.
            unsafe {
                std::ptr::copy_nonoverlapping(from.as_ptr().cast(), to.as_mut_ptr(), to.len())
            };
        }
    }
}

/// Wakes those who wait, after a counter was moved.
fn wake(word: &AtomicU32, waits: &AtomicU32) {
    // See `Ring::waiting`.
    fence(Ordering::SeqCst);
    if waits.load(Ordering::Relaxed) != 0 {
        word.fetch_add(1, Ordering::AcqRel);
        futex::wake(word);
    }
}

fn wait(word: &AtomicU32, waits: &AtomicU32, is_needed: impl Fn() -> bool, limit: Duration) {
    let before = word.load(Ordering::Acquire);
    waits.fetch_add(1, Ordering::AcqRel);
    if is_needed() {
        futex::wait(word, before, limit);
    }
    waits.fetch_sub(1, Ordering::AcqRel);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn messages_of_any_length_pass_through_a_small_ring() {
        let ring = Ring::new(64).unwrap();
        let mut message = Vec::new();
        for round in 0..1000_usize {
            let len = round % ring.piece();
            let bytes: Vec<u8> = (0..len).map(|n| (n + round) as u8).collect();
            assert!(ring.write(&bytes, true, true));
            assert_eq!(ring.read(&mut message), Read::Whole);
            assert_eq!(message, bytes);
            assert_eq!(ring.read(&mut message), Read::Nothing);
        }
    }

    #[test]
    fn a_message_without_an_end_or_a_beginning_is_left_out() {
        let ring = Ring::new(256).unwrap();
        let mut message = Vec::new();
        ring.write(b"torn", true, false);
        ring.write(b"whole", true, true);
        assert_eq!(ring.read(&mut message), Read::Part);
        assert_eq!(ring.read(&mut message), Read::Whole);
        assert_eq!(message, b"whole");
        message.clear();
        ring.write(b"tail", false, true);
        ring.write(b"next", true, true);
        assert_eq!(ring.read(&mut message), Read::Whole);
        assert_eq!(message, b"next");
    }

    #[test]
    fn what_makes_no_sense_empties_it() {
        let ring = Ring::new(256).unwrap();
        let mut message = Vec::new();
        ring.write(b"abc", true, true);
        ring.ends().tail.0.store(1 << 40, Ordering::Release);
        assert_eq!(ring.read(&mut message), Read::Nothing);
        assert!(ring.write(b"def", true, true));
        assert_eq!(ring.read(&mut message), Read::Whole);
    }

    #[test]
    fn pieces_can_be_taken_all_at_once() {
        let ring = Ring::new(256).unwrap();
        let (mut taken, mut message) = (Taken::default(), Vec::new());
        for round in 0..100_u8 {
            ring.write(&[round], true, true);
            ring.write(b"long", true, false);
            ring.write(b"er", false, true);
            ring.take(&mut taken);
            assert_eq!(ring.waiting(), 0);
            assert_eq!(taken.read(&mut message), Read::Whole);
            assert_eq!(message, [round]);
            assert_eq!(taken.read(&mut message), Read::Part);
            assert_eq!(taken.read(&mut message), Read::Whole);
            assert_eq!(message, b"longer");
            message.clear();
            assert_eq!(taken.read(&mut message), Read::Nothing);
        }
        ring.write(b"abc", true, true);
        ring.ends().tail.0.fetch_add(1, Ordering::Release);
        ring.take(&mut taken);
        assert_eq!(taken.read(&mut message), Read::Whole);
        assert_eq!(taken.read(&mut message), Read::Nothing);
    }

    #[test]
    fn a_full_ring_takes_no_more() {
        let ring = Ring::new(64).unwrap();
        let piece = [1; 12];
        assert_eq!((0..9).filter(|_| ring.write(&piece, true, true)).count(), 4);
        assert_eq!(ring.read(&mut Vec::new()), Read::Whole);
        assert!(ring.write(&piece, true, true));
    }
}
