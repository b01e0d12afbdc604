"""Measures cells one by one: the time of each in every kernel, and how the time of our kernel is divided."""

import json
import re
import statistics
from pathlib import Path

CELLS = (Path(__file__).parent / "cells.rs.txt").read_text().split("\n---\n")

# Cells in addition to those of the file. The report compares them with rustc alone on the same generated source.
WARM = [("warm `1+1`", "1+1"), ("the same with `.await`", "std::future::ready(1).await + 1")]

PHASES = ["all", "analysis", "rewriting", "cargo", "rustc", "link", "load", "run"]


def measure(kernel, rounds):
    """The milliseconds of each cell of the file, and the median for each warm cell."""
    cells = [kernel.run(cell).seconds * 1000 for cell in CELLS]
    warm = [[kernel.run(cell).seconds * 1000 for _ in range(rounds)] for _, cell in WARM]
    return cells, [statistics.median(values) for values in warm]


def phases(log):
    """The phases that our kernel has logged for each cell, in order."""
    return [json.loads(found) for found in re.findall(r"phases (\{.*\})", Path(log).read_text())]


def report(ours, logged, rival, rounds):
    """Markdown with a table of the cells and one of the warm cells. `rival` has the times of its cells, or is None."""
    head = ["cell", "threadbook", *(["evcxr_jupyter", "ours / theirs"] if rival else []), *PHASES[1:]]
    lines = ["| " + " | ".join(head) + " |", "| --- |" + " ---: |" * (len(head) - 1)]
    for number, cell in enumerate(CELLS):
        title = re.sub(r"\s+", " ", cell).replace("|", "\\|")
        row = ["`" + (title if len(title) < 60 else title[:57] + "...") + "`", f"{ours[0][number]:.0f}"]
        if rival:
            row += [f"{rival[0][number]:.0f}", f"{ours[0][number] / rival[0][number]:.2f}"]
        row += [f"{logged[number][phase]:.0f}" for phase in PHASES[1:]]
        lines.append("| " + " | ".join(row) + " |")
    median = [statistics.median(ours[0]), statistics.median(rival[0]) if rival else None]
    row = ["median", f"{median[0]:.0f}"]
    if rival:
        row += [f"{median[1]:.0f}", f"{median[0] / median[1]:.2f}"]
    row += [f"{statistics.median(entry[phase] for entry in logged[:len(CELLS)]):.0f}" for phase in PHASES[1:]]
    lines += ["| " + " | ".join(row) + " |", ""]
    lines += ["| warm cell | threadbook | rustc alone, same source | ratio |", "| --- | ---: | ---: | ---: |"]
    for number, (title, _) in enumerate(WARM):
        entries = logged[len(CELLS) + number * rounds :][:rounds]
        rustc = statistics.median(entry["rustc"] + entry["link"] for entry in entries)
        lines.append(f"| {title} | {ours[1][number]:.0f} | {rustc:.0f} | {ours[1][number] / rustc:.2f} |")
    lines += ["", f"Milliseconds. A cell that awaits takes {ours[1][1] / ours[1][0]:.2f} times what one without does."]
    return lines
