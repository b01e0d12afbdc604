//! Exceptions end processes; their codes are the exit codes.

use windows_sys::Win32::Foundation::NTSTATUS;
use windows_sys::Win32::Foundation::STATUS_ACCESS_VIOLATION;
use windows_sys::Win32::Foundation::STATUS_BREAKPOINT;
use windows_sys::Win32::Foundation::STATUS_CONTROL_C_EXIT;
use windows_sys::Win32::Foundation::STATUS_ILLEGAL_INSTRUCTION;
use windows_sys::Win32::Foundation::STATUS_IN_PAGE_ERROR;
use windows_sys::Win32::Foundation::STATUS_INTEGER_DIVIDE_BY_ZERO;
use windows_sys::Win32::Foundation::STATUS_NO_MEMORY;
use windows_sys::Win32::Foundation::STATUS_STACK_BUFFER_OVERRUN;
use windows_sys::Win32::Foundation::STATUS_STACK_OVERFLOW;

use crate::worker::Death;

/// What `abort` ends a process with: a request to end it at once, without any handlers.
const ABORT: NTSTATUS = STATUS_STACK_BUFFER_OVERRUN;

/// The name of what ended a process, and its meaning; nothing where the process has ended itself.
pub(in crate::evaluator) fn of(death: &Death) -> Option<(String, &'static str)> {
    let code = death.code?;
    let (name, meaning) = match code {
        ABORT => ("abort", "for example a panic while dropping"),
        STATUS_ACCESS_VIOLATION => ("an access violation", "invalid memory access"),
        STATUS_STACK_OVERFLOW => ("a stack overflow", "a recursion without end"),
        STATUS_ILLEGAL_INSTRUCTION => ("an exception", "illegal instruction"),
        STATUS_BREAKPOINT => ("an exception", "trap"),
        STATUS_IN_PAGE_ERROR => ("an exception", "a file's page could not be read"),
        STATUS_INTEGER_DIVIDE_BY_ZERO => ("an exception", "arithmetic error"),
        STATUS_NO_MEMORY => ("an exception", "the system had no memory left"),
        STATUS_CONTROL_C_EXIT => ("Ctrl-C", "interrupted"),
        // The highest two bits of an exception's code say that it is an error.
        _ if code.cast_unsigned() >> 30 == 0b11 => {
            let name = format!("the exception {:#010X}", code.cast_unsigned());
            return Some((name, "see the list of NTSTATUS values"));
        }
        _ => return None,
    };
    Some((name.to_owned(), meaning))
}

/// Whether the process called for its own end.
pub(in crate::evaluator) fn is_abort(death: &Death) -> bool {
    death.code == Some(ABORT)
}

/// Whether another process, or the system, wanted its end: nothing tells.
pub(in crate::evaluator) fn is_kill(_: &Death) -> bool {
    false
}
