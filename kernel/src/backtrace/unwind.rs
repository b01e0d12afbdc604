//! The frames of a stack.
//!
//! Every object describes in `.eh_frame`, for each of its instructions, where the registers of the caller are: panics
//! need that. So frames are found without any help of the code that runs, through the C library and std too.

use std::collections::HashMap;
use std::path::Path;
use std::path::PathBuf;

use gimli::BaseAddresses;
use gimli::CfaRule;
use gimli::EhFrame;
use gimli::EhFrameHdr;
use gimli::EndianSlice;
use gimli::NativeEndian;
use gimli::Register;
use gimli::RegisterRule;
use gimli::UnwindContext;
use gimli::UnwindSection;
use gimli::UnwindTableRow;
use threadbook::wire::Calls;
use threadbook::wire::CrashDump;
use threadbook::wire::Mapping;

use super::Image;

/// The stack pointer's number, that of the return address, and whether a call puts the latter onto the stack.
#[cfg(target_arch = "x86_64")]
const ABI: (usize, usize, bool) = (7, 16, true);
#[cfg(not(target_arch = "x86_64"))]
const ABI: (usize, usize, bool) = (31, 30, false);

/// More than the stack that is kept has room for.
const LIMIT: usize = 8192;

/// What was found.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Frames {
    /// Files and addresses, as these count, innermost first. Each is within the instruction that runs or calls.
    pub(crate) frames: Vec<(PathBuf, u64)>,
    /// Whether the stack goes on where what is known of it ends.
    pub(crate) is_cut: bool,
}

/// Finds the frames of the thread that took a process down.
pub(crate) fn frames(remains: &CrashDump) -> Frames {
    let mut images = HashMap::new();
    let mut found = Frames::default();
    let Some(mut state) = Frame::of(remains) else {
        return found;
    };
    let mut is_innermost = true;
    while found.frames.len() < LIMIT {
        let Some((path, offset)) = state.mapping(is_innermost) else {
            // A call of an address that is none: its caller is known all the same.
            if is_innermost && found.frames.is_empty() && state.return_from_call().is_some() {
                is_innermost = false;
                continue;
            }
            break;
        };
        let image = images.entry(path).or_insert_with(|| Image::read(path).ok());
        let Some((image, address)) = image
            .as_ref()
            .and_then(|image| Some((image, image.address_of(offset)?)))
        else {
            break;
        };
        found.frames.push((path.to_owned(), address));
        match state.step(image, address) {
            Unwound::Caller => is_innermost = false,
            Unwound::OutOfSight => {
                found.is_cut = remains.is_cut;
                break;
            }
            Unwound::End => break,
        }
    }
    found
}

/// Finds the frames of a thread that noted its calls when it panicked, in the given files.
pub(crate) fn frames_of_calls(calls: &Calls, is_wanted: impl Fn(&Path) -> bool) -> Frames {
    let mut images = HashMap::new();
    let frame = |address: &u64| {
        // Where a call returns to is after the call, perhaps after its function.
        let (path, offset) = file_of(&calls.code, address.checked_sub(1)?)?;
        if !is_wanted(path) {
            return None;
        }
        let image = images.entry(path).or_insert_with(|| Image::read(path).ok());
        Some((path.to_owned(), image.as_ref()?.address_of(offset)?))
    };
    Frames {
        frames: calls.addresses.iter().filter_map(frame).collect(),
        is_cut: calls.is_cut,
    }
}

/// The file whose code an address is in, and where in it.
fn file_of(code: &[Mapping], address: u64) -> Option<(&Path, u64)> {
    let mapping = code.iter().find(|mapping| mapping.holds(address))?;
    let offset = address - mapping.start + mapping.offset;
    Some((Path::new(&mapping.file), offset))
}

/// What came of looking for a frame's caller.
enum Unwound {
    /// It is there.
    Caller,
    /// It lies beyond what is known of the stack.
    OutOfSight,
    /// There is none, or no table has its place.
    End,
}

/// The registers, as they are for one frame.
struct Frame<'remains> {
    remains: &'remains CrashDump,
    registers: Vec<u64>,
    program_counter: u64,
}

impl<'remains> Frame<'remains> {
    fn of(remains: &'remains CrashDump) -> Option<Frame<'remains>> {
        let (stack_pointer, return_address, _) = ABI;
        let mut registers = remains.registers.clone();
        let program_counter = registers.pop()?;
        registers.resize(stack_pointer.max(return_address) + 1, 0);
        Some(Frame {
            remains,
            registers,
            program_counter,
        })
    }

    /// The file that the frame's code is in, and where in it.
    fn mapping(&self, is_innermost: bool) -> Option<(&'remains Path, u64)> {
        // Where a call returns to is after the call, perhaps after its function.
        let address = self.program_counter.checked_sub(u64::from(!is_innermost))?;
        file_of(&self.remains.code, address)
    }

    /// Goes to the caller of a function of which no instruction has run.
    fn return_from_call(&mut self) -> Option<()> {
        let (stack_pointer, return_address, is_on_stack) = ABI;
        if is_on_stack {
            self.program_counter = self.read(self.registers[stack_pointer])?;
            self.registers[stack_pointer] += 8;
        } else {
            self.program_counter = self.registers[return_address];
        }
        Some(())
    }

    fn step(&mut self, image: &Image, address: u64) -> Unwound {
        let (Some((table_at, table)), Some((frames_at, frames))) =
            (image.section(".eh_frame_hdr"), image.section(".eh_frame"))
        else {
            return Unwound::End;
        };
        let bases = BaseAddresses::default()
            .set_eh_frame_hdr(table_at)
            .set_eh_frame(frames_at);
        let frames = EhFrame::from(EndianSlice::new(frames, NativeEndian));
        let header = EhFrameHdr::from(EndianSlice::new(table, NativeEndian));
        let Ok(header) = header.parse(&bases, 8) else {
            return Unwound::End;
        };
        let mut context = UnwindContext::new();
        let row = header.table().map(|table| {
            let cie_of = EhFrame::cie_from_offset;
            table.unwind_info_for_address(&frames, &bases, &mut context, address, cie_of)
        });
        match row {
            Some(Ok(row)) => self.apply(row),
            _ => Unwound::End,
        }
    }

    fn apply(&mut self, row: &UnwindTableRow<usize>) -> Unwound {
        let (stack_pointer, return_address, _) = ABI;
        let CfaRule::RegisterAndOffset { register, offset } = row.cfa() else {
            return Unwound::End;
        };
        let Some(base) = self.registers.get(usize::from(register.0)) else {
            return Unwound::End;
        };
        let frame = base.wrapping_add_signed(*offset);
        let before = self.registers.clone();
        for (number, register) in self.registers.iter_mut().enumerate() {
            let rule = row.register(Register(number as u16));
            *register = match rule {
                None | Some(RegisterRule::SameValue) => continue,
                Some(RegisterRule::Undefined) if number == return_address => return Unwound::End,
                Some(RegisterRule::Undefined) => 0,
                Some(RegisterRule::Offset(offset)) => {
                    let place = frame.wrapping_add_signed(offset);
                    match word(self.remains, place) {
                        Some(word) => word,
                        None => return Unwound::OutOfSight,
                    }
                }
                Some(RegisterRule::ValOffset(offset)) => frame.wrapping_add_signed(offset),
                Some(RegisterRule::Register(other)) => match before.get(usize::from(other.0)) {
                    Some(value) => *value,
                    None => return Unwound::End,
                },
                Some(_) => return Unwound::End,
            };
        }
        self.registers[stack_pointer] = frame;
        self.program_counter = self.registers[return_address];
        Unwound::Caller
    }

    fn read(&self, address: u64) -> Option<u64> {
        word(self.remains, address)
    }
}

/// A word of the stack.
fn word(remains: &CrashDump, address: u64) -> Option<u64> {
    let offset = address.checked_sub(remains.stack_start)?;
    if offset % 8 != 0 {
        return None;
    }
    let index = usize::try_from(offset / 8).ok()?;
    remains.stack.get(index).copied()
}

#[cfg(all(test, target_arch = "x86_64"))]
mod tests {
    use std::hint::black_box;

    use super::*;

    #[inline(never)]
    extern "C" fn first() {
        black_box(1);
    }

    #[inline(never)]
    extern "C" fn second() {
        black_box(2);
    }

    #[inline(never)]
    extern "C" fn third() {
        black_box(3);
    }

    /// The code of the tests' own program, as it is mapped, and the addresses of the functions.
    fn own_code() -> (Mapping, [u64; 3]) {
        let functions = [first, second, third].map(|function| function as *const () as u64);
        let maps = std::fs::read_to_string("/proc/self/maps").unwrap();
        let number = |text: &str| u64::from_str_radix(text, 16).unwrap();
        let mappings = maps.lines().map(|line| {
            let words: Vec<&str> = line.split_whitespace().collect();
            let (start, end) = words[0].split_once('-').unwrap();
            Mapping {
                start: number(start),
                end: number(end),
                offset: number(words[2]),
                file: words.get(5).copied().unwrap_or_default().to_owned(),
            }
        });
        let mut mappings =
            mappings.filter(|mapping| (mapping.start..mapping.end).contains(&functions[0]));
        (mappings.next().unwrap(), functions)
    }

    /// A thread that is about to run `first`, which `second` has called, which `third` has called: at its first
    /// instruction a function has nothing on the stack but the address that it returns to.
    fn remains(program_counter: u64, stack: Vec<u64>) -> CrashDump {
        let mut registers = vec![0; 17];
        registers[7] = 0x1000;
        registers[16] = program_counter;
        CrashDump {
            registers,
            stack_start: 0x1000,
            stack,
            is_cut: true,
            code: vec![own_code().0],
        }
    }

    /// The names of the functions found: a call lies just before where it returns to.
    fn names(found: &Frames) -> Vec<usize> {
        let (mapping, functions) = own_code();
        let path = Path::new(&mapping.file);
        let image = Image::read(path).unwrap();
        let address = |function: u64| {
            image
                .address_of(function - mapping.start + mapping.offset)
                .unwrap()
        };
        let index = |(file, at): &(PathBuf, u64)| {
            assert_eq!(file, path);
            functions
                .iter()
                .position(|function| address(*function) == *at)
                .unwrap()
        };
        found.frames.iter().map(index).collect()
    }

    #[test]
    fn a_chain_of_calls_is_found_by_the_unwind_tables() {
        let (_, [first, second, third]) = own_code();
        let found = frames(&remains(first, vec![second + 1, third + 1, 0]));
        assert_eq!(names(&found), [0, 1, 2]);
        assert!(!found.is_cut);
    }

    #[test]
    fn a_stack_that_is_not_all_there_is_said_to_be_cut() {
        let (_, [first, second, _]) = own_code();
        let found = frames(&remains(first, vec![second + 1]));
        assert_eq!(names(&found), [0, 1]);
        assert!(found.is_cut);
    }

    #[test]
    fn a_call_of_an_address_that_is_none_has_a_caller() {
        let (_, [_, second, third]) = own_code();
        let found = frames(&remains(16, vec![second + 1, third + 1, 0]));
        assert_eq!(names(&found), [1, 2]);
    }

    #[test]
    fn calls_that_were_noted_are_found_in_the_files_that_are_wanted() {
        let (mapping, [first, second, third]) = own_code();
        let calls = Calls {
            addresses: vec![first + 1, 16, second + 1, third + 1],
            is_cut: true,
            code: vec![mapping],
        };
        let found = frames_of_calls(&calls, |_| true);
        assert_eq!(names(&found), [0, 1, 2]);
        assert!(found.is_cut);
        assert!(frames_of_calls(&calls, |_| false).frames.is_empty());
    }

    #[test]
    fn what_makes_no_sense_ends_it() {
        for broken in [
            CrashDump::default(),
            remains(16, Vec::new()),
            remains(u64::MAX, vec![u64::MAX; 4]),
        ] {
            assert_eq!(frames(&broken), Frames::default());
        }
    }
}
