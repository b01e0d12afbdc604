"""Measures the times of completion and inspection, idle and while a cell runs, beside ipykernel.

ipykernel does not reply while a cell runs.
"""

import argparse
import os
import statistics
import time
from pathlib import Path

import machine
from kernels import Kernel
from kernels import installed

DEFINITIONS = """use std::collections::HashMap;
struct Job { name: String, cost: u64 }
impl Job { fn longer(&self, by: u64) -> u64 { self.cost + by } }
let numbers = vec![1, 2, 3];
let counts: HashMap<String, usize> = HashMap::new();
let job = Job { name: "job".to_owned(), cost: 3 };"""
COMPLETIONS = ["numbers.", "counts.ent", "job.", "std::thread::sp", 'println!("{}", numbers.le', "num", "%time", "!cat /et"]
INSPECTIONS = ["numbers", "job.longer", "Vec::new", "std::thread::spawn", "%timeit", "match"]

PYTHON_DEFINITIONS = """from dataclasses import dataclass
@dataclass
class Job:
    name: str
    cost: int
    def longer(self, by): return self.cost + by
numbers = [1, 2, 3]
counts = {}
job = Job("job", 3)"""
PYTHON_COMPLETIONS = ["numbers.", "counts.set", "job.", "import threading; threading.Th", "print(len(numbers.co", "num", "%time", "!cat /et"]
PYTHON_INSPECTIONS = ["numbers", "job.longer", "list.append", "print", "%timeit", "len"]


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--threadbook", type=Path, required=True, help="our executable")
    parser.add_argument("--times", type=int, default=100, help="requests of each kind (default: %(default)s)")
    options = parser.parse_args()
    with installed(options.threadbook):
        print(f"Machine: {machine.line()} Load: {os.getloadavg()[0]:.1f}.\n")
        print("| kernel | requests | median, ms | worst, ms | with an answer |\n| --- | --- | ---: | ---: | ---: |")
        with Kernel("threadbook") as kernel:
            kernel.until_result("1+1")
            kernel.run(DEFINITIONS)
            # During the first requests, rust-analyzer reads code that it has not read yet.
            for _ in range(2):
                for code in COMPLETIONS:
                    complete(kernel, code)
                for code in INSPECTIONS:
                    inspect(kernel, code)
                time.sleep(2)
            row("threadbook | completion, idle", [complete(kernel, f"let _x{number} = 1;\n{code}") for number, code in repeated(COMPLETIONS, options.times)])
            row("threadbook | inspection, idle", [inspect(kernel, code) for _, code in repeated(INSPECTIONS, options.times)])
            kernel.client.execute("std::thread::sleep(std::time::Duration::from_secs(600))", allow_stdin=False)
            time.sleep(3)
            row("threadbook | completion, while a cell runs", [complete(kernel, f"let _x{number} = 1;\n{code}") for number, code in repeated(COMPLETIONS, options.times)])
            row("threadbook | inspection, while a cell runs", [inspect(kernel, code) for _, code in repeated(INSPECTIONS, options.times)])
        with Kernel("python3") as kernel:
            kernel.until_result("1+1")
            kernel.run(PYTHON_DEFINITIONS)
            for code in PYTHON_COMPLETIONS:
                complete(kernel, code)
            row("ipykernel | completion, idle", [complete(kernel, f"_x{number} = 1\n{code}") for number, code in repeated(PYTHON_COMPLETIONS, options.times)])
            row("ipykernel | inspection, idle", [inspect(kernel, code) for _, code in repeated(PYTHON_INSPECTIONS, options.times)])


def repeated(codes, times):
    return [(number, codes[number % len(codes)]) for number in range(times)]


def complete(kernel, code):
    """Seconds, and whether there was a match. Each text is different, because the latest reply is cached."""
    began = time.perf_counter()
    reply = kernel.reply(kernel.client.complete(code, len(code)))
    return time.perf_counter() - began, bool(reply["content"]["matches"])


def inspect(kernel, code):
    began = time.perf_counter()
    reply = kernel.reply(kernel.client.inspect(code, len(code)))
    return time.perf_counter() - began, reply["content"]["found"]


def row(title, answers):
    times = [seconds * 1000 for seconds, _ in answers]
    found = sum(found for _, found in answers)
    print(f"| {title} | {statistics.median(times):.0f} | {max(times):.0f} | {found} of {len(answers)} |", flush=True)


if __name__ == "__main__":
    main()
