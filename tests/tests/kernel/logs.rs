//! Events of `log` and `tracing` show under the cell whose code logs. A logger that a cell installs replaces the
//! kernel's.

use threadbook_tests::kernel::Kernel;
use threadbook_tests::kernel::Setup;

/// The lines without the time of day. Fails if a line has no time.
#[track_caller]
fn lines(said: &str) -> Vec<&str> {
    let lines = said.lines();
    lines
        .map(|line| {
            let (time, rest) = line.split_once(' ').unwrap_or(("", line));
            let digits = time.split(':').flat_map(str::parse::<u8>).count();
            assert!(digits == 3 && time.len() == 8, "{said}");
            rest
        })
        .collect()
}

#[test]
fn events_show_with_time_level_and_thread() {
    let mut kernel = Kernel::start();
    let ran = kernel.run(
        "use log::{debug, info, warn};\nuse std::thread;\ninfo!(\"begun\");\ndebug!(\"hidden\");\n\
         thread::Builder::new().name(\"worker-1\".into()).spawn(|| warn!(\"{} pages\", 3))?.join().unwrap();",
    );
    assert_eq!(
        lines(&ran.stderr()),
        ["INFO main begun", "WARN worker-1 3 pages"]
    );
    let ran = kernel.run("%log debug\ndebug!(\"shown\");");
    assert_eq!(lines(&ran.stderr()), ["DEBUG main shown"]);
    kernel.run("%log").printed("debug\n");
    kernel.run("%log off\nlog::error!(\"lost\");").nothing();
    let failure = kernel.run("%log loud").failed("MagicError");
    assert!(
        failure.traceback.contains("`loud` says no levels"),
        "{failure:#?}"
    );
}

#[test]
fn an_event_shows_under_the_cell_whose_code_logs() {
    let mut kernel = Kernel::start();
    kernel
        .run(
            "let (go, wait) = std::sync::mpsc::channel::<()>();\n\
             logging::format(|record| record.text());\nstd::thread::spawn(move || { let _ = wait.recv(); log::warn!(\"late\"); });",
        )
        .nothing();
    let first = kernel.latest();
    kernel.run("let _ = go.send(());").nothing();
    kernel.late_text("stderr", &first, "late\n");
}

#[test]
fn events_of_tracing_show_too() {
    let mut kernel = Kernel::start();
    let ran = kernel.run(
        "#[tracing::instrument]\nfn load(page: u32) { tracing::info!(page, \"loaded\"); }\nload(4);\ntracing::debug!(\"hidden\");",
    );
    let said = ran.stderr();
    let lines = lines(&said);
    assert_eq!(
        lines,
        ["INFO main load; page=4", "INFO main loaded page=4"],
        "{said}"
    );
    let ran = kernel.run(":dep tracing = \"0.1\"\ntracing::warn!(\"same\");");
    let said = ran.stderr();
    assert!(
        said.contains("`tracing` 0.1.") && said.contains(" WARN main same\n"),
        "{said}"
    );
}

#[test]
fn the_line_can_be_another_one() {
    let mut kernel = Kernel::start();
    let ran = kernel.run(
        "logging::format(|record| format!(\"<{}> {}\", record.level(), record.text()));\nlog::warn!(\"one\");",
    );
    assert_eq!(ran.stderr(), "<WARN> one\n");
    assert_eq!(
        kernel.run("log::error!(\"two\");").stderr(),
        "<ERROR> two\n"
    );
    kernel
        .run("logging::levels(\"error\")?;\nlog::warn!(\"three\");")
        .nothing();
}

#[test]
fn the_variable_of_the_environment_is_read() {
    let mut kernel = Kernel::start_with(&Setup {
        env: vec![("RUST_LOG".to_owned(), "error,cells=trace".to_owned())],
        ..Setup::default()
    });
    let ran = kernel.run("log::trace!(\"all\");\nlog::warn!(target: \"library\", \"hidden\");");
    assert_eq!(lines(&ran.stderr()), ["TRACE main all"]);
}

#[test]
fn a_logger_of_the_sessions_own_is_left_its_place() {
    let mut kernel = Kernel::start();
    kernel
        .run("use log::info;\nfn work() { info!(\"by own\"); }\nlet unrelated = 1;")
        .nothing();
    kernel
        .run(
            "struct Own;\nimpl log::Log for Own {\n    fn enabled(&self, _: &log::Metadata) -> bool { true }\n    \
             fn log(&self, record: &log::Record) { println!(\"own {}\", record.args()); }\n    fn flush(&self) {}\n}\n\
             log::set_logger(&Own).unwrap();\nlog::set_max_level(log::LevelFilter::Info);\nwork();",
        )
        .printed("own by own\n");
    // What the logger prints belongs to the cell that defines the logger.
    let own = kernel.latest();
    kernel.run("work();").nothing();
    kernel.late_text("stdout", &own, "own by own\n");
    let failure = kernel.run("%log info").failed("MagicError");
    assert!(
        failure.traceback.contains("a logger of its own"),
        "{failure:#?}"
    );
}

#[test]
fn loggers_of_crates_are_left_their_places() {
    let mut kernel = Kernel::start();
    let ran = kernel.run(
        ":dep tracing-subscriber = \"0.3\"\ntracing_subscriber::fmt().with_writer(std::io::stdout).with_ansi(false).without_time().init();\n\
         tracing::info!(\"by the subscriber\");",
    );
    ran.stderr();
    assert!(ran.stdout().contains("INFO ctx: by the subscriber"));
    let ran = kernel.run("tracing::info!(\"again\");");
    assert!(ran.stdout().contains("INFO ctx: again"));
    ran.nothing();
}

#[test]
fn going_back_past_the_first_event_lets_another_logger_in() {
    let mut kernel = Kernel::start();
    kernel.run("let before = 1;").nothing();
    let ran = kernel.run("log::warn!(\"one\");");
    assert_eq!(lines(&ran.stderr()), ["WARN main one"]);
    kernel.run("%undo").stdout();
    let ran = kernel.run("log::warn!(\"two\");");
    assert_eq!(lines(&ran.stderr()), ["WARN main two"]);
}
