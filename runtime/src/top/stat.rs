//! A line of the process table: `/proc/PID/stat`, `/proc/PID/task/TID/stat`.

use std::fs;
use std::path::Path;

/// The table counts in hundredths of a second, on every Linux of our day (`getconf CLK_TCK`).
const TICK_MS: u64 = 10;

/// The system's data about a thread or process.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Stat {
    /// Its number.
    pub id: i32,
    /// Up to 15 bytes.
    pub name: String,
    /// A letter: see proc_pid_stat(5).
    pub state: char,
    /// The process that started it, or has adopted it.
    pub parent: i32,
    /// Processor time that it has used.
    pub cpu_ms: u64,
    /// From the system's start to its own.
    pub started_ms: u64,
}

impl Stat {
    /// Whether it has ended, and its parent has not reaped it yet.
    pub fn has_ended(&self) -> bool {
        matches!(self.state, 'Z' | 'X')
    }

    /// Reads the file in a folder of `/proc`.
    pub(super) fn read(folder: &Path) -> Option<Stat> {
        // A name may be any bytes.
        let bytes = fs::read(folder.join("stat")).ok()?;
        Stat::parse(&String::from_utf8_lossy(&bytes))
    }

    fn parse(text: &str) -> Option<Stat> {
        // A name may hold anything, brackets and spaces too; no later field does.
        let (id, rest) = text.split_once(" (")?;
        let (name, rest) = rest.rsplit_once(") ")?;
        let fields: Vec<&str> = rest.split_whitespace().collect();
        // Numbered as in the manual, where the state is the third.
        let field = |number: usize| fields.get(number - 3);
        let number = |place| field(place).and_then(|text| text.parse::<u64>().ok());
        Some(Stat {
            id: id.parse().ok()?,
            name: name.to_owned(),
            state: field(3)?.chars().next()?,
            parent: field(4)?.parse().ok()?,
            cpu_ms: (number(14)? + number(15)?) * TICK_MS,
            started_ms: number(22)? * TICK_MS,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn any_name_is_read() {
        let line = "12 (a) S (b) R 3 1 1 0 -1 4194304 0 0 0 0 70 30 9 9 20 0 1 0 4321 0 0";
        let expected = Stat {
            id: 12,
            name: "a) S (b".to_owned(),
            state: 'R',
            parent: 3,
            cpu_ms: 1000,
            started_ms: 43210,
        };
        assert_eq!(Stat::parse(line), Some(expected));
        for text in ["", "12 (a", "12 (a) S", "x (a) S 1"] {
            assert_eq!(Stat::parse(text), None, "{text}");
        }
    }

    #[test]
    fn this_thread_is_in_the_table() {
        let stat = Stat::read(Path::new("/proc/thread-self")).unwrap();
        assert_eq!(stat.state, 'R');
        assert!(stat.started_ms > 0);
    }
}
