"""Measures hot loops in a plain cell and under `%%time`, for which rustc optimises across its codegen units."""

import argparse
import statistics
from pathlib import Path

import machine
from kernels import Kernel
from kernels import installed

# The items that a loop needs, and the loop, whose last line is a value.
LOOPS = {
    "a sum in a `for` loop": ("", "let mut s = 0u64; for n in 0..black_box(30_000_000u64) { s = s.wrapping_add(n ^ (n >> 3)); } s"),
    "an iterator chain": ("", "(0..black_box(30_000_000u64)).filter(|n| n % 3 == 0).map(|n| n * n % 7).sum::<u64>()"),
    "floats: pi by slices": ("", "let n = black_box(20_000_000u32); (0..n).map(|i| { let x = (i as f64 + 0.5) / n as f64; 4.0 / (1.0 + x * x) }).sum::<f64>()"),
    "a closure that another function calls": (
        "fn repeat(n: u64, f: impl Fn(u64) -> u64) -> u64 { let mut s = 0; for i in 0..n { s = f(s ^ i); } s }",
        "let k = black_box(3); repeat(black_box(50_000_000), |n| n.wrapping_mul(k) + 1)",
    ),
    "a closure behind `dyn`": (
        "fn repeat_dyn(n: u64, f: &dyn Fn(u64) -> u64) -> u64 { let mut s = 0; for i in 0..n { s = f(s ^ i); } s }",
        "let k = black_box(3); repeat_dyn(black_box(50_000_000), &|n| n.wrapping_mul(k) + 1)",
    ),
    "a generic function of the session": (
        "fn largest<T: PartialOrd + Copy>(list: &[T]) -> T { let mut best = list[0]; for item in list { if *item > best { best = *item; } } best }",
        "let v: Vec<u64> = (0..10_000_000).map(|n| n * 7919 % 1_000_003).collect(); largest(&v)",
    ),
    "a small function called in a loop": (
        "fn step(n: u64) -> u64 { if n % 2 == 0 { n / 2 } else { 3 * n + 1 } }",
        "let mut most = 0; for start in 1..black_box(300_000u64) { let (mut n, mut count) = (start, 0); while n != 1 { n = step(n); count += 1; } most = most.max(count); } most",
    ),
    "methods of a struct": (
        "#[derive(Clone, Copy)] struct Point { x: f64, y: f64 }\nimpl Point { fn add(self, o: Point) -> Point { Point { x: self.x + o.x, y: self.y + o.y } } fn scale(self, k: f64) -> Point { Point { x: self.x * k, y: self.y * k } } fn len(self) -> f64 { (self.x * self.x + self.y * self.y).sqrt() } }",
        "let mut p = Point { x: 1.0, y: 0.5 }; let mut s = 0.0; for _ in 0..black_box(20_000_000) { p = p.add(Point { x: 0.1, y: 0.2 }).scale(0.99); s += p.len(); } s",
    ),
    "a trait's method": (
        "trait Shape { fn area(&self) -> f64; }\nstruct Square(f64);\nimpl Shape for Square { fn area(&self) -> f64 { self.0 * self.0 } }\nfn total<S: Shape>(all: &[S]) -> f64 { all.iter().map(|one| one.area()).sum() }",
        "let all: Vec<Square> = (0..1000).map(|n| Square(n as f64)).collect(); let mut s = 0.0; for _ in 0..black_box(30_000) { s += total(&all); } s",
    ),
    "an operator of one's own": (
        "#[derive(Clone, Copy, PartialEq)] struct Mod(u64);\nimpl std::ops::Mul for Mod { type Output = Mod; fn mul(self, o: Mod) -> Mod { Mod(self.0 * o.0 % 1_000_007) } }\nimpl std::ops::Add for Mod { type Output = Mod; fn add(self, o: Mod) -> Mod { Mod((self.0 + o.0) % 1_000_007) } }",
        "let mut m = Mod(black_box(3)); for n in 0..10_000_000u64 { m = m * Mod(n | 1) + Mod(5); } m.0",
    ),
    "recursion": ("fn fib(n: u64) -> u64 { if n < 2 { n } else { fib(n - 1) + fib(n - 2) } }", "fib(black_box(36))"),
    "a matrix product": (
        "fn product(a: &[Vec<f64>], b: &[Vec<f64>]) -> Vec<Vec<f64>> { let n = a.len(); let mut c = vec![vec![0.0; n]; n]; for i in 0..n { for j in 0..n { for k in 0..n { c[i][j] += a[i][k] * b[k][j]; } } } c }",
        "let a = vec![vec![1.5; 300]; 300]; product(&a, &a)[7][9]",
    ),
    "a sieve": (
        "",
        "let n = black_box(5_000_000); let mut is = vec![true; n]; let mut i = 2; while i * i < n { if is[i] { let mut j = i * i; while j < n { is[j] = false; j += i; } } i += 1; } is.iter().filter(|p| **p).count()",
    ),
    "strings": ("", "let mut text = String::new(); for n in 0..black_box(1_000_000) { text.push_str(&n.to_string()); text.push(' '); } text.split(' ').filter(|w| w.ends_with('7')).count()"),
    "characters": ("", "let text = \"the quick brown fox \".repeat(100_000); text.chars().filter(|c| c.is_alphabetic()).map(|c| c.to_ascii_uppercase() as u64).sum::<u64>()"),
    "a hash map": ("use std::collections::HashMap;", "let mut counts: HashMap<u64, u64> = HashMap::new(); for n in 0..black_box(2_000_000u64) { *counts.entry(n * 7919 % 10_007).or_insert(0) += 1; } counts.values().max().copied().unwrap()"),
    "a tree map": ("use std::collections::BTreeMap;", "let mut map = BTreeMap::new(); for n in 0..black_box(500_000u64) { map.insert(n * 7919 % 1_000_003, n); } map.range(1000..5000).map(|(_, v)| *v).sum::<u64>()"),
    "sorting by a key": ("", "let mut v: Vec<u64> = (0..1_000_000u64).map(|n| n * 7919 % 1_000_003).collect(); v.sort_by_key(|n| std::cmp::Reverse(*n)); v[7]"),
    "atomics in a loop": ("use std::sync::atomic::{AtomicU64, Ordering};", "let n = AtomicU64::new(0); std::thread::scope(|s| { for _ in 0..2 { s.spawn(|| for _ in 0..black_box(2_000_000) { n.fetch_add(1, Ordering::Relaxed); }); } }); n.load(Ordering::Relaxed)"),
    "a mutex in a loop": ("use std::sync::Mutex;", "let n = Mutex::new(0u64); for _ in 0..black_box(10_000_000) { *n.lock().unwrap() += 1; } n.into_inner().unwrap()"),
    "a channel of a million messages": ("", "let (tx, rx) = std::sync::mpsc::channel(); let t = std::thread::spawn(move || for n in 0..1_000_000u64 { tx.send(n).unwrap(); }); let s: u64 = rx.iter().sum(); t.join().unwrap(); s"),
    "threads that sum": ("", "let v: Vec<u64> = (0..10_000_000).collect(); std::thread::scope(|s| { let parts: Vec<_> = v.chunks(5_000_000).map(|c| s.spawn(move || c.iter().map(|n| n ^ (n >> 2)).sum::<u64>())).collect(); parts.into_iter().map(|p| p.join().unwrap()).sum::<u64>() })"),
    "futures": ("async fn one_more(n: u64) -> u64 { n + 1 }", "let mut n = 0; for _ in 0..black_box(20_000_000) { n = one_more(n).await; } n"),
    "tasks": ("", "let mut s = 0u64; for n in 0..black_box(100_000u64) { s += tokio::spawn(async move { n }).await.unwrap(); } s"),
    "rayon's iterators": ("use rayon::prelude::*;", "(0..black_box(50_000_000u64)).into_par_iter().map(|n| n ^ (n >> 3)).sum::<u64>()"),
    "a linked list": (
        "enum List { Cons(u64, Box<List>), Nil }\nfn length(list: &List) -> u64 { let mut n = 0; let mut at = list; while let List::Cons(v, next) = at { n += v; at = next; } n }",
        "let mut list = List::Nil; for n in 0..100_000 { list = List::Cons(n, Box::new(list)); } let mut s = 0; for _ in 0..20 { s += length(&list); } while let List::Cons(_, next) = list { list = *next; } s",
    ),
}


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--threadbook", type=Path, required=True, help="our executable")
    parser.add_argument("--rounds", type=int, default=5, help="runs of each cell (default: %(default)s)")
    parser.add_argument("--only", default="", help="the loops whose name contains this")
    options = parser.parse_args()
    with installed(options.threadbook) as folder:
        print(f"Machine: {machine.line()}\n")
        print("| loop | as it is, compile and run | run | under `%%time` | run | run / run |\n| --- | ---: | ---: | ---: | ---: | ---: |")
        for title, (items, code) in LOOPS.items():
            if options.only in title:
                print(row(title, items, code, Path(folder), options.rounds), flush=True)


def row(title, items, code, folder, rounds):
    """Each loop gets a new kernel, so that no loop makes the next one slower."""
    times = folder / "times"
    cell = f"""{items}
{{ use std::hint::black_box; let mut best = u128::MAX;
for _ in 0..3 {{ let start = std::time::Instant::now(); black_box({{ {code} }}); best = best.min(start.elapsed().as_micros()); }}
std::fs::write("{times}", best.to_string()).unwrap(); }}"""
    plain, measured = [], []
    with Kernel("threadbook") as kernel:
        kernel.until_result("1+1")
        for number in range(rounds):
            for values, text in ((plain, cell), (measured, "%%time\n" + cell)):
                # The text is different each time, as in a session.
                seconds = kernel.run(text + f"\n// {number}").seconds
                values.append((seconds * 1000, int(times.read_text()) / 1000))
    all_plain, all_measured = (statistics.median(whole for whole, _ in values) for values in (plain, measured))
    run_plain, run_measured = (min(run for _, run in values) for values in (plain, measured))
    ratio = run_plain / run_measured if run_measured else 1.0
    return f"| {title} | {all_plain:.0f} ms | {run_plain:.1f} ms | {all_measured:.0f} ms | {run_measured:.1f} ms | {ratio:.2f} |"


if __name__ == "__main__":
    main()
