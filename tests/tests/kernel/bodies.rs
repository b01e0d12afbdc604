//! Random bodies of `main`, made from a grammar of bindings, run as cells and are compiled with rustc. A cell accepts
//! what rustc accepts, and rejects what rustc rejects for the same reason. Values that are dropped before the end are
//! dropped in the same order.

use std::fmt::Write;
use std::path::Path;
use std::process::Command;
use std::time::SystemTime;

use threadbook_tests::kernel::Kernel;

/// The number of accepted bodies that are tried, and the number of rejected ones.
const EACH: usize = 12;
/// This many random bodies contain enough of both kinds, with any seed.
const BODIES: usize = 1000;
/// Sets the seed, to repeat a run.
const SEED_VAR: &str = "THREADBOOK_TEST_SEED";

/// The items that the bodies use. An owned value prints when it is dropped. A guard borrows, and prints when it ends.
const ITEMS: &str = "\
#[derive(Debug)]
struct Owned(u32);
impl Drop for Owned { fn drop(&mut self) { println!(\"drop {}\", self.0); } }
#[derive(Debug)]
struct Guard<'a>(&'a Owned);
impl Drop for Guard<'_> { fn drop(&mut self) { println!(\"end {}\", self.0.0); } }
impl Owned {
    fn guard(&self) -> Guard<'_> { Guard(self) }
    fn digits(&self) -> impl Iterator<Item = u32> { (0..2).map(move |n| n * self.0) }
    fn more(self) -> Owned { Owned(self.0 + 100) }
}
";

#[test]
fn a_cell_does_what_rustc_does_with_the_body_of_main() {
    let seed = std::env::var(SEED_VAR)
        .ok()
        .and_then(|text| text.parse().ok());
    let seed = seed.unwrap_or_else(|| {
        let now = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH);
        now.unwrap().as_nanos() as u64 | 1
    });
    println!("{SEED_VAR}={seed}");
    let mut random = Random(seed);
    let folder = tempfile::tempdir().unwrap();
    let mut kernel = Kernel::start();
    kernel.run(ITEMS).nothing();
    let (mut taken, mut rejected) = (0, 0);
    for index in 0..BODIES {
        let body = body(&mut random, index);
        let what = format!("{SEED_VAR}={seed}, body {index}:\n{body}");
        match with_rustc(folder.path(), &body) {
            Ok(printed) if taken < EACH => {
                taken += 1;
                let ran = kernel.run(&body);
                let stdout = ran.stdout();
                let _ = ran.stderr();
                let notes = ran.warnings();
                assert_eq!(ran.reply["status"], "ok", "{what}\n{:#?}", ran.reply);
                assert!(!notes.contains("warning: unused"), "{what}\n{notes}");
                assert_eq!(before_kept(&stdout), before_kept(&printed), "{what}");
            }
            Err(codes) if rejected < EACH => {
                rejected += 1;
                let ran = kernel.run(&body);
                let _ = ran.stderr();
                assert_eq!(ran.reply["status"], "error", "{what}\n{codes:?}");
                let failure = ran.failed("CompileError");
                let own = error_codes(&failure.traceback);
                assert_eq!(own, codes, "{what}\n{}", failure.traceback);
            }
            Ok(_) | Err(_) if taken + rejected == 2 * EACH => return,
            Ok(_) | Err(_) => {}
        }
    }
    panic!("{SEED_VAR}={seed}: only {taken} taken and {rejected} rejected");
}

/// A body that binds, borrows, moves and shadows at random. Its names are not used by any other body.
fn body(random: &mut Random, index: usize) -> String {
    let mut text = format!("let mut v0 = Owned({index});\n");
    let mut names = 1;
    for step in 0..3 + random.below(6) {
        let old = random.below(names);
        // This is a new name, or an earlier one that becomes shadowed.
        let new = match random.below(4) {
            0 => random.below(names),
            _ => {
                names += 1;
                names - 1
            }
        };
        let number = (step + 1) * 10 + index;
        let statement = match random.below(12) {
            0 | 1 => format!("let mut v{new} = Owned({number});"),
            2 => format!("let v{new} = &v{old};"),
            3 | 4 => format!("let v{new} = v{old}.guard();"),
            5 => format!("let v{new} = || v{old}.0;"),
            6 => format!("let v{new} = v{old}.digits();"),
            7 => format!("let mut v{new} = v{old};"),
            8 => format!("drop(v{old});"),
            9 => format!("v{old} = v{old}.more();"),
            10 => format!("let v{new} = &mut v{old};"),
            _ => format!("println!(\"{{:?}}\", v{old}.0);"),
        };
        let _ = writeln!(text, "{statement}");
        if random.below(3) == 0 {
            let used = random.below(names);
            let _ = writeln!(text, "let _ = &v{used};");
        }
    }
    text.push_str("println!(\"last\");");
    // A cell can use the variables of earlier cells. Therefore each body has its own names.
    text.replace('v', &format!("v{index}_"))
}

/// The output of a program with this body, or the codes of rustc's errors.
fn with_rustc(folder: &Path, body: &str) -> Result<String, Vec<String>> {
    let source = folder.join("body.rs");
    let program = folder.join("body");
    std::fs::write(
        &source,
        format!("#![allow(warnings)]\n{ITEMS}\nfn main() {{\n{body}\n}}\n"),
    )
    .unwrap();
    let output = Command::new("rustc")
        .args(["--edition=2024", "-Cdebuginfo=0", "-o"])
        .args([&program, &source])
        .output()
        .unwrap();
    if !output.status.success() {
        return Err(error_codes(&String::from_utf8_lossy(&output.stderr)));
    }
    let output = Command::new(program).output().unwrap();
    Ok(String::from_utf8(output.stdout).unwrap())
}

/// The codes of the errors in a text, without duplicates.
fn error_codes(text: &str) -> Vec<String> {
    let shown = text.split("error[").skip(1);
    let mut codes: Vec<String> = shown.map(|rest| rest[..5].to_owned()).collect();
    codes.sort();
    codes.dedup();
    codes
}

/// The lines without the drops at the end of the program that a cell does not do, because it keeps owned values.
fn before_kept(printed: &str) -> Vec<&str> {
    let (before, after) = printed.split_once("last\n").unwrap();
    let ends = after.lines().filter(|line| line.starts_with("end "));
    before.lines().chain(ends).collect()
}

/// Random numbers from a linear congruential generator, which is sufficient here.
struct Random(u64);

impl Random {
    fn below(&mut self, limit: usize) -> usize {
        self.0 = self
            .0
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        usize::try_from(self.0 >> 33).unwrap() % limit
    }
}
