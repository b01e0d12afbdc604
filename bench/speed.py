"""Measures cells beside rustc, evcxr_jupyter and ipykernel in one run: what a cell takes beyond its compiler."""

import argparse
import os
import statistics
import subprocess
import tempfile
import time
from dataclasses import dataclass
from dataclasses import field
from pathlib import Path

import cells
import machine
from before import WARM
from bench import SAME_DEPENDENCIES
from bench import install_evcxr
from kernels import Kernel
from kernels import installed

ONE = "warm `1+1`"
THREAD = "a thread"
CHANNEL = "a channel, three threads"

PYTHON = {
    ONE: "1+1",
    THREAD: "from concurrent.futures import ThreadPoolExecutor\nThreadPoolExecutor(1).submit(lambda: 6 * 7).result()",
    CHANNEL: """import queue, threading
q = queue.Queue()
for n in range(3): threading.Thread(target=q.put, args=(n,)).start()
print(sorted(q.get() for _ in range(3)))""",
}

AWAIT = "let awaited = std::future::ready(vec![1, 2]).await;"

RUSTC = "rustc on one function"
OURS = "threadbook"
BEFORE = "an earlier threadbook"
EVCXR = "evcxr_jupyter"
PYTHON3 = "ipykernel"

TOUR = Path(__file__).parent.parent / "notebooks/00_tour.ipynb"

# How long a kernel rests before it counts as idle: longer than its own work after the start.
IDLE_S = 15


@dataclass
class Row:
    """What was measured of one thing, by who did it, in seconds; and the highest ratio of ours to a rival's that is wanted."""

    rival: str | None
    must: float | None
    values: dict = field(default_factory=dict)

    def note(self, who, seconds):
        self.values.setdefault(who, []).append(seconds)

    def ratio(self):
        if self.rival not in self.values or OURS not in self.values:
            return None
        return statistics.median(self.values[OURS]) / statistics.median(self.values[self.rival])


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--threadbook", type=Path, required=True, help="our executable")
    parser.add_argument("--before", type=Path, help="an earlier executable, to compare the tour with")
    parser.add_argument("--tour", type=Path, default=TOUR, help="the notebook of that row (default: the tour)")
    parser.add_argument("--evcxr", type=Path, help="the evcxr_jupyter executable, to measure it too")
    parser.add_argument("--rounds", type=int, default=10, help="kernels started of each kind (default: %(default)s)")
    parser.add_argument("--slow", type=int, default=3, help="rounds with evcxr_jupyter and the tour (default: %(default)s)")
    parser.add_argument("--times", type=int, default=5, help="runs of each warm cell in a round (default: %(default)s)")
    options = parser.parse_args()
    rows = {
        ONE: Row(RUSTC, 1.8),
        THREAD: Row(RUSTC, 3.0),
        CHANNEL: Row(RUSTC, 4.5),
        "the twenty cells, median of each round": Row(EVCXR, 0.33),
        "start to the first result": Row(EVCXR, None),
        "an idle kernel's first `let` with await": Row("warm", 1.3),
        "all cells of the tour, `threadbook run`": Row(BEFORE, 0.7),
    }
    with installed(options.threadbook) as prefix:
        if options.evcxr:
            install_evcxr(options.evcxr, prefix)
        for number in range(options.rounds):
            print(f"round {number + 1} of {options.rounds}", flush=True)
            one_round(rows, options)
            if number < options.slow:
                slow_round(rows, options)
    print(f"\nMachine: {machine.line()}\n")
    print("\n".join(table(rows)))


def one_round(rows, options):
    rustc = machine.rustc_alone()
    for row in (ONE, THREAD, CHANNEL):
        rows[row].note(RUSTC, rustc)
    with Kernel("threadbook") as kernel:
        rows["start to the first result"].note(OURS, kernel.until_result("1+1"))
        time.sleep(max(0, IDLE_S - kernel.age()))
        awaits = rows["an idle kernel's first `let` with await"]
        awaits.note(OURS, kernel.run(AWAIT).seconds)
        for _ in range(options.times):
            awaits.note("warm", kernel.run(AWAIT).seconds)
        warm(kernel, rows, OURS, WARM, options.times)
        twenty(kernel, rows, OURS)
    with Kernel("python3") as kernel:
        rows["start to the first result"].note(PYTHON3, kernel.until_result("1+1"))
        warm(kernel, rows, PYTHON3, PYTHON, options.times)


def slow_round(rows, options):
    if options.evcxr:
        with Kernel("evcxr") as kernel:
            rows["start to the first result"].note(EVCXR, kernel.until_result(SAME_DEPENDENCIES + "1+1"))
            time.sleep(max(0, IDLE_S - kernel.age()))
            warm(kernel, rows, EVCXR, WARM, options.times)
            twenty(kernel, rows, EVCXR)
    for who, executable in ((BEFORE, options.before), (OURS, options.threadbook)):
        if executable:
            rows["all cells of the tour, `threadbook run`"].note(who, tour(executable, options.tour))


def warm(kernel, rows, who, sources, times):
    # The first run of a cell also brings in what the session needs once.
    for row in (ONE, THREAD, CHANNEL):
        kernel.run(sources[row])
    for _ in range(times):
        for row in (ONE, THREAD, CHANNEL):
            rows[row].note(who, kernel.run(sources[row]).seconds)


def twenty(kernel, rows, who):
    seconds = [kernel.run(cell).seconds for cell in cells.CELLS]
    rows["the twenty cells, median of each round"].note(who, statistics.median(seconds))


def tour(executable, notebook):
    with tempfile.TemporaryDirectory(prefix="bench-") as folder:
        environment = os.environ | {"THREADBOOK_LOG": "error"}
        command = [executable, "run", notebook, "--output", Path(folder) / "tour.ipynb"]
        began = time.perf_counter()
        subprocess.run(command, check=True, env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        return time.perf_counter() - began


def table(rows):
    people = [OURS, RUSTC, EVCXR, PYTHON3, BEFORE, "warm"]
    people = [who for who in people if any(who in row.values for row in rows.values())]
    yield "| measured | " + " | ".join(people) + " | ours against | ratio | must |"
    yield "| --- |" + " ---: |" * len(people) + " --- | ---: | ---: |"
    for title, row in rows.items():
        values = [shown(row.values.get(who)) for who in people]
        ratio = row.ratio()
        ratio = "-" if ratio is None else f"{ratio:.2f}"
        yield f"| {title} | {' | '.join(values)} | {row.rival} | {ratio} | {row.must or '-'} |"
    yield ""
    yield "Seconds: medians, the highest in brackets."


def shown(values):
    return f"{statistics.median(values):.3f} ({max(values):.3f})" if values else "-"


if __name__ == "__main__":
    main()
