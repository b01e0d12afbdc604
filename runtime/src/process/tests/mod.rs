//! Processes outside of a worker.

mod pools;
mod sharing;

use std::collections::HashSet;
use std::rc::Rc;
use std::sync::atomic::AtomicBool;
use std::sync::atomic::Ordering;
use std::time::Duration;

use rand::RngExt as _;
use rayon::prelude::*;

use super::Ended;
use super::Status;

/// Nothing takes so long unless it hangs.
const HANG: Duration = Duration::from_secs(120);

/// Runs until it is ended.
fn endless() {
    while std::hint::black_box(true) {
        std::thread::park();
    }
}

#[test]
fn what_the_closure_borrows_stays_as_it_is_in_the_parent() {
    let mut list = vec![1];
    let shared = Rc::new(5);
    let child = super::spawn(|| {
        list.push(*shared);
        (list.clone(), Rc::strong_count(&shared))
    });
    assert_eq!(child.join(), Ok((vec![1, 5], 1)));
    assert_eq!(list, [1]);
}

#[test]
fn a_value_of_any_size_comes_back() {
    for len in [0, 1, 100_000, 10_000_000] {
        let child = super::spawn(|| vec![7_u8; len]);
        assert_eq!(child.join(), Ok(vec![7_u8; len]));
    }
}

#[test]
fn each_end_is_told() {
    let exited = super::spawn(|| -> u8 { std::process::exit(0) });
    assert_eq!(exited.join(), Err(Ended::Exited(0)));
    let exited = super::spawn(|| -> u8 { std::process::exit(9) });
    assert_eq!(exited.join(), Err(Ended::Exited(9)));
    let aborted = super::spawn(|| -> u8 { std::process::abort() });
    let ended = aborted.join().unwrap_err();
    assert_eq!(ended.signal_name().as_deref(), Some("SIGABRT"));
    let panicked = super::spawn(|| -> u8 { panic!("no {}", "luck") });
    let Err(Ended::Panicked { message, place }) = panicked.join() else {
        panic!("it has panicked");
    };
    assert_eq!(message, "no luck");
    assert!(place.contains("process/tests/mod.rs:"), "{place}");
}

#[test]
fn a_handle_says_in_words_what_its_process_does() {
    let child = super::named("sleeper").spawn(endless);
    let pid = child.pid();
    assert_eq!(child.status(), Status::Running);
    assert_eq!(
        format!("{child:?}"),
        format!("Process(sleeper, pid {pid}, running)")
    );
    assert!(child.is_alive());
    let Err(child) = child.join_within(Duration::from_millis(1)) else {
        panic!("it sleeps");
    };
    child.terminate();
    let ended = child.join_within(HANG).unwrap();
    assert_eq!(ended, Err(Ended::Signal(libc::SIGTERM)));
    let child = super::spawn(|| ());
    super::sys::wait(&[std::os::fd::AsFd::as_fd(&watch(child.pid()))], None);
    assert_eq!(child.status(), Status::Finished);
    assert!(child.to_string().ends_with(", finished)"), "{child}");
}

fn watch(pid: u32) -> std::os::fd::OwnedFd {
    super::sys::watch(pid.cast_signed()).unwrap()
}

#[test]
fn a_process_knows_itself_and_what_it_has_started() {
    assert_eq!(super::current().name(), "main");
    let child = super::named("outer").daemon().spawn(|| {
        let own = super::current();
        let inner = super::named("inner").spawn(|| super::current().name().to_owned());
        let active = super::active().len();
        (
            own.name().to_owned(),
            own.pid(),
            own.is_daemon(),
            active,
            inner.join(),
        )
    });
    let pid = child.pid();
    let expected = ("outer".to_owned(), pid, true, 1, Ok("inner".to_owned()));
    assert_eq!(child.join(), Ok(expected));
}

#[test]
fn rayon_and_tokio_work_in_the_child_of_any_thread() {
    let sum = || (0..10_000_u64).into_par_iter().sum::<u64>();
    let expected = sum();
    assert_eq!(super::spawn(sum).join(), Ok(expected));
    let nested = || super::spawn(sum).join();
    assert_eq!(super::spawn(nested).join(), Ok(Ok(expected)));
    // From a thread of rayon's pool, which in the child belongs to no pool.
    let of_pool: Vec<_> = (0..4)
        .into_par_iter()
        .map(|_| super::spawn(sum).join())
        .collect();
    assert_eq!(of_pool, vec![Ok(expected); 4]);
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let _tokio = runtime.enter();
    let child = super::spawn(|| {
        let handle = tokio::runtime::Handle::current();
        handle.block_on(async {
            tokio::time::sleep_until(tokio::time::Instant::now()).await;
            tokio::spawn(async { 7 }).await.unwrap_or(0)
        })
    });
    assert_eq!(child.join(), Ok(7));
    let of_task =
        runtime.block_on(async { tokio::spawn(async move { super::spawn(sum).join() }).await });
    assert_eq!(of_task.unwrap(), Ok(expected));
}

#[test]
fn random_numbers_differ_between_children() {
    let _: u64 = rand::rng().random();
    let children: Vec<_> = (0..8)
        .map(|_| super::spawn(|| rand::rng().random::<u64>()))
        .collect();
    let numbers: HashSet<u64> = children
        .into_iter()
        .map(|child| child.join().unwrap())
        .collect();
    assert_eq!(numbers.len(), 8);
}

#[test]
fn children_do_not_hang_while_other_threads_print_compute_and_allocate() {
    static STOP: AtomicBool = AtomicBool::new(false);
    std::thread::scope(|scope| {
        scope.spawn(|| {
            while !STOP.load(Ordering::Relaxed) {
                let _ = std::io::Write::flush(&mut std::io::stdout());
                std::hint::black_box(vec![1_u8; 4096]);
            }
        });
        scope.spawn(|| {
            while !STOP.load(Ordering::Relaxed) {
                std::hint::black_box((0..1000_u64).into_par_iter().sum::<u64>());
            }
        });
        for round in 0..200_u64 {
            let child = super::spawn(|| {
                let _ = std::io::Write::flush(&mut std::io::stdout());
                (0..round).into_par_iter().sum::<u64>()
            });
            let joined = child.join_within(HANG).expect("a child hangs");
            assert_eq!(joined, Ok((0..round).sum()));
        }
        STOP.store(true, Ordering::Relaxed);
    });
}

#[test]
fn a_dropped_handle_leaves_no_zombie() {
    let (until, rest) = std::io::pipe().unwrap();
    let child = super::spawn(|| std::io::read_to_string(&until).is_ok());
    let pid = child.pid();
    let watch = watch(pid);
    child.kill();
    drop(child);
    super::sys::wait(&[std::os::fd::AsFd::as_fd(&watch)], None);
    // The thread that takes note of it needs its time.
    let gone = || !std::path::Path::new(&format!("/proc/{pid}")).exists();
    let end = std::time::Instant::now() + HANG;
    while !gone() {
        assert!(std::time::Instant::now() < end, "it is still there");
        std::thread::yield_now();
    }
    drop(rest);
}
