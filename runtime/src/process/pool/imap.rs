//! The results of a call of a pool, as they come.

use std::collections::VecDeque;
use std::fmt;
use std::marker::PhantomData;
use std::os::fd::AsFd;
use std::sync::Arc;

use serde::de::DeserializeOwned;

use super::board::Board;
use super::record;
use super::record::Record;
use crate::process::ended::Ended;
use crate::process::handle::Handle;
use crate::process::registry;
use crate::process::ring::Read;
use crate::process::ring::Taken;

/// The results of [`Pool::imap`](super::Pool::imap) and [`Pool::imap_unordered`](super::Pool::imap_unordered), each when it
/// is there.
///
/// Dropping it ends the workers, whatever they do.
pub struct Imap<R> {
    results: Results,
    /// Those that came before their turn, by number; in any order where it is unordered.
    early: VecDeque<Option<Result<R, Ended>>>,
    is_ordered: bool,
    /// How many were given in their turn.
    given: usize,
    gives: PhantomData<fn() -> R>,
}

impl<R> Imap<R> {
    pub(super) fn new(results: Results, is_ordered: bool) -> Imap<R> {
        Imap {
            results,
            early: VecDeque::new(),
            is_ordered,
            given: 0,
            gives: PhantomData,
        }
    }
}

impl<R: DeserializeOwned> Iterator for Imap<R> {
    type Item = Result<R, Ended>;

    /// Waits for the next result. An interrupt of the cell unwinds it here.
    fn next(&mut self) -> Option<Result<R, Ended>> {
        loop {
            if let Some(Some(_)) = self.early.front() {
                self.given += 1;
                return self.early.pop_front().flatten();
            }
            let (item, result) = self.results.next()?;
            if !self.is_ordered {
                return Some(result);
            }
            // Those that were given are gone from the list.
            let place = item - self.given;
            if self.early.len() <= place {
                self.early.resize_with(place + 1, || None);
            }
            self.early[place] = Some(result);
        }
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        let waiting = self.early.iter().flatten().count();
        let left = self.results.open + waiting;
        (left, Some(left))
    }
}

impl<R> fmt::Debug for Imap<R> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (open, all) = (self.results.open, self.results.count());
        write!(f, "Imap({} of {all} done)", all - open)
    }
}

/// What one sender has sent: pieces that were taken out of its ring, and the message so far.
#[derive(Debug, Default)]
struct Sender {
    taken: Taken,
    message: Vec<u8>,
}

/// Reads what workers send.
pub(super) struct Results {
    board: Board,
    supervisor: Arc<Handle>,
    /// What each sender has sent.
    senders: Vec<Sender>,
    /// Which items have a result.
    is_known: Vec<bool>,
    /// How many have none.
    open: usize,
    /// The sender to look at next.
    turn: usize,
    has_ended: bool,
    /// Failures that are believed once everything that was sent before was read.
    failed: VecDeque<(usize, Ended)>,
    all_failed: Option<Ended>,
}

impl Results {
    pub(super) fn new(board: Board, supervisor: Arc<Handle>, senders: usize) -> Results {
        Results {
            senders: (0..senders).map(|_| Sender::default()).collect(),
            is_known: vec![false; board.items()],
            open: board.items(),
            turn: 0,
            has_ended: false,
            failed: VecDeque::new(),
            all_failed: None,
            board,
            supervisor,
        }
    }

    /// How many items there are.
    pub(super) fn count(&self) -> usize {
        self.is_known.len()
    }

    /// The next result, in any order; `None` when all items have one.
    pub(super) fn next<R: DeserializeOwned>(&mut self) -> Option<(usize, Result<R, Ended>)> {
        while self.open > 0 {
            if let Some(found) = self.read() {
                return Some(found);
            }
            if let Some((item, ended)) = self.failed.pop_front() {
                if self.resolve(item) {
                    return Some((item, Err(ended)));
                }
            } else if self.has_ended {
                let item = self.is_known.iter().position(|known| !known)?;
                self.resolve(item);
                let ended = self
                    .all_failed
                    .get_or_insert_with(|| self.supervisor.exit().into_ended());
                return Some((item, Err(ended.clone())));
            } else {
                self.has_ended = self.board.await_results(self.supervisor.watch.as_fd());
            }
        }
        None
    }

    /// A value that was sent; notes failures. `None` where nothing is there.
    fn read<R: DeserializeOwned>(&mut self) -> Option<(usize, Result<R, Ended>)> {
        for _ in 0..self.senders.len() {
            let mut sender = std::mem::take(&mut self.senders[self.turn]);
            let found = self.read_of(&mut sender);
            self.senders[self.turn] = sender;
            if found.is_some() {
                return found;
            }
            self.turn = (self.turn + 1) % self.senders.len();
        }
        None
    }

    /// A value of the sender that has the turn.
    fn read_of<R: DeserializeOwned>(
        &mut self,
        sender: &mut Sender,
    ) -> Option<(usize, Result<R, Ended>)> {
        let mut has_taken = false;
        loop {
            match sender.taken.read(&mut sender.message) {
                Read::Part => {}
                Read::Whole => {
                    let found = self.take(&sender.message);
                    sender.message.clear();
                    if found.is_some() {
                        return found;
                    }
                }
                Read::Nothing if has_taken => return None,
                Read::Nothing => {
                    self.board.take_sent(self.turn, &mut sender.taken);
                    has_taken = true;
                }
            }
        }
    }

    fn take<R: DeserializeOwned>(&mut self, message: &[u8]) -> Option<(usize, Result<R, Ended>)> {
        match record::read(message)? {
            Record::Value(item, bytes) if self.resolve(item) => {
                let value = postcard::from_bytes(bytes).map_err(|error| Ended::Panicked {
                    message: format!("the value that the process gave can't be read: {error}"),
                    place: String::new(),
                });
                Some((item, value))
            }
            Record::Value(..) => None,
            Record::Failed(item, ended) => {
                self.failed.push_back((item, ended));
                None
            }
            Record::AllFailed(ended) => {
                self.all_failed.get_or_insert(ended);
                None
            }
        }
    }

    /// The item has a result now; `false` where it had one, or is none of ours.
    fn resolve(&mut self, item: usize) -> bool {
        match self.is_known.get_mut(item) {
            Some(known) if !*known => {
                *known = true;
                self.open -= 1;
                true
            }
            _ => false,
        }
    }
}

impl Drop for Results {
    fn drop(&mut self) {
        if !self.supervisor.is_own() {
            return;
        }
        if self.open > 0 {
            self.supervisor.signal_all(libc::SIGKILL);
        }
        self.supervisor.exit();
        registry::forget(&self.supervisor);
    }
}
