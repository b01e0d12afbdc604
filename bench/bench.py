"""Measures kernels side by side in one run and prints one table. README.md describes how to read it."""

import argparse
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import cells
import machine
from kernels import Kernel

# The cells for each language. They do the same in both.
CELLS = {
    "rust": {
        "sum": "1+1",
        "lines": 'for i in 0..{count} {{ println!("line {{i}}"); }}',
        "bytes": 'let text = "x".repeat(999); for _ in 0..{count} {{ println!("{{text}}"); }}',
    },
    "python": {
        "sum": "1+1",
        "lines": 'for i in range({count}): print(f"line {{i}}")',
        "bytes": 'text = "x" * 999\nfor _ in range({count}): print(text)',
    },
}

# The dependencies that evcxr must load to have the same crates as our kernel.
SAME_DEPENDENCIES = """:dep tokio = { version = "1", features = ["full"] }
:dep rayon = "1"
:dep serde = { version = "1", features = ["derive"] }
:dep serde_json = "1"
"""

# Rows of the table: the key, the measured quantity and its unit.
ROWS = [
    ("ready", "process start to kernel_info reply", "s"),
    ("first", "process start to first cell answered (`1+1`)", "s"),
    ("let", "the first `let`, 10 s after the start", "s"),
    ("warm", "warm `1+1`, request to idle", "ms"),
    ("lines", "{lines:,} printed lines, request to idle", "s"),
    ("lost", "of those lines, not received by idle", "lines"),
    ("rest", "memory at rest, with descendants (PSS)", "MB"),
    ("growth", "highest growth of the kernel's own process while {megabytes} MB are printed (PSS)", "MB"),
]


def main():
    options = parse()
    with tempfile.TemporaryDirectory(prefix="bench-") as folder:
        prefix = Path(folder)
        # The runs must not find the user's own kernels and must not write into the user's history.
        os.environ["JUPYTER_PATH"] = str(prefix / "share/jupyter")
        (prefix / "home").mkdir()
        for variable in ("JUPYTER_DATA_DIR", "JUPYTER_RUNTIME_DIR", "IPYTHONDIR", "XDG_DATA_HOME", "XDG_STATE_HOME"):
            os.environ[variable] = str(prefix / "home" / variable.lower())
        kernels, remarks = installed(options, prefix)
        values = {kernel: {row: [] for row, _, _ in ROWS} for kernel in kernels}
        for number in range(options.rounds):
            # Kernels take turns within a round. A slow minute of the machine thus affects all of them.
            for kernel in kernels:
                say(f"round {number + 1} of {options.rounds}: {kernel}")
                try:
                    one_round(kernel, options, values[kernel], last=number + 1 == options.rounds)
                except Exception as error:  # A kernel that fails is reported; the others are still measured.
                    remarks.append(f"{kernel}, round {number + 1}: {type(error).__name__}: {error}")
        text = report(options, kernels, values, remarks)
        if options.threadbook:
            say("cell by cell")
            text += "\n\n## Cell by cell\n\n" + "\n".join(cell_by_cell(kernels, prefix / "log"))
    print(text)
    if options.output:
        options.output.write_text(text + "\n")
    # A rival may be missing or fail; our kernel may not.
    sys.exit(1 if any(remark.startswith("threadbook") for remark in remarks) else 0)

def parse():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--threadbook", type=Path, help="our executable; without it only the rivals are measured")
    parser.add_argument("--evcxr", type=Path, help="the evcxr_jupyter executable, to measure it too")
    parser.add_argument("--rounds", type=int, default=3, help="kernels started of each kind (default: %(default)s)")
    parser.add_argument("--warm", type=int, default=20, help="warm cells in each round (default: %(default)s)")
    parser.add_argument("--lines", type=int, default=200_000, help="lines to print (default: %(default)s)")
    parser.add_argument("--megabytes", type=int, default=100, help="MB to print (default: %(default)s)")
    parser.add_argument("--output", type=Path, help="also write the result to this file")
    return parser.parse_args()

def installed(options, prefix):
    """Writes the kernelspecs; returns the names to measure and remarks about those that are missing."""
    kernels, remarks = {}, []
    if options.threadbook:
        # The preparation at the installation is not part of a start, like the installation of ipykernel.
        subprocess.run([options.threadbook, "install", "--prefix", prefix], check=True, stdout=sys.stderr)
        kernels["threadbook"] = "rust"
    else:
        remarks.append("threadbook: not measured (no `--threadbook PATH`)")
    # ipykernel's kernelspec comes with the virtual environment that runs this script.
    kernels["python3"] = "python"
    if options.evcxr and os.access(options.evcxr, os.X_OK):
        install_evcxr(options.evcxr, prefix)
        kernels["evcxr"] = "rust"
    elif options.evcxr:
        remarks.append(f"evcxr: not measured (`{options.evcxr}` is no executable)")
    else:
        remarks.append("evcxr: not measured (no `--evcxr PATH`)")
    return kernels, remarks

def install_evcxr(executable, prefix):
    """Writes the kernelspec `evcxr` for an executable."""
    folder = prefix / "share/jupyter/kernels/evcxr"
    folder.mkdir(parents=True)
    argv = [str(executable.resolve()), "--control_file", "{connection_file}"]
    spec = {"argv": argv, "display_name": "evcxr", "language": "rust", "interrupt_mode": "message"}
    (folder / "kernel.json").write_text(json.dumps(spec))

def one_round(name, options, values, last):
    """Measures one kernel from start to end."""
    language = "python" if name == "python3" else "rust"
    cells = CELLS[language]
    with Kernel(name) as kernel:
        values["ready"].append(kernel.until_info())
        values["first"].append(kernel.until_result(cells["sum"]))
        time.sleep(max(0, 10 - kernel.age()))
        values["let"].append(kernel.run("number = [1, 2, 3]" if language == "python" else "let number = vec![1, 2, 3];").seconds)
        for _ in range(options.warm):
            values["warm"].append(kernel.run(cells["sum"]).seconds * 1000)
        values["rest"].append(kernel.settled_memory())
        # The first run of this cell also compiles it, like each cell of a user.
        flood = kernel.run(cells["lines"].format(count=options.lines))
        values["lines"].append(flood.seconds)
        values["lost"].append(options.lines - flood.newlines)
        if last:
            # rust-analyzer allocates memory for the first cell of a shape. This row measures only the memory for
            # output.
            kernel.run(cells["bytes"].format(count=1))
            kernel.settled_memory()
            before = kernel.own_memory()
            flood = kernel.run(cells["bytes"].format(count=options.megabytes * 1000), watch_memory=True)
            values["growth"].append(flood.highest_memory - before)

def cell_by_cell(kernels, log):
    """Measures our kernel and evcxr with the same dependencies; reports how the time of our kernel is divided."""
    rounds = 15
    os.environ["THREADBOOK_LOG"] = "threadbook_kernel::phases=debug"
    with Kernel("threadbook", log) as kernel:
        kernel.until_result("1+1")
        time.sleep(10)
        skipped = len(cells.phases(log))
        ours = cells.measure(kernel, rounds)
    logged = cells.phases(log)[skipped:]
    rival = None
    if "evcxr" in kernels:
        say("cell by cell: evcxr, which compiles the same dependencies first")
        with Kernel("evcxr") as kernel:
            kernel.until_result(SAME_DEPENDENCIES + "1+1")
            time.sleep(10)
            rival = cells.measure(kernel, rounds)
    return cells.report(ours, logged, rival, rounds)

def report(options, kernels, values, remarks):
    names = {"threadbook": "threadbook", "python3": "ipykernel", "evcxr": "evcxr_jupyter"}
    rivals = [kernel for kernel in kernels if kernel != "threadbook"] if "threadbook" in kernels else []
    head = ["measured", *(names[kernel] for kernel in kernels), *(f"ours / {names[rival]}" for rival in rivals)]
    table = ["| " + " | ".join(head) + " |", "| --- |" + " ---: |" * (len(head) - 1)]
    for row, title, unit in ROWS:
        medians = {kernel: median(values[kernel][row]) for kernel in kernels}
        cells = [title.format(lines=options.lines, megabytes=options.megabytes)]
        cells += [shown(medians[kernel], unit) for kernel in kernels]
        cells += [ratio(medians["threadbook"], medians[rival]) for rival in rivals]
        table.append("| " + " | ".join(cells) + " |")
    lines = [
        "# Results",
        "",
        f"Machine: {machine.line()}",
        "",
        *table,
        "",
        f"Medians. {options.rounds} kernels of each kind were started, taking turns. Each gave one value a row, "
        f"but {options.warm} of the warm cell; the growth was measured once, on the last of each kind. "
        "A ratio under 1 is in our favour.",
    ]
    if remarks:
        lines += ["", *(f"- {remark}" for remark in remarks)]
    return "\n".join(lines)

def median(values):
    return statistics.median(values) if values else None

def shown(value, unit):
    if value is None:
        return "-"
    digits = {"s": 2, "ms": 1, "MB": 0, "lines": 0}[unit]
    return f"{value:,.{digits}f} {unit}"

def ratio(ours, theirs):
    return f"{ours / theirs:.2f}" if ours is not None and theirs else "-"

def say(text):
    print(text, file=sys.stderr, flush=True)

if __name__ == "__main__":
    main()
