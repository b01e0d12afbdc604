//! Values in words, where std's `Debug` shows little to a reader who does not know their parts.
//!
//! These are shown so when a cell ends in them, and only then: inside of other values, and in `{:?}`, they are what
//! their crates make of them.

use std::fmt::Debug;
use std::os::unix::process::ExitStatusExt;
use std::process::ExitStatus;
use std::process::Output;
use std::sync::Arc;
use std::sync::Mutex;
use std::sync::RwLock;
use std::sync::TryLockError;
use std::sync::mpsc;
use std::thread::JoinHandle;

use super::result_text;
use super::type_words;

/// A value that is shown in words.
pub trait InWords {
    /// The words.
    fn in_words(&self) -> String;

    /// Shows them as the cell's result.
    fn evcxr_display(&self) {
        result_text(self.in_words());
    }
}

impl InWords for ExitStatus {
    fn in_words(&self) -> String {
        match (self.code(), self.signal()) {
            (Some(0), _) => "succeeded (exit code 0)".to_owned(),
            (Some(code), _) => format!("failed (exit code {code})"),
            (None, Some(signal)) => match signal_name(signal) {
                Some(name) => format!("ended by {name} (signal {signal})"),
                None => format!("ended by signal {signal}"),
            },
            // Stopped or continued: what `wait` gives for a process that has not ended.
            (None, None) => self.to_string(),
        }
    }
}

impl InWords for Output {
    fn in_words(&self) -> String {
        let mut words = self.status.in_words();
        for (name, bytes) in [("stdout", &self.stdout), ("stderr", &self.stderr)] {
            if !bytes.is_empty() {
                let text = String::from_utf8_lossy(bytes);
                words.push_str(&format!("\n{name}:\n{}", text.trim_end_matches('\n')));
            }
        }
        words
    }
}

impl<T> InWords for JoinHandle<T> {
    fn in_words(&self) -> String {
        let state = if self.is_finished() {
            "done"
        } else {
            "running"
        };
        match self.thread().name() {
            Some(name) => format!("thread `{name}` ({state})"),
            None => format!("a thread without a name ({state})"),
        }
    }
}

impl<T> InWords for tokio::task::JoinHandle<T> {
    fn in_words(&self) -> String {
        let state = if self.is_finished() {
            "done"
        } else {
            "running"
        };
        format!("task of tokio ({state})")
    }
}

impl<T: Debug> InWords for Mutex<T> {
    fn in_words(&self) -> String {
        lock_words("Mutex", self.try_lock().map(|value| format!("{value:?}")))
    }
}

impl<T: Debug> InWords for RwLock<T> {
    fn in_words(&self) -> String {
        lock_words("RwLock", self.try_read().map(|value| format!("{value:?}")))
    }
}

/// What is known of a lock without waiting for it.
fn lock_words<G>(name: &str, seen: Result<String, TryLockError<G>>) -> String
where
    G: std::ops::Deref<Target: Debug>,
{
    match seen {
        Ok(value) => format!("{name} that holds {value}"),
        Err(TryLockError::WouldBlock) => format!("{name} that is locked now"),
        Err(TryLockError::Poisoned(poisoned)) => format!(
            "{name} that holds {:?} (poisoned: a thread has panicked while it held the lock)",
            &**poisoned.get_ref()
        ),
    }
}

impl<T: Debug> InWords for parking_lot::Mutex<T> {
    fn in_words(&self) -> String {
        free_words("Mutex", self.try_lock().as_deref())
    }
}

impl<T: Debug> InWords for parking_lot::RwLock<T> {
    fn in_words(&self) -> String {
        free_words("RwLock", self.try_read().as_deref())
    }
}

impl<T: Debug> InWords for tokio::sync::Mutex<T> {
    fn in_words(&self) -> String {
        free_words("Mutex of tokio", self.try_lock().ok().as_deref())
    }
}

impl<T: Debug> InWords for tokio::sync::RwLock<T> {
    fn in_words(&self) -> String {
        free_words("RwLock of tokio", self.try_read().ok().as_deref())
    }
}

fn free_words<T: Debug>(name: &str, value: Option<&T>) -> String {
    match value {
        Some(value) => format!("{name} that holds {value:?}"),
        None => format!("{name} that is locked now"),
    }
}

/// An owner among others of something that is shown in words.
impl<T: InWords> InWords for Arc<T> {
    fn in_words(&self) -> String {
        let inner = T::in_words(self);
        match Arc::strong_count(self) {
            1 => format!("Arc, the only owner of: {inner}"),
            owners => format!("Arc, one of {owners} owners of: {inner}"),
        }
    }
}

macro_rules! atomics {
    ($($name:ident)*) => {$(
        impl InWords for std::sync::atomic::$name {
            fn in_words(&self) -> String {
                let value = self.load(std::sync::atomic::Ordering::SeqCst);
                format!("{} that holds {value}", stringify!($name))
            }
        }
    )*};
}

atomics! {
    AtomicBool
    AtomicI8 AtomicI16 AtomicI32 AtomicI64 AtomicIsize
    AtomicU8 AtomicU16 AtomicU32 AtomicU64 AtomicUsize
}

/// Channels whose ends have no count of what waits in them.
macro_rules! plain_ends {
    ($($type:ty: $words:literal,)*) => {$(
        impl<T> InWords for $type {
            fn in_words(&self) -> String {
                format!("{} of {}", $words, type_words::<T>())
            }
        }
    )*};
}

plain_ends! {
    mpsc::Sender<T>: "sending end of a channel",
    mpsc::SyncSender<T>: "sending end of a bounded channel",
    mpsc::Receiver<T>: "receiving end of a channel",
    tokio::sync::oneshot::Receiver<T>: "receiving end of a channel for one value",
}

/// Channels with a count of what waits in them.
macro_rules! counted_ends {
    ($($type:ty: $words:literal, $capacity:expr;)*) => {$(
        impl<T> InWords for $type {
            fn in_words(&self) -> String {
                let capacity: Option<usize> = $capacity(self);
                format!("{} of {}, {}", $words, type_words::<T>(), waiting_words(self.len(), capacity))
            }
        }
    )*};
}

counted_ends! {
    crossbeam::channel::Sender<T>: "sending end of a channel", crossbeam::channel::Sender::capacity;
    crossbeam::channel::Receiver<T>: "receiving end of a channel", crossbeam::channel::Receiver::capacity;
    tokio::sync::mpsc::Receiver<T>: "receiving end of a channel",
        |end: &tokio::sync::mpsc::Receiver<T>| Some(end.max_capacity());
    tokio::sync::mpsc::UnboundedReceiver<T>: "receiving end of a channel", |_: &_| None;
}

fn waiting_words(count: usize, capacity: Option<usize>) -> String {
    let waits = match count {
        1 => "1 value waits".to_owned(),
        count => format!("{count} values wait"),
    };
    match capacity {
        Some(capacity) => format!("{waits}, {capacity} at most"),
        None => waits,
    }
}

/// Channels of tokio that have a count of receivers.
macro_rules! closable_ends {
    ($($type:ty: $words:literal,)*) => {$(
        impl<T> InWords for $type {
            fn in_words(&self) -> String {
                let state = if self.is_closed() { ", which nobody receives from any more" } else { "" };
                format!("{} of {}{state}", $words, type_words::<T>())
            }
        }
    )*};
}

closable_ends! {
    tokio::sync::mpsc::Sender<T>: "sending end of a channel",
    tokio::sync::mpsc::UnboundedSender<T>: "sending end of a channel",
    tokio::sync::oneshot::Sender<T>: "sending end of a channel for one value",
}

/// The signals that end programs.
fn signal_name(signal: i32) -> Option<&'static str> {
    let names = [
        (libc::SIGHUP, "SIGHUP"),
        (libc::SIGINT, "SIGINT"),
        (libc::SIGQUIT, "SIGQUIT"),
        (libc::SIGILL, "SIGILL"),
        (libc::SIGTRAP, "SIGTRAP"),
        (libc::SIGABRT, "SIGABRT"),
        (libc::SIGBUS, "SIGBUS"),
        (libc::SIGFPE, "SIGFPE"),
        (libc::SIGKILL, "SIGKILL"),
        (libc::SIGUSR1, "SIGUSR1"),
        (libc::SIGSEGV, "SIGSEGV"),
        (libc::SIGUSR2, "SIGUSR2"),
        (libc::SIGPIPE, "SIGPIPE"),
        (libc::SIGALRM, "SIGALRM"),
        (libc::SIGTERM, "SIGTERM"),
        (libc::SIGXCPU, "SIGXCPU"),
        (libc::SIGSYS, "SIGSYS"),
    ];
    let found = names.iter().find(|(number, _)| *number == signal);
    found.map(|(_, name)| *name)
}

#[cfg(test)]
mod tests {
    use std::process::Command;
    use std::sync::atomic::AtomicI64;

    use super::*;

    #[track_caller]
    fn check(value: &impl InWords, words: &str) {
        assert_eq!(value.in_words(), words);
    }

    #[test]
    fn ends_of_programs() {
        for (raw, words) in [
            (0, "succeeded (exit code 0)"),
            (0x300, "failed (exit code 3)"),
            (15, "ended by SIGTERM (signal 15)"),
            (60, "ended by signal 60"),
        ] {
            check(&ExitStatus::from_raw(raw), words);
        }
        let script = "echo hello; echo oh >&2; exit 2";
        let output = Command::new("sh").args(["-c", script]).output().unwrap();
        check(&output, "failed (exit code 2)\nstdout:\nhello\nstderr:\noh");
        let output = Command::new("true").output().unwrap();
        check(&output, "succeeded (exit code 0)");
    }

    #[test]
    fn threads() {
        let (stop_tx, stop_rx) = mpsc::channel::<()>();
        let builder = std::thread::Builder::new().name("own".to_owned());
        let handle = builder.spawn(move || stop_rx.recv().is_err()).unwrap();
        check(&handle, "thread `own` (running)");
        drop(stop_tx);
        assert!(handle.join().unwrap());
        let handle = std::thread::spawn(|| ());
        while !handle.is_finished() {
            std::thread::yield_now();
        }
        check(&handle, "a thread without a name (done)");
    }

    #[test]
    fn locks_are_looked_into_without_waiting() {
        let lock = Arc::new(Mutex::new(vec![1]));
        check(&lock, "Arc, the only owner of: Mutex that holds [1]");
        let other = Arc::clone(&lock);
        let held = lock.lock().unwrap();
        check(&lock, "Arc, one of 2 owners of: Mutex that is locked now");
        drop(held);
        let poisons = move || {
            let _held = other.lock().unwrap();
            panic!("poisons it");
        };
        assert!(std::thread::spawn(poisons).join().is_err());
        check(
            &*lock,
            "Mutex that holds [1] (poisoned: a thread has panicked while it held the lock)",
        );
        check(&RwLock::new(2), "RwLock that holds 2");
        check(&parking_lot::Mutex::new(2), "Mutex that holds 2");
        let lock = parking_lot::RwLock::new(2);
        let _held = lock.write();
        check(&lock, "RwLock that is locked now");
        check(&tokio::sync::Mutex::new(2), "Mutex of tokio that holds 2");
    }

    #[test]
    fn atomics() {
        let counter = AtomicI64::new(-3);
        check(&counter, "AtomicI64 that holds -3");
        check(
            &Arc::new(counter),
            "Arc, the only owner of: AtomicI64 that holds -3",
        );
    }

    #[test]
    fn ends_of_channels() {
        let (tx, rx) = mpsc::channel::<Option<String>>();
        check(&tx, "sending end of a channel of `Option<String>`");
        check(&rx, "receiving end of a channel of `Option<String>`");
        let (tx, rx) = crossbeam::channel::bounded::<u8>(3);
        tx.send(1).unwrap();
        check(
            &tx,
            "sending end of a channel of `u8`, 1 value waits, 3 at most",
        );
        drop(rx);
        let (tx, rx) = tokio::sync::mpsc::unbounded_channel::<u8>();
        check(&rx, "receiving end of a channel of `u8`, 0 values wait");
        drop(rx);
        check(
            &tx,
            "sending end of a channel of `u8`, which nobody receives from any more",
        );
        let (tx, rx) = tokio::sync::oneshot::channel::<u8>();
        check(&tx, "sending end of a channel for one value of `u8`");
        check(&rx, "receiving end of a channel for one value of `u8`");
    }
}
