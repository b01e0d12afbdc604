//! Pools outside of a worker.

use std::cell::Cell;
use std::sync::atomic::AtomicU32;
use std::sync::atomic::Ordering;

use rand::RngExt as _;
use rand::SeedableRng as _;
use rand::rngs::StdRng;
use rayon::prelude::*;

use crate::process::Ended;
use crate::process::Pool;
use crate::process::Shared;

#[test]
fn results_come_in_the_order_of_the_items() {
    for workers in [1, 2, 5] {
        for count in [0, 1, 2, 1000] {
            let pool = Pool::new(workers);
            let expected: Vec<u64> = (0..count).map(|n| n * n).collect();
            assert_eq!(pool.map(0..count, |n| n * n), expected);
            let results: Result<Vec<u64>, Ended> = pool.imap(0..count, |n| n * n).collect();
            assert_eq!(results, Ok(expected.clone()));
            let mut results: Vec<u64> =
                pool.imap_unordered(0..count, |n| n * n).flatten().collect();
            results.sort_unstable();
            assert_eq!(results, expected);
        }
    }
}

#[test]
fn each_item_is_done_once_whatever_the_chunk() {
    let counts = Shared::array(997, |_| AtomicU32::new(0));
    let results = Pool::new(3)
        .chunk(10)
        .map(0..997, |n| counts[n].fetch_add(1, Ordering::Relaxed));
    assert_eq!(results, vec![0; 997]);
    assert!(
        counts
            .iter()
            .all(|count| count.load(Ordering::Relaxed) == 1)
    );
}

#[test]
fn a_closure_may_borrow_and_change_and_hold_what_is_no_threads() {
    let factor = std::rc::Rc::new(Cell::new(3));
    let mut calls = 0;
    let results = Pool::new(1).map(&[1, 2, 3], |n| {
        calls += 1;
        (n * factor.get(), calls)
    });
    assert_eq!(results, [(3, 1), (6, 2), (9, 3)]);
    assert_eq!(calls, 0);
}

#[test]
fn an_item_fails_with_its_reason_and_the_others_go_on() {
    let results = Pool::new(2).try_map(0..40_u32, |n| match n {
        3 => panic!("three"),
        5 => std::process::exit(6),
        8 => std::process::abort(),
        n => n,
    });
    for (n, result) in results.iter().enumerate() {
        match (n, result) {
            (3, Err(Ended::Panicked { message, .. })) => assert_eq!(message, "three"),
            (5, ended) => assert_eq!(*ended, Err(Ended::Exited(6))),
            (8, ended) => assert_eq!(*ended, Err(Ended::Signal(libc::SIGABRT))),
            (n, value) => assert_eq!(*value, Ok(n as u32)),
        }
    }
}

#[test]
#[should_panic(expected = "item 1 of the pool's failed: the process exited with code 4")]
fn map_panics_with_the_first_failure() {
    Pool::new(2).map([0, 4], |code| {
        if code > 0 {
            std::process::exit(code)
        }
    });
}

#[test]
fn results_of_any_size_come_back() {
    let results = Pool::new(2).map(0..8_usize, |n| vec![n as u8; n * 100_000]);
    assert!(
        results
            .iter()
            .enumerate()
            .all(|(n, bytes)| bytes.len() == n * 100_000)
    );
}

#[test]
fn an_initializer_that_fails_fails_all() {
    let pool = Pool::new(2).initializer(|| panic!("not ready"));
    let results = pool.try_map(0..5, |n| n);
    assert_eq!(results.len(), 5);
    for result in results {
        assert!(matches!(result, Err(Ended::Panicked { message, .. }) if message == "not ready"));
    }
    let pool = Pool::new(2).initializer(|| std::process::abort());
    assert_eq!(
        pool.try_map(0..5, |n| n),
        vec![Err(Ended::Signal(libc::SIGABRT)); 5]
    );
}

#[test]
fn an_iterator_that_is_dropped_ends_its_workers() {
    let pids = Shared::array(2, |_| AtomicU32::new(0));
    let mut results = Pool::new(2).imap(0..2, |n: usize| {
        pids[n].store(std::process::id(), Ordering::SeqCst);
        if n == 1 {
            super::endless();
        }
    });
    assert_eq!(results.next(), Some(Ok(())));
    drop(results);
    for pid in pids
        .iter()
        .map(|pid| pid.load(Ordering::SeqCst))
        .filter(|pid| *pid != 0)
    {
        // Whoever has adopted it may not have taken note of its end yet.
        if let Ok(watch) = crate::process::sys::watch(pid.cast_signed()) {
            crate::process::sys::wait(&[std::os::fd::AsFd::as_fd(&watch)], Some(super::HANG))
                .expect("it goes on");
        }
    }
}

#[test]
fn rayon_works_in_a_worker() {
    let sum = |n: u64| (0..n).into_par_iter().sum::<u64>();
    sum(10);
    assert_eq!(Pool::new(2).map([10, 100], sum), [45, 4950]);
}

#[test]
fn no_more_run_at_a_time_than_the_pool_has_workers() {
    let running = Shared::new(AtomicU32::new(0));
    let pool = Pool::new(2);
    let processes: Vec<_> = (0..10)
        .map(|_| {
            pool.submit(|| {
                let now = running.fetch_add(1, Ordering::SeqCst) + 1;
                std::thread::yield_now();
                running.fetch_sub(1, Ordering::SeqCst);
                now
            })
        })
        .collect();
    assert!(
        processes
            .into_iter()
            .all(|process| process.join().unwrap() <= 2)
    );
}

/// Workers are killed at random while they work.
#[test]
fn a_pool_survives_random_kills() {
    kill_workers(60);
}

#[test]
#[ignore = "takes minutes"]
fn a_pool_survives_ten_thousand_kills() {
    kill_workers(10_000);
}

fn kill_workers(rounds: u32) {
    let seed: u64 = rand::rng().random();
    println!("seed {seed}");
    let mut rng = StdRng::seed_from_u64(seed);
    for _ in 0..rounds {
        let workers = rng.random_range(1..4);
        let count = rng.random_range(1..200_u32);
        let deadly = rng.random_range(0..count);
        let chunk = rng.random_range(1..20);
        let results = Pool::new(workers).chunk(chunk).try_map(0..count, |n| {
            if n == deadly {
                crate::worker::sys::kill(std::process::id().cast_signed(), libc::SIGKILL);
            }
            n
        });
        for (n, result) in (0..).zip(results) {
            let expected = if n == deadly {
                Err(Ended::Signal(libc::SIGKILL))
            } else {
                Ok(n)
            };
            assert_eq!(result, expected, "seed {seed}");
        }
    }
}
