//! The history's file: SQLite, written by any number of kernels at once.

use std::fs;
use std::fs::File as LockFile;
use std::io;
use std::ops::ControlFlow;
use std::path::Path;
use std::path::PathBuf;
use std::time::Duration;

use rusqlite::Connection;
use rusqlite::ErrorCode;
use rusqlite::TransactionBehavior;
use rusqlite::params;

use super::query::Row;
use crate::sys::files;

/// The version of the tables, stored in the file.
const FORMAT: i64 = 1;

/// How long another kernel's write is waited for. It takes milliseconds, unless a program holds the file.
const PATIENCE: Duration = Duration::from_millis(500);

const TABLES: &str = "
    CREATE TABLE IF NOT EXISTS sessions (
        session INTEGER PRIMARY KEY AUTOINCREMENT,
        started TEXT NOT NULL
    );
    CREATE TABLE IF NOT EXISTS cells (
        session INTEGER NOT NULL,
        count INTEGER NOT NULL,
        code TEXT NOT NULL,
        result TEXT,
        PRIMARY KEY (session, count)
    ) WITHOUT ROWID;
";

/// Why the file is of no use now.
#[derive(Debug, thiserror::Error)]
pub(super) enum FileError {
    /// Another program holds it.
    #[error("another program holds it")]
    Busy,
    /// It is no history.
    #[error("it is damaged: {0}")]
    Damaged(rusqlite::Error),
    /// A later version of this program has written it.
    #[error("it was written by a later version (format {0}, this one knows {FORMAT})")]
    Later(i64),
    /// Not found, not writable, full.
    #[error(transparent)]
    Sqlite(rusqlite::Error),
    /// Its folder could not be made, or it not be set aside.
    #[error(transparent)]
    Io(#[from] io::Error),
}

impl From<rusqlite::Error> for FileError {
    fn from(error: rusqlite::Error) -> FileError {
        match error.sqlite_error_code() {
            Some(ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked) => FileError::Busy,
            Some(ErrorCode::DatabaseCorrupt | ErrorCode::NotADatabase) => FileError::Damaged(error),
            _ => FileError::Sqlite(error),
        }
    }
}

/// An open history.
#[derive(Debug)]
pub(super) struct File {
    connection: Connection,
    /// This kernel's number in it, from its first cell on.
    session: Option<i64>,
}

impl File {
    /// Opens it, and makes it where there is none.
    pub(super) fn open(path: &Path) -> Result<File, FileError> {
        if let Some(folder) = path.parent() {
            files::make_private_folder(folder)?;
        }
        // Cells may hold secrets, so the file is made here, for its owner alone.
        if let Err(error) = files::make_private_file(path)
            && error.kind() != io::ErrorKind::AlreadyExists
        {
            return Err(error.into());
        }
        let mut connection = Connection::open(path)?;
        connection.busy_timeout(PATIENCE)?;
        // Readers and a writer do not wait for each other, and a killed kernel leaves a whole file.
        connection.pragma_update(None, "journal_mode", "WAL")?;
        connection.pragma_update(None, "synchronous", "NORMAL")?;
        let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
        let format: i64 = transaction.pragma_query_value(None, "user_version", |row| row.get(0))?;
        if format > FORMAT {
            return Err(FileError::Later(format));
        }
        transaction.execute_batch(TABLES)?;
        transaction.pragma_update(None, "user_version", FORMAT)?;
        transaction.commit()?;
        Ok(File {
            connection,
            session: None,
        })
    }

    /// This kernel's number: the one that it has, or would have now.
    pub(super) fn session(&self) -> Result<i64, FileError> {
        let last = "SELECT coalesce(max(session), 0) + 1 FROM sessions";
        match self.session {
            Some(session) => Ok(session),
            None => Ok(self.connection.query_row(last, [], |row| row.get(0))?),
        }
    }

    /// Writes cells of this kernel, new ones and changed ones, all or none.
    pub(super) fn write(&mut self, rows: &[&Row]) -> Result<(), FileError> {
        let transaction = self
            .connection
            .transaction_with_behavior(TransactionBehavior::Immediate)?;
        let session = match self.session {
            Some(session) => session,
            None => {
                transaction.execute(
                    "INSERT INTO sessions (started) VALUES (datetime('now'))",
                    [],
                )?;
                transaction.last_insert_rowid()
            }
        };
        for row in rows {
            transaction
                .prepare("INSERT OR REPLACE INTO cells VALUES (?1, ?2, ?3, ?4)")?
                .execute(params![session, row.count, row.code, row.result])?;
        }
        transaction.commit()?;
        self.session = Some(session);
        Ok(())
    }

    /// Passes the cells of other sessions to a closure, latest first, until it returns `false`.
    pub(super) fn latest_of_others(
        &self,
        visit: &mut dyn FnMut(Row) -> ControlFlow<()>,
    ) -> Result<(), FileError> {
        let mut statement = self.connection.prepare(
            "SELECT session, count, code, result FROM cells WHERE session IS NOT ?1
             ORDER BY session DESC, count DESC",
        )?;
        let mut rows = statement.query([self.session])?;
        while let Some(row) = rows.next()? {
            if visit(read(row)?).is_break() {
                break;
            }
        }
        Ok(())
    }

    /// The cells of a session from one number up to another.
    pub(super) fn range(&self, session: i64, start: i64, stop: i64) -> Result<Vec<Row>, FileError> {
        let mut statement = self.connection.prepare(
            "SELECT session, count, code, result FROM cells
             WHERE session = ?1 AND count >= ?2 AND count < ?3 ORDER BY count",
        )?;
        let rows = statement.query_map([session, start, stop], read)?;
        Ok(rows.collect::<Result<_, _>>()?)
    }
}

fn read(row: &rusqlite::Row<'_>) -> rusqlite::Result<Row> {
    Ok(Row {
        session: row.get(0)?,
        count: row.get(1)?,
        code: row.get(2)?,
        result: row.get(3)?,
    })
}

/// Renames a damaged file and the files that SQLite keeps beside it. Returns the new name. `None` where another kernel
/// has done that meanwhile.
pub(super) fn set_aside(path: &Path) -> Result<Option<PathBuf>, FileError> {
    let lock = LockFile::create(beside(path, ".lock"))?;
    lock.lock()?;
    if !is_damaged(path) {
        return Ok(None);
    }
    let mut number = 1;
    let aside = loop {
        let aside = beside(path, &format!(".damaged-{number}"));
        if !aside.exists() {
            break aside;
        }
        number += 1;
    };
    fs::rename(path, &aside)?;
    for ending in ["-wal", "-shm"] {
        // Usually not there.
        let _ = fs::rename(beside(path, ending), beside(&aside, ending));
    }
    Ok(Some(aside))
}

fn is_damaged(path: &Path) -> bool {
    let answer = File::open(path).and_then(|file| {
        let check = "SELECT quick_check FROM pragma_quick_check(1)";
        let answer: String = file.connection.query_row(check, [], |row| row.get(0))?;
        Ok(answer)
    });
    match answer {
        Ok(answer) => answer != "ok",
        Err(trouble) => matches!(trouble, FileError::Damaged(_)),
    }
}

fn beside(path: &Path, ending: &str) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(ending);
    name.into()
}
