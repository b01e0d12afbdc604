//! System calls for a time in which nothing may be allocated and no lock be taken: other threads are stopped, and may
//! hold the allocator's.

use std::ffi::CStr;
use std::os::fd::RawFd;

use crate::worker::sys;

/// The calling thread.
pub(crate) fn thread_id() -> i32 {
    // SAFETY: takes nothing and can't fail.
    unsafe { libc::syscall(libc::SYS_gettid) as i32 }
}

/// Signals a thread of this process; whether it was there.
pub(crate) fn signal_thread(thread: i32, signal: i32) -> bool {
    // SAFETY: numbers only. A number of a thread that has ended is refused, since the process is this one.
    unsafe { libc::syscall(libc::SYS_tgkill, libc::getpid(), thread, signal) == 0 }
}

/// Writes a short text into a file.
pub(crate) fn write_file(path: &CStr, text: &[u8]) {
    // SAFETY: the path ends in a zero byte and the text is as long as said; both live through the calls.
    unsafe {
        let flags = libc::O_WRONLY | libc::O_CLOEXEC;
        let fd = libc::syscall(libc::SYS_openat, libc::AT_FDCWD, path.as_ptr(), flags);
        if fd >= 0 {
            libc::syscall(libc::SYS_write, fd, text.as_ptr(), text.len());
            sys::close(fd as RawFd);
        }
    }
}

/// Opens a file for reading, relative to a folder.
pub(crate) fn open_at(folder: RawFd, path: &CStr, flags: i32) -> Option<RawFd> {
    // SAFETY: the path ends in a zero byte and lives through the call.
    let fd = unsafe {
        libc::syscall(
            libc::SYS_openat,
            folder,
            path.as_ptr(),
            libc::O_RDONLY | libc::O_CLOEXEC | flags,
        )
    };
    (fd >= 0).then_some(fd as RawFd)
}

/// Reads the beginning of a small file.
pub(crate) fn read_at<'a>(folder: RawFd, path: &CStr, buffer: &'a mut [u8]) -> Option<&'a [u8]> {
    let fd = open_at(folder, path, 0)?;
    // SAFETY: the buffer is ours and as long as stated.
    let read = unsafe { libc::syscall(libc::SYS_read, fd, buffer.as_mut_ptr(), buffer.len()) };
    sys::close(fd);
    buffer.get(..usize::try_from(read).ok()?)
}

/// Where a symbolic link leads; the beginning of it where it is long.
pub(crate) struct Link {
    text: [u8; 64],
    len: usize,
}

impl Link {
    pub(crate) fn as_bytes(&self) -> &[u8] {
        &self.text[..self.len]
    }
}

/// Reads a symbolic link in a folder. Empty where there is none.
pub(crate) fn link_at(folder: RawFd, path: &CStr) -> Link {
    let mut text = [0; 64];
    // SAFETY: the path ends in a zero byte, the buffer is ours and as long as said; both live through the call.
    let len = unsafe {
        libc::syscall(
            libc::SYS_readlinkat,
            folder,
            path.as_ptr(),
            text.as_mut_ptr(),
            text.len(),
        )
    };
    Link {
        text,
        len: usize::try_from(len).unwrap_or(0).min(text.len()),
    }
}

/// How many threads the process has.
pub(crate) fn count_threads() -> Option<usize> {
    let mut buffer = [0; 4096];
    let status = read_at(libc::AT_FDCWD, c"/proc/self/status", &mut buffer)?;
    field(status, b"Threads:")
        .and_then(number)
        .map(|count| count as usize)
}

/// Calls back with each number that names an entry of the folder. A list of threads may lack some if one ends
/// meanwhile.
pub(crate) fn for_each_number(folder: RawFd, mut found: impl FnMut(i32)) {
    const NAME: usize = 19;
    let mut buffer = Aligned([0; 4096]);
    // A folder that was read before is read from its start.
    // SAFETY: numbers only.
    unsafe { libc::syscall(libc::SYS_lseek, folder, 0, libc::SEEK_SET) };
    loop {
        // SAFETY: the buffer is ours and as long as stated.
        let read = unsafe {
            libc::syscall(
                libc::SYS_getdents64,
                folder,
                buffer.0.as_mut_ptr(),
                buffer.0.len(),
            )
        };
        let Some(mut rest) = usize::try_from(read).ok().and_then(|n| buffer.0.get(..n)) else {
            return;
        };
        if rest.is_empty() {
            return;
        }
        while rest.len() > NAME {
            let len = usize::from(u16::from_ne_bytes([rest[16], rest[17]]));
            let Some(entry) = rest.get(..len.max(NAME)) else {
                return;
            };
            if let Some(number) = number(&entry[NAME..]) {
                found(number as i32);
            }
            rest = &rest[entry.len()..];
        }
    }
}

/// The decimal number that the bytes begin with.
pub(crate) fn number(bytes: &[u8]) -> Option<u64> {
    digits(bytes, 10)
}

/// The number of this radix that the bytes begin with.
pub(crate) fn digits(bytes: &[u8], radix: u32) -> Option<u64> {
    let digits = bytes
        .iter()
        .map_while(|byte| char::from(*byte).to_digit(radix));
    digits.fold(None, |sum, digit| {
        let sum = sum.unwrap_or(0_u64).wrapping_mul(radix.into());
        Some(sum.wrapping_add(digit.into()))
    })
}

/// The hexadecimal number that the bytes begin with.
pub(crate) fn hex(bytes: &[u8]) -> Option<u64> {
    digits(bytes, 16)
}

/// What follows the name of a field, after blanks.
pub(crate) fn field<'a>(text: &'a [u8], name: &[u8]) -> Option<&'a [u8]> {
    let at = text.windows(name.len()).position(|part| part == name)?;
    let rest = &text[at + name.len()..];
    let blanks = rest.iter().take_while(|byte| byte.is_ascii_whitespace());
    Some(&rest[blanks.count()..])
}

/// A number as text that ends in a zero byte.
pub(crate) struct Digits([u8; 12]);

impl Digits {
    pub(crate) fn new(mut number: i32) -> Digits {
        let mut text = [0; 12];
        let mut at = 11;
        loop {
            at -= 1;
            text[at] = b'0' + (number % 10) as u8;
            number /= 10;
            if number == 0 {
                break;
            }
        }
        text.copy_within(at.., 0);
        Digits(text)
    }

    pub(crate) fn as_c_str(&self) -> &CStr {
        CStr::from_bytes_until_nul(&self.0).unwrap_or_default()
    }
}

#[repr(align(8))]
struct Aligned([u8; 4096]);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_read_and_written() {
        for value in [0, 7, 10, 4_194_304, i32::MAX] {
            let digits = Digits::new(value);
            assert_eq!(digits.as_c_str().to_str().unwrap(), value.to_string());
            assert_eq!(number(digits.as_c_str().to_bytes()), Some(value as u64));
        }
        assert_eq!(number(b"x"), None);
        assert_eq!(hex(b"1f\n"), Some(0x1f));
        assert_eq!(
            field(b"a:\t1\nSigBlk:\t00f0\n", b"SigBlk:").and_then(hex),
            Some(0xf0)
        );
    }

    #[test]
    fn a_folder_of_numbers_is_listed() {
        let folder = open_at(libc::AT_FDCWD, c"/proc/self/task", libc::O_DIRECTORY).unwrap();
        for _ in 0..2 {
            // Threads of other tests end at the same time. Therefore a list may be incomplete.
            let own = (0..100).any(|_| {
                let mut own = false;
                for_each_number(folder, |number| own |= number == thread_id());
                own
            });
            assert!(own);
        }
        super::sys::close(folder);
    }
}
