//! Which functions and lines an address belongs to.

use addr2line::Context;
use gimli::Dwarf;
use gimli::EndianSlice;
use gimli::NativeEndian;

use super::Image;

/// An object's debug information.
pub(crate) struct Lines<'image> {
    context: Context<EndianSlice<'image, NativeEndian>>,
}

/// A line that runs, or that calls the one before.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Line {
    /// The function's whole name, where it has one.
    pub(crate) function: Option<String>,
    /// The file as rustc named it.
    pub(crate) file: String,
    /// Line, from 1.
    pub(crate) line: u32,
    /// Column, from 1.
    pub(crate) column: u32,
}

impl<'image> Lines<'image> {
    /// Reads the tables; `None` where there are none.
    pub(crate) fn of(image: &'image Image) -> Option<Lines<'image>> {
        let section = |id: gimli::SectionId| -> Result<_, gimli::Error> {
            let bytes = image.section(id.name()).map_or(&[][..], |(_, bytes)| bytes);
            Ok(EndianSlice::new(bytes, NativeEndian))
        };
        let context = Context::from_dwarf(Dwarf::load(section).ok()?).ok()?;
        Some(Lines { context })
    }

    /// The line of an address, and those into which its function was put by the compiler, innermost first.
    pub(crate) fn at(&self, address: u64) -> Vec<Line> {
        let mut lines = Vec::new();
        let Ok(mut frames) = self.context.find_frames(address).skip_all_loads() else {
            return lines;
        };
        while let Ok(Some(frame)) = frames.next() {
            let function = frame.function.as_ref();
            let function = function.and_then(|function| {
                let name = function.raw_name().ok()?;
                // Without the hash that tells apart functions of one name.
                Some(format!("{:#}", rustc_demangle::demangle(&name)))
            });
            let Some(location) = frame.location else {
                continue;
            };
            lines.push(Line {
                function,
                file: location.file.unwrap_or_default().to_owned(),
                line: location.line.unwrap_or(0),
                column: location.column.unwrap_or(0),
            });
        }
        lines
    }
}
