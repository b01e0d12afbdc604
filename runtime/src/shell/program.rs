//! A program that runs beside the cells: what `let server = %run -b script.rs` binds.

use std::fmt;
use std::io;
use std::sync::Arc;
use std::sync::Mutex;
use std::sync::PoisonError;
use std::time::Duration;

use super::CommandEnd;
use super::Running;
use super::sys;
use crate::show;

/// A program has so long to end by itself when it is stopped.
const GRACE: Duration = Duration::from_secs(2);

/// A script that runs in the background, under the cell that started it.
///
/// It ends with the kernel at the latest. Dropping this value does not end it: [`Program::stop`] does.
#[derive(Clone)]
pub struct Program {
    name: String,
    /// `None` for one that was waited for.
    background: Option<Background>,
}

#[derive(Clone)]
struct Background {
    id: u32,
    /// The exit code, once it has ended.
    code: Arc<Code>,
}

#[derive(Default)]
struct Code {
    code: Mutex<Option<i32>>,
    changed: std::sync::Condvar,
}

impl Program {
    /// One that has run to its end.
    pub(crate) fn ended(name: &str) -> Program {
        Program {
            name: name.to_owned(),
            background: None,
        }
    }

    /// Leaves a program to a thread that shows what it writes and waits for it.
    pub(crate) fn in_background(name: &str, running: Running) -> io::Result<Program> {
        let id = running.id();
        let code = Arc::new(Code::default());
        let at_end = Arc::clone(&code);
        std::thread::Builder::new()
            .name("threadbook-program".to_owned())
            .spawn(move || {
                let status = running.finish().map(|CommandEnd { status, .. }| status);
                let code = status.map_or(-1, super::code);
                *at_end.code.lock().unwrap_or_else(PoisonError::into_inner) = Some(code);
                at_end.changed.notify_all();
            })?;
        Ok(Program {
            name: name.to_owned(),
            background: Some(Background { id, code }),
        })
    }

    /// Its process, as long as it runs.
    pub fn id(&self) -> Option<u32> {
        let Background { id, code } = self.background.as_ref()?;
        let code = code.code.lock().unwrap_or_else(PoisonError::into_inner);
        code.is_none().then_some(*id)
    }

    /// Whether it still runs.
    pub fn is_running(&self) -> bool {
        self.id().is_some()
    }

    /// Waits for its end; gives its exit code. Where a signal ended it, that is 128 and the signal's number.
    pub fn wait(&self) -> i32 {
        let Some(Background { code, .. }) = &self.background else {
            return 0;
        };
        let mut guard = code.code.lock().unwrap_or_else(PoisonError::into_inner);
        loop {
            match *guard {
                Some(code) => return code,
                None => {
                    guard = code
                        .changed
                        .wait(guard)
                        .unwrap_or_else(PoisonError::into_inner);
                }
            }
        }
    }

    /// Ends it, and what it has started; gives its exit code. One that has ended already is left alone.
    pub fn stop(&self) -> i32 {
        if let Some(Background { id, code }) = &self.background {
            let code = code.code.lock().unwrap_or_else(PoisonError::into_inner);
            if code.is_none() {
                // The thread that waits for it takes this lock before the end is visible, but it may have been
                // reaped a moment ago: then there is no such group any more.
                sys::ask_to_end(*id);
            }
            let ended = |code: &mut Option<i32>| code.is_none();
            let waited = self
                .background
                .as_ref()
                .map(|background| &background.code.changed);
            if let Some(changed) = waited
                && let Ok((code, _)) = changed.wait_timeout_while(code, GRACE, ended)
                && code.is_none()
            {
                sys::kill_group(*id);
            }
        }
        self.wait()
    }

    /// As the value of a cell: nothing, for one that was waited for.
    #[doc(hidden)]
    pub fn evcxr_display(&self) {
        if self.background.is_some() {
            show::result_text(format!("{self:?}"));
        }
    }
}

impl fmt::Debug for Program {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let how = match (self.id(), &self.background) {
            (Some(id), _) => format!("runs as process {id}"),
            (None, Some(_)) => format!("ended with exit code {}", self.wait()),
            (None, None) => "has ended".to_owned(),
        };
        write!(f, "{} {how}", self.name)
    }
}
