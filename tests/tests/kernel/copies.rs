//! Properties of Linux and the C library on which copies of the worker depend: locks with owners, threads at work, and
//! a system where copies do not work.

use threadbook_tests::kernel::Kernel;
use threadbook_tests::kernel::Setup;

/// Declarations of the C library's locks for a cell.
const LOCKS: &str = r#"
mod c {
    use std::os::raw::c_int;
    use std::os::raw::c_void;

    #[repr(C, align(8))]
    pub struct Lock(std::cell::UnsafeCell<[c_int; 16]>);
    unsafe impl Sync for Lock {}

    unsafe extern "C" {
        pub fn pthread_mutex_lock(lock: *const Lock) -> c_int;
        pub fn pthread_mutex_trylock(lock: *const Lock) -> c_int;
        pub fn pthread_mutex_unlock(lock: *const Lock) -> c_int;
        pub fn pthread_rwlock_wrlock(lock: *const Lock) -> c_int;
        pub fn pthread_rwlock_trywrlock(lock: *const Lock) -> c_int;
        pub fn pthread_rwlock_unlock(lock: *const Lock) -> c_int;
        pub fn dl_iterate_phdr(function: extern "C" fn(*mut c_void, usize, *mut c_void) -> c_int, data: *mut c_void) -> c_int;
    }
    const fn of_kind(kind: c_int) -> Lock {
        let mut words = [0; 16];
        words[4] = kind;
        Lock(std::cell::UnsafeCell::new(words))
    }
    pub static RECURSIVE: Lock = of_kind(1);
    pub static CHECKING: Lock = of_kind(2);
    pub static READ_WRITE: Lock = of_kind(0);
}
"#;

#[test]
fn locks_that_name_their_owner_are_held_and_released_after_a_crash_too() {
    let mut kernel = Kernel::start();
    kernel.run(LOCKS).nothing();
    kernel
        .run(
            "let (step_tx, step_rx) = std::sync::mpsc::channel::<()>();
            let (done_tx, done_rx) = std::sync::mpsc::channel::<Vec<i32>>();
            let holder = std::thread::spawn(move || unsafe {
                c::pthread_mutex_lock(&c::RECURSIVE);
                c::pthread_mutex_lock(&c::CHECKING);
                c::pthread_rwlock_wrlock(&c::READ_WRITE);
                done_tx.send(Vec::new()).unwrap();
                step_rx.recv().unwrap();
                done_tx.send(vec![
                    c::pthread_mutex_trylock(&c::RECURSIVE),
                    c::pthread_mutex_unlock(&c::RECURSIVE),
                    c::pthread_mutex_unlock(&c::RECURSIVE),
                    c::pthread_mutex_unlock(&c::CHECKING),
                    c::pthread_rwlock_unlock(&c::READ_WRITE),
                ]).unwrap();
            });
            done_rx.recv()?;",
        )
        .nothing();
    kernel.run("std::process::exit(1)").failed("Exited");
    kernel
        .run("step_tx.send(())?; done_rx.recv()?")
        .resulted("[0, 0, 0, 0, 0]");
    kernel
        .run(
            "unsafe { [c::pthread_mutex_trylock(&c::RECURSIVE), c::pthread_mutex_trylock(&c::CHECKING),
                c::pthread_rwlock_trywrlock(&c::READ_WRITE)] }",
        )
        .resulted("[0, 0, 0]");
}

#[test]
fn a_thread_in_the_dynamic_linker_does_not_keep_its_lock_after_a_crash() {
    let mut kernel = Kernel::start();
    kernel.run(LOCKS).nothing();
    kernel
        .run(
            "use std::sync::atomic::{AtomicU64, Ordering::SeqCst};
            static TURNS: AtomicU64 = AtomicU64::new(0);
            extern \"C\" fn visit(_: *mut std::os::raw::c_void, _: usize, _: *mut std::os::raw::c_void) -> i32 {
                for _ in 0..1_000 { std::hint::spin_loop() }
                0
            }
            std::thread::spawn(|| loop {
                unsafe { c::dl_iterate_phdr(visit, std::ptr::null_mut()) };
                TURNS.fetch_add(1, SeqCst);
                for _ in 0..5_000 { std::hint::spin_loop() }
            });",
        )
        .nothing();
    for _ in 0..5 {
        kernel.run("std::process::exit(1)").failed("Exited");
        kernel
            .run("let turns = TURNS.load(SeqCst); while TURNS.load(SeqCst) < turns + 3 { std::thread::yield_now() }")
            .nothing();
    }
}

/// Threads that compute, wait, allocate, start threads and start programs, and a count of what each has done. A number
/// that they pass on is checked at the receiving end.
const WORK: &str = r#"
use rayon::prelude::*;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering::SeqCst};
static STOP: AtomicBool = AtomicBool::new(false);
static FAULTS: AtomicU64 = AtomicU64::new(0);
static TURNS: [AtomicU64; 6] = [const { AtomicU64::new(0) }; 6];
fn turn(of: usize, is_right: bool) {
    TURNS[of].fetch_add(1, SeqCst);
    if !is_right { FAULTS.fetch_add(1, SeqCst); }
}
fn goes_on() -> bool { !STOP.load(SeqCst) }
thread_local! { static OWN: std::cell::Cell<u64> = const { std::cell::Cell::new(0) }; }
let mut workers = vec![
    std::thread::spawn(|| while goes_on() {
        turn(0, (0..2_000_u64).into_par_iter().map(|n| vec![n; 3].len() as u64).sum::<u64>() == 6_000);
    }),
    std::thread::spawn(|| {
        let mut list = Vec::new();
        while goes_on() {
            list.push(vec![list.len() as u8; 1 + list.len() % 5_000]);
            if list.len() == 300 {
                turn(1, list.iter().enumerate().all(|(n, part)| part.iter().all(|byte| *byte == n as u8)));
                list.clear();
            }
        }
    }),
    std::thread::spawn(|| while goes_on() {
        let given: Vec<u64> = (0..4).map(|n| std::thread::spawn(move || { OWN.set(n); std::thread::yield_now(); OWN.get() }).join().unwrap()).collect();
        turn(2, given == [0, 1, 2, 3]);
    }),
    std::thread::spawn(|| {
        let mut count = 0;
        while goes_on() {
            count += 1;
            OWN.set(OWN.get() + 1);
            turn(3, OWN.get() == count);
            std::thread::sleep(std::time::Duration::from_micros(200));
        }
    }),
];
let (ping_tx, ping_rx) = std::sync::mpsc::sync_channel::<u64>(1);
let (pong_tx, pong_rx) = std::sync::mpsc::sync_channel::<u64>(1);
workers.push(std::thread::spawn(move || for n in ping_rx { if pong_tx.send(n * 2).is_err() { break } }));
workers.push(std::thread::spawn(move || {
    let mut n = 0;
    while goes_on() { n += 1; ping_tx.send(n).unwrap(); turn(4, pong_rx.recv() == Ok(n * 2)); }
}));
let task = tokio::spawn(async {
    let (one_tx, mut one_rx) = tokio::sync::mpsc::channel::<u64>(4);
    let sender = tokio::spawn(async move {
        let mut n = 0;
        while goes_on() {
            n += 1;
            if n % 16 == 0 { tokio::time::sleep(std::time::Duration::from_micros(300)).await; }
            one_tx.send(n).await.unwrap();
        }
        n
    });
    let mut last = 0;
    while let Some(n) = one_rx.recv().await { turn(5, n == last + 1); last = n; }
    sender.await.unwrap() == last
});
let mut sum = 0_u64;
"#;

/// Makes copies while all these threads work. In regular intervals a crash makes a copy take over. At the end, all
/// threads must still work in the last copy, and every sum must be right.
#[track_caller]
fn stress(copies: u64) {
    const CELLS_PER_CRASH: u64 = 5;
    let mut kernel = Kernel::start();
    kernel.run(WORK).nothing();
    let mut sum = 0;
    // Each cell causes one copy before it and one after it. A copy that takes over makes another one.
    for cell in 0..copies / 2 {
        sum += cell;
        kernel.run(&format!("sum += {cell};")).nothing();
        if cell % CELLS_PER_CRASH == CELLS_PER_CRASH - 1 {
            let failure = kernel
                .run("sum = 0; std::process::abort();")
                .failed("WorkerCrashed");
            assert!(
                failure
                    .evalue
                    .ends_with("every variable that stood before the cell is kept"),
                "{failure:#?}"
            );
            kernel
                .run(
                    "let turns = TURNS.each_ref().map(|turn| turn.load(SeqCst));
                    while TURNS.iter().zip(turns).any(|(turn, before)| turn.load(SeqCst) == before) { std::thread::yield_now() }",
                )
                .nothing();
        }
    }
    kernel
        .run(
            "STOP.store(true, SeqCst);
            let joined = workers.into_iter().map(|worker| worker.join().is_ok()).collect::<Vec<_>>();
            (sum, FAULTS.load(SeqCst), joined, task.await?)",
        )
        .resulted(&format!("({sum}, 0, [true, true, true, true, true, true], true)"));
}

#[test]
fn fifty_copies_are_made_of_threads_at_work() {
    stress(50);
}

#[test]
#[ignore = "takes some minutes"]
fn a_thousand_copies_are_made_of_threads_at_work() {
    stress(1000);
}

#[test]
fn where_copies_do_not_work_cells_run_and_a_crash_loses_variables() {
    let mut kernel = Kernel::start_with(&Setup {
        env: vec![("THREADBOOK_FAIL_COPY_TEST".to_owned(), "1".to_owned())],
        ..Setup::default()
    });
    let ran = kernel.run("let n = 1; let thread = std::thread::spawn(|| 5);");
    let note = "no copies of the process that runs cells are kept, since they do not work on this system (the test has been made \
                to fail): a crash loses every variable, and so does an interrupt of a cell that does not stop by itself; `%undo` \
                and `%checkpoint` fail\n";
    assert_eq!(ran.stderr(), note);
    drop(ran);
    kernel.run("thread.join().unwrap() + n").resulted("6");
    for magic in ["%undo", "%checkpoint a", "%snapshot on"] {
        let failure = kernel.run(magic).failed("MagicError");
        assert_eq!(
            failure.evalue,
            "no earlier state is kept: copies of the process do not work on this system (the test has been made to fail)"
        );
    }
    let failure = kernel.run("%restore a").failed("MagicError");
    assert!(failure.evalue.contains("no checkpoint `a`"), "{failure:#?}");
    let status = kernel.run("%snapshot").stdout();
    assert!(
        status.starts_with("copies are off\n")
            && status.contains("copies do not work on this system: the test")
            && status.contains("a crash now would lose every variable"),
        "{status}"
    );
    for end in ["std::process::abort();", "std::process::exit(1);"] {
        kernel.run("let mut n = 2;").nothing();
        let id = kernel.send(&format!("n += 1; {end}"));
        let ename = ["WorkerCrashed", "Exited"][usize::from(end.contains("exit"))];
        let failure = kernel.finish(&id).failed(ename);
        assert!(failure.evalue.contains("`n` is lost"), "{failure:#?}");
        kernel.run("n").failed("CompileError");
    }
    // A cell that does not stop by itself ends together with its process.
    kernel.run("let mut n = 3;").nothing();
    let id = kernel.send("println!(\"started\"); while std::hint::black_box(true) {} n += 1;");
    kernel.until_text(&id, "started");
    kernel.interrupt();
    let ran = kernel.finish(&id);
    assert_eq!(ran.stdout(), "started\n");
    let failure = ran.failed("KeyboardInterrupt");
    assert!(failure.evalue.contains("`n` is lost"), "{failure:#?}");
    kernel.run("1 + 1").resulted("2");
}
