//! The time of day, as a person's clock shows it.

use std::time::SystemTime;
use std::time::UNIX_EPOCH;

/// The local time, as `12:31:05`.
pub(super) fn now() -> String {
    let since = SystemTime::now().duration_since(UNIX_EPOCH);
    let seconds = since.map_or(0, |since| since.as_secs());
    let (hour, minute, second) = local(seconds);
    format!("{hour:02}:{minute:02}:{second:02}")
}

/// Hour, minute and second of a moment in the system's zone; in UTC where the system has none.
fn local(seconds: u64) -> (u64, u64, u64) {
    let time = libc::time_t::try_from(seconds).unwrap_or_default();
    // SAFETY: all fields are numbers, and a pointer that may be null.
    let mut parts: libc::tm = unsafe { std::mem::zeroed() };
    // SAFETY: both point at values that live through the call, and only the second is written to.
    let found = unsafe { libc::localtime_r(&raw const time, &raw mut parts) };
    if found.is_null() {
        return (seconds / 3600 % 24, seconds / 60 % 60, seconds % 60);
    }
    let number = |field: libc::c_int| u64::try_from(field).unwrap_or_default();
    (
        number(parts.tm_hour),
        number(parts.tm_min),
        number(parts.tm_sec),
    )
}

#[cfg(test)]
mod tests {
    use super::local;

    #[test]
    fn a_moment_has_the_minutes_and_seconds_of_its_zone() {
        let (hour, minute, second) = local(1_700_000_096);
        assert!(hour < 24 && minute < 60);
        // Today, no time zone has an offset with a part of a minute.
        assert_eq!(second, 56);
    }
}
