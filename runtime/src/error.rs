//! The error type of the runtime.

use std::fmt;

/// What went wrong in a helper of the runtime.
///
/// The kind stays private; the `is_` methods test for it. They are not exhaustive: more kinds may come.
#[derive(Debug)]
pub struct Error {
    kind: Kind,
}

/// The result of a helper of the runtime.
pub type Result<T> = std::result::Result<T, Error>;

#[derive(Debug)]
enum Kind {
    InputNotAllowed,
    UnknownImage,
    Io(std::io::Error),
}

impl Error {
    pub(crate) fn input_not_allowed() -> Error {
        Error {
            kind: Kind::InputNotAllowed,
        }
    }

    pub(crate) fn unknown_image() -> Error {
        Error {
            kind: Kind::UnknownImage,
        }
    }

    /// Whether bytes that were to be shown as a picture begin as no known kind of picture does.
    pub fn is_unknown_image(&self) -> bool {
        matches!(self.kind, Kind::UnknownImage)
    }

    /// Whether the front end takes no input requests.
    pub fn is_input_not_allowed(&self) -> bool {
        matches!(self.kind, Kind::InputNotAllowed)
    }
}

impl From<std::io::Error> for Error {
    fn from(error: std::io::Error) -> Error {
        Error {
            kind: Kind::Io(error),
        }
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.kind {
            Kind::InputNotAllowed => f.write_str(
                "the front end takes no input requests (run the notebook in JupyterLab or a console, or give the value in the cell)",
            ),
            Kind::UnknownImage => f.write_str(
                "the bytes begin as no known picture does (expected a PNG, JPEG, GIF, WebP or SVG file)",
            ),
            Kind::Io(error) => write!(f, "input could not be read: {error}"),
        }
    }
}

impl std::error::Error for Error {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match &self.kind {
            Kind::Io(error) => Some(error),
            Kind::InputNotAllowed | Kind::UnknownImage => None,
        }
    }
}
