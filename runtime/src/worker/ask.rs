//! Questions to the person in front of the notebook.

use std::io;
use std::io::Write;
use std::sync::Mutex;
use std::sync::OnceLock;
use std::sync::PoisonError;
use std::sync::atomic::AtomicU32;
use std::sync::atomic::Ordering;

use super::channel;
use super::child;
use super::sys;
use crate::wire::Place;
use crate::wire::Reply;
use crate::wire::Report;

/// Where answers come from; nothing outside a worker.
static INPUT: OnceLock<sys::Fd> = OnceLock::new();

/// Answers come from here from now on.
pub(crate) fn open(input: sys::Fd) {
    // There is no second call.
    let _ = INPUT.set(input);
}

static ASKING: Mutex<()> = Mutex::new(());
static NEXT: AtomicU32 = AtomicU32::new(0);

/// Puts a question to the person and waits for the answer.
pub(crate) fn ask(prompt: &str, password: bool) -> io::Result<Reply> {
    if child::is_child() {
        // Another thread may have held a question open when this process was made: the lock would never be free.
        return Err(io::Error::other(
            "a process that a cell has started can't ask for input (ask before it is started)",
        ));
    }
    let Some(&input) = INPUT.get() else {
        return ask_terminal(prompt);
    };
    let _one_at_a_time = ASKING.lock().unwrap_or_else(PoisonError::into_inner);
    let token = next_token();
    channel::send(&Report::Input {
        token,
        prompt: prompt.to_owned(),
        password,
    });
    answer(input, token)
}

/// What a place in code is called: the kernel finds the cell and the line. `None` where that can't be found out
/// now.
pub(crate) fn describe(place: &Place) -> Option<String> {
    let input = INPUT.get().filter(|_| !child::is_child())?;
    // Not while a question to the person is open.
    let _one_at_a_time = ASKING.try_lock().ok()?;
    let token = next_token();
    channel::send(&Report::Where {
        token,
        place: place.clone(),
    });
    match answer(*input, token).ok()? {
        Reply::Line { text } => Some(text),
        Reply::NotAllowed | Reply::Interrupted => None,
    }
}

fn next_token() -> u32 {
    (std::process::id() << 16) | (NEXT.fetch_add(1, Ordering::Relaxed) & 0xffff)
}

/// Waits for the answer to the question with this token.
fn answer(input: sys::Fd, token: u32) -> io::Result<Reply> {
    loop {
        let mut head = [0; 8];
        sys::read_exact(input, &mut head)?;
        let [t0, t1, t2, t3, l0, l1, l2, l3] = head;
        let mut json = vec![0; u32::from_le_bytes([l0, l1, l2, l3]) as usize];
        sys::read_exact(input, &mut json)?;
        if u32::from_le_bytes([t0, t1, t2, t3]) == token {
            return Ok(serde_json::from_slice(&json)?);
        }
    }
}

fn ask_terminal(prompt: &str) -> io::Result<Reply> {
    std::print!("{prompt}");
    io::stdout().flush()?;
    let mut line = String::new();
    io::stdin().read_line(&mut line)?;
    Ok(Reply::Line {
        text: line.trim_end_matches(['\r', '\n']).to_owned(),
    })
}
