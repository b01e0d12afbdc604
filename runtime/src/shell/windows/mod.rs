//! Programs that cells start, where there are no terminals and process groups: their output comes through pipes, and what
//! they read is the end of the file.

pub(crate) mod commands;
pub(super) mod running;
pub(crate) mod sys;
