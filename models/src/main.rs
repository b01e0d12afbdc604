//! Tries every order in which two processes can access the ring of `runtime/src/process/ring.rs`, with loom.
//!
//!     cargo run --release --manifest-path models/Cargo.toml
//!
//! The ring's own source is compiled here, with loom's atomics, memory and waiting. A lost wake-up causes a deadlock,
//! which loom reports.

mod atomics;
mod futex;
mod memory;
#[allow(dead_code, reason = "not all of it is tried here")]
#[path = "../../runtime/src/process/ring.rs"]
mod ring;

use std::time::Duration;

use loom::sync::Arc;
use loom::thread;

use ring::Read;
use ring::Ring;
use ring::Taken;

/// No wait has a time limit; thus a missing wake-up is found.
const EVER: Duration = Duration::MAX;

fn main() {
    model("a reader that waits sees what is written", reader_waits);
    model("a writer that waits goes on once there is room", writer_waits);
    model("what is taken all at once is whole", taken_at_once);
}

fn model(title: &str, body: fn()) {
    let mut builder = loom::model::Builder::new();
    builder.preemption_bound = Some(3);
    builder.check(body);
    println!("{title}: holds in every order");
}

fn reader_waits() {
    let ring = Arc::new(Ring::new(64).unwrap());
    let writer = Arc::clone(&ring);
    let thread = thread::spawn(move || {
        assert!(writer.write(b"a", true, true));
        assert!(writer.write(b"b", true, true));
    });
    for expected in [b"a", b"b"] {
        assert_eq!(receive(&ring), expected);
    }
    thread.join().unwrap();
}

fn receive(ring: &Ring) -> Vec<u8> {
    let mut message = Vec::new();
    while ring.read(&mut message) != Read::Whole {
        ring.wait_to_read(EVER);
    }
    message
}

fn writer_waits() {
    const PIECE: [u8; 12] = [7; 12];
    let ring = Arc::new(Ring::new(64).unwrap());
    while ring.write(&PIECE, true, true) {}
    let reader = Arc::clone(&ring);
    let thread = thread::spawn(move || assert_eq!(reader.read(&mut Vec::new()), Read::Whole));
    while !ring.write(&PIECE, true, true) {
        ring.wait_to_write(PIECE.len(), EVER);
    }
    thread.join().unwrap();
}

fn taken_at_once() {
    let ring = Arc::new(Ring::new(64).unwrap());
    let writer = Arc::clone(&ring);
    let thread = thread::spawn(move || {
        assert!(writer.write(b"long", true, false));
        assert!(writer.write(b"er", false, true));
    });
    let (mut taken, mut message) = (Taken::default(), Vec::new());
    loop {
        match taken.read(&mut message) {
            Read::Whole => break,
            Read::Part => {}
            Read::Nothing => {
                ring.wait_to_read(EVER);
                ring.take(&mut taken);
            }
        }
    }
    assert_eq!(message, b"longer");
    thread.join().unwrap();
}
