//! Cells that run again, perhaps with a change. For a large one, rustc then keeps what it has made.
//!
//! Keeping that and reading it takes rustc longer than it saves where a cell is new or small. A large cell that runs
//! again takes half the time with it. What rustc keeps of a cell has a folder of its own: only the latest compile in it
//! counts.

use std::collections::BTreeSet;
use std::hash::DefaultHasher;
use std::hash::Hash;
use std::hash::Hasher;
use std::path::Path;
use std::path::PathBuf;

use serde::Deserialize;
use serde::Serialize;

use super::RustcCall;
use super::SessionPaths;
use super::notes::note;
use super::notes::noted;

/// What is put behind the code of such a cell, with a number: code that is compiled later for a crash must be the same.
const MARK: &str = "// again: ";
/// From how many bytes on an object is large.
const LARGE: u64 = 64_000;
/// How many cells are remembered.
const MOST: usize = 8;

/// The cells that were compiled last.
#[derive(Debug, Default, Serialize, Deserialize)]
pub(crate) struct Again {
    next: u32,
    cells: Vec<Seen>,
}

#[derive(Debug, Serialize, Deserialize)]
struct Seen {
    number: u32,
    /// Hashes of its lines.
    lines: BTreeSet<u64>,
    is_large: bool,
}

impl Again {
    /// What is noted in a session's folder.
    pub(crate) fn of(session: &SessionPaths) -> Again {
        noted(&session.again()).unwrap_or_default()
    }

    /// Puts a mark behind the code of a large cell that runs again.
    pub(crate) fn mark(&self, cell: &str, source: &mut String) {
        if let Some(seen) = self.find(cell).map(|index| &self.cells[index])
            && seen.is_large
        {
            source.push_str(&format!("{MARK}{}\n", seen.number));
        }
    }

    /// Notes that a cell has compiled into an object of so many bytes.
    pub(crate) fn compiled(
        mut self,
        session: &SessionPaths,
        cell: &str,
        bytes: u64,
    ) -> anyhow::Result<()> {
        let number = match self.find(cell) {
            Some(index) => self.cells.remove(index).number,
            None => {
                self.next += 1;
                self.next
            }
        };
        self.cells.push(Seen {
            number,
            lines: lines(cell),
            is_large: bytes >= LARGE,
        });
        if self.cells.len() > MOST {
            let oldest = self.cells.remove(0);
            // There is one only where the cell ran again.
            let _ = std::fs::remove_dir_all(folder(&session.kept(), oldest.number));
        }
        note(&session.again(), &self)
    }

    /// The latest cell that has most of its lines in common with a text.
    fn find(&self, cell: &str) -> Option<usize> {
        let lines = lines(cell);
        self.cells.iter().rposition(|seen| {
            let common = seen.lines.intersection(&lines).count();
            common > 0 && 2 * common >= seen.lines.len().max(lines.len())
        })
    }
}

/// How rustc is called for a source; `kept` is where it keeps what it has made.
pub(super) fn call(call: &RustcCall, source: &str, kept: &Path) -> RustcCall {
    let number = source
        .lines()
        .next_back()
        .and_then(|line| line.strip_prefix(MARK));
    match number.and_then(|number| number.parse().ok()) {
        Some(number) => call.keeping(&folder(kept, number)),
        None => call.clone(),
    }
}

fn folder(kept: &Path, number: u32) -> PathBuf {
    kept.join(number.to_string())
}

fn lines(cell: &str) -> BTreeSet<u64> {
    let lines = cell.lines().map(str::trim).filter(|line| !line.is_empty());
    let hash = |line: &str| {
        let mut hasher = DefaultHasher::new();
        line.hash(&mut hasher);
        hasher.finish()
    };
    lines.map(hash).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    const CELL: &str = "let a = 1;\nlet b = 2;\n\nprintln!(\"{a} {b}\");\n";

    #[test]
    fn a_large_cell_that_runs_again_is_marked_also_with_a_change() {
        let folder = tempfile::tempdir().unwrap();
        let session = SessionPaths::new(folder.path());
        let marked = |cell: &str| {
            let mut source = "f()\n".to_owned();
            Again::of(&session).mark(cell, &mut source);
            source.strip_prefix("f()\n").unwrap().to_owned()
        };
        let compiled = |cell: &str, bytes| {
            Again::of(&session).compiled(&session, cell, bytes).unwrap();
        };
        assert_eq!(marked(CELL), "");
        compiled(CELL, LARGE);
        let mark = marked(CELL);
        assert_eq!(mark, "// again: 1\n");
        assert_eq!(marked(&CELL.replace("a = 1", "a = 5")), mark);
        assert_eq!(marked(&CELL.replace("let", "let mut")), "");
        compiled("1+1", 10);
        assert_eq!(marked("1+1"), "");
        assert_eq!(marked(CELL), mark);
        for number in 0..MOST {
            compiled(&format!("f({number})"), LARGE);
        }
        assert_eq!(marked(CELL), "");
    }

    #[test]
    fn the_mark_has_rustc_keep_what_it_makes() {
        let line = "Running `/bin/rustc --crate-name ctx src/lib.rs -C codegen-units=2`";
        let usual = RustcCall::from_verbose_line(line).unwrap();
        let kept = Path::new("/s/kept");
        assert_eq!(call(&usual, "f()\n", kept), usual);
        let keeping = call(&usual, "f()\n// again: 7\n", kept);
        assert_eq!(
            keeping.args().join("|"),
            "--crate-name|ctx|src/lib.rs|-C|codegen-units=16|-Cincremental=/s/kept/7"
        );
    }
}
