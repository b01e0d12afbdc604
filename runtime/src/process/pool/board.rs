//! What the processes of a pool share while one call runs: who works on what, and the results on their way.

use std::io;
use std::os::fd::AsFd;
use std::os::fd::OwnedFd;
use std::sync::atomic::AtomicU16;
use std::sync::atomic::AtomicU32;
use std::sync::atomic::AtomicUsize;
use std::sync::atomic::Ordering;
use std::time::Duration;

use crate::process::memory::Memory;
use crate::process::ring::Ring;
use crate::process::ring::Taken;
use crate::process::sys;

/// Bytes of results that wait for the parent, for each worker, where it takes them as they come.
const SMALL: usize = 256 << 10;
/// The same where it waits for all of them: a worker that had to wait for room would have to be woken. Memory that is
/// not used is not there.
const LARGE: usize = 8 << 20;
/// So many bytes of them wake the parent then: it reads while the workers go on, and is not woken for each.
const ENOUGH: usize = 256 << 10;
/// A worker looks so often whether the rest of its pool is there, while it waits.
const STEP: Duration = Duration::from_millis(50);

/// Nobody has taken the item.
const FREE: u16 = 0;
/// The item is done, or has failed.
const DONE: u16 = u16::MAX;
/// Workers are numbered from 0; what is noted of an item is one more.
pub(super) const MOST_WORKERS: usize = 4096;

#[repr(C)]
struct Head {
    /// The item that is looked at next. Only a hint: an item is taken by its mark.
    next: AtomicUsize,
    /// How many bytes of results wake the parent; 0 while it does not sleep.
    wakes_at: AtomicU32,
}

/// The shared memory of a call.
#[derive(Debug)]
pub(super) struct Board {
    memory: Memory,
    items: usize,
    /// One for each worker, and one for their supervisor.
    rings: Vec<Ring>,
    bell: OwnedFd,
    patience: Patience,
}

impl Board {
    pub(super) fn new(workers: usize, items: usize, patience: Patience) -> io::Result<Board> {
        if u32::try_from(items).is_err() {
            return Err(io::Error::other(format!(
                "a call takes at most {} items, got `{items}`",
                u32::MAX
            )));
        }
        let marks = items * size_of::<AtomicU16>();
        let capacity = match patience {
            Patience::Any => SMALL,
            Patience::Much => LARGE,
        };
        let rings: io::Result<Vec<Ring>> = (0..=workers).map(|_| Ring::new(capacity)).collect();
        Ok(Board {
            memory: Memory::new(size_of::<Head>() + marks)?,
            items,
            rings: rings?,
            bell: sys::doorbell()?,
            patience,
        })
    }

    /// How many items there are.
    pub(super) fn items(&self) -> usize {
        self.items
    }

    /// The next so many items to look at; `None` where all have been.
    pub(super) fn next(&self, count: usize) -> Option<std::ops::Range<usize>> {
        let start = self.head().next.fetch_add(count, Ordering::Relaxed);
        (start < self.items).then(|| start..self.items.min(start + count))
    }

    /// Has workers look at all items again: one has died that had some to look at.
    pub(super) fn begin_again(&self) {
        self.head().next.store(0, Ordering::Relaxed);
    }

    /// Has workers end after what they do.
    pub(super) fn stop(&self) {
        self.head().next.store(usize::MAX / 2, Ordering::Relaxed);
    }

    /// Takes an item for a worker, unless another has it.
    pub(super) fn take(&self, item: usize, worker: usize) -> bool {
        let mark = &self.marks()[item];
        mark.compare_exchange(FREE, worker as u16 + 1, Ordering::AcqRel, Ordering::Relaxed)
            .is_ok()
    }

    /// The item is done, and its result is on its way.
    pub(super) fn set_done(&self, item: usize) {
        self.marks()[item].store(DONE, Ordering::Release);
    }

    /// What a worker that has died had begun.
    pub(super) fn item_of(&self, worker: usize) -> Option<usize> {
        let mark = worker as u16 + 1;
        let mut marks = self.marks().iter();
        marks.position(|item| item.load(Ordering::Acquire) == mark)
    }

    /// Whether there is an item that no worker has taken.
    pub(super) fn has_free(&self) -> bool {
        let mut marks = self.marks().iter();
        marks.any(|item| item.load(Ordering::Acquire) == FREE)
    }

    /// Sends a message to the parent, as long as `while` holds.
    pub(super) fn send(&self, ring: usize, bytes: &[u8], is_there: impl Fn() -> bool) {
        let ring = &self.rings[ring];
        let piece = ring.piece();
        let count = bytes.len().div_ceil(piece).max(1);
        for index in 0..count {
            let part = &bytes[index * piece..bytes.len().min((index + 1) * piece)];
            while !ring.write(part, index == 0, index + 1 == count) {
                self.wake(ring);
                if !is_there() {
                    return;
                }
                ring.wait_to_write(part.len(), STEP);
            }
        }
        self.wake(ring);
    }

    fn wake(&self, ring: &Ring) {
        let wakes_at = &self.head().wakes_at;
        let limit = wakes_at.load(Ordering::SeqCst);
        if limit != 0 && ring.waiting() >= limit as usize && wakes_at.swap(0, Ordering::SeqCst) != 0
        {
            sys::ring(&self.bell);
        }
    }

    /// The parent takes all that was sent.
    pub(super) fn take_sent(&self, ring: usize, taken: &mut Taken) {
        self.rings[ring].take(taken);
    }

    /// The parent waits until so much of results is there, or another descriptor can be read; `true` for the latter.
    /// An interrupt of the cell unwinds it.
    pub(super) fn await_results(&self, other: impl AsFd) -> bool {
        let limit = match self.patience {
            Patience::Any => 1,
            Patience::Much => ENOUGH,
        };
        self.head().wakes_at.store(limit as u32, Ordering::SeqCst);
        let is_there = self.rings.iter().any(|ring| ring.waiting() >= limit);
        let found = match is_there {
            true => Some(0),
            false => sys::wait(&[self.bell.as_fd(), other.as_fd()], None),
        };
        self.head().wakes_at.store(0, Ordering::SeqCst);
        sys::answer(&self.bell);
        found == Some(1)
    }

    fn head(&self) -> &Head {
        // SAFETY: the memory begins at a page and with this structure, for which zeros are valid; all of it is atomic.
        unsafe { self.memory.start().cast::<Head>().as_ref() }
    }

    fn marks(&self) -> &[AtomicU16] {
        // SAFETY: so many lie behind the structure, whose size is a multiple of their alignment; zeros are valid.
        unsafe {
            let start = self.memory.start().add(size_of::<Head>());
            std::slice::from_raw_parts(start.cast().as_ptr(), self.items)
        }
    }
}

/// How many results the parent waits for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Patience {
    /// One that it can hand on.
    Any,
    /// As many as there are, or so many that room is needed.
    Much,
}
