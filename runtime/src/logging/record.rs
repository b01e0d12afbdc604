//! An event that is about to be shown, and the line that it is shown by.

use std::fmt;
use std::fmt::Display;
use std::thread::Thread;

use log::Level;

use super::clock;

/// How the target of an event begins that a cell logs.
pub(super) const CELL: &str = "ctx";

/// An event that is about to be shown. Its `Display` is the line that it is shown by.
#[derive(Debug)]
pub struct Record<'a> {
    pub(super) record: &'a log::Record<'a>,
    pub(super) thread: &'a Thread,
}

impl Record<'_> {
    /// How grave it is: `Level::Error` is less than `Level::Info`.
    pub fn level(&self) -> Level {
        self.record.level()
    }

    /// Its text.
    pub fn text(&self) -> String {
        self.record.args().to_string()
    }

    /// What it is about: by default the path of the module that logs. An event of a cell has none, but where it names one.
    pub fn target(&self) -> Option<&str> {
        let target = self.record.target();
        let is_cell = target
            .strip_prefix(CELL)
            .is_some_and(|rest| rest.is_empty() || rest.starts_with("::"));
        (!is_cell).then_some(target)
    }

    /// The name of the thread that logs, or its number where it has no name.
    pub fn thread(&self) -> String {
        match self.thread.name() {
            Some(name) => name.to_owned(),
            None => {
                let number = format!("{:?}", self.thread.id());
                number.replace("ThreadId(", "thread-").replace(')', "")
            }
        }
    }

    /// The local time, as `12:31:05`.
    pub fn time(&self) -> String {
        clock::now()
    }
}

impl Display for Record<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {} {} ", self.time(), self.level(), self.thread())?;
        if let Some(target) = self.target() {
            write!(f, "{target}: ")?;
        }
        self.record.args().fmt(f)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn line(target: &str, text: &str) -> String {
        let thread = std::thread::Builder::new().name("worker-1".to_owned());
        let (target, text) = (target.to_owned(), text.to_owned());
        let line = thread.spawn(move || {
            let thread = std::thread::current();
            let mut builder = log::Record::builder();
            builder.level(Level::Warn).target(&target);
            Record {
                record: &builder.args(format_args!("{text}")).build(),
                thread: &thread,
            }
            .to_string()
        });
        line.unwrap().join().unwrap()
    }

    #[test]
    fn a_line_has_time_level_thread_and_text() {
        for (target, rest) in [
            ("ctx", " WARN worker-1 full"),
            ("ctx::inner", " WARN worker-1 full"),
            ("ctxt", " WARN worker-1 ctxt: full"),
            ("hyper::client", " WARN worker-1 hyper::client: full"),
        ] {
            let line = line(target, "full");
            let (time, text) = line.split_at(8);
            assert_eq!(text, rest);
            let is_digit = |at: usize| time.as_bytes()[at].is_ascii_digit();
            assert!([0, 1, 3, 4, 6, 7].into_iter().all(is_digit), "{time}");
            assert_eq!((&time[2..3], &time[5..6]), (":", ":"));
        }
    }

    #[test]
    fn a_thread_without_a_name_has_its_number() {
        let name = std::thread::spawn(|| {
            let thread = std::thread::current();
            let record = log::Record::builder().build();
            Record {
                record: &record,
                thread: &thread,
            }
            .thread()
        });
        let name = name.join().unwrap();
        let number = name.strip_prefix("thread-").unwrap();
        assert!(number.parse::<u64>().is_ok(), "{name}");
    }
}
