//! What can be looked up in the history, and what is found.

/// The cells that a request selects.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Query {
    /// The latest, of whatever session.
    Tail {
        /// How many.
        n: usize,
    },
    /// A part of one session.
    Range {
        /// Its number; 0 is this session, -1 the one before it.
        session: i64,
        /// The first cell's number.
        start: i64,
        /// The number after the last one's.
        stop: i64,
    },
    /// Those whose whole text fits a pattern.
    Search {
        /// With `*` for any text and `?` for any character.
        pattern: String,
        /// Whether only the latest of equal cells counts.
        unique: bool,
        /// How many of the latest.
        n: usize,
    },
}

/// A cell that was run.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Row {
    /// The session in which it ran.
    pub session: i64,
    /// Its number there.
    pub count: u32,
    /// Its text.
    pub code: String,
    /// Its result as text, if it had one.
    pub result: Option<String>,
}
