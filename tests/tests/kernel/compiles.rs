//! What is compiled and linked for a cell.

use std::path::Path;
use std::path::PathBuf;
use std::sync::Arc;

use threadbook_tests::cache::PrivateCache;
use threadbook_tests::kernel::Kernel;
use threadbook_tests::kernel::Setup;

/// A kernel, and the cache in which its session lies.
fn kernel() -> (Kernel, Arc<PrivateCache>) {
    let cache = Arc::new(PrivateCache::new().unwrap());
    let kernel = Kernel::start_with(&Setup {
        cache: Some(Arc::clone(&cache)),
        ..Setup::default()
    });
    (kernel, cache)
}

/// The source of the latest cell, as passed to rustc.
fn latest_source(cache: &PrivateCache) -> String {
    let number = |path: &PathBuf| {
        let name = path.file_stem()?.to_str()?;
        name.strip_prefix("libcode_")?.parse::<u32>().ok()
    };
    let sources = files_below(&cache.sessions(), "rs").into_iter();
    let latest = sources.max_by_key(number).unwrap();
    std::fs::read_to_string(latest).unwrap()
}

/// The files with this extension below a folder.
fn files_below(folder: &Path, extension: &str) -> Vec<PathBuf> {
    let entries = std::fs::read_dir(folder).into_iter().flatten().flatten();
    entries
        .flat_map(|entry| match entry.file_type() {
            Ok(kind) if kind.is_dir() => files_below(&entry.path(), extension),
            _ => vec![entry.path()],
        })
        .filter(|path| path.extension().is_some_and(|found| found == extension))
        .collect()
}

#[test]
fn a_cell_is_compiled_with_the_items_that_it_reaches() {
    let (mut kernel, cache) = kernel();
    for n in 0..5 {
        kernel
            .run(&format!(
                "#[derive(Debug, Clone)] struct Job{n}(u64);\nimpl Job{n} {{ fn cost(&self) -> u64 {{ self.0 + base{n}() }} }}\n\
                 fn base{n}() -> u64 {{ {n} }}\ntrait Named{n} {{ fn name{n}(&self) -> String; }}\n\
                 impl Named{n} for Job{n} {{ fn name{n}(&self) -> String {{ String::from(\"job {n}\") }} }}\n\
                 let job{n} = Job{n}(1);"
            ))
            .nothing();
    }
    let definitions = |source: &str| {
        (0..5)
            .filter(|n| source.contains(&format!("Job{n}")))
            .collect::<Vec<_>>()
    };
    kernel.run("1 + 1").resulted("2");
    assert_eq!(definitions(&latest_source(&cache)), [0; 0]);
    kernel.run("job3.cost()").resulted("4");
    assert_eq!(definitions(&latest_source(&cache)), [3]);
    // A method of a trait requires the trait.
    kernel.run("job2.name2()").resulted("\"job 2\"");
    assert_eq!(definitions(&latest_source(&cache)), [2]);
    // The cell passes the function's name to a macro.
    kernel
        .run("macro_rules! call { ($n:ident) => { $n() } }\ncall!(base4) + Job1(2).cost()")
        .resulted("7");
    // A new definition also applies to earlier items that use it.
    kernel.run("fn base3() -> u64 { 30 }").nothing();
    kernel.run("job3.cost()").resulted("31");
    let failure = kernel.run("job0.unknown()").failed("CompileError");
    assert!(failure.evalue.contains("unknown"), "{failure:#?}");
}

#[test]
fn a_cell_may_call_c_and_what_processors_lack() {
    let mut kernel = Kernel::start();
    kernel
        .run("unsafe extern \"C\" { fn getppid() -> i32; }\n(unsafe { getppid() }) > 0")
        .resulted("true");
    kernel
        .run("#[link(name = \"m\")] unsafe extern \"C\" { fn floor(x: f64) -> f64; }\nunsafe { floor(3.5) }")
        .resulted("3.0");
    kernel
        .run("use std::hint::black_box;\nlet large = black_box(10u128.pow(30));\nlarge / 7 % 1000")
        .resulted("857");
    kernel
        .run("black_box(i128::MAX).checked_mul(2)")
        .resulted("None");
    kernel
        .run("black_box(0.5f64).sin().to_bits() == 0.5f64.sin().to_bits()")
        .resulted("true");
    // The function that std itself uses, in the version that it uses.
    kernel
        .run("unsafe extern \"C\" { fn pthread_cond_signal(c: *mut u8) -> i32; fn dlsym(h: *mut u8, n: *const i8) -> *const u8; }\n\
              { let found = unsafe { dlsym(std::ptr::null_mut(), c\"pthread_cond_signal\".as_ptr().cast()) };\n\
              found == pthread_cond_signal as *const () as *const u8 }")
        .resulted("true");
}

#[test]
fn rustc_keeps_what_it_makes_of_a_large_cell_that_runs_again() {
    let (mut kernel, cache) = kernel();
    let cell = "let (tx, rx) = std::sync::mpsc::channel();\n\
                for id in 0..3 { let tx = tx.clone(); std::thread::spawn(move || tx.send(vec![id; 2]).unwrap()); }\n\
                drop(tx);\n\
                let mut all: Vec<Vec<i32>> = rx.iter().collect(); all.sort();\n\
                let words: std::collections::HashMap<String, usize> = \"a b a\".split(' ').map(|w| (w.to_owned(), w.len())).collect();\n\
                println!(\"{all:?} {}\", words.len());\n\
                if ends { std::process::abort(); }";
    let shown = "[[0, 0], [1, 1], [2, 2]] 2\n";
    let is_marked = || latest_source(&cache).contains("\n// again: ");
    kernel.run("let mut ends = false;").nothing();
    kernel.run(cell).printed(shown);
    assert!(!is_marked());
    kernel.run("1 + 1").resulted("2");
    assert!(!is_marked());
    kernel.run(cell).printed(shown);
    assert!(is_marked());
    kernel
        .run(&cell.replace(" {}\"", " {}!\""))
        .printed("[[0, 0], [1, 1], [2, 2]] 2!\n");
    assert!(is_marked());
    // The code that is made for a crash is the same.
    kernel.run("ends = true;").nothing();
    let ran = kernel.run(cell);
    assert_eq!(ran.stdout(), shown);
    let failure = ran.failed("WorkerCrashed");
    let places = failure.places();
    assert!(
        places
            .iter()
            .any(|place| place.contains("line 7, column 11")),
        "{failure:#?}"
    );
}

#[test]
fn types_are_found_through_items_of_earlier_cells() {
    let mut kernel = Kernel::start();
    kernel
        .run("#[derive(Debug, Clone)] struct Part(u64); // a part\n\nstruct Job { parts: Vec<Part> }\n/* of a job */\n\
              impl Job {\n    fn parts(&self) -> &[Part] { &self.parts }\n}\n\
              fn make() -> Job { Job { parts: vec![Part(3)] } }\n\
              macro_rules! made { () => { make() } }\n\
              trait Cost { fn cost(&self) -> f32; }\nimpl Cost for Part { fn cost(&self) -> f32 { 0.5 } }")
        .nothing();
    for number in 0..3 {
        kernel
            .run(&format!("{number} + 1"))
            .resulted(&(number + 1).to_string());
    }
    kernel.run("let parts = make().parts().to_vec();").nothing();
    kernel.run("2 + 2").resulted("4");
    kernel.run("let first = parts.first().cloned();").nothing();
    kernel.run("let job = made!();").nothing();
    kernel
        .run("let costs: Vec<_> = parts.iter().map(|part| part.cost() * 2.0).collect();")
        .nothing();
    kernel
        .run("(first, job.parts.len(), &costs)")
        .resulted("(Some(Part(3)), 1, [1.0])");
    kernel.run("fn make() -> Vec<u8> { vec![7] }").nothing();
    kernel.run("let bytes = make();\nbytes[0]").resulted("7");
    assert!(
        kernel
            .complete_until("job.par", "parts")
            .contains(&"parts".to_owned())
    );
    let failure = kernel
        .run("fn f(job: &Job) { job.nothing() }\nlet none = f(&job);")
        .failed("CompileError");
    assert!(failure.evalue.contains("nothing"), "{failure:#?}");
}
