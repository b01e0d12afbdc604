//! Queues, locks and shared memory outside of a worker.

use std::collections::BTreeMap;
use std::sync::atomic::AtomicBool;
use std::sync::atomic::AtomicU64;
use std::sync::atomic::Ordering;
use std::time::Duration;

use rand::Rng as _;
use rand::RngExt as _;
use rand::SeedableRng as _;
use rand::rngs::StdRng;

use super::HANG;
use crate::process;
use crate::process::Lock;
use crate::process::Queue;
use crate::process::Shared;

#[test]
fn a_queue_keeps_the_order_of_each_writer() {
    let queue = Queue::new();
    let writers: Vec<_> = (0..3_u32)
        .map(|writer| {
            process::spawn({
                let queue = &queue;
                move || (0..5000_u32).for_each(|number| queue.put(&(writer, number)))
            })
        })
        .collect();
    let mut next = [0; 3];
    for _ in 0..15_000 {
        let (writer, number) = queue.get_within(HANG).expect("a number is missing");
        assert_eq!(number, next[writer as usize]);
        next[writer as usize] += 1;
    }
    assert_eq!(queue.try_get(), None);
    assert!(writers.into_iter().all(|writer| writer.join().is_ok()));
}

#[test]
fn a_value_larger_than_the_queue_passes() {
    let queue = Queue::new();
    let text = "x".repeat(5_000_000);
    let child = process::spawn(|| queue.put(&text));
    assert_eq!(queue.get_within(HANG).as_deref(), Some(text.as_str()));
    assert_eq!(child.join(), Ok(()));
}

#[test]
fn a_queue_in_which_nothing_is_gives_nothing() {
    let queue = Queue::<String>::new();
    assert_eq!(queue.try_get(), None);
    assert_eq!(queue.get_within(Duration::from_millis(1)), None);
    assert!(queue.is_empty());
    queue.put(&"a".to_owned());
    assert!(!queue.is_empty());
    assert_eq!(queue.try_get().as_deref(), Some("a"));
}

#[test]
fn one_holds_a_lock_at_a_time() {
    let lock = Lock::new(0_u32);
    let children: Vec<_> = (0..4)
        .map(|_| process::spawn(|| (0..500).for_each(|_| *lock.lock().unwrap() += 1)))
        .collect();
    assert!(children.into_iter().all(|child| child.join().is_ok()));
    assert_eq!(*lock.lock().unwrap(), 2000);
}

#[test]
fn a_lock_holds_values_that_grow_and_shrink() {
    let lock = Lock::new(BTreeMap::new());
    for round in 0..50_usize {
        let child = process::spawn(|| {
            let mut map = lock.lock().unwrap();
            map.insert(round % 7, "x".repeat(round * 1000 % 7919));
        });
        assert_eq!(child.join(), Ok(()));
        let map = lock.lock().unwrap();
        assert_eq!(map[&(round % 7)].len(), round * 1000 % 7919);
    }
}

#[test]
fn a_holder_that_dies_is_an_error_once_and_its_change_is_lost() {
    let lock = Lock::new(vec![1]);
    let child = process::spawn(|| -> () {
        lock.lock().unwrap().push(2);
        let mut guard = lock.lock().unwrap();
        guard.push(3);
        std::process::abort();
    });
    assert!(child.join().is_err());
    assert!(lock.lock().is_err());
    assert_eq!(*lock.lock().unwrap(), [1, 2]);
}

#[test]
fn a_lock_that_is_held_is_not_waited_for() {
    let lock = Lock::new(1);
    let guard = lock.lock().unwrap();
    let child = process::spawn(|| lock.try_lock().unwrap().is_none());
    assert_eq!(child.join(), Ok(true));
    assert_eq!(format!("{lock:?}"), "Lock(held)");
    drop(guard);
    assert_eq!(format!("{lock:?}"), "Lock(1)");
}

#[test]
#[should_panic(expected = "this thread holds the lock already")]
fn a_lock_that_the_thread_holds_is_a_panic() {
    let lock = Lock::new(());
    let _guard = lock.lock().unwrap();
    let _ = lock.lock();
}

#[test]
fn a_queue_and_a_lock_survive_random_kills() {
    kill_writers(200);
    kill_readers(200);
}

#[test]
#[ignore = "takes minutes"]
fn a_queue_and_a_lock_survive_ten_thousand_kills() {
    kill_writers(5000);
    kill_readers(5000);
}

fn random() -> (u64, StdRng) {
    let seed: u64 = rand::rng().random();
    println!("seed {seed}");
    (seed, StdRng::seed_from_u64(seed))
}

/// A reader is killed at random: nothing is given twice, at most the value that it had in hand is lost, and the queue goes on.
fn kill_readers(rounds: u32) {
    let (seed, mut rng) = random();
    for round in 0..rounds {
        let queue = Queue::new();
        let given = Shared::new(AtomicU64::new(0));
        let len = [10, 1000, 40_000][rng.random_range(0..3)];
        let victim = process::spawn(|| -> () {
            loop {
                let (number, _): (u64, Vec<u8>) = queue.get();
                given.store(number, Ordering::SeqCst);
            }
        });
        let count = rng.random_range(1..100_u64);
        for number in 1..=count {
            queue.put(&(number, vec![number as u8; len]));
        }
        for _ in 0..rng.next_u32() % 2000 {
            std::hint::spin_loop();
        }
        victim.kill();
        assert!(victim.join_within(HANG).expect("it was killed").is_err());
        let mut next = None;
        while let Some((number, bytes)) = queue.try_get() {
            let given = given.load(Ordering::SeqCst);
            let is_right =
                next.map_or(number > given && number <= given + 2, |next| number == next);
            assert!(
                is_right,
                "seed {seed}, round {round}: {number} after {given}"
            );
            assert_eq!(bytes, vec![number as u8; len], "seed {seed}, round {round}");
            next = Some(number + 1);
        }
        queue.put(&(77, vec![7]));
        assert_eq!(
            queue.get_within(HANG),
            Some((77, vec![7])),
            "seed {seed}, round {round}"
        );
    }
}

/// A writer is killed at random: what comes out was put in, each value once, and nothing hangs.
fn kill_writers(rounds: u32) {
    let (seed, mut rng) = random();
    for round in 0..rounds {
        let queue = Queue::new();
        let lock = Lock::new((0_u64, 0_u64));
        let goes = Shared::new(AtomicBool::new(false));
        let len = [10, 1000, 300_000][rng.random_range(0..3)];
        let victim = process::spawn(|| {
            goes.store(true, Ordering::SeqCst);
            for number in 0.. {
                queue.put(&(number, vec![number as u8; len]));
                if let Ok(mut pair) = lock.lock() {
                    pair.0 += 1;
                    pair.1 += 1;
                }
            }
        });
        while !goes.load(Ordering::SeqCst) {
            std::thread::yield_now();
        }
        let wanted = rng.random_range(0..20_u64);
        let mut next = 0;
        while next < wanted {
            let (number, bytes): (u64, Vec<u8>) = queue.get_within(HANG).expect("the queue hangs");
            assert_eq!(
                (number, bytes),
                (next, vec![number as u8; len]),
                "seed {seed}, round {round}"
            );
            next += 1;
        }
        for _ in 0..rng.next_u32() % 2000 {
            std::hint::spin_loop();
        }
        victim.kill();
        assert!(victim.join_within(HANG).expect("it was killed").is_err());
        // What it has put stays, to the last whole one; then the queue works on.
        while let Some((number, bytes)) = queue.try_get() {
            assert_eq!(
                (number, bytes),
                (next, vec![number as u8; len]),
                "seed {seed}, round {round}"
            );
            next += 1;
        }
        queue.put(&(77, vec![7]));
        assert_eq!(
            queue.get_within(HANG),
            Some((77, vec![7])),
            "seed {seed}, round {round}"
        );
        let pair = match lock.lock() {
            Ok(pair) => *pair,
            Err(_) => *lock.lock().unwrap(),
        };
        assert_eq!(pair.0, pair.1, "seed {seed}, round {round}");
    }
}
