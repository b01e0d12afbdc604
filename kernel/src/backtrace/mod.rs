//! Where a process was when it died, or a thread when it panicked: from what they left behind to functions and lines.
//!
//! | file | what it does |
//! | --- | --- |
//! | `unwind` | finds the frames: of a crash by the unwind tables that every object has |
//! | `image` | an object's file: where its parts lie |
//! | `lines` | functions and lines of a frame, by an object's debug information |

mod image;
mod lines;
mod unwind;

pub(crate) use image::Image;
pub(crate) use lines::CodeLine;
pub(crate) use lines::Lines;
pub(crate) use unwind::Frames;
pub(crate) use unwind::frames;
pub(crate) use unwind::frames_of_calls;
