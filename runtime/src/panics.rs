//! Panics that are values: the thread, the message and the place, for code that waits for the thread or task.
//!
//! A payload does not contain the place of the panic. In a worker the panic hook notes that; in an ordinary program,
//! whose hook is its own, the place stays unknown.

use std::any::Any;
use std::cell::RefCell;
use std::collections::VecDeque;
use std::panic::AssertUnwindSafe;
use std::panic::catch_unwind;
use std::sync::Mutex;
use std::sync::MutexGuard;
use std::sync::PoisonError;
use std::thread::Thread;
use std::thread::ThreadId;

use crate::threads::Panicked;
use crate::wire::Place;

/// How many threads are remembered that have panicked and may be waited for.
const KEPT: usize = 256;

/// Threads that have panicked, the newest last.
static THREADS: Mutex<Threads> = Mutex::new(VecDeque::new());

pub(crate) type Threads = VecDeque<(ThreadId, Place)>;

std::thread_local! {
    /// Where the thread has panicked last.
    static LATEST: RefCell<Option<Place>> = const { RefCell::new(None) };
}

/// A panic that was caught.
pub(crate) struct Caught {
    pub(crate) panicked: Panicked,
}

/// The threads that have panicked. Whoever forks holds them.
pub(crate) fn lock() -> MutexGuard<'static, Threads> {
    THREADS.lock().unwrap_or_else(PoisonError::into_inner)
}

/// The hook is called for a panic of the calling thread.
pub(crate) fn note(place: &Place) {
    let _ = LATEST.try_with(|latest| latest.replace(Some(place.clone())));
    let mut threads = lock();
    if threads.len() == KEPT {
        threads.pop_front();
    }
    threads.push_back((std::thread::current().id(), place.clone()));
}

/// Runs code whose panic is a value. The caller drops what it leaves half done.
pub(crate) fn catch<T>(run: impl FnOnce() -> T) -> Result<T, Box<Caught>> {
    catch_unwind(AssertUnwindSafe(run)).map_err(|payload| Box::new(Caught::of(payload)))
}

impl Caught {
    /// What the calling thread has just caught.
    pub(crate) fn of(payload: Box<dyn Any + Send>) -> Caught {
        let place = LATEST.try_with(RefCell::take).unwrap_or_default();
        let thread = std::thread::current();
        Caught {
            panicked: Panicked::new(thread.name(), text_of(&*payload), place),
        }
    }
}

/// What ended a thread that was joined.
pub(crate) fn of_thread(thread: &Thread, payload: &(dyn Any + Send)) -> Panicked {
    let mut threads = lock();
    // The last one: an earlier panic of the thread it has caught.
    let found = threads.iter().rposition(|(id, _)| *id == thread.id());
    let place = found.and_then(|index| threads.remove(index));
    Panicked::new(
        thread.name(),
        text_of(payload),
        place.map(|(_, place)| place),
    )
}

/// The message of a panic.
pub(crate) fn text_of(payload: &(dyn Any + Send)) -> String {
    let text = payload.downcast_ref::<String>().map(String::as_str);
    let text = text.or_else(|| payload.downcast_ref::<&str>().copied());
    text.unwrap_or("a value that is no text").to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn place(line: u32) -> Place {
        Place {
            file: "a.rs".to_owned(),
            line,
            ..Place::default()
        }
    }

    #[test]
    fn a_caught_panic_has_the_place_that_was_noted() {
        let caught = catch(|| {
            note(&place(3));
            std::panic::resume_unwind(Box::new("boom"));
        });
        let panicked = caught.unwrap_err().panicked;
        assert_eq!(panicked.message(), "boom");
        assert_eq!(panicked.place().as_deref(), Some("a.rs:3:0"));
        assert_eq!(catch(|| 1).map_err(|caught| caught.panicked).ok(), Some(1));
    }

    #[test]
    fn a_joined_thread_has_the_place_of_its_last_panic() {
        let handle = std::thread::spawn(|| {
            note(&place(1));
            note(&place(2));
            std::panic::resume_unwind(Box::new(String::from("boom")));
        });
        let thread = handle.thread().clone();
        let payload = handle.join().unwrap_err();
        let panicked = of_thread(&thread, &*payload);
        assert_eq!(panicked.place().as_deref(), Some("a.rs:2:0"));
        assert_eq!(of_thread(&std::thread::current(), &*payload).place(), None);
    }

    #[test]
    fn a_payload_that_is_no_text_is_said_to_be_none() {
        let payload: Box<dyn Any + Send> = Box::new(7);
        assert_eq!(text_of(&*payload), "a value that is no text");
    }
}
