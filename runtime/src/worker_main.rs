//! The worker program. It is compiled against the prepared runtime library, not by cargo.

/// These functions stand in front of libc's for every library in the process: see `threadbook::worker::hooks`.
mod in_front_of_libc {
    use std::os::raw::c_int;
    use std::os::raw::c_void;

    use threadbook::worker::hooks;

    /// Defines functions of libc that are passed on as they come.
    macro_rules! in_front_of_libc {
        ($($name:ident => $hook:ident($($argument:ident: $type:ty),*) -> $result:ty;)*) => {$(
            /// # Safety
            ///
            /// As libc's.
            #[unsafe(no_mangle)]
            pub unsafe extern "C" fn $name($($argument: $type),*) -> $result {
                // SAFETY: passed on as it came.
                unsafe { hooks::$hook($($argument),*) }
            }
        )*};
    }

    in_front_of_libc! {
        write => write_hook(fd: c_int, buffer: *const c_void, len: usize) -> isize;
        read => read_hook(fd: c_int, buffer: *mut c_void, len: usize) -> isize;
        clock_nanosleep => clock_nanosleep(clock: hooks::Clock, flags: c_int, request: *const hooks::Time, remain: *mut hooks::Time) -> c_int;
        pthread_join => pthread_join(thread: hooks::Thread, value: *mut *mut c_void) -> c_int;
        pthread_mutex_lock => pthread_mutex_lock(mutex: *mut hooks::Mutex) -> c_int;
        pthread_mutex_trylock => pthread_mutex_trylock(mutex: *mut hooks::Mutex) -> c_int;
        pthread_mutex_unlock => pthread_mutex_unlock(mutex: *mut hooks::Mutex) -> c_int;
        pthread_rwlock_unlock => pthread_rwlock_unlock(lock: *mut hooks::RwLock) -> c_int;
        waitpid => waitpid(pid: c_int, status: *mut c_int, options: c_int) -> c_int;
        waitid => waitid(kind: hooks::IdType, id: hooks::Id, info: *mut hooks::SignalInfo, options: c_int) -> c_int;
        epoll_create1 => epoll_create1(flags: c_int) -> c_int;
        poll => poll(fds: *mut hooks::PollFd, count: hooks::Count, timeout_ms: c_int) -> c_int;
        accept4 => accept4(fd: c_int, address: *mut hooks::Address, len: *mut hooks::AddressLen, flags: c_int) -> c_int;
        connect => connect(fd: c_int, address: *const hooks::Address, len: hooks::AddressLen) -> c_int;
        recv => recv(fd: c_int, buffer: *mut c_void, len: usize, flags: c_int) -> isize;
        recvfrom => recvfrom(fd: c_int, buffer: *mut c_void, len: usize, flags: c_int, address: *mut hooks::Address, address_len: *mut hooks::AddressLen) -> isize;
    }
}

fn main() {
    threadbook::worker::main()
}
