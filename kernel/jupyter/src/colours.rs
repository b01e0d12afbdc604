//! The colours of errors. JupyterLab shows them on light and on dark.

/// What an error is about: white on dark red.
pub const ERROR: &str = "\x1b[1;38;5;231;48;5;124m";
/// As the text before.
pub const RESET: &str = "\x1b[0m";
