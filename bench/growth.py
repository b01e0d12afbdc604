"""Measures how much slower cells become in a session with a growing number of definitions."""

import argparse
import statistics
from pathlib import Path

import curve
import machine
from kernels import Kernel
from kernels import installed

# The definitions of one cell; a session repeats them with other numbers.
DEFINITION = """#[derive(Debug, Clone)] struct Job{n} {{ name: String, cost: u64 }}
impl Job{n} {{ fn new(name: &str) -> Job{n} {{ Job{n} {{ name: name.to_owned(), cost: {n} }} }} fn longer(&self, by: u64) -> u64 {{ self.cost + by }} }}
fn total{n}(jobs: &[Job{n}]) -> u64 {{ jobs.iter().map(|job| job.longer({n})).sum() }}
let job{n} = Job{n}::new("job");"""
CELLS = {
    "`1+1`": "1+1",
    "a thread": "std::thread::spawn(|| 6 * 7).join().unwrap()",
    "one of the definitions": "total0(&[job0.clone()])",
}
# The highest ratio that is wanted.
MUST = 1.1


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--threadbook", type=Path, required=True, help="our executable")
    parser.add_argument("--definitions", type=int, default=200, help="cells that define something (default: %(default)s)")
    parser.add_argument("--step", type=int, default=50, help="cells between two measurements (default: %(default)s)")
    parser.add_argument("--times", type=int, default=15, help="runs of each cell (default: %(default)s)")
    parser.add_argument("--cells", type=int, default=0, help="then run so many cells that define nothing")
    parser.add_argument("--picture", type=Path, help="draw the ratios into this SVG file")
    options = parser.parse_args()
    curves = {title: [] for title in CELLS}
    with installed(options.threadbook):
        print(f"Machine: {machine.line()}\n")
        head = [f"{title}, ms | against the first" for title in CELLS]
        print(f"| cells before | {' | '.join(head)} | memory (PSS), MB |\n| ---: |" + " ---: |" * (2 * len(CELLS) + 1))
        # A second kernel gets no more definitions. A slow minute of the machine thus affects both.
        with Kernel("threadbook") as kernel, Kernel("threadbook") as small:
            for one in (kernel, small):
                one.until_result("1+1")
                one.run(DEFINITION.format(n=0))
            made = 1
            while True:
                print(row(made, kernel, small, options.times, curves), flush=True)
                if made >= options.definitions:
                    break
                for number in range(made, made + options.step):
                    kernel.run(DEFINITION.format(n=number))
                made += options.step
            if options.cells:
                print(in_a_row(kernel, options.cells))
    if options.picture:
        title = "time of a cell against the same in a session with one definition"
        curve.draw(options.picture, title, curves, "definitions", MUST)


def in_a_row(kernel, count):
    """What the first and the last cells of many take."""
    before = kernel.settled_memory()
    milliseconds = [kernel.run("1+1").seconds * 1000 for _ in range(count)]
    part = count // 10
    first, last = (statistics.median(part) for part in (milliseconds[:part], milliseconds[-part:]))
    return (
        f"\n{count} x `1+1`: the first {part} took {first:.0f} ms each, the last {part} {last:.0f} ms ({last / first:.2f}); "
        f"memory {before:.0f} MB before, {kernel.settled_memory():.0f} MB after."
    )


def row(made, kernel, small, times, curves):
    cells = []
    for title, cell in CELLS.items():
        pairs = [(kernel.run(cell).seconds * 1000, small.run(cell).seconds * 1000) for _ in range(times)]
        large, usual = (statistics.median(values) for values in zip(*pairs))
        curves[title].append((made, large / usual))
        cells.append(f"{large:.0f} | {large / usual:.2f}")
    return f"| {made} | {' | '.join(cells)} | {kernel.settled_memory():.0f} |"


if __name__ == "__main__":
    main()
