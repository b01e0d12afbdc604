//! The state of the history's thread: this session in memory, all sessions in the file.

use std::collections::BTreeSet;
use std::collections::HashSet;
use std::ops::ControlFlow;
use std::path::Path;
use std::path::PathBuf;
use std::time::Duration;
use std::time::Instant;

use super::file;
use super::file::File;
use super::file::FileError;
use super::glob::Glob;
use super::query::Query;
use super::query::Row;

/// After trouble with the file it is left alone for so long.
const PAUSE: Duration = Duration::from_secs(2);

/// Longer results are cut: what is looked for later are cells.
const RESULT_LIMIT_BYTES: usize = 100_000;

/// A disk on which every new file is damaged must not be filled with them.
const SET_ASIDE_LIMIT: u32 = 3;

/// The number of a session that has no file to give it one.
const ALONE: i64 = 1;

pub(super) struct Keeper {
    path: Option<PathBuf>,
    file: Option<File>,
    /// This session's cells in order. Their own session number means nothing: the file gives it.
    cells: Vec<Row>,
    /// Places in `cells` of what the file does not have yet.
    unwritten: BTreeSet<usize>,
    try_again: Option<Instant>,
    said: Option<String>,
    /// How many damaged files were set aside.
    set_aside: u32,
}

impl Keeper {
    pub(super) fn new(path: Option<PathBuf>) -> Keeper {
        Keeper {
            path,
            file: None,
            cells: Vec::new(),
            unwritten: BTreeSet::new(),
            try_again: None,
            said: None,
            set_aside: 0,
        }
    }

    pub(super) fn store(&mut self, count: u32, code: String) {
        self.cells.push(Row {
            session: ALONE,
            count,
            code,
            result: None,
        });
        self.unwritten.insert(self.cells.len() - 1);
        self.write();
    }

    pub(super) fn set_result(&mut self, count: u32, mut text: String) {
        text.truncate(text.floor_char_boundary(RESULT_LIMIT_BYTES));
        let place = self.cells.iter().rposition(|row| row.count == count);
        if let Some(place) = place {
            self.cells[place].result = Some(text);
            self.unwritten.insert(place);
            self.write();
        }
    }

    /// Cells, oldest first.
    pub(super) fn find(&mut self, query: &Query) -> Vec<Row> {
        self.write();
        // Without the file, or where reading it fails, this session can still be looked through.
        let session = self.with_file(|file, _| file.session()).unwrap_or(ALONE);
        match query {
            Query::Tail { n } => self.latest(session, *n, |_| true),
            Query::Range {
                session: wanted,
                start,
                stop,
            } => {
                let number = if *wanted <= 0 {
                    session + wanted
                } else {
                    *wanted
                };
                if number == session {
                    let own = self.own(session);
                    return own
                        .filter(|row| (*start..*stop).contains(&i64::from(row.count)))
                        .collect();
                }
                self.with_file(|file, _| file.range(number, *start, *stop))
                    .unwrap_or_default()
            }
            Query::Search { pattern, unique, n } => {
                let glob = Glob::new(pattern);
                let mut seen = HashSet::new();
                self.latest(session, *n, |row| {
                    glob.matches(&row.code) && (!*unique || seen.insert(row.code.clone()))
                })
            }
        }
    }

    /// The kernel ends: the last chance to write.
    pub(super) fn end(mut self) {
        self.try_again = None;
        self.write();
        if !self.unwritten.is_empty() && self.path.is_some() {
            tracing::warn!("{} cells are not in the history", self.unwritten.len());
        }
    }

    fn own(&self, session: i64) -> impl DoubleEndedIterator<Item = Row> {
        self.cells.iter().map(move |row| Row {
            session,
            ..row.clone()
        })
    }

    /// The latest cells of a request: this session's come after those of others that run at the same time.
    fn latest(
        &mut self,
        session: i64,
        n: usize,
        mut is_wanted: impl FnMut(&Row) -> bool,
    ) -> Vec<Row> {
        let mut found: Vec<Row> = self
            .own(session)
            .rev()
            .filter(|row| is_wanted(row))
            .take(n)
            .collect();
        if found.len() < n {
            self.with_file(|file, _| {
                file.latest_of_others(&mut |row| {
                    if is_wanted(&row) {
                        found.push(row);
                    }
                    if found.len() < n {
                        ControlFlow::Continue(())
                    } else {
                        ControlFlow::Break(())
                    }
                })
            });
        }
        found.reverse();
        found
    }

    fn write(&mut self) {
        // A second time, where the first has found the file damaged and set it aside.
        for _ in 0..2 {
            if self.unwritten.is_empty() {
                return;
            }
            let places = self.unwritten.clone();
            let written = self.with_file(|file, cells| {
                let rows = places.iter().filter_map(|place| cells.get(*place));
                file.write(&rows.collect::<Vec<_>>())
            });
            if written.is_some() {
                self.unwritten.clear();
            }
        }
    }

    /// Does something with the file; `None` where that did not work, or was not tried so soon after it had not.
    fn with_file<T>(
        &mut self,
        act: impl FnOnce(&mut File, &[Row]) -> Result<T, FileError>,
    ) -> Option<T> {
        let path = self.path.clone()?;
        if self.try_again.is_some_and(|then| Instant::now() < then) {
            return None;
        }
        self.try_again = None;
        let done = match &mut self.file {
            Some(file) => act(file, &self.cells),
            None => File::open(&path).and_then(|file| act(self.file.insert(file), &self.cells)),
        };
        let trouble = match done {
            Ok(value) => {
                self.said = None;
                return Some(value);
            }
            Err(trouble) => trouble,
        };
        self.say(format!(
            "the history `{}` can't be used: {trouble}",
            path.display()
        ));
        if !matches!(trouble, FileError::Damaged(_)) || !self.begin_anew(&path) {
            self.try_again = Some(Instant::now() + PAUSE);
        }
        None
    }

    /// Renames a damaged file. Returns whether a new one can take its place.
    fn begin_anew(&mut self, path: &Path) -> bool {
        if self.set_aside == SET_ASIDE_LIMIT {
            return false;
        }
        self.set_aside += 1;
        // Its successor has none of this session's cells.
        self.file = None;
        self.unwritten = (0..self.cells.len()).collect();
        match file::set_aside(path) {
            Ok(Some(aside)) => tracing::warn!("what was there is kept as `{}`", aside.display()),
            Ok(None) => {}
            Err(trouble) => {
                self.say(format!("the damaged history can't be set aside: {trouble}"));
                return false;
            }
        }
        true
    }

    /// Once, not with every cell.
    fn say(&mut self, text: String) {
        if self.said.as_ref() != Some(&text) {
            tracing::warn!("{text}");
            self.said = Some(text);
        }
    }
}

#[cfg(test)]
mod tests {
    use std::fs;

    use tempfile::TempDir;

    use super::*;

    struct Folder(TempDir);

    impl Folder {
        fn new() -> Folder {
            Folder(TempDir::new().unwrap())
        }

        fn path(&self) -> PathBuf {
            self.0.path().join("deeper/history.sqlite")
        }

        fn keeper(&self) -> Keeper {
            Keeper::new(Some(self.path()))
        }
    }

    fn tail(keeper: &mut Keeper, n: usize) -> Vec<(i64, u32, String)> {
        brief(keeper.find(&Query::Tail { n }))
    }

    fn brief(rows: Vec<Row>) -> Vec<(i64, u32, String)> {
        let rows = rows.into_iter();
        rows.map(|row| (row.session, row.count, row.code)).collect()
    }

    fn row(session: i64, count: u32, code: &str) -> (i64, u32, String) {
        (session, count, code.to_owned())
    }

    fn run(keeper: &mut Keeper, count: u32, code: &str) {
        keeper.store(count, code.to_owned());
    }

    #[test]
    fn sessions_are_numbered_and_ones_own_is_the_latest() {
        let folder = Folder::new();
        let mut first = folder.keeper();
        let mut second = folder.keeper();
        run(&mut first, 1, "a");
        run(&mut second, 1, "b");
        run(&mut first, 2, "c");
        assert_eq!(
            tail(&mut first, 9),
            [row(2, 1, "b"), row(1, 1, "a"), row(1, 2, "c")]
        );
        assert_eq!(tail(&mut second, 2), [row(1, 2, "c"), row(2, 1, "b")]);
        assert_eq!(tail(&mut second, 0), []);
        first.end();
        let mut third = folder.keeper();
        assert_eq!(tail(&mut third, 1), [row(2, 1, "b")]);
        run(&mut third, 1, "d");
        assert_eq!(tail(&mut third, 1), [row(3, 1, "d")]);
    }

    #[test]
    fn a_range_is_of_one_session_counted_from_this_one() {
        let folder = Folder::new();
        let mut earlier = folder.keeper();
        for (count, code) in [(1, "a"), (2, "b"), (3, "c")] {
            run(&mut earlier, count, code);
        }
        earlier.set_result(2, "B".to_owned());
        earlier.end();
        let mut keeper = folder.keeper();
        run(&mut keeper, 1, "own");
        let mut range = |session, start, stop| {
            keeper.find(&Query::Range {
                session,
                start,
                stop,
            })
        };
        let with_result = range(-1, 2, 3);
        assert_eq!(with_result[0].result.as_deref(), Some("B"));
        assert_eq!(brief(with_result), [row(1, 2, "b")]);
        assert_eq!(
            brief(range(1, 2, i64::MAX)),
            [row(1, 2, "b"), row(1, 3, "c")]
        );
        for session in [0, 2] {
            assert_eq!(brief(range(session, 0, 9)), [row(2, 1, "own")]);
        }
        assert_eq!(brief(range(0, 2, 9)), []);
        assert_eq!(brief(range(-2, 0, 9)), []);
        assert_eq!(brief(range(7, 0, 9)), []);
    }

    #[test]
    fn a_search_finds_the_latest_of_equals() {
        let folder = Folder::new();
        let mut earlier = folder.keeper();
        for (count, code) in [(1, "a"), (2, "ab"), (3, "b")] {
            run(&mut earlier, count, code);
        }
        let mut keeper = folder.keeper();
        run(&mut keeper, 1, "a");
        let mut search = |unique, n| {
            brief(keeper.find(&Query::Search {
                pattern: "a*".to_owned(),
                unique,
                n,
            }))
        };
        let (a, ab, own) = (row(1, 1, "a"), row(1, 2, "ab"), row(2, 1, "a"));
        assert_eq!(search(false, 9), [a, ab.clone(), own.clone()]);
        assert_eq!(search(true, 9), [ab, own.clone()]);
        assert_eq!(search(true, 1), [own]);
    }

    #[test]
    fn a_damaged_file_is_kept_and_no_cell_of_this_session_is_lost() {
        let folder = Folder::new();
        let mut keeper = folder.keeper();
        run(&mut keeper, 1, "a");
        keeper.end();
        let written = fs::read(folder.path()).unwrap();
        // Either no part of the content is a database, or only the header is valid and the pages are not.
        let mut torn = written.clone();
        torn[100..].fill(0x5a);
        for (number, content) in [b"no database, but long enough for one".to_vec(), torn]
            .into_iter()
            .enumerate()
        {
            fs::write(folder.path(), &content).unwrap();
            let mut keeper = folder.keeper();
            run(&mut keeper, 1, "b");
            run(&mut keeper, 2, "c");
            assert_eq!(tail(&mut keeper, 9), [row(1, 1, "b"), row(1, 2, "c")]);
            keeper.end();
            let aside = format!("{}.damaged-{}", folder.path().display(), number + 1);
            assert_eq!(fs::read(aside).unwrap(), content);
            assert_eq!(
                tail(&mut folder.keeper(), 9),
                [row(1, 1, "b"), row(1, 2, "c")]
            );
        }
    }

    #[test]
    fn what_could_not_be_written_into_a_locked_file_is_written_later() {
        let folder = Folder::new();
        let mut keeper = folder.keeper();
        run(&mut keeper, 1, "a");
        let other = rusqlite::Connection::open(folder.path()).unwrap();
        other.execute_batch("BEGIN EXCLUSIVE").unwrap();
        run(&mut keeper, 2, "b");
        assert_eq!(keeper.unwritten.len(), 1);
        assert_eq!(tail(&mut keeper, 9), [row(1, 1, "a"), row(1, 2, "b")]);
        other.execute_batch("ROLLBACK").unwrap();
        keeper.end();
        assert_eq!(
            tail(&mut folder.keeper(), 9),
            [row(1, 1, "a"), row(1, 2, "b")]
        );
    }

    #[test]
    fn without_a_usable_file_this_session_is_there() {
        let folder = Folder::new();
        // A file has the name of the folder. Therefore even root can't write below it.
        fs::write(folder.0.path().join("deeper"), "").unwrap();
        for mut keeper in [folder.keeper(), Keeper::new(None)] {
            run(&mut keeper, 1, "a");
            run(&mut keeper, 2, "b");
            keeper.set_result(2, "B".to_owned());
            assert_eq!(tail(&mut keeper, 9), [row(1, 1, "a"), row(1, 2, "b")]);
            let rows = keeper.find(&Query::Tail { n: 1 });
            assert_eq!(rows[0].result.as_deref(), Some("B"));
            keeper.end();
        }
    }

    #[test]
    fn a_file_of_a_later_version_is_left_alone() {
        let folder = Folder::new();
        folder.keeper().store(1, "a".to_owned());
        let other = rusqlite::Connection::open(folder.path()).unwrap();
        other.pragma_update(None, "user_version", 99).unwrap();
        let mut keeper = folder.keeper();
        run(&mut keeper, 1, "b");
        assert_eq!(tail(&mut keeper, 9), [row(1, 1, "b")]);
        let count: i64 = other
            .query_row("SELECT count(*) FROM cells", [], |row| row.get(0))
            .unwrap();
        assert_eq!(count, 1);
    }

    #[test]
    fn long_results_are_cut() {
        let folder = Folder::new();
        let mut keeper = folder.keeper();
        run(&mut keeper, 1, "a");
        keeper.set_result(1, "ü".repeat(RESULT_LIMIT_BYTES));
        let rows = keeper.find(&Query::Tail { n: 1 });
        let result = rows[0].result.as_ref().unwrap();
        assert_eq!(result.len(), RESULT_LIMIT_BYTES);
    }
}
