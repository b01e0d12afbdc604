"""Adds crates to busy sessions, one after the other in three orders. Prints a table of the times and what was kept."""

import argparse
import os
import random
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import machine
from crates import CRATES
from kernels import Kernel
from kernels import private_jupyter

# Variables, a running thread, a waiting task, and two other crates.
WORK = """:dep fastrand = "2"
:dep hex = "0.4"
let kept = vec![1, 2, 3];
let code = hex::encode("kept");
let numbers = fastrand::Rng::with_seed(1);
let (go_tx, go_rx) = std::sync::mpsc::channel::<()>();
let thread = std::thread::spawn(move || go_rx.recv().is_ok());
let (end_tx, end_rx) = tokio::sync::oneshot::channel::<()>();
let task = tokio::spawn(async move { end_rx.await.is_ok() });"""
WHOLE = "assert!(kept.len() == 3 && code.len() == 8 && !thread.is_finished() && !task.is_finished()); let _ = &numbers;"
END = "go_tx.send(()).unwrap(); end_tx.send(()).unwrap(); assert!(thread.join().unwrap()); assert!(task.await.unwrap());"


@dataclass
class Added:
    """The result of adding one crate."""

    seconds: float
    failure: str
    kept: bool
    type_kept: bool


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--threadbook", type=Path, required=True, help="our executable")
    parser.add_argument("--cache", type=Path, help="a cache without dependencies (default: an empty one)")
    parser.add_argument("--orders", type=int, default=3, help="how many of the orders (default: %(default)s)")
    parser.add_argument("--crates", type=int, default=len(CRATES), help="how many crates (default: all)")
    options = parser.parse_args()
    crates = CRATES[: options.crates]
    with private_jupyter() as folder:
        os.environ["THREADBOOK_CACHE"] = str(options.cache or Path(folder) / "cache")
        subprocess.run([options.threadbook, "install", "--prefix", folder], check=True, stdout=sys.stderr)
        print(f"Machine: {machine.line()}\n", flush=True)
        table(crates, [session(crates, order) for order in orders(len(crates))[: options.orders]])


def orders(count):
    """The orders: as listed, reversed, and shuffled in the same way each time."""
    listed = list(range(count))
    mixed = listed.copy()
    random.Random(1).shuffle(mixed)
    return [listed, listed[::-1], mixed]


def session(crates, order):
    """The result of each crate, by its index in the list."""
    added = {}
    with Kernel("threadbook") as kernel:
        kernel.until_result(WORK)
        for place in order:
            added[place] = add(kernel, place, *crates[place])
            print(crates[place][0], added[place], file=sys.stderr, flush=True)
        succeeds(kernel, END)
    return added


def add(kernel, place, dependency, value, items=""):
    try:
        seconds = kernel.run(f":dep {dependency}\n{items}let value_{place} = {value};").seconds
        failure = ""
    except RuntimeError as error:
        seconds, failure = 0.0, str(error).splitlines()[-1]
    return Added(seconds, failure, succeeds(kernel, WHOLE), succeeds(kernel, f"let _ = &value_{place};"))


def succeeds(kernel, code):
    try:
        kernel.run(code)
    except RuntimeError:
        return False
    return True


def table(crates, sessions):
    names = ["first", "again, backwards", "again, mixed"][: len(sessions)]
    print(f"| crate | {' | '.join(names)} | session kept | its type kept |")
    print("| --- |" + " ---: |" * len(sessions) + " --- | --- |")
    for place, (dependency, *_) in enumerate(crates):
        all_added = [added[place] for added in sessions]
        times = " | ".join(one.failure or f"{one.seconds:.1f}" for one in all_added)
        kept = word(all_added, lambda one: one.kept)
        types = word(all_added, lambda one: one.type_kept)
        print(f"| `{dependency}` | {times} | {kept} | {types} |")


def word(all_added, what):
    good = sum(what(one) for one in all_added)
    return "yes" if good == len(all_added) else f"{good} of {len(all_added)}"


if __name__ == "__main__":
    main()
