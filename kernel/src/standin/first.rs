//! What rustc says of the code with which every session begins, noted beside the prepared build.
//!
//! evcxr tries itself out when it is made, and finds out by compiles that fail that the prelude awaits and returns
//! errors. All of that is the same in each session of a prepared build, and would be a third of a kernel's start.

use std::path::Path;
use std::path::PathBuf;

use serde::Deserialize;
use serde::Serialize;
use serde_json::Value;
use sha2::Digest;
use sha2::Sha256;

use crate::build::PreparedPaths;
use crate::build::RustcCall;
use crate::build::SessionPaths;
use crate::build::notes::noted;
use crate::evcxr_text::generated;
use crate::hash;
use crate::sys::files;

/// What a run of rustc has given.
#[derive(Debug, Serialize, Deserialize)]
pub(super) struct Ran {
    /// The exit code.
    pub(super) code: i32,
    /// rustc's messages.
    pub(super) messages: Vec<Value>,
}

impl Ran {
    /// Whether rustc would say the same again: not where it failed for another reason than the code, such as a full disk.
    fn is_about_the_code(&self) -> bool {
        let mut errors = self
            .messages
            .iter()
            .filter(|message| message["level"] == "error");
        self.code == 0 || errors.any(|error| error["code"]["code"].is_string())
    }
}

/// Runs rustc on a session's source, unless it was run on the same before the first cell of another session.
pub(super) fn compile(
    prepared: &PreparedPaths,
    session: &SessionPaths,
    call: &RustcCall,
    source: &str,
    run: impl FnOnce() -> anyhow::Result<Ran>,
) -> anyhow::Result<Ran> {
    let Some(note) = Note::of(prepared, session, call, source) else {
        return run();
    };
    if let Some(ran) = note.read() {
        return Ok(ran);
    }
    let ran = run()?;
    if ran.is_about_the_code() {
        // Without the note, rustc is run again by the next session.
        let _ = note.write(&ran);
    }
    Ok(ran)
}

/// The files of a note.
struct Note {
    ran: PathBuf,
    /// The object that rustc has made, and where rustc puts it.
    object: PathBuf,
    made: PathBuf,
}

impl Note {
    /// Nothing once a cell has begun.
    fn of(
        prepared: &PreparedPaths,
        session: &SessionPaths,
        call: &RustcCall,
        source: &str,
    ) -> Option<Note> {
        if session.cell().exists() {
            return None;
        }
        let name = key(session.folder(), call, source);
        let file = |kind: &str| prepared.answers().join(format!("{name}.{kind}"));
        Some(Note {
            ran: file("json"),
            object: file("object"),
            made: call.out_dir()?.join(generated::object_file()),
        })
    }

    fn read(&self) -> Option<Ran> {
        let ran: Ran = noted(&self.ran)?;
        if ran.code == 0 {
            std::fs::create_dir_all(self.made.parent()?).ok()?;
            std::fs::copy(&self.object, &self.made).ok()?;
        }
        Some(ran)
    }

    fn write(&self, ran: &Ran) -> std::io::Result<()> {
        if ran.code == 0 && self.made.exists() {
            files::write_whole(&self.object, &std::fs::read(&self.made)?)?;
        }
        files::write_whole(&self.ran, &serde_json::to_vec(ran)?)
    }
}

/// The same for the same code in another session: evcxr writes the imports in any order.
fn key(folder: &Path, call: &RustcCall, source: &str) -> String {
    let folder = folder.to_string_lossy();
    let mut lines: Vec<&str> = source.lines().collect();
    lines.sort_unstable();
    let mut hasher = Sha256::new();
    for arg in call.args() {
        hasher.update(arg.replace(&*folder, ""));
        hasher.update([0]);
    }
    hasher.update(lines.join("\n"));
    hash::short(hasher)
}

#[cfg(test)]
mod tests {
    use std::cell::Cell;

    use serde_json::json;

    use super::*;

    #[test]
    fn rustc_is_run_once_for_all_sessions() {
        let root = tempfile::tempdir().unwrap();
        let prepared = PreparedPaths::new(root.path().join("prepared"));
        let runs = Cell::new(0);
        let compile = |session: &str, source: &str, code: i32| {
            let session = SessionPaths::new(root.path().join(session));
            let out_dir = session.folder().join("out");
            let line = format!(
                "Running `/bin/rustc --crate-name ctx src/lib.rs --out-dir {}`",
                out_dir.display()
            );
            let call = RustcCall::from_verbose_line(&line).unwrap();
            let object = out_dir.join(generated::object_file());
            let ran = compile(&prepared, &session, &call, source, || {
                runs.set(runs.get() + 1);
                std::fs::create_dir_all(&out_dir)?;
                std::fs::write(&object, format!("object {}", runs.get()))?;
                Ok(Ran {
                    code,
                    messages: vec![json!({"level": "error", "code": {"code": source}})],
                })
            });
            let ran = ran.unwrap();
            assert_eq!(ran.code, code);
            let object = std::fs::read_to_string(object).unwrap_or_default();
            (ran.messages, object, runs.get())
        };
        let (messages, object, _) = compile("a", "use x;\nuse y;\n42\n", 0);
        assert_eq!(
            compile("b", "use y;\nuse x;\n42\n", 0),
            (messages, object, 1)
        );
        let killed = Ran {
            code: 1,
            messages: Vec::new(),
        };
        assert!(!killed.is_about_the_code());
        assert_eq!(compile("a", "wrong", 1).2, 2);
        assert_eq!(compile("b", "wrong", 1).2, 2);
        std::fs::write(root.path().join("b/cell.rs"), "").unwrap();
        assert_eq!(compile("b", "wrong", 1).2, 3);
    }
}
