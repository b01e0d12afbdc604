//! The guarantees of a pool, including failures.

use std::sync::Arc;
use std::sync::Barrier;
use std::sync::atomic::AtomicUsize;
use std::sync::atomic::Ordering;
use std::sync::mpsc;
use std::time::Duration;

use super::*;

/// Counts the existing values of this type.
struct Alive(Arc<AtomicUsize>);

impl Alive {
    fn new(count: &Arc<AtomicUsize>) -> Alive {
        count.fetch_add(1, Ordering::SeqCst);
        Alive(Arc::clone(count))
    }
}

impl Drop for Alive {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::SeqCst);
    }
}

#[test]
fn a_map_gives_all_results_in_order() {
    for (workers, ahead, items) in [
        (1, 1, 0),
        (1, 1, 10),
        (3, 2, 100),
        (2, 64, 1000),
        (8, 7, 50),
    ] {
        let pool = ThreadPoolExecutor::new(workers);
        let results: Vec<usize> = pool.map(0..items, |n| n * 2).ahead(ahead).collect();
        let expected: Vec<usize> = (0..items).map(|n| n * 2).collect();
        assert_eq!(results, expected, "{workers} threads, {ahead} ahead");
    }
}

#[test]
fn a_map_takes_nothing_before_it_is_asked_and_no_more_than_it_may() {
    let taken = Arc::new(AtomicUsize::new(0));
    let count = Arc::clone(&taken);
    let items = std::iter::from_fn(move || Some(count.fetch_add(1, Ordering::SeqCst)));
    let pool = ThreadPoolExecutor::new(2);
    let mut map = pool.map(items, |n| n).ahead(10);
    assert_eq!(taken.load(Ordering::SeqCst), 0);
    for expected in 0..100 {
        assert_eq!(map.next(), Some(expected));
        let ahead = taken.load(Ordering::SeqCst) - expected;
        assert!((1..=10).contains(&ahead), "{ahead}");
    }
    assert!(format!("{map:?}").starts_with("Map("), "{map:?}");
    assert_eq!(map.size_hint().1, None);
}

#[test]
fn items_that_need_each_other_run_at_once() {
    // Two items wait for each other, after fast ones. Neither may be queued behind the other on one thread.
    let barrier = Barrier::new(2);
    let total: usize = ThreadPoolExecutor::scope(2, |pool| {
        let quick = pool.map(0..10_000, |n| n).count();
        let pairs = pool.map(0..2000, |_| {
            barrier.wait();
            1
        });
        quick + pairs.sum::<usize>()
    });
    assert_eq!(total, 12_000);
}

#[test]
fn a_result_comes_before_the_items_behind_it_are_done() {
    let (go_tx, go_rx) = mpsc::channel();
    let go_rx = parking_lot::Mutex::new(go_rx);
    let pool = ThreadPoolExecutor::new(1);
    let mut map = pool.map(0..2, move |n| {
        if n == 1 {
            go_rx.lock().recv().unwrap();
        }
        n
    });
    assert_eq!(map.next(), Some(0));
    go_tx.send(()).unwrap();
    assert_eq!(map.next(), Some(1));
    assert_eq!(map.next(), None);
    assert_eq!(map.next(), None);
}

#[test]
fn a_panic_of_one_item_is_that_items_and_the_others_go_on() {
    let pool = ThreadPoolExecutor::new(2);
    let results: Vec<_> = pool
        .try_map(0..6, |n| match n % 3 {
            1 => panic!("no {n}"),
            _ => n,
        })
        .map(|result| result.map_err(|panicked| panicked.message().to_owned()))
        .collect();
    let bad = |n: i32| Err(format!("no {n}"));
    assert_eq!(results, [Ok(0), bad(1), Ok(2), Ok(3), bad(4), Ok(5)]);

    let mut map = pool.map(0..3, |n| match n {
        1 => panic!("no {n}"),
        _ => n,
    });
    assert_eq!(map.next(), Some(0));
    let caught = crate::panics::catch(|| map.next()).unwrap_err();
    assert!(caught.panicked.message().ends_with("panicked: no 1"));
    assert_eq!(map.next(), Some(2));
    assert_eq!(map.next(), None);
}

#[test]
fn a_panic_of_the_items_loses_none_that_came_before() {
    let mut count = 0;
    let items = std::iter::from_fn(move || {
        count += 1;
        match count {
            3 => panic!("the items fail"),
            6 => None,
            count => Some(count),
        }
    });
    let pool = ThreadPoolExecutor::new(1);
    let mut map = pool.map(items, |n| n);
    let caught = crate::panics::catch(|| map.next()).unwrap_err();
    assert_eq!(caught.panicked.message(), "the items fail");
    assert_eq!(map.collect::<Vec<_>>(), [1, 2, 4, 5]);
}

#[test]
fn a_map_outlives_its_pool_and_drops_what_it_owns() {
    let alive = Arc::new(AtomicUsize::new(0));
    let items: Vec<Alive> = (0..500).map(|_| Alive::new(&alive)).collect();
    let of_function = Alive::new(&alive);
    let mut map = ThreadPoolExecutor::new(2).map(items, move |item| {
        let _owned = &of_function;
        item
    });
    assert_eq!(map.by_ref().take(100).count(), 100);
    assert_eq!(alive.load(Ordering::SeqCst), 401);
    drop(map);
    assert_eq!(alive.load(Ordering::SeqCst), 0);
}

#[test]
fn dropping_a_pool_waits_for_all_of_its_tasks() {
    let done = Arc::new(AtomicUsize::new(0));
    let pool = ThreadPoolExecutor::new(2);
    for number in 0..100 {
        let done = Arc::clone(&done);
        pool.submit(move || {
            if number % 10 == 0 {
                panic!("one of ten");
            }
            done.fetch_add(1, Ordering::SeqCst);
        });
    }
    drop(pool);
    assert_eq!(done.load(Ordering::SeqCst), 90);
}

#[test]
fn a_pool_may_be_dropped_on_a_thread_of_its_own() {
    let pool = ThreadPoolExecutor::new(1);
    let (tell_tx, tell_rx) = mpsc::channel();
    let (own_tx, own_rx) = mpsc::channel::<Map<'static, u8>>();
    pool.submit(move || {
        drop(own_rx.recv());
        tell_tx.send(()).unwrap();
    });
    own_tx.send(pool.map(0..3, |n| n)).unwrap();
    drop(pool);
    tell_rx.recv().unwrap();
}

#[test]
fn a_task_is_cancelled_only_before_it_runs() {
    let (began_tx, began_rx) = mpsc::channel();
    let (go_tx, go_rx) = mpsc::channel::<()>();
    let pool = ThreadPoolExecutor::new(1);
    let first = pool.submit(move || {
        began_tx.send(()).unwrap();
        go_rx.recv().is_err()
    });
    began_rx.recv().unwrap();
    let alive = Arc::new(AtomicUsize::new(0));
    let owned = Alive::new(&alive);
    let second = pool.submit(move || drop(owned));
    assert_eq!(format!("{first:?}"), "Pending(runs)");
    assert_eq!(format!("{second:?}"), "Pending(waits for a thread)");
    assert!(!first.is_done() && !second.is_done());
    second.cancel().unwrap();
    let first = first.cancel().unwrap_err();
    let first = first.result_within(Duration::from_millis(1)).unwrap_err();
    drop(go_tx);
    assert!(first.result().unwrap());
    drop(pool);
    assert_eq!(alive.load(Ordering::SeqCst), 0);
}

#[test]
fn a_pending_says_what_became_of_it() {
    let pool = ThreadPoolExecutor::new(1);
    let bad = pool.submit(|| -> u8 { panic!("boom") });
    let good = pool.submit(|| 5);
    // The pool has one thread. When a later task has ended, the earlier ones have ended too.
    pool.submit(|| ()).result().unwrap();
    assert!(bad.is_done() && good.is_done());
    assert_eq!(format!("{bad:?}"), "Pending(panicked: boom)");
    assert_eq!(format!("{good:?}"), "Pending(done)");
    let good = good.result_within(Duration::ZERO).unwrap();
    assert_eq!(good.unwrap(), 5);
    assert_eq!(
        bad.cancel().unwrap_err().result().unwrap_err().message(),
        "boom"
    );
}

#[test]
fn results_come_as_they_end() {
    let (go_tx, go_rx) = mpsc::channel::<()>();
    let pool = ThreadPoolExecutor::new(2);
    let slow = pool.submit(move || {
        let _ = go_rx.recv();
        0
    });
    let quick: Vec<_> = (1..5).map(|n| pool.submit(move || n)).collect();
    let mut results = as_completed(std::iter::once(slow).chain(quick));
    assert_eq!(results.len(), 5);
    let mut first: Vec<i32> = results.by_ref().take(4).map(Result::unwrap).collect();
    first.sort_unstable();
    assert_eq!(first, [1, 2, 3, 4]);
    assert_eq!(format!("{results:?}"), "AsCompleted(1 tasks left)");
    drop(go_tx);
    assert_eq!(results.next().unwrap().unwrap(), 0);
    assert!(results.next().is_none());
}

#[test]
fn a_pending_can_be_awaited_beside_other_futures() {
    let pool = ThreadPoolExecutor::new(1);
    let (go_tx, go_rx) = mpsc::channel();
    let pending = pool.submit(move || go_rx.recv().unwrap());
    let other = async { go_tx.send(3).unwrap() };
    let both = futures::future::join(pending.into_future(), other);
    let (result, ()) = crate::blocking::block_on(both);
    assert_eq!(result.unwrap(), 3);
}

#[test]
fn a_scope_waits_for_its_tasks_also_where_its_code_panics() {
    let done = AtomicUsize::new(0);
    let caught = crate::panics::catch(|| {
        ThreadPoolExecutor::scope(2, |pool| {
            for _ in 0..50 {
                pool.submit(|| done.fetch_add(1, Ordering::SeqCst));
            }
            panic!("the code fails");
        })
    });
    assert_eq!(
        caught.map(|()| 0).unwrap_err().panicked.message(),
        "the code fails"
    );
    assert_eq!(done.load(Ordering::SeqCst), 50);
}

#[test]
fn a_pending_may_leave_its_scope() {
    let word = String::from("four");
    let pending = ThreadPoolExecutor::scope(1, |pool| pool.submit(|| word.len()));
    assert!(pending.is_done());
    assert_eq!(pending.result().unwrap(), 4);
}

#[test]
#[should_panic(expected = "a pool of `0` threads")]
fn a_pool_without_threads_is_refused() {
    ThreadPoolExecutor::new(0);
}

#[test]
fn handles_can_go_to_other_threads() {
    fn is_send<T: Send>() {}
    is_send::<Pending<u8>>();
    is_send::<Map<'static, u8>>();
    is_send::<TryMap<'static, u8>>();
    is_send::<AsCompleted<u8>>();
    is_send::<ThreadPoolExecutor>();
}

#[test]
fn fewer_workers_run_fewer_tasks_and_all_threads_end() {
    let pool = ThreadPoolExecutor::new(3);
    pool.set_workers(1);
    assert_eq!(pool.workers(), 1);
    let running = std::sync::Arc::new(std::sync::atomic::AtomicUsize::new(0));
    let most: usize = pool
        .map(0..50, move |_| {
            let now = running.fetch_add(1, std::sync::atomic::Ordering::SeqCst) + 1;
            std::thread::yield_now();
            running.fetch_sub(1, std::sync::atomic::Ordering::SeqCst);
            now
        })
        .max()
        .unwrap();
    assert_eq!(most, 1);
    // The drop joins the pool's threads.
    drop(pool);
}
