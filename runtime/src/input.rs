//! Asking the person in front of the notebook.

use crate::Error;
use crate::Result;
use crate::wire::Reply;
use crate::worker;

/// Asks for a line, as Python's `input` does: shows `prompt` and a field, and gives back what was typed, without the
/// end of the line.
///
/// Blocks until the answer comes. `std::io::stdin()` works too, with an empty prompt.
///
/// An interrupt meanwhile unwinds the cell, as a panic would: values are dropped, variables of earlier cells stay.
///
/// # Errors
///
/// [`Error::is_input_not_allowed`] where the front end takes no input requests, as under `nbconvert --execute`.
///
/// ```no_run
/// let name = threadbook::input("your name: ")?;
/// println!("hello, {name}");
/// # Ok::<(), threadbook::Error>(())
/// ```
pub fn input(prompt: &str) -> Result<String> {
    ask(prompt, false)
}

/// Asks for a password: like [`input`], but what is typed is not shown.
///
/// # Errors
///
/// As [`input`].
pub fn getpass(prompt: &str) -> Result<String> {
    ask(prompt, true)
}

fn ask(prompt: &str, password: bool) -> Result<String> {
    match worker::ask(prompt, password)? {
        Reply::Line { text } => Ok(text),
        Reply::NotAllowed => Err(Error::input_not_allowed()),
        Reply::Interrupted => worker::unwind_interrupted(),
    }
}
