//! What a process that dies leaves behind for a backtrace: its registers, the innermost part of the stack of the thread
//! that did it, and which files are mapped where. One that is interrupted leaves it too, in case it has to be ended.
//!
//! It is written by a signal handler into memory that the supervisor shares, so nothing is allocated, no lock is taken
//! and no address is trusted. The kernel makes a backtrace of it, with the objects' own unwind tables.

use std::io;
use std::sync::OnceLock;
use std::sync::atomic::AtomicU64;
use std::sync::atomic::Ordering;

use super::sys;
use super::sys::REGISTERS;
use super::sys::Registers;
use super::sys::STACK_POINTER;
use crate::wire::CrashDump;
use crate::wire::Mapping;

/// Enough for the frames of any cell but one that recurses without end.
const STACK_WORDS: usize = 8 * 1024;
/// Enough for the maps of some two thousand cells.
const MAPS_WORDS: usize = 128 * 1024;

// Where things lie, in words.
const IS_THERE: usize = 0;
const STACK_START: usize = 1;
const STACK_BYTES: usize = 2;
const MAPS_BYTES: usize = 3;
const REGISTERS_AT: usize = 4;
const STACK_AT: usize = REGISTERS_AT + REGISTERS;
const MAPS_AT: usize = STACK_AT + STACK_WORDS;
const WORDS: usize = MAPS_AT + MAPS_WORDS;

static DUMP: OnceLock<Dump> = OnceLock::new();

/// The shared memory.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Dump(&'static [AtomicU64]);

/// Makes the memory. Processes that are forked later have the same.
pub(crate) fn make() -> io::Result<Dump> {
    let words = sys::share_words(WORDS)?;
    Ok(*DUMP.get_or_init(|| Dump(words)))
}

/// The memory; `None` outside a worker.
pub(crate) fn get() -> Option<Dump> {
    DUMP.get().copied()
}

impl Dump {
    /// Notes the state of this process. For signal handlers.
    pub(super) fn take(self, registers: &Registers) {
        for (to, from) in self.0[REGISTERS_AT..STACK_AT].iter().zip(registers) {
            to.store(*from, Ordering::Relaxed);
        }
        let start = registers[STACK_POINTER] & !7;
        let stack_bytes = sys::copy_memory(start, &self.0[STACK_AT..MAPS_AT]);
        let Ok(maps) = sys::open_to_read(c"/proc/self/maps") else {
            return;
        };
        let maps_bytes = sys::read_words(maps, &self.0[MAPS_AT..]);
        sys::close(maps);
        self.0[STACK_START].store(start, Ordering::Relaxed);
        self.0[STACK_BYTES].store(stack_bytes as u64, Ordering::Relaxed);
        self.0[MAPS_BYTES].store(maps_bytes as u64, Ordering::Relaxed);
        self.0[IS_THERE].store(1, Ordering::SeqCst);
    }

    /// Whether something was noted.
    pub(super) fn is_there(self) -> bool {
        self.0[IS_THERE].load(Ordering::SeqCst) != 0
    }

    /// What was noted is over.
    pub(super) fn forget(self) {
        self.0[IS_THERE].store(0, Ordering::SeqCst);
    }

    /// What the process that died has left.
    pub(super) fn remains(self) -> Option<CrashDump> {
        if !self.is_there() {
            return None;
        }
        let words = |at: usize, bytes: usize| -> Vec<u64> {
            let word = |word: &AtomicU64| word.load(Ordering::Relaxed);
            let len = self.0[bytes].load(Ordering::Relaxed) as usize;
            self.0[at..]
                .iter()
                .take(len.div_ceil(8))
                .map(word)
                .collect()
        };
        let registers: Vec<u64> = self.0[REGISTERS_AT..STACK_AT]
            .iter()
            .map(|word| word.load(Ordering::Relaxed))
            .collect();
        let stack = words(STACK_AT, STACK_BYTES);
        let maps: Vec<u8> = words(MAPS_AT, MAPS_BYTES)
            .into_iter()
            .flat_map(u64::to_ne_bytes)
            .collect();
        let mut code = code(&String::from_utf8_lossy(&maps));
        code.retain(|mapping| {
            let mut words = registers.iter().chain(&stack);
            words.any(|address| mapping.holds(*address))
        });
        Some(CrashDump {
            registers,
            stack_start: self.0[STACK_START].load(Ordering::Relaxed),
            is_cut: stack.len() == STACK_WORDS,
            stack,
            code,
        })
    }
}

/// The files whose code is mapped, out of `/proc/PID/maps`.
pub(super) fn code(maps: &str) -> Vec<Mapping> {
    let number = |text: &str| u64::from_str_radix(text, 16).ok();
    let mapping = |line: &str| {
        let mut words = line.splitn(6, ' ');
        let (start, end) = words.next()?.split_once('-')?;
        let is_code = words.next()?.contains('x');
        let offset = number(words.next()?)?;
        let file = words.nth(2)?.trim_start();
        (is_code && file.starts_with('/')).then_some(Mapping {
            start: number(start)?,
            end: number(end)?,
            offset,
            file: file.to_owned(),
        })
    };
    maps.lines().filter_map(mapping).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_files_with_code_are_taken_out_of_the_maps() {
        let maps = "55d0-55d8 r--p 00000000 08:01 77                        /bin/a b\n\
                    55d8-55e0 r-xp 00000008 08:01 77                        /bin/a b\n\
                    7f00-7f10 rwxp 00000000 00:00 0 \n\
                    7ffe-7fff r-xp 00000000 00:00 0                         [vdso]\n\
                    cut off";
        let mapping = Mapping {
            start: 0x55d8,
            end: 0x55e0,
            offset: 8,
            file: "/bin/a b".to_owned(),
        };
        assert_eq!(code(maps), [mapping]);
    }

    #[test]
    fn a_dump_holds_the_stack_and_the_code_that_runs() {
        let dump = Dump(sys::share_words(WORDS).unwrap());
        assert_eq!(dump.remains(), None);
        let mark = std::hint::black_box([0xfeed_u64, 0xbeef]);
        sys::with_registers(|registers| dump.take(registers));
        let remains = dump.remains().unwrap();
        let own = std::env::current_exe().unwrap();
        assert!(
            remains
                .code
                .iter()
                .any(|mapping| std::path::Path::new(&mapping.file) == own),
            "{:?}",
            remains.code
        );
        assert!(remains.stack.windows(2).any(|words| words == mark));
        dump.forget();
        assert_eq!(dump.remains(), None);
    }

    #[test]
    fn memory_that_is_not_there_ends_a_copy() {
        let words = sys::share_words(1024).unwrap();
        let wanted = &words[..1024];
        assert_eq!(sys::copy_memory(0, wanted), 0);
        assert_eq!(
            sys::copy_memory(words.as_ptr().addr() as u64, &wanted[..8]),
            64
        );
    }
}
