//! What was looked at, and what was found.

/// One line of the report.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Finding {
    pub(super) level: Level,
    /// What was looked at.
    pub(super) what: &'static str,
    /// What was found.
    pub(super) found: String,
    /// What to do about it; empty where all is well.
    pub(super) remedy: String,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Level {
    Ok,
    /// The kernel works, with something less.
    Warn,
    /// The kernel can't work.
    Fail,
}

impl Finding {
    pub(super) fn ok(what: &'static str, found: impl Into<String>) -> Finding {
        Finding {
            level: Level::Ok,
            what,
            found: found.into(),
            remedy: String::new(),
        }
    }

    pub(super) fn warn(
        what: &'static str,
        found: impl Into<String>,
        remedy: impl Into<String>,
    ) -> Finding {
        Finding {
            level: Level::Warn,
            what,
            found: found.into(),
            remedy: remedy.into(),
        }
    }

    pub(super) fn fail(
        what: &'static str,
        found: impl Into<String>,
        remedy: impl Into<String>,
    ) -> Finding {
        Finding {
            level: Level::Fail,
            ..Finding::warn(what, found, remedy)
        }
    }
}
