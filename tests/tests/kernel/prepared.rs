//! The prepared build: one build for several kernels, complete after a kill; errors contain the remedy.

use std::fs;
use std::os::unix::fs::MetadataExt as _;
use std::os::unix::fs::PermissionsExt as _;
use std::os::unix::fs::symlink;
use std::path::Path;
use std::path::PathBuf;
use std::process::Command;
use std::sync::Arc;

use serde_json::json;
use tempfile::TempDir;
use threadbook_jupyter::message::Channel;
use threadbook_tests::cache::PrivateCache;
use threadbook_tests::kernel::Kernel;
use threadbook_tests::kernel::Process;
use threadbook_tests::kernel::Setup;
use threadbook_tests::kernel::wait_until;

fn with_cache(cache: &Arc<PrivateCache>) -> Setup {
    Setup {
        cache: Some(Arc::clone(cache)),
        ..Setup::default()
    }
}

fn finished(cache: &PrivateCache) -> Vec<PathBuf> {
    let mut builds = cache.builds();
    builds.retain(|build| build.join("ready.json").exists());
    builds
}

/// A toolchain that reports another version than the real one, which it uses. Its programs are in `bin`.
fn other_toolchain() -> TempDir {
    let print = |args: &[&str]| {
        let output = Command::new("rustc").args(args).output().unwrap();
        String::from_utf8(output.stdout).unwrap()
    };
    let sysroot = print(&["--print", "sysroot"]);
    let real = Path::new(sysroot.trim());
    let folder = tempfile::tempdir().unwrap();
    let bin = folder.path().join("bin");
    fs::create_dir(&bin).unwrap();
    symlink(real.join("lib"), folder.path().join("lib")).unwrap();
    symlink(real.join("bin/cargo"), bin.join("cargo")).unwrap();
    let version = print(&["-vV"]);
    let (_, rest) = version.split_once('\n').unwrap();
    fs::write(
        folder.path().join("version"),
        format!("rustc 1.99.9 (test)\n{rest}"),
    )
    .unwrap();
    let script = format!(
        "#!/bin/sh\ncase \"$*\" in\n-vV) exec cat {folder}/version;;\n'--print sysroot') echo {folder}; exit;;\nesac\n\
         exec {real}/bin/rustc \"$@\"\n",
        folder = folder.path().display(),
        real = real.display(),
    );
    let rustc = bin.join("rustc");
    fs::write(&rustc, script).unwrap();
    fs::set_permissions(&rustc, fs::Permissions::from_mode(0o755)).unwrap();
    folder
}

/// A PATH with this toolchain in front.
fn path_with(toolchain: &TempDir) -> (String, String) {
    let path = std::env::var("PATH").unwrap();
    let bin = toolchain.path().join("bin");
    ("PATH".to_owned(), format!("{}:{path}", bin.display()))
}

fn prune(cache: &PrivateCache, env: Option<(String, String)>) -> String {
    let output = Command::new(threadbook_tests::threadbook_binary().unwrap())
        .args(["cache", "--prune"])
        .env("THREADBOOK_CACHE", cache.path())
        .envs(env)
        .output()
        .unwrap();
    assert!(output.status.success(), "{output:?}");
    String::from_utf8(output.stdout).unwrap()
}

/// This is one test, because each build takes minutes: the killed build is followed by the one that two kernels share.
#[test]
fn two_kernels_share_one_build_which_neither_a_kill_nor_another_toolchain_harms() {
    let cache = Arc::new(PrivateCache::empty().unwrap());
    let mut killed = Kernel::connect(Process::start(&with_cache(&cache)));
    let id = killed.send("1 + 1");
    let said = killed.until_text(&id, ": compiling ");
    assert!(
        said.starts_with("preparing the runtime, once for this toolchain"),
        "{said}"
    );
    killed.process().signal(libc::SIGKILL);
    // The next kernels start while compilers of the first one still run.
    let mut kernels = [(); 2].map(|()| Kernel::connect(Process::start(&with_cache(&cache))));
    let ids = [kernels[0].send("1 + 1"), kernels[1].send("1 + 1")];
    let mut said: Vec<String> = Vec::new();
    for (kernel, id) in kernels.iter_mut().zip(&ids) {
        let ran = kernel.finish(id);
        said.push(ran.stderr());
        ran.resulted("2");
    }
    said.sort_by_key(String::len);
    let waits = "waiting for another kernel that is preparing the runtime\n";
    let last = |said: &str| said.lines().last().unwrap().to_owned();
    assert!(
        said[0].starts_with(waits)
            && last(&said[0]).starts_with("the runtime is prepared: waited "),
        "{said:#?}"
    );
    // This kernel may first have waited for the compilers of the killed one.
    assert!(
        said[1]
            .trim_start_matches(waits)
            .starts_with("preparing the runtime, once for this toolchain")
            && last(&said[1]).starts_with("the runtime is prepared: compiled "),
        "{said:#?}"
    );
    wait_until("the end of the killed kernel's processes", || {
        killed.process().processes().is_empty().then_some(())
    });
    assert_eq!(finished(&cache).len(), 1);
    for kernel in &mut kernels {
        kernel
            .run("tokio::spawn(async { 6 * 7 }).await?")
            .resulted("42");
    }

    // The message names a changed toolchain. It has its own build, and the other build stays unchanged.
    let toolchain = other_toolchain();
    let mut changed = Kernel::connect(Process::start(&Setup {
        env: vec![path_with(&toolchain)],
        ..with_cache(&cache)
    }));
    let id = changed.send("1 + 1");
    let said = changed.until_text(&id, ": compiling ");
    assert!(
        said.contains("the toolchain has changed from `rustc 1."),
        "{said}"
    );
    assert!(
        said.contains("` to `rustc 1.99.9 (test)`: preparing the runtime again"),
        "{said}"
    );
    assert_eq!(cache.builds().len(), 2);
    assert!(
        prune(&cache, None).contains("removed 0 prepared builds"),
        "it is being made"
    );
    changed.process().signal(libc::SIGKILL);
    wait_until("the end of its compilers", || {
        changed.process().processes().is_empty().then_some(())
    });
    assert!(prune(&cache, None).contains("removed 1 prepared builds"));

    // With another toolchain on the PATH, the build is not the current one. It is kept only while a kernel uses it.
    let unfinished = cache.prepared().join("0123456789abcdef");
    fs::create_dir(&unfinished).unwrap();
    assert!(prune(&cache, Some(path_with(&toolchain))).contains("removed 1 prepared builds"));
    assert!(!unfinished.exists());
    assert_eq!(finished(&cache).len(), 1);
    let [first, second] = kernels;
    drop(first);
    assert!(prune(&cache, Some(path_with(&toolchain))).contains("removed 0 prepared builds"));
    drop(second);
    assert!(
        prune(&cache, None).contains("removed 0 prepared builds"),
        "it is the current one"
    );
    assert!(prune(&cache, Some(path_with(&toolchain))).contains("removed 1 prepared builds"));
    assert_eq!(cache.builds(), Vec::<PathBuf>::new());
}

#[test]
fn without_room_each_cell_says_so_and_everything_else_is_answered() {
    let cache = Arc::new(PrivateCache::empty().unwrap());
    for prefix in no_room(&cache) {
        let mut kernel = Kernel::connect(Process::start(&Setup {
            prefix,
            ..with_cache(&cache)
        }));
        for _ in 0..2 {
            let ran = kernel.run("1 + 1");
            ran.stderr();
            let failure = ran.failed("ToolchainError");
            let folder = cache.path().display().to_string();
            for part in ["no room", &folder, "free some space", "`THREADBOOK_CACHE`"] {
                assert!(failure.evalue.contains(part), "no {part:?} in {failure:#?}");
            }
        }
        let info = kernel.ask(Channel::Shell, "kernel_info", json!({}));
        assert_eq!(info["status"], "ok");
        assert_eq!(kernel.complete("1."), Vec::<String>::new());
        let reply = kernel.ask(Channel::Shell, "is_complete", json!({"code": "fn f() {"}));
        assert_eq!(reply["status"], "incomplete");
        kernel.shut_down(false);
        assert!(kernel.process().ended().success());
    }
}

/// Commands that start another program with too little room for the build.
fn no_room(cache: &PrivateCache) -> Vec<Vec<String>> {
    let words = |words: &[&str]| words.iter().map(|word| (*word).to_owned()).collect();
    // This limits files to 64 KiB. Of what needs no privilege, it is closest to a full disk.
    let mut prefixes: Vec<Vec<String>> = vec![words(&[
        "sh",
        "-c",
        "trap '' XFSZ; ulimit -f 128; exec \"$@\"",
        "sh",
    ])];
    // This is a full disk, on systems where users can mount one.
    if Command::new("unshare")
        .args(["-rm", "true"])
        .status()
        .is_ok_and(|status| status.success())
    {
        let mount = r#"mount -t tmpfs -o size=16m none "$0" && exec "$@""#;
        let folder = cache.path().display().to_string();
        prefixes.push(words(&["unshare", "-rm", "sh", "-c", mount, &folder]));
    }
    prefixes
}

#[test]
fn without_a_network_a_prepared_cache_is_enough_and_a_dependency_says_what_it_needs() {
    // On a fresh machine, this kernel builds what the next one needs.
    drop(Kernel::start());
    let cargo_home = tempfile::tempdir().unwrap();
    let nowhere = "http://127.0.0.1:1".to_owned();
    let mut kernel = Kernel::start_with(&Setup {
        env: vec![
            (
                "CARGO_HOME".to_owned(),
                cargo_home.path().display().to_string(),
            ),
            ("CARGO_HTTP_PROXY".to_owned(), nowhere.clone()),
            ("https_proxy".to_owned(), nowhere.clone()),
            ("http_proxy".to_owned(), nowhere),
            ("CARGO_NET_RETRY".to_owned(), "0".to_owned()),
        ],
        ..Setup::default()
    });
    kernel.run("let offline = 6;").nothing();
    kernel
        .run("tokio::spawn(async move { offline * 7 }).await?")
        .resulted("42");
    kernel.run(":dep serde_json = \"1\"").nothing();
    let ran = kernel.run(":dep hex = \"0.4.2\"\nhex::encode(\"hi\")");
    ran.stderr();
    let failure = ran.failed("DependencyError");
    assert!(
        failure.evalue.contains("`hex`") && failure.evalue.contains("network"),
        "{failure:#?}"
    );
    kernel.run("1 + 1").resulted("2");
}

#[test]
fn a_cache_on_another_file_system_than_the_builds_gets_copies() {
    let shared_memory = Path::new("/dev/shm");
    let cache = Arc::new(PrivateCache::new_in(shared_memory).unwrap());
    let device = |path: &Path| fs::metadata(path).unwrap().dev();
    let builds = cache.prepared().canonicalize().unwrap();
    assert_ne!(
        device(&builds),
        device(cache.path()),
        "both are on one file system"
    );
    let mut kernel = Kernel::start_with(&with_cache(&cache));
    kernel.run("let here = 1;").nothing();
    let ran = kernel.run(":dep hex = \"0.4\"\nhex::encode(\"hi\")");
    // If cargo considered the copied build out of date, it would compile the build again, and the variables would be
    // lost.
    let said = ran.stderr();
    assert!(!said.contains("threadbook v"), "{said}");
    ran.resulted("\"6869\"");
    kernel.run("here + 1").resulted("2");
}

#[test]
fn blanks_in_the_path_of_the_cache_change_nothing() {
    let parent = tempfile::Builder::new().prefix("a b ").tempdir().unwrap();
    let cache = Arc::new(PrivateCache::new_in(parent.path()).unwrap());
    let mut kernel = Kernel::start_with(&with_cache(&cache));
    kernel.run("let blanks = 1;").nothing();
    kernel.run("let blanks = 2;").nothing();
    kernel
        .run("%undo")
        .printed("back to the state before cell 2\n");
    kernel.run("blanks").resulted("1");
}

#[test]
fn after_the_warm_up_variables_and_completions_work() {
    let mut kernel = Kernel::connect(Process::start(&Setup {
        env: vec![("THREADBOOK_LOG".to_owned(), "threadbook=debug".to_owned())],
        ..Setup::default()
    }));
    wait_until("the end of the warm-up", || {
        kernel.process().log().contains("warmed up").then_some(())
    });
    let ran = kernel.run("let warm = vec![1, 2, 3];");
    // On a fresh machine, this is the build's progress.
    ran.stderr();
    ran.nothing();
    kernel
        .run("let doubled: Vec<_> = warm.iter().map(|n| n * 2).collect(); doubled.len()")
        .resulted("3");
    kernel.complete_until("doubled.le", "len");
}
