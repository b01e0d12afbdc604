//! A file of code: which address a byte has, and its sections.

use std::io;
use std::path::Path;

use object::Object;
use object::ObjectSection;
use object::ObjectSegment;

/// An object's file in memory.
#[derive(Debug)]
pub(crate) struct Image {
    bytes: Vec<u8>,
    /// Offset in the file, length, address.
    segments: Vec<(u64, u64, u64)>,
}

impl Image {
    /// Reads a file.
    pub(crate) fn read(path: &Path) -> io::Result<Image> {
        let mut image = Image {
            bytes: std::fs::read(path)?,
            segments: Vec::new(),
        };
        let file = object::File::parse(&*image.bytes).map_err(io::Error::other)?;
        let segments = file.segments().map(|segment| {
            let (offset, len) = segment.file_range();
            (offset, len, segment.address())
        });
        image.segments = segments.collect();
        Ok(image)
    }

    /// The address, as the file counts, of a byte of the file.
    pub(super) fn address_of(&self, offset: u64) -> Option<u64> {
        let holds = |(start, len, _): &&(u64, u64, u64)| (*start..start + len).contains(&offset);
        let (start, _, address) = self.segments.iter().find(holds)?;
        Some(offset - start + address)
    }

    /// A section: where it lies, and what is in it.
    pub(super) fn section(&self, name: &str) -> Option<(u64, &[u8])> {
        let file = object::File::parse(&*self.bytes).ok()?;
        let section = file.section_by_name(name)?;
        Some((section.address(), section.data().ok()?))
    }

    /// Whether both hold the same code at the same addresses.
    pub(crate) fn has_code_of(&self, other: &Image) -> bool {
        let code = self.section(".text");
        code.is_some() && code == other.section(".text")
    }
}
