//! Which functions and lines an address belongs to.

use addr2line::Context;
use gimli::AttributeValue;
use gimli::DW_AT_abstract_origin;
use gimli::DW_AT_name;
use gimli::DW_AT_specification;
use gimli::Dwarf;
use gimli::EndianSlice;
use gimli::NativeEndian;
use gimli::UnitOffset;
use gimli::UnitRef;

use super::Image;

type Slice<'image> = EndianSlice<'image, NativeEndian>;

/// How symbols end that are of no function with a name.
const CLOSURE: &str = "::{{closure}}";
/// An entry is of a function, or of a copy of one, which may have been declared elsewhere.
const ENTRIES: usize = 3;

/// An object's debug information.
pub(crate) struct Lines<'image> {
    context: Context<Slice<'image>>,
}

/// A line that runs, or that calls the one before.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct CodeLine {
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
    pub(crate) fn at(&self, address: u64) -> Vec<CodeLine> {
        let mut lines = Vec::new();
        let Ok(mut frames) = self.context.find_frames(address).skip_all_loads() else {
            return lines;
        };
        let unit = self.context.find_dwarf_and_unit(address).skip_all_loads();
        while let Ok(Some(frame)) = frames.next() {
            let function = frame.function.as_ref();
            let function = function.and_then(|function| {
                let name = function.raw_name().ok()?;
                // Without the hash by which functions of one name differ.
                let name = format!("{:#}", rustc_demangle::demangle(&name));
                let own = unit.and_then(|unit| own_name(unit, frame.dw_die_offset?));
                // The code of an async function is a closure of it to the compiler.
                let is_async = own.is_some_and(|own| own.starts_with("{async_fn"));
                let whole = name.strip_suffix(CLOSURE).filter(|_| is_async);
                Some(whole.unwrap_or(&name).to_owned())
            });
            let Some(location) = frame.location else {
                continue;
            };
            lines.push(CodeLine {
                function,
                file: location.file.unwrap_or_default().to_owned(),
                line: location.line.unwrap_or(0),
                column: location.column.unwrap_or(0),
            });
        }
        lines
    }
}

/// What a function is called in its own scope, such as `{async_fn#0}`: its symbol does not contain its kind.
fn own_name<'image>(unit: UnitRef<'_, Slice<'image>>, entry: UnitOffset) -> Option<&'image str> {
    let mut entry = unit.entry(entry).ok()?;
    for _ in 0..ENTRIES {
        if let Some(name) = entry.attr_value(DW_AT_name) {
            return std::str::from_utf8(unit.attr_string(name).ok()?.slice()).ok();
        }
        let of = entry.attr_value(DW_AT_abstract_origin);
        let AttributeValue::UnitRef(of) = of.or_else(|| entry.attr_value(DW_AT_specification))?
        else {
            return None;
        };
        entry = unit.entry(of).ok()?;
    }
    None
}
