//! What a process leaves for its parent: its value or its panic, in a file in memory, which takes any size and waits for
//! nobody.

use std::fs::File;
use std::io;
use std::os::unix::fs::FileExt;

use serde::Deserialize;
use serde::Serialize;

use super::ended::Ended;
use crate::wire::Place;
use crate::worker;

const VALUE: u8 = 1;
const PANIC: u8 = 2;
/// The kind, and the length of what follows: a process may be ended while it writes.
const HEADER: usize = 9;

/// What was found in the file.
#[derive(Debug)]
pub(super) enum Outcome {
    Value(Vec<u8>),
    Failed(Ended),
    Missing,
}

/// A panic of another process.
#[derive(Debug, Serialize, Deserialize)]
pub(super) struct Panic {
    pub(super) message: String,
    pub(super) place: Option<Place>,
}

/// Leaves a value, which is serialised after the header.
pub(super) fn write_value<T: Serialize>(file: &File, value: &T) -> io::Result<()> {
    let buffer = postcard::to_extend(value, header(VALUE, 0).to_vec()).map_err(io::Error::other)?;
    write(file, VALUE, buffer)
}

/// Leaves a panic.
pub(super) fn write_panic(file: &File, panic: &Panic) -> io::Result<()> {
    let buffer = postcard::to_extend(panic, header(PANIC, 0).to_vec()).map_err(io::Error::other)?;
    write(file, PANIC, buffer)
}

fn write(file: &File, kind: u8, mut buffer: Vec<u8>) -> io::Result<()> {
    let len = buffer.len() - HEADER;
    buffer[..HEADER].copy_from_slice(&header(kind, len));
    file.write_all_at(&buffer, 0)
}

fn header(kind: u8, len: usize) -> [u8; HEADER] {
    let mut header = [kind; HEADER];
    header[1..].copy_from_slice(&(len as u64).to_le_bytes());
    header
}

/// Reads what was left.
pub(super) fn read(bytes: &[u8]) -> Outcome {
    let Some((header, rest)) = bytes.split_first_chunk::<HEADER>() else {
        return Outcome::Missing;
    };
    let [kind, len @ ..] = *header;
    if u64::from_le_bytes(len) != rest.len() as u64 {
        return Outcome::Missing;
    }
    match kind {
        VALUE => Outcome::Value(rest.to_vec()),
        PANIC => postcard::from_bytes::<Panic>(rest).map_or(Outcome::Missing, |panic| {
            Outcome::Failed(panic.into_ended())
        }),
        _ => Outcome::Missing,
    }
}

impl Panic {
    /// The same for people: the kernel translates the place to a cell and a line.
    pub(super) fn into_ended(self) -> Ended {
        let in_words = |place: &Place| {
            let described = worker::describe(place);
            described.unwrap_or_else(|| format!("{}:{}:{}", place.file, place.line, place.column))
        };
        Ended::Panicked {
            place: self.place.as_ref().map(in_words).unwrap_or_default(),
            message: self.message,
        }
    }
}
