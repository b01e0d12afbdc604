"""Runs each timed cell of the five Python notebooks in CPython and as a cell of ours, in turns, and prints the table.

CPU-bound cells have the notebooks' own sizes. All waits are a tenth of the notebooks' waits, on both sides, and the
pages come from a site on this machine. Exit code 1 means that an expectation of the table does not hold.
"""

import json
import os
import socket
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path

import beside_python

ONE_BY_ONE, PARALLEL, WAITS = "computes, one after the other", "computes, parallel", "waits"

# In the notebooks, a page takes about a third of a second (13 pages) or a tenth (160 pages).
PAGE_DELAYS_S = {"/slow": 0.034, "/": 0.01}

# The smallest allowed factor for cells that compute one thing after the other.
FASTER = 20
# The fewest processors that a parallel cell must use in some round, of two or more: it ends on fewer than it begins
# with.
USES = 1.5
# The factor that a clock on a busy machine can distinguish if both sides sleep for the same time.
SAME = 1.02


@dataclass
class Row:
    """A timed cell: its notebook, its description, how often Rust repeats it for one value, and the code of both."""

    cell: str
    what: str
    kind: str
    times: int
    rust: str
    python: str


@dataclass
class Measured:
    """Seconds of real time and of processor time. Processor time includes child processes."""

    wall: float
    cpu: float

    @property
    def processors(self):
        return self.cpu / self.wall


def downloads(cell, workers):
    return Row(
        cell, f"13 pages, ThreadPoolExecutor({workers})", WAITS, 1,
        f"let pages: Vec<_> = ThreadPoolExecutor::new({workers}).map(pages(&site, \"slow\", 13), get_data).collect(); all_came(&pages, 13);",
        f"with ThreadPoolExecutor({workers}) as executor: all_came(list(executor.map(get_data, pages('slow', 13))), 13)",
    )


def integral(cell, workers):
    return Row(
        cell, f"pi, 5,000,000 slices, ThreadPoolExecutor({workers})", ONE_BY_ONE if workers == 1 else PARALLEL, 10,
        f"let sum: f64 = ThreadPoolExecutor::new({workers}).map(parts(10), |(a, b)| integrate(a, b, 500_000)).sum(); is_pi(2.0 * sum);",
        f"with ThreadPoolExecutor({workers}) as executor:\n"
        "    is_pi(2 * sum(executor.map(lambda part: integrate(*part, 500_000), parts(10))))",
    )


ROWS = [
    Row(
        "000 #6 [10]", "Pool().imap_unordered over three sleeps", WAITS, 1,
        "let squares: Vec<u64> = Pool::new(cores).imap_unordered([3_u64, 2, 1], |n| { sleep(100 * n); n * n }).collect::<Result<_, _>>()?;"
        " assert_eq!(squares.iter().sum::<u64>(), 14);",
        "with Pool(os.cpu_count()) as pool: assert sum(pool.imap_unordered(slow_square, [3, 2, 1])) == 14",
    ),
    Row(
        "000 #7 [8]", "two awaits, one after the other", WAITS, 1,
        "tokio::time::sleep(ms(100)).await; tokio::time::sleep(ms(200)).await;",
        "asyncio.run(say_both())",
    ),
    Row(
        "000, script", "blocking_time: mandelbrot", ONE_BY_ONE, 20,
        "let inside: u32 = (0..HEIGHT).map(mandelbrot).sum(); a_sixth(inside);",
        "a_sixth(sum(map(mandelbrot, range(HEIGHT))))",
    ),
    Row(
        "000, script", "thread_pool_executor_time: mandelbrot", PARALLEL, 20,
        "let inside: u32 = ThreadPoolExecutor::new(cores).map(0..HEIGHT, mandelbrot).sum(); a_sixth(inside);",
        "with ThreadPoolExecutor(os.cpu_count()) as executor: a_sixth(sum(executor.map(mandelbrot, range(HEIGHT))))",
    ),
    Row(
        "000, script", "multiprocessing_time: mandelbrot", PARALLEL, 20,
        "let inside: u32 = Pool::new(cores).map(0..HEIGHT, mandelbrot).into_iter().sum(); a_sixth(inside);",
        "with Pool() as pool: a_sixth(sum(pool.map(mandelbrot, range(HEIGHT))))",
    ),
    Row(
        "001 #7 [21]", "13 pages, one after the other", WAITS, 1,
        "let pages: Vec<_> = pages(&site, \"slow\", 13).into_iter().map(get_data).collect(); all_came(&pages, 13);",
        "all_came([get_data(page) for page in pages('slow', 13)], 13)",
    ),
    downloads("001 #8 [29]", 1),
    downloads("001 #9 [30]", 4),
    downloads("001 #10 [31]", 8),
    downloads("001 #11 [32]", 16),
    downloads("001 #12 [33]", 32),
    Row(
        "001 #14 [54]", "pi, 5,000,000 slices", ONE_BY_ONE, 5,
        "is_pi(2.0 * integrate(-1.0, 1.0, 5_000_000));",
        "is_pi(2 * integrate(-1, 1, 5_000_000))",
    ),
    integral("001 #16 [66]", 1),
    integral("001 #17 [67]", 4),
    integral("001 #18 [71]", 8),
    Row(
        "002 #1 [1]", "20 sums, Pool()", PARALLEL, 10,
        "let sums = Pool::new(cores).map(numbers(), cpu_bound); assert_eq!(sums.len(), 20);",
        "with Pool() as pool: assert len(pool.map(cpu_bound, numbers)) == 20",
    ),
    Row(
        "002 #2 [2]", "20 sums", ONE_BY_ONE, 5,
        "let sums: Vec<u128> = numbers().into_iter().map(cpu_bound).collect(); assert_eq!(sums.len(), 20);",
        "assert len([cpu_bound(number) for number in numbers]) == 20",
    ),
    Row(
        "002 #3 [3]", "20 sums, ThreadPoolExecutor(5)", PARALLEL, 10,
        "let sums: Vec<u128> = ThreadPoolExecutor::new(5).map(numbers(), cpu_bound).collect(); assert_eq!(sums.len(), 20);",
        "with ThreadPoolExecutor(5) as executor: assert len(list(executor.map(cpu_bound, numbers))) == 20",
    ),
    Row(
        "002 #4", "160 pages, asyncio", WAITS, 1,
        "all_came(&task::gather(pages(&site, \"\", 160).into_iter().map(get_data_async)).await, 160);",
        "asyncio.run(gathered_pages(160))",
    ),
    Row(
        "002 #6 [4]", "160 pages, Pool()", WAITS, 1,
        "all_came(&Pool::new(cores).map(pages(&site, \"\", 160), get_data), 160);",
        "with Pool() as pool: all_came(pool.map(get_data, pages('', 160)), 160)",
    ),
    Row(
        "002 #7 [5]", "160 pages, ThreadPoolExecutor(5)", WAITS, 1,
        "let pages: Vec<_> = ThreadPoolExecutor::new(5).map(pages(&site, \"\", 160), get_data).collect(); all_came(&pages, 160);",
        "with ThreadPoolExecutor(5) as executor: all_came(list(executor.map(get_data, pages('', 160))), 160)",
    ),
    Row(
        "002 #8 [6]", "160 pages, one after the other", WAITS, 1,
        "let pages: Vec<_> = pages(&site, \"\", 160).into_iter().map(get_data).collect(); all_came(&pages, 160);",
        "all_came([get_data(page) for page in pages('', 160)], 160)",
    ),
    Row(
        "003 #20", "two coroutines, a sleep that blocks", WAITS, 1,
        "tokio::join!(factorial(3, true), factorial(4, true));",
        "asyncio.run(factorials(True))",
    ),
    Row(
        "003 #21", "two coroutines, a sleep that does not", WAITS, 1,
        "tokio::join!(factorial(3, false), factorial(4, false));",
        "asyncio.run(factorials(False))",
    ),
    Row(
        "004 #3 [3]", "11 x fib (36 and less), threads", PARALLEL, 5,
        "let threads: Vec<_> = FIBS.map(|n| std::thread::spawn(move || fib(black_box(n)))).into(); for thread in threads { thread.wait()?; }",
        "run_all(Thread(target=fib, args=(n,)) for n in FIBS)",
    ),
    Row(
        "004 #4 [4]", "11 x fib (36 and less), processes", PARALLEL, 5,
        "let children = FIBS.map(|n| process::spawn(move || fib(black_box(n)))); for child in children { child.join()?; }",
        "run_all(Process(target=fib, args=(n,)) for n in FIBS)",
    ),
    Row(
        "004 #5 [5]", "10 x sleep, threads", WAITS, 1,
        "let threads: Vec<_> = (0..10).map(|_| std::thread::spawn(|| sleep(500))).collect(); for thread in threads { thread.wait()?; }",
        "run_all(Thread(target=time.sleep, args=(0.5,)) for _ in range(10))",
    ),
    Row(
        "004 #6 [6]", "10 x sleep, processes", WAITS, 1,
        "let children: Vec<_> = (0..10).map(|_| process::spawn(|| sleep(500))).collect(); for child in children { child.join()?; }",
        "run_all(Process(target=time.sleep, args=(0.5,)) for _ in range(10))",
    ),
    Row(
        "004 #15 [15]", "five coroutines, one after the other", WAITS, 1,
        "for _ in 0..5 { tokio::time::sleep(ms(200)).await; }",
        "asyncio.run(five_sleeps())",
    ),
    Row(
        "004 #16 [16]", "five coroutines, gather", WAITS, 1,
        "task::gather((0..5).map(|_| tokio::time::sleep(ms(200)))).await;",
        "asyncio.run(gathered_sleeps(False))",
    ),
    Row(
        "004 #17 [17]", "five coroutines, gather, a sleep that blocks", WAITS, 1,
        "task::gather((0..5).map(|_| async { sleep(200) })).await;",
        "asyncio.run(gathered_sleeps(True))",
    ),
]

RUST = """
use std::hint::black_box;
use std::io::Read;
use std::io::Write;
use std::time::Duration;
use threadbook::process::Pool;
use tokio::io::AsyncReadExt;
use tokio::io::AsyncWriteExt;

const HEIGHT: u32 = 300;
const WIDTH: u32 = 300;
const FIBS: [u32; 11] = [36, 35, 34, 33, 32, 31, 30, 25, 20, 15, 10];

let cores = std::thread::available_parallelism()?.get();
let site = std::env::var("SITE")?;

#[repr(C)]
struct Usage {
    user: [i64; 2],
    system: [i64; 2],
    rest: [i64; 14],
}

unsafe extern "C" {
    fn getrusage(who: i32, usage: *mut Usage) -> i32;
}

/// Of this process and of the children that have ended.
fn cpu() -> f64 {
    let seconds = |who| {
        let mut usage = Usage { user: [0; 2], system: [0; 2], rest: [0; 14] };
        assert_eq!(unsafe { getrusage(who, &mut usage) }, 0);
        [usage.user, usage.system].iter().map(|[seconds, micros]| *seconds as f64 + *micros as f64 / 1e6).sum::<f64>()
    };
    seconds(0) + seconds(-1)
}

fn ms(count: u64) -> Duration { Duration::from_millis(count) }

fn sleep(count: u64) { std::thread::sleep(ms(count)); }

fn fib(n: u32) -> u64 { if n < 2 { u64::from(n) } else { fib(n - 1) + fib(n - 2) } }

fn cpu_bound(number: u64) -> u128 { (0..number).map(|i| u128::from(black_box(i)) * u128::from(i)).sum() }

fn numbers() -> Vec<u64> { (0..20).map(|x| 5_000_000 + x).collect() }

/// How many points of a row are in the set.
fn mandelbrot(row: u32) -> u32 {
    let imaginary = -1.5 + 3.0 * f64::from(row) / f64::from(HEIGHT);
    (0..WIDTH).filter(|column| {
        let real = -2.0 + 3.0 * f64::from(*column) / f64::from(WIDTH);
        let (mut x, mut y) = (0.0, 0.0);
        (0..200).all(|_| {
            (x, y) = (x * x - y * y + real, 2.0 * x * y + imaginary);
            x * x + y * y <= 4.0
        })
    }).count() as u32
}

fn a_sixth(inside: u32) { assert!((15_000..15_600).contains(&inside), "{inside}"); }

fn curve(x: f64) -> f64 { (1.0 - x * x).max(0.0).sqrt() }

fn linspace(a: f64, b: f64, count: usize) -> Vec<f64> {
    let dx = (b - a) / (count - 1) as f64;
    (0..count - 1).map(|n| a + dx * n as f64).chain([b]).collect()
}

fn integrate(a: f64, b: f64, count: usize) -> f64 {
    linspace(a, b, count).windows(2).map(|x| (curve(x[0]) + curve(x[1])) * 0.5 * (x[1] - x[0])).sum()
}

fn parts(count: usize) -> Vec<(f64, f64)> {
    linspace(-1.0, 1.0, count + 1).windows(2).map(|x| (x[0], x[1])).collect()
}

fn is_pi(value: f64) { assert!((value - std::f64::consts::PI).abs() < 1e-6, "{value}"); }

fn pages(site: &str, kind: &str, count: usize) -> Vec<(String, String)> {
    (0..count).map(|page| (site.to_owned(), format!("/{kind}?{page}"))).collect()
}

fn request((site, page): &(String, String)) -> String {
    format!("GET {page} HTTP/1.1\\r\\nHost: {site}\\r\\nConnection: close\\r\\n\\r\\n")
}

fn get_data(page: (String, String)) -> usize {
    let mut stream = std::net::TcpStream::connect(&page.0).unwrap();
    stream.write_all(request(&page).as_bytes()).unwrap();
    let mut response = Vec::new();
    stream.read_to_end(&mut response).unwrap()
}

async fn get_data_async(page: (String, String)) -> usize {
    let mut stream = tokio::net::TcpStream::connect(&page.0).await.unwrap();
    stream.write_all(request(&page).as_bytes()).await.unwrap();
    let mut response = Vec::new();
    stream.read_to_end(&mut response).await.unwrap()
}

fn all_came(pages: &[usize], count: usize) { assert!(pages.len() == count && pages.iter().all(|page| *page > 1000)); }

async fn factorial(number: u64, blocks: bool) -> u64 {
    let mut product = 1;
    for n in 2..=number {
        if blocks { sleep(100) } else { tokio::time::sleep(ms(100)).await }
        product *= n;
    }
    product
}
"""

PYTHON = """
import asyncio
import json
import math
import os
import resource
import sys
import time
import urllib.request
from concurrent.futures import ThreadPoolExecutor
from multiprocessing import Pool, Process
from threading import Thread

HEIGHT, WIDTH = 300, 300
FIBS = [36, 35, 34, 33, 32, 31, 30, 25, 20, 15, 10]
SITE = os.environ["SITE"]

def cpu():
    used = map(resource.getrusage, (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN))
    return sum(usage.ru_utime + usage.ru_stime for usage in used)

def slow_square(n):
    time.sleep(0.1 * n)
    return n * n

async def say_both():
    await asyncio.sleep(0.1)
    await asyncio.sleep(0.2)

def fib(n):
    if n == 0:
        return 0
    elif n == 1:
        return 1
    return fib(n - 1) + fib(n - 2)

def run_all(tasks):
    tasks = list(tasks)
    for task in tasks:
        task.start()
    for task in tasks:
        task.join()

def cpu_bound(number):
    return sum(i * i for i in range(number))

numbers = [5_000_000 + x for x in range(20)]

def mandelbrot(row):
    inside = 0
    for column in range(WIDTH):
        c = complex(-2 + 3 * column / WIDTH, -1.5 + 3 * row / HEIGHT)
        z = 0
        for _ in range(200):
            z = z * z + c
            if abs(z) > 2:
                break
        else:
            inside += 1
    return inside

def a_sixth(inside):
    assert 15_000 <= inside < 15_600, inside

def curve(x):
    return math.sqrt(max(1 - x**2, 0))

def linspace(a, b, N):
    result = [a]
    dx = (b - a) / (N - 1)
    for n in range(1, N - 1):
        result.append(a + dx * n)
    result.append(b)
    return result

def integrate(a, b, N):
    x = linspace(a, b, N)
    value = 0
    for left, right in zip(x[:-1], x[1:]):
        value += (curve(left) + curve(right)) * 0.5 * (right - left)
    return value

def parts(count):
    nodes = linspace(-1, 1, count + 1)
    return list(zip(nodes[:-1], nodes[1:]))

def is_pi(value):
    assert abs(value - math.pi) < 1e-6, value

def pages(kind, count):
    return [f"http://{SITE}/{kind}?{page}" for page in range(count)]

def get_data(url):
    with urllib.request.urlopen(url) as page:
        return len(page.read())

def all_came(sizes, count):
    assert len(sizes) == count and all(size >= 1000 for size in sizes), sizes

async def get_data_async(page):
    host, port = SITE.split(":")
    reader, writer = await asyncio.open_connection(host, port)
    writer.write(f"GET /?{page} HTTP/1.1\\r\\nHost: {SITE}\\r\\nConnection: close\\r\\n\\r\\n".encode())
    response = await reader.read()
    writer.close()
    return len(response)

async def gathered_pages(count):
    all_came(await asyncio.gather(*map(get_data_async, range(count))), count)

async def factorial(number, blocks):
    product = 1
    for n in range(2, number + 1):
        if blocks:
            time.sleep(0.1)
        else:
            await asyncio.sleep(0.1)
        product *= n
    return product

async def factorials(blocks):
    await asyncio.gather(factorial(3, blocks), factorial(4, blocks))

async def five_sleeps():
    for _ in range(5):
        await asyncio.sleep(0.2)

async def sleep(delay, blocks):
    if blocks:
        time.sleep(delay)
    else:
        await asyncio.sleep(delay)

async def gathered_sleeps(blocks):
    await asyncio.gather(*(sleep(0.2, blocks) for _ in range(5)))

if __name__ == "__main__":
    measured = []
    for code in json.loads(sys.argv[1]):
        compiled = compile(code, "row", "exec")
        begin, used = time.perf_counter(), cpu()
        exec(compiled)
        measured.append([time.perf_counter() - begin, cpu() - used])
    print(json.dumps(measured))
"""


def main():
    options = beside_python.parse(__doc__.splitlines()[0])
    site = Site()
    print(f"site at {site.address}", file=sys.stderr)
    environment = os.environ | {"SITE": site.address}
    python, rust = [[] for _ in ROWS], [[] for _ in ROWS]
    with tempfile.TemporaryDirectory(prefix="bench-") as folder:
        for number in range(options.rounds):
            print(f"round {number + 1} of {options.rounds}", file=sys.stderr)
            for runs, measured in (
                (rust, cells(options, Path(folder), environment)),
                (python, programs(options, Path(folder), environment)),
            ):
                for row, (wall, cpu) in zip(runs, measured, strict=True):
                    row.append(Measured(wall, cpu))
    return report(python, rust, options.rounds)


class Site:
    """A site on this machine, in a separate process. Each page has a delay, and any number of requests may wait."""

    def __init__(self):
        listening = socket.create_server(("127.0.0.1", 0), backlog=1024)
        self.address = "127.0.0.1:%d" % listening.getsockname()[1]
        self.ends, theirs = socket.socketpair()
        if os.fork() == 0:
            try:
                self.ends.close()
                serve(listening, theirs)
            finally:
                os._exit(0)
        listening.close()
        theirs.close()


def serve(listening, parent):
    """Serves until the other end of `parent` is closed."""
    import asyncio

    page = b"<!doctype html>" + b"." * 2000
    response = b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\nConnection: close\r\n\r\n" % len(page) + page

    async def answer(reader, writer):
        try:
            path = (await reader.readuntil(b"\r\n\r\n")).split(b" ")[1].decode().partition("?")[0]
            await asyncio.sleep(PAGE_DELAYS_S[path])
            writer.write(response)
            await writer.drain()
        except (ConnectionError, asyncio.IncompleteReadError):
            pass
        writer.close()

    async def run():
        await asyncio.start_server(answer, sock=listening)
        await asyncio.get_running_loop().run_in_executor(None, parent.recv, 1)

    asyncio.run(run())


def cells(options, folder, environment):
    """Runs a notebook with a cell for each row. Each cell prints its own times."""
    sources = [RUST]
    for row in ROWS:
        sources.append(
            f"let (begin, used) = (std::time::Instant::now(), cpu());\nfor _ in 0..{row.times} {{ {row.rust} }}\n"
            f'println!("{{}} {{}}", begin.elapsed().as_secs_f64() / {row.times}.0, (cpu() - used) / {row.times}.0);'
        )
    path = folder / "measured.ipynb"
    path.write_text(json.dumps(beside_python.notebook(sources)))
    subprocess.run([options.threadbook, "run", "--output", path, path], check=True, stdout=subprocess.DEVNULL, env=environment)
    run = json.loads(path.read_text())["cells"]
    printed = [
        "".join("".join(output["text"]) for output in cell["outputs"] if output.get("name") == "stdout") for cell in run[1:]
    ]
    return [map(float, text.split()) for text in printed]


def programs(options, folder, environment):
    path = folder / "measured.py"
    path.write_text(PYTHON)
    codes = json.dumps([row.python for row in ROWS])
    ran = subprocess.run([options.python, path, codes], check=True, stdout=subprocess.PIPE, text=True, env=environment)
    return json.loads(ran.stdout)


def report(python, rust, rounds):
    """Prints the table and the expectations that do not hold; returns the exit code."""
    faults = []
    for kind in (ONE_BY_ONE, PARALLEL, WAITS):
        print(f"\n### What {kind}\n")
        print("| cell | what | CPython: wall | CPU | processors | Threadbook: wall | CPU | processors | times as fast |")
        print("| --- | --- | ---: | ---: | ---: | ---: | ---: | ---: | ---: |")
        for row, theirs, ours in zip(ROWS, python, rust, strict=True):
            if row.kind != kind:
                continue
            used = max(one.processors for one in ours)
            theirs, ours = (min(runs, key=lambda one: one.wall) for runs in (theirs, ours))
            ratio = theirs.wall / ours.wall
            print(f"| {row.cell} | {row.what} | {shown(theirs)} | {shown(ours)} | {ratio:.{1 if ratio >= 9.95 else 2}f} |")
            name = f"{row.cell} ({row.what})"
            if kind == ONE_BY_ONE and ratio < FASTER:
                faults.append(f"{name}: {ratio:.1f} times as fast, and should be {FASTER} times")
            if kind == PARALLEL and used < USES:
                faults.append(f"{name}: used {used:.1f} processors, and should use {USES}")
            if kind == WAITS and ratio * SAME < 1:
                faults.append(f"{name}: slower, {ratio:.2f} times as fast")
    print(f"\nSeconds, of the quickest of {rounds} rounds. Processors: CPU over wall. Load of the machine: {os.getloadavg()[0]:.1f}.")
    print("\n".join(faults) if faults else "All holds.", file=sys.stderr)
    return 1 if faults else 0


def shown(measured):
    return f"{measured.wall:.3f} | {measured.cpu:.3f} | {measured.processors:.2f}"


if __name__ == "__main__":
    sys.exit(main())
