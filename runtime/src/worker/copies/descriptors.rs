//! What a copy of the process would otherwise share with it, and change under it: epoll sets and event counters.
//!
//! tokio's threads wait on these. The copy makes its own, with the same contents under the same numbers, right after
//! it was made, so that what the process does later does not reach it. What lies outside, such as a socket's data, is
//! shared and can't be taken back. Nothing here allocates: see [`super::threads`].

use std::io;
use std::os::fd::AsRawFd;
use std::os::fd::FromRawFd;
use std::os::fd::OwnedFd;
use std::os::fd::RawFd;

use super::raw;
use super::raw::Digits;
use crate::worker::sys;

/// More of either kind than this stay shared.
const MOST: usize = 64;

#[derive(Clone, Copy, Default)]
struct Known {
    fd: RawFd,
    /// Two descriptors with the same one are two names of one object.
    identity: u64,
}

/// Gives this process its own epoll sets and event counters.
pub(super) fn make_private() {
    make_own(true);
}

/// Gives this process its own epoll sets. Event counters may be how it is to talk to its parent.
pub(in crate::worker) fn own_epoll_sets() {
    make_own(false);
}

fn make_own(counters_too: bool) {
    let Some(fds) = raw::open_at(libc::AT_FDCWD, c"/proc/self/fd", libc::O_DIRECTORY) else {
        return;
    };
    let mut counters = [0; MOST];
    let mut sets = [0; MOST];
    let (mut counter_count, mut set_count) = (0, 0);
    raw::for_each_number(fds, |fd| {
        let (list, count) = match raw::link_at(fds, Digits::new(fd).as_c_str()).as_bytes() {
            b"anon_inode:[eventfd]" if counters_too => (&mut counters, &mut counter_count),
            b"anon_inode:[eventpoll]" => (&mut sets, &mut set_count),
            _ => return,
        };
        if let Some(entry) = list.get_mut(*count) {
            *entry = fd;
            *count += 1;
        }
    });
    sys::close(fds);
    let infos = raw::open_at(libc::AT_FDCWD, c"/proc/self/fdinfo", libc::O_DIRECTORY);
    let Some(infos) = infos else {
        return;
    };
    // The counters first: the sets then refer to the new ones.
    replace(infos, &counters[..counter_count], new_counter);
    replace(infos, &sets[..set_count], new_set);
    sys::close(infos);
}

/// Puts a new object in the place of each old one; descriptors that were names of one object stay so.
fn replace(infos: RawFd, fds: &[RawFd], make: impl Fn(&[u8]) -> Option<(RawFd, u64)>) {
    let mut done = [Known::default(); MOST];
    for (index, fd) in fds.iter().enumerate() {
        let mut buffer = [0; 16 * 1024];
        let info = raw::read_at(infos, Digits::new(*fd).as_c_str(), &mut buffer);
        let Some((made, identity)) = info.and_then(&make) else {
            continue;
        };
        let twin = done[..index]
            .iter()
            .find(|known| known.identity == identity);
        let _ = sys::dup_onto_private(twin.map_or(made, |twin| twin.fd), *fd);
        sys::close(made);
        done[index] = Known { fd: *fd, identity };
    }
}

/// A counter with the same value, and the number that the kernel gave the old one.
fn new_counter(info: &[u8]) -> Option<(RawFd, u64)> {
    let count = raw::field(info, b"eventfd-count:").and_then(raw::hex)?;
    let identity = raw::field(info, b"eventfd-id:").and_then(raw::number)?;
    let flags = raw::field(info, b"flags:").and_then(|text| raw::digits(text, 8))?;
    let semaphore = raw::field(info, b"eventfd-semaphore:").and_then(raw::number) == Some(1);
    let mut flags = flags as i32 & (libc::EFD_NONBLOCK | libc::EFD_CLOEXEC);
    if semaphore {
        flags |= libc::EFD_SEMAPHORE;
    }
    // SAFETY: numbers only.
    let fd = unsafe { libc::eventfd(count as u32, flags) };
    (fd >= 0).then_some((fd, identity))
}

/// A set with the same entries, and a number made of them: their data are addresses, so no other set has the same.
fn new_set(info: &[u8]) -> Option<(RawFd, u64)> {
    // SAFETY: numbers only.
    let set = unsafe { libc::epoll_create1(libc::EPOLL_CLOEXEC) };
    if set < 0 {
        return None;
    }
    let mut identity = 0xcbf2_9ce4_8422_2325_u64;
    for line in info.split(|byte| *byte == b'\n') {
        let fd = raw::field(line, b"tfd:").and_then(raw::number);
        let events = raw::field(line, b"events:").and_then(raw::hex);
        let data = raw::field(line, b"data:").and_then(raw::hex);
        if let (Some(fd), Some(events), Some(data)) = (fd, events, data) {
            for part in [fd, events, data] {
                identity = (identity ^ part).wrapping_mul(0x0000_0100_0000_01b3);
            }
            let mut event = libc::epoll_event {
                events: events as u32,
                u64: data,
            };
            // SAFETY: the event lives through the call. A descriptor that is gone is refused.
            unsafe { libc::epoll_ctl(set, libc::EPOLL_CTL_ADD, fd as RawFd, &raw mut event) };
        }
    }
    Some((set, identity))
}

/// An epoll set that watches an event counter, for the [self-test](super::self_test).
pub(super) struct Watched {
    set: OwnedFd,
    counter: OwnedFd,
}

impl Watched {
    const DATA: u64 = 0xfeed_5eed;

    pub(super) fn new() -> io::Result<Watched> {
        // SAFETY: numbers only; what is made is owned from here. The event lives through the call.
        unsafe {
            let own = |fd| match fd {
                0.. => Ok(OwnedFd::from_raw_fd(fd)),
                _ => Err(io::Error::last_os_error()),
            };
            let counter = own(libc::eventfd(0, libc::EFD_CLOEXEC | libc::EFD_NONBLOCK))?;
            let set = own(libc::epoll_create1(libc::EPOLL_CLOEXEC))?;
            let mut event = libc::epoll_event {
                events: libc::EPOLLIN as u32,
                u64: Watched::DATA,
            };
            let (to, of) = (set.as_raw_fd(), counter.as_raw_fd());
            match libc::epoll_ctl(to, libc::EPOLL_CTL_ADD, of, &raw mut event) {
                0 => Ok(Watched { set, counter }),
                _ => Err(io::Error::last_os_error()),
            }
        }
    }

    /// In the copy: adds to the counter, and checks that the set shows it.
    pub(super) fn signal_and_check(&self) -> Result<(), String> {
        let added = sys::write_all(self.counter.as_raw_fd(), &1_u64.to_ne_bytes());
        match added.is_ok() && self.has_event() {
            true => Ok(()),
            false => Err("an epoll set does not watch what it watched".to_owned()),
        }
    }

    /// In the process: checks that nothing of the copy has come here.
    pub(super) fn check_untouched(&self) -> Result<(), String> {
        match self.has_event() {
            false => Ok(()),
            true => Err("an event counter of a copy is shared with the process".to_owned()),
        }
    }

    fn has_event(&self) -> bool {
        let mut event = libc::epoll_event { events: 0, u64: 0 };
        // SAFETY: there is room for one event.
        let count = unsafe { libc::epoll_wait(self.set.as_raw_fd(), &raw mut event, 1, 0) };
        let data = event.u64;
        count == 1 && data == Watched::DATA
    }
}
