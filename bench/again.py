"""Adds crates to sessions one after the other, with one cache. Prints the times of each `:dep` and of rustc alone."""

import argparse
import statistics
from pathlib import Path

import machine
from kernels import Kernel
from kernels import installed

CRATES = [
    'fastrand = "2"',
    'hex = "0.4"',
    'itoa = "1"',
    'smallvec = "1"',
    'indexmap = "2"',
    'regex = "1"',
    'csv = "1"',
    'chrono = "0.4"',
    'petgraph = "0.8"',
    'itertools = "0.14"',
]


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--threadbook", type=Path, required=True, help="our executable")
    parser.add_argument("--kernels", type=int, default=3, help="how many sessions (default: %(default)s)")
    options = parser.parse_args()
    seconds = {crate: [] for crate in CRATES}
    alone = []
    with installed(options.threadbook):
        for _ in range(options.kernels):
            alone.append(machine.rustc_alone())
            with Kernel("threadbook") as kernel:
                kernel.until_result("let kept = vec![1, 2, 3];")
                for crate in CRATES:
                    seconds[crate].append(kernel.run(f":dep {crate}").seconds)
                    kernel.run("assert!(kept.len() == 3);")
    print(f"Machine: {machine.line()}\n")
    print(f"rustc alone, a shared object of one function: {statistics.median(alone):.2f} s\n")
    print("| crate | " + " | ".join(f"kernel {number + 1}, s" for number in range(options.kernels)) + " |")
    print("| --- |" + " ---: |" * options.kernels)
    for crate, row in seconds.items():
        print(f"| `{crate}` | " + " | ".join(f"{value:.2f}" for value in row) + " |")


if __name__ == "__main__":
    main()
