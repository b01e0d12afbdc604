//! A picture of a kernel as a table for people.

use std::collections::HashMap;
use std::fmt;

use super::Picture;
use super::Task;

/// Longer names are cut.
const LABEL_WIDTH: usize = 40;

/// Lines under a heading.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Table {
    id: &'static str,
    label: &'static str,
    rows: Vec<[String; 6]>,
}

/// A table of tasks. Their share of a processor is that since `before`, so many milliseconds ago; for tasks that are not
/// in it, and without one, that of their lives so far.
pub fn table(
    headings: [&'static str; 2],
    tasks: &[Task],
    before: &[Task],
    since_ms: u64,
    now_ms: u64,
) -> Table {
    let before: HashMap<i32, u64> = before
        .iter()
        .map(|task| (task.stat.id, task.stat.cpu_ms))
        .collect();
    let rows = tasks.iter().map(|task| {
        let stat = &task.stat;
        let (used_ms, of_ms) = match before.get(&stat.id) {
            Some(earlier) => (stat.cpu_ms.saturating_sub(*earlier), since_ms),
            None => (stat.cpu_ms, now_ms.saturating_sub(stat.started_ms)),
        };
        let share = 100.0 * used_ms as f64 / of_ms.max(1) as f64;
        [
            stat.id.to_string(),
            cut(&task.label),
            task.cell.map_or("-".to_owned(), |cell| cell.to_string()),
            state(task),
            format!("{share:.0}%"),
            format!("{:.2} s", stat.cpu_ms as f64 / 1000.0),
        ]
    });
    let [id, label] = headings;
    Table {
        id,
        label,
        rows: rows.collect(),
    }
}

impl Picture {
    /// What the kernel does, in a few words.
    pub fn headline(&self, now_ms: u64) -> String {
        match self.worker {
            Some(worker) => format!("worker {worker}: {}", self.cells.headline(now_ms)),
            None => "the process that runs cells has not been started".to_owned(),
        }
    }
}

impl Table {
    /// Whether it has no lines.
    pub fn is_empty(&self) -> bool {
        self.rows.is_empty()
    }
}

impl fmt::Display for Table {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let heading = [self.id, self.label, "CELL", "STATE", "CPU", "TIME"].map(str::to_owned);
        let rows = || std::iter::once(&heading).chain(&self.rows);
        let mut widths = [0; 6];
        for row in rows() {
            for (width, text) in widths.iter_mut().zip(row) {
                *width = text.chars().count().max(*width);
            }
        }
        let [ids, labels, cells, states, shares, times] = widths;
        for [id, label, cell, state, share, time] in rows() {
            writeln!(
                f,
                "{id:>ids$}  {label:labels$}  {cell:>cells$}  {state:states$}  {share:>shares$}  {time:>times$}"
            )?;
        }
        Ok(())
    }
}

/// In a word; where it waits, for what.
pub(crate) fn state(task: &Task) -> String {
    let word = match task.stat.state {
        'R' => "runs",
        'S' | 'I' => return waits(task.waits_in.as_deref()),
        'D' => "waits for a disk",
        'T' | 't' => "stopped",
        'Z' | 'X' => "has ended",
        other => return other.to_string(),
    };
    word.to_owned()
}

/// By the system's own function in which it waits.
fn waits(function: Option<&str>) -> String {
    let Some(function) = function else {
        return "waits".to_owned();
    };
    let known = [
        ("futex", "waits for a lock, a thread or a channel"),
        ("nanosleep", "sleeps"),
        ("pipe_read", "waits for a pipe"),
        ("pipe_write", "waits for a pipe"),
        ("do_wait", "waits for a program"),
        ("poll", "waits for events"),
        ("accept", "waits for a connection"),
        ("tcp", "waits for the network"),
        ("sk_wait_data", "waits for the network"),
        ("tty", "waits for a terminal"),
    ];
    let found = known.iter().find(|(part, _)| function.contains(part));
    found.map_or_else(
        || format!("waits ({function})"),
        |(_, text)| (*text).to_owned(),
    )
}

fn cut(label: &str) -> String {
    if label.chars().count() <= LABEL_WIDTH {
        return label.to_owned();
    }
    let kept = label.chars().take(LABEL_WIDTH - 1);
    kept.chain(['…']).collect()
}

#[cfg(test)]
mod tests {
    use super::super::Stat;
    use super::*;

    fn task(id: i32, state: char, label: &str, waits_in: Option<&str>, cpu_ms: u64) -> Task {
        Task {
            stat: Stat {
                id,
                name: String::new(),
                state,
                parent: 1,
                cpu_ms,
                started_ms: 1000,
            },
            label: label.to_owned(),
            waits_in: waits_in.map(str::to_owned),
            cell: (id > 9).then_some(3),
        }
    }

    #[test]
    fn columns_stand_under_their_headings() {
        let tasks = [
            task(8, 'R', "main", None, 1500),
            task(12, 'S', "counter", Some("futex_wait_queue"), 20),
        ];
        let table = table(["ID", "NAME"], &tasks, &tasks[1..], 100, 3000);
        assert_eq!(
            table.to_string(),
            "\
ID  NAME     CELL  STATE                                    CPU    TIME
 8  main        -  runs                                     75%  1.50 s
12  counter     3  waits for a lock, a thread or a channel   0%  0.02 s
"
        );
    }

    #[test]
    fn a_share_is_that_of_the_time_between_two_pictures() {
        let before = [task(8, 'R', "main", None, 1500)];
        let after = [task(8, 'R', "main", None, 1900)];
        let table = table(["ID", "NAME"], &after, &before, 500, 9000);
        assert_eq!(table.rows[0][4], "80%");
    }

    #[test]
    fn states_are_words_and_long_names_are_cut() {
        for (state_letter, waits_in, expected) in [
            ('S', Some("hrtimer_nanosleep"), "sleeps"),
            ('S', Some("odd_function"), "waits (odd_function)"),
            ('S', None, "waits"),
            ('D', None, "waits for a disk"),
            ('T', None, "stopped"),
            ('Z', None, "has ended"),
            ('?', None, "?"),
        ] {
            assert_eq!(state(&task(1, state_letter, "", waits_in, 0)), expected);
        }
        assert_eq!(cut(&"ü".repeat(50)), "ü".repeat(39) + "…");
    }
}
