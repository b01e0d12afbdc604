//! A message from a worker to the one that has called its pool.

use serde::Serialize;

use crate::process::ended::Ended;
use crate::process::outcome::Panic;

const VALUE: u8 = 0;
const PANIC: u8 = 1;
const ENDED: u8 = 2;
const ALL_PANIC: u8 = 3;
const ALL_ENDED: u8 = 4;
/// The kind, and the number of the item.
const HEAD: usize = 5;

/// The content of a message.
#[derive(Debug)]
pub(super) enum Record<'a> {
    /// The bytes of an item's value.
    Value(usize, &'a [u8]),
    /// An item has none, for this reason.
    Failed(usize, Ended),
    /// No item that is missing will come, for this reason.
    AllFailed(Ended),
}

/// A value, in the buffer's place.
pub(super) fn value<T: Serialize>(
    buffer: &mut Vec<u8>,
    item: usize,
    value: &T,
) -> postcard::Result<()> {
    head(buffer, VALUE, item);
    *buffer = postcard::to_extend(value, std::mem::take(buffer))?;
    Ok(())
}

/// A panic of an item's own code.
pub(super) fn panicked(buffer: &mut Vec<u8>, item: usize, panic: &Panic) {
    head(buffer, PANIC, item);
    extend(buffer, panic);
}

/// A panic before there were items.
pub(super) fn all_panicked(buffer: &mut Vec<u8>, panic: &Panic) {
    head(buffer, ALL_PANIC, 0);
    extend(buffer, panic);
}

/// The end of an item's worker.
pub(super) fn failed(buffer: &mut Vec<u8>, item: usize, ended: &Ended) {
    head(buffer, ENDED, item);
    extend(buffer, ended);
}

/// The end of all that could be done.
pub(super) fn all_failed(buffer: &mut Vec<u8>, ended: &Ended) {
    head(buffer, ALL_ENDED, 0);
    extend(buffer, ended);
}

fn head(buffer: &mut Vec<u8>, kind: u8, item: usize) {
    buffer.clear();
    buffer.push(kind);
    buffer.extend((item as u32).to_le_bytes());
}

fn extend<T: Serialize>(buffer: &mut Vec<u8>, value: &T) {
    // These are numbers and strings, which postcard takes.
    if let Ok(bytes) = postcard::to_stdvec(value) {
        buffer.extend(bytes);
    }
}

/// Reads a message. `None` where it makes no sense.
pub(super) fn read(message: &[u8]) -> Option<Record<'_>> {
    let (head, rest) = message.split_first_chunk::<HEAD>()?;
    let [kind, item @ ..] = *head;
    let item = usize::try_from(u32::from_le_bytes(item)).ok()?;
    let panic = || Some(postcard::from_bytes::<Panic>(rest).ok()?.into_ended());
    let ended = || postcard::from_bytes::<Ended>(rest).ok();
    match kind {
        VALUE => Some(Record::Value(item, rest)),
        PANIC => panic().map(|ended| Record::Failed(item, ended)),
        ENDED => ended().map(|ended| Record::Failed(item, ended)),
        ALL_PANIC => panic().map(Record::AllFailed),
        ALL_ENDED => ended().map(Record::AllFailed),
        _ => None,
    }
}
