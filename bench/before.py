"""Measures two builds of the kernel in turns. Prints the times of both, and the cost of a guard in the newer one."""

import argparse
import statistics
import subprocess
import sys
import time
from pathlib import Path

import machine
from kernels import Kernel
from kernels import private_jupyter

# Each cell runs several times in a row, as in interactive work.
WARM = {
    "warm `1+1`": "1+1",
    "a thread": "std::thread::spawn(|| 6 * 7).join().unwrap()",
    "a channel, three threads": """{ let (tx, rx) = std::sync::mpsc::channel();
for id in 0..3 { let tx = tx.clone(); std::thread::spawn(move || tx.send(id).unwrap()); }
drop(tx);
let mut all: Vec<i32> = rx.iter().collect(); all.sort(); println!("{all:?}"); }""",
    "an iterator": "(1..=1000u64).filter(|n| n % 3 == 0).map(|n| n * n).sum::<u64>()",
}
# Variables that end with their cell. Each is measured at the top of a cell and in braces.
GUARDS = {
    "a lock's guard": "let mut guard = lock.lock().unwrap(); *guard += 1; println!(\"{guard}\");",
    "a reference": "let first = &numbers[0]; println!(\"{first}\");",
    "an iterator of a variable": "let mut rest = numbers.iter().skip(1); println!(\"{:?}\", rest.next());",
    "a closure": "let add = |n: u64| n + numbers[0]; println!(\"{}\", add(1));",
}
SETUP = "let lock = std::sync::Mutex::new(1); let numbers: Vec<u64> = (1..=10).collect();"


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--threadbook", type=Path, required=True, help="our executable")
    parser.add_argument("--before", type=Path, required=True, help="the executable to compare it with")
    parser.add_argument("--rounds", type=int, default=5, help="kernels started of each (default: %(default)s)")
    parser.add_argument("--times", type=int, default=10, help="runs of each cell in a round (default: %(default)s)")
    options = parser.parse_args()
    executables = {"before": options.before, "now": options.threadbook}
    values = {which: {} for which in executables}
    guards = {title: ([], []) for title in GUARDS}
    with private_jupyter() as folder:
        for which, executable in executables.items():
            subprocess.run(
                [executable, "install", "--prefix", folder, "--name", which], check=True, stdout=sys.stderr
            )
        for number in range(options.rounds):
            for which in executables:
                print(f"round {number + 1} of {options.rounds}: {which}", file=sys.stderr, flush=True)
                with Kernel(which) as kernel:
                    one_round(kernel, options.times, values[which], guards if which == "now" else None)
    print(f"Machine: {machine.line()}\n")
    print("| measured | before | now | now / before |\n| --- | ---: | ---: | ---: |")
    for row in values["now"]:
        before, now = (statistics.median(values[which][row]) for which in executables)
        unit = "MB" if "memory" in row else "ms"
        print(f"| {row} | {before:,.0f} {unit} | {now:,.0f} {unit} | {now / before:.2f} |")
    print("\n| a variable that ends with its cell | in braces | at the top | ratio |\n| --- | ---: | ---: | ---: |")
    for title, (braces, top) in guards.items():
        braces, top = statistics.median(braces), statistics.median(top)
        print(f"| {title} | {braces:.0f} ms | {top:.0f} ms | {top / braces:.2f} |")


def one_round(kernel, times, values, guards):
    def note(row, value):
        values.setdefault(row, []).append(value)

    note("start to the first cell's answer", kernel.until_result("1+1") * 1000)
    time.sleep(max(0, 8 - kernel.age()))
    note("the first `let`", kernel.run("let first_variable = vec![1, 2, 3];").seconds * 1000)
    note("memory after it (PSS)", kernel.settled_memory())
    for _ in range(times):
        for title, cell in WARM.items():
            note(title, kernel.run(cell).seconds * 1000)
    if guards is None:
        return
    kernel.run(SETUP)
    for _ in range(times):
        for title, (braces, top) in guards.items():
            cell = GUARDS[title]
            braces.append(kernel.run(f"{{ {cell} }}").seconds * 1000)
            top.append(kernel.run(cell).seconds * 1000)


if __name__ == "__main__":
    main()
