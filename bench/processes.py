"""Measures processes, pools and queues of cells beside CPython's multiprocessing in one run, and prints a table."""

import argparse
import json
import os
import statistics
import subprocess
import sys
import tempfile
from pathlib import Path

# What is measured, the most it may take in milliseconds, and the code of both: each evaluates to nothing and is timed.
ROWS = [
    (
        "100 x process start and join",
        60,
        "for _ in 0..100 { process::spawn(|| ()).join()?; }",
        "for _ in range(100):\n    p = Process(target=nothing); p.start(); p.join()",
    ),
    (
        "Pool(2).map over 100,000 squares",
        12,
        "let squares = Pool::new(2).map(0..100_000_u64, |n| n * n); assert_eq!(squares[99_999], 99_999 * 99_999);",
        "pool.map(square, range(100_000))",
    ),
    (
        "Pool(2).imap over 10,000",
        100,
        "let sum: u64 = Pool::new(2).imap(0..10_000_u64, |n| n * n).flatten().sum(); assert!(sum > 0);",
        "sum(pool.imap(square, range(10_000)))",
    ),
    (
        "ProcessPoolExecutor(2).map over 5,000",
        60,
        "let squares = ProcessPoolExecutor::new(2).chunk(1).map(0..5_000_u64, |n| n * n); assert_eq!(squares.len(), 5_000);",
        "sum(executor.map(square, range(5_000)))",
    ),
    (
        "a process puts 100,000 integers into a Queue",
        150,
        "let queue = Queue::new(); let child = process::spawn(|| for n in 0..100_000_u64 { queue.put(&n); });"
        " let mut sum = 0; for _ in 0..100_000 { sum += queue.get(); } child.join()?; assert_eq!(sum, 4_999_950_000);",
        "queue = Queue(); p = Process(target=put, args=(queue,)); p.start()\nfor _ in range(100_000): queue.get()\np.join()",
    ),
]

RUST_RESIDENT = """let resident_mb = {
    let status = std::fs::read_to_string("/proc/self/status")?;
    let line = status.lines().find(|line| line.starts_with("VmRSS")).unwrap_or_default().to_owned();
    line.split_whitespace().nth(1).and_then(|kb| kb.parse::<f64>().ok()).unwrap_or(0.0) / 1024.0
};"""

PYTHON = """
import json, resource, sys, time
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import Pool, Process, Queue

def nothing(): pass
def square(n): return n * n
def put(queue):
    for n in range(100_000): queue.put(n)

def resident():
    with open("/proc/self/status") as status:
        return next(int(line.split()[1]) for line in status if line.startswith("VmRSS")) / 1024

if __name__ == "__main__":
    times = {}
    pool, executor = Pool(2), ProcessPoolExecutor(2)
    list(executor.map(square, range(4)))
    for name, code in json.loads(sys.argv[1]):
        compiled = compile(code, name, "exec")
        begin = time.perf_counter()
        exec(compiled)
        times[name] = (time.perf_counter() - begin) * 1000
    print(json.dumps([times, resident()]))
"""


def main():
    options = parse()
    times = {name: {row[0]: [] for row in ROWS} for name in ("threadbook", "python")}
    resident = {"threadbook": [], "python": []}
    with tempfile.TemporaryDirectory(prefix="bench-") as folder:
        for number in range(options.rounds):
            print(f"round {number + 1} of {options.rounds}", file=sys.stderr)
            for name, measure in (("threadbook", cells), ("python", python)):
                values, megabytes = measure(options, Path(folder))
                resident[name].append(megabytes)
                for row, value in values.items():
                    times[name][row].append(value)
    print("| what | CPython, ms | Threadbook, ms | must, ms |")
    print("| --- | --- | --- | --- |")
    for row, must, _, _ in ROWS:
        print(f"| {row} | {shown(times['python'][row])} | {shown(times['threadbook'][row])} | {must} |")
    python_mb, threadbook_mb = (statistics.median(resident[name]) for name in ("python", "threadbook"))
    print(f"\nMedians (lowest in brackets) of {options.rounds} rounds. Resident: CPython {python_mb:.0f} MB, the process that"
          f" runs cells {threadbook_mb:.0f} MB. Load of the machine: {os.getloadavg()[0]:.1f}.")


def parse():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--threadbook", type=Path, required=True, help="our executable")
    parser.add_argument("--python", default=sys.executable, help="the other one (default: the one that runs this)")
    parser.add_argument("--rounds", type=int, default=5, help="how often all is measured (default: %(default)s)")
    return parser.parse_args()


def shown(values):
    return f"{statistics.median(values):.1f} ({min(values):.1f})"


def cells(options, folder):
    """Runs a notebook with a cell for each row, which prints its own time."""
    sources = ["use threadbook::process::{self, Pool, ProcessPoolExecutor, Queue};", RUST_RESIDENT]
    for name, _, code, _ in ROWS:
        sources.append(f'let begin = std::time::Instant::now(); {{ {code} }}'
                       f' println!("{{}}", begin.elapsed().as_secs_f64() * 1000.0);')
    sources.append('println!("{resident_mb}");')
    notebook = {
        "cells": [
            {"cell_type": "code", "id": f"c{index}", "metadata": {}, "source": source, "outputs": [], "execution_count": None}
            for index, source in enumerate(sources)
        ],
        "metadata": {"kernelspec": {"name": "threadbook", "display_name": "Threadbook", "language": "rust"}},
        "nbformat": 4,
        "nbformat_minor": 5,
    }
    path = folder / "processes.ipynb"
    path.write_text(json.dumps(notebook))
    subprocess.run([options.threadbook, "run", "--output", path, path], check=True, stdout=subprocess.DEVNULL)
    run = json.loads(path.read_text())["cells"]
    printed = ["".join("".join(output.get("text", "")) for output in cell["outputs"]) for cell in run]
    return {row[0]: float(text) for row, text in zip(ROWS, printed[2:])}, float(printed[-1])


def python(options, folder):
    path = folder / "processes.py"
    path.write_text(PYTHON)
    codes = json.dumps([(name, code) for name, _, _, code in ROWS])
    ran = subprocess.run([options.python, path, codes], check=True, capture_output=True, text=True)
    return json.loads(ran.stdout)


if __name__ == "__main__":
    main()
