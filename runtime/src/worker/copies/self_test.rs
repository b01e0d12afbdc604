//! A first copy, made when the worker starts: it shows whether this system fulfils what copies assume.
//!
//! A thread takes locks of every kind and waits. The copy lets it go on, and checks what it finds. A copy that hangs or
//! crashes is a failure too, and does not harm the process.

use std::cell::Cell;
use std::os::fd::RawFd;
use std::sync::Mutex;
use std::sync::mpsc;
use std::thread::JoinHandle;
use std::time::Duration;

use super::descriptors;
use super::descriptors::Watched;
use super::loader;
use super::locks::Locks;
use super::stored;
use super::stored::Stored;
use super::threads::Stopped;
use crate::worker::sys;

/// The copy takes a millisecond. A busy machine may give it no processor for longer.
const PATIENCE: Duration = Duration::from_secs(10);
/// What the copy writes if all is well.
const FULFILLED: &[u8] = b"fulfilled";

/// What a step of the test finds: an assumption that does not hold, in words.
type Step<T = ()> = Result<T, String>;

thread_local! {
    static MARK: Cell<u32> = const { Cell::new(0) };
}

/// Makes a copy with one thread and checks it. Gives the assumption that does not hold, in words.
pub(super) fn run(tasks: Option<RawFd>) -> Step {
    let tasks = tasks.ok_or("`/proc/self/task` can not be read")?;
    if !loader::find() {
        return Err("the locks of the dynamic linker are not where they are expected".to_owned());
    }
    let watched = Watched::new().map_err(|error| format!("no epoll set can be made: {error}"))?;
    let (answer, to_answer) = sys::pipe().map_err(|error| error.to_string())?;
    let probe = Probe::start()?;
    let stopped = Stopped::outside_loader(tasks)?;
    let missed = stopped.missed().names();
    let copied = stopped.copy();
    if let Ok(None) = copied {
        descriptors::make_private();
        sys::die_with_parent();
        stopped.revive(None);
        let result = watched
            .signal_and_check()
            .and_then(|()| probe.finish())
            .and_then(|()| Locks::all_are_free());
        let text = result.err().map_or(FULFILLED.to_vec(), String::into_bytes);
        let _ = sys::write_all(to_answer, &text);
        sys::exit_now(0);
    }
    drop(stopped);
    sys::close(to_answer);
    let finished = probe.finish();
    let verdict = copied
        .map_err(|error| format!("a copy can not be made: {error}"))
        .and_then(|copy| wait_for_verdict(answer, copy));
    sys::close(answer);
    finished?;
    verdict?;
    if !missed.is_empty() {
        return Err("a thread does not stop".to_owned());
    }
    watched.check_untouched()
}

/// Waits for what the copy finds, not for ever.
fn wait_for_verdict(answer: RawFd, copy: Option<i32>) -> Step {
    let ready = sys::wait_readable([answer], Some(PATIENCE));
    let mut text = [0; 256];
    let read = match ready {
        Ok([true]) => sys::read_through(answer, text.as_mut_ptr().cast(), text.len()),
        _ => {
            if let Some(copy) = copy {
                sys::kill(copy, libc::SIGKILL);
            }
            return Err("a copy hangs".to_owned());
        }
    };
    match text.get(..usize::try_from(read).unwrap_or(0)) {
        Some(FULFILLED) => Ok(()),
        Some([]) | None => Err("a copy crashes".to_owned()),
        Some(why) => Err(format!("in a copy {}", String::from_utf8_lossy(why))),
    }
}

/// The thread that goes on in both processes.
struct Probe {
    thread: JoinHandle<Step>,
    go_tx: mpsc::Sender<()>,
}

impl Probe {
    fn start() -> Step<Probe> {
        let (go_tx, go_rx) = mpsc::channel();
        let (waits_tx, waits_rx) = mpsc::channel();
        let thread = std::thread::Builder::new()
            .name("threadbook-test".to_owned())
            .spawn(move || wait_and_check(&waits_tx, &go_rx))
            .map_err(|error| format!("no thread can be started: {error}"))?;
        let waits: Step = waits_rx
            .recv()
            .map_err(|_| "a thread does not start".to_owned())?;
        waits?;
        Ok(Probe { thread, go_tx })
    }

    /// Lets the thread go on, in whichever process this is, and joins it.
    fn finish(self) -> Step {
        let _ = self.go_tx.send(());
        self.thread
            .join()
            .unwrap_or_else(|_| Err("a thread panics".to_owned()))
    }
}

/// The thread: what it has before the copy is made must be what it has after that.
fn wait_and_check(waits_tx: &mpsc::Sender<Step>, go_rx: &mpsc::Receiver<()>) -> Step {
    static LOCK: Mutex<u32> = Mutex::new(0);
    const VALUE: u32 = 0x5eed;
    let on_stack = std::hint::black_box(VALUE);
    MARK.set(VALUE);
    let before = Stored::of_this_thread();
    let lacked_rseq = stored::lacks_rseq();
    let mut guard = LOCK.lock().map_err(|error| error.to_string())?;
    let locks = Locks::take();
    let is_ready = locks.as_ref().map(drop).map_err(String::clone);
    let _ = waits_tx.send(is_ready);
    let locks = locks?;
    let _ = go_rx.recv();
    let now = Stored::of_this_thread();
    if MARK.get() != VALUE || std::hint::black_box(on_stack) != VALUE {
        return Err("a thread has other values on its stack or in its storage".to_owned());
    }
    if let Some(what) = before.difference(&now) {
        return Err(format!("the kernel has lost of a thread {what}"));
    }
    if !now.has_own_number() {
        return Err("a thread's number is not where the C library keeps it".to_owned());
    }
    if !lacked_rseq && stored::lacks_rseq() {
        return Err("a thread's restartable sequences are not registered".to_owned());
    }
    *guard += 1;
    locks.release()
}
