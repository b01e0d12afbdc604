//! The guarantees of futures that run together, including failures.

use std::future::pending;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use std::sync::atomic::Ordering;

use tokio::sync::Notify;
use tokio::sync::oneshot;

use super::*;
use crate::blocking::block_on;
use crate::session_tokio;

/// Records that it was dropped.
struct Noted(Arc<AtomicBool>);

impl Drop for Noted {
    fn drop(&mut self) {
        self.0.store(true, Ordering::SeqCst);
    }
}

#[test]
fn gathered_futures_run_on_one_thread_and_keep_their_order() {
    let (go_tx, go_rx) = oneshot::channel();
    let caller = std::thread::current().id();
    let results = block_on(gather::<[futures::future::BoxFuture<'_, i32>; 2]>([
        Box::pin(async move {
            let n = go_rx.await.unwrap();
            assert_eq!(std::thread::current().id(), caller);
            n
        }),
        Box::pin(async move {
            go_tx.send(1).unwrap();
            2
        }),
    ]));
    assert_eq!(results, [1, 2]);
}

#[test]
fn the_first_error_drops_the_other_futures() {
    let dropped = Arc::new(AtomicBool::new(false));
    let noted = Noted(Arc::clone(&dropped));
    let waits: futures::future::BoxFuture<'_, Result<u8, &str>> = Box::pin(async move {
        let _noted = noted;
        pending().await
    });
    let fails = Box::pin(async { Err("no") });
    assert_eq!(block_on(try_gather([waits, fails])), Err("no"));
    assert!(dropped.load(Ordering::SeqCst));
}

#[test]
fn futures_come_as_they_are_ready() {
    let (go_tx, go_rx) = oneshot::channel();
    let slow: futures::future::BoxFuture<'_, i32> = Box::pin(async { go_rx.await.unwrap() });
    let mut results = as_completed([slow, Box::pin(async { 1 })]);
    block_on(async {
        assert_eq!(results.next().await, Some(1));
        assert_eq!(format!("{results:?}"), "AsCompleted(1 futures left)");
        go_tx.send(2).unwrap();
        assert_eq!(results.next().await, Some(2));
        assert_eq!(results.next().await, None);
    });
}

#[test]
fn a_group_needs_no_tokio_around_it_and_keeps_the_order() {
    let (go_tx, go_rx) = oneshot::channel();
    let mut group = TaskGroup::new();
    assert!(group.is_empty());
    group.spawn(async { go_rx.await.unwrap() });
    group.spawn(async {
        go_tx.send(1).unwrap();
        2
    });
    group.try_spawn(async { "3".parse::<i32>() });
    assert_eq!(format!("{group:?}"), "TaskGroup(3 tasks)");
    assert_eq!(block_on(group.wait()).unwrap(), [1, 2, 3]);
    let none = TaskGroup::<u8>::default();
    assert!(block_on(none.wait()).unwrap().is_empty());
}

#[test]
fn the_first_failure_ends_the_other_tasks() {
    for panics in [false, true] {
        let dropped = Arc::new(AtomicBool::new(false));
        let began = Arc::new(Notify::new());
        let mut group = TaskGroup::new();
        let noted = Noted(Arc::clone(&dropped));
        let begins = Arc::clone(&began);
        group.spawn(async move {
            let _noted = noted;
            begins.notify_one();
            pending::<u8>().await
        });
        group.try_spawn(async move {
            began.notified().await;
            match panics {
                true => panic!("boom"),
                false => Err("no"),
            }
        });
        let failed = block_on(group.wait()).unwrap_err();
        assert!(dropped.load(Ordering::SeqCst));
        match panics {
            true => assert_eq!(failed.panicked().unwrap().message(), "boom"),
            false => assert_eq!(failed.to_string(), "no"),
        }
        assert!(failed.downcast_ref::<std::fmt::Error>().is_none());
    }
}

#[test]
fn dropping_a_group_cancels_its_tasks() {
    let (told_tx, told_rx) = std::sync::mpsc::channel::<()>();
    let mut group = TaskGroup::new();
    group.spawn(async move {
        let _told = told_tx;
        pending::<()>().await;
    });
    drop(group);
    // The task's end of the channel is dropped at some time.
    assert!(told_rx.recv().is_err());
}

#[test]
fn a_function_on_a_thread_of_its_own_returns_or_panics() {
    let _tokio = session_tokio::enter();
    let caller = std::thread::current().id();
    let other = block_on(to_thread(|| std::thread::current().id())).unwrap();
    assert_ne!(other, caller);
    let panicked = block_on(to_thread(|| -> u8 { panic!("boom") })).unwrap_err();
    assert_eq!(panicked.message(), "boom");
    assert!(panicked.thread().is_some());
}
