"""Runs pieces of code as cells and in CPython, in turns, and prints the time of each."""

import argparse
import json
import os
import statistics
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path

# The memory of the process that runs cells, before the measurements.
RUST_RESIDENT = """let resident_mb = {
    let status = std::fs::read_to_string("/proc/self/status")?;
    let line = status.lines().find(|line| line.starts_with("VmRSS")).unwrap_or_default().to_owned();
    line.split_whitespace().nth(1).and_then(|kb| kb.parse::<f64>().ok()).unwrap_or(0.0) / 1024.0
};"""

PYTHON_TIMES = """
import json, sys, time

def resident():
    with open("/proc/self/status") as status:
        return next(int(line.split()[1]) for line in status if line.startswith("VmRSS")) / 1024

if __name__ == "__main__":
    times = {}
    for name, code in json.loads(sys.argv[1]):
        compiled = compile(code, name, "exec")
        begin = time.perf_counter()
        exec(compiled)
        times[name] = (time.perf_counter() - begin) * 1000
    print(json.dumps([times, resident()]))
"""


@dataclass
class Row:
    """A measurement: its name, the largest allowed part of CPython's time, and the code in both languages."""

    name: str
    must: float
    rust: str
    python: str


def main(description, rows, python_code, rust_code=""):
    """Measures the rows. `python_code` and `rust_code` run before them, each in its language."""
    options = parse(description)
    times = {name: {row.name: [] for row in rows} for name in ("threadbook", "python")}
    resident = {"threadbook": [], "python": []}
    with tempfile.TemporaryDirectory(prefix="bench-") as folder:
        for number in range(options.rounds):
            print(f"round {number + 1} of {options.rounds}", file=sys.stderr)
            for name, measured in (
                ("threadbook", cells(options, Path(folder), rows, rust_code)),
                ("python", python(options, Path(folder), rows, python_code)),
            ):
                values, megabytes = measured
                resident[name].append(megabytes)
                for row, value in values.items():
                    times[name][row].append(value)
    print("| what | CPython, ms | Threadbook, ms | ours / CPython | must |")
    print("| --- | ---: | ---: | ---: | ---: |")
    for row in rows:
        theirs, ours = times["python"][row.name], times["threadbook"][row.name]
        ratio = statistics.median(ours) / statistics.median(theirs)
        print(f"| {row.name} | {shown(theirs)} | {shown(ours)} | {ratio:.2f} | {row.must:.2f} |")
    python_mb, threadbook_mb = (statistics.median(resident[name]) for name in ("python", "threadbook"))
    print(f"\nMedians (lowest in brackets) of {options.rounds} rounds. Resident: CPython {python_mb:.0f} MB, the process that"
          f" runs cells {threadbook_mb:.0f} MB. Load of the machine: {os.getloadavg()[0]:.1f}.")


def parse(description):
    parser = argparse.ArgumentParser(description=description)
    parser.add_argument("--threadbook", type=Path, required=True, help="our executable")
    parser.add_argument("--python", default=sys.executable, help="the other one (default: the one that runs this)")
    parser.add_argument("--rounds", type=int, default=5, help="how often all is measured (default: %(default)s)")
    return parser.parse_args()


def shown(values):
    return f"{statistics.median(values):.1f} ({min(values):.1f})"


def cells(options, folder, rows, code):
    """Runs a notebook with a cell for each row. Each cell prints its own time."""
    sources = [code + "\n" + RUST_RESIDENT]
    for row in rows:
        sources.append(f'let begin = std::time::Instant::now(); {{ {row.rust} }}'
                       f' println!("{{}}", begin.elapsed().as_secs_f64() * 1000.0);')
    sources.append('println!("{resident_mb}");')
    path = folder / "measured.ipynb"
    path.write_text(json.dumps(notebook(sources)))
    subprocess.run([options.threadbook, "run", "--output", path, path], check=True, stdout=subprocess.DEVNULL)
    run = json.loads(path.read_text())["cells"]
    printed = [
        "".join("".join(output["text"]) for output in cell["outputs"] if output.get("name") == "stdout") for cell in run
    ]
    return {row.name: float(text) for row, text in zip(rows, printed[1:])}, float(printed[-1])


def notebook(sources):
    """A notebook with one cell for each source."""
    return {
        "cells": [
            {"cell_type": "code", "id": f"c{index}", "metadata": {}, "source": source, "outputs": [], "execution_count": None}
            for index, source in enumerate(sources)
        ],
        "metadata": {"kernelspec": {"name": "threadbook", "display_name": "Threadbook", "language": "rust"}},
        "nbformat": 4,
        "nbformat_minor": 5,
    }


def python(options, folder, rows, code):
    path = folder / "measured.py"
    path.write_text(code + PYTHON_TIMES)
    codes = json.dumps([(row.name, row.python) for row in rows])
    ran = subprocess.run([options.python, path, codes], check=True, capture_output=True, text=True)
    return json.loads(ran.stdout)
