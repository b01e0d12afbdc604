//! The panic of a thread or task, as an error.

use std::fmt;

use super::places;
use crate::wire::Place;

/// A thread or a task has panicked: the error of waiting for it.
///
/// std's `join` gives the panic's payload, a `Box<dyn Any>`, which is no error and does not contain the panic's place.
/// This is one, and does: `handle.wait()?` works in a cell and in any function that returns `Box<dyn Error>`.
///
/// ```
/// use threadbook::threads::Join;
///
/// let thread = std::thread::Builder::new().name("counter".to_owned());
/// let handle = thread.spawn(|| panic!("no more numbers"))?;
/// let panicked = handle.wait().unwrap_err();
/// assert_eq!(panicked.thread(), Some("counter"));
/// assert_eq!(panicked.message(), "no more numbers");
/// assert_eq!(panicked.to_string(), "thread `counter` panicked: no more numbers");
/// # Ok::<(), std::io::Error>(())
/// ```
///
/// Python: the exception that `future.result()` raises. One that leaves a `threading.Thread` is printed, and lost.
#[derive(Clone)]
pub struct Panicked {
    thread: Option<String>,
    message: String,
    place: Option<Place>,
}

impl Panicked {
    pub(crate) fn new(thread: Option<&str>, message: String, place: Option<Place>) -> Panicked {
        Panicked {
            thread: thread.map(str::to_owned),
            message,
            place,
        }
    }

    /// The name of the thread that panicked, where it has one.
    pub fn thread(&self) -> Option<&str> {
        self.thread.as_deref()
    }

    /// Its message.
    pub fn message(&self) -> &str {
        &self.message
    }

    /// Where it panicked: `cell 5, line 3, column 9` in a cell's code, and the file, line and column in a crate's.
    ///
    /// `None` outside a notebook, where the panic hook, which alone is given the place, is the program's own, and while
    /// a person types input, since the kernel, which has the cells' lines, then can't answer.
    pub fn place(&self) -> Option<String> {
        self.place.as_ref().and_then(places::words)
    }
}

impl fmt::Display for Panicked {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.thread {
            Some(name) => write!(f, "thread `{name}` panicked: {}", self.message)?,
            None => write!(f, "a thread without a name panicked: {}", self.message)?,
        }
        match self.place() {
            Some(place) => write!(f, " ({place})"),
            None => Ok(()),
        }
    }
}

impl fmt::Debug for Panicked {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Panicked")
            .field("thread", &self.thread)
            .field("message", &self.message)
            .field("place", &self.place())
            .finish()
    }
}

impl std::error::Error for Panicked {}
