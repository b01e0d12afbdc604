"""Measures threads, thread pools and gathered futures of cells and of CPython in one run, and prints a table."""

import beside_python
from beside_python import Row

ROWS = [
    Row(
        "1000 x thread start and wait",
        40 / 61,
        "for n in 0..1000_u64 { assert_eq!(std::thread::spawn(move || n).wait()?, n); }",
        "for n in range(1000):\n    t = Thread(target=nothing); t.start(); t.join()",
    ),
    Row(
        "ThreadPoolExecutor(2).map over 50,000",
        60 / 953,
        "let pool = ThreadPoolExecutor::new(2);"
        " let sum: u64 = pool.map(0..50_000_u64, |n| n * n).sum(); assert_eq!(sum, 41_665_416_675_000);",
        "with ThreadPoolExecutor(2) as pool: sum(pool.map(square, range(50_000)))",
    ),
    Row(
        "gather of 100,000 sleep(0)",
        100 / 1251,
        "let done = task::gather((0..100_000).map(|_| tokio::time::sleep(std::time::Duration::ZERO))).await;"
        " assert_eq!(done.len(), 100_000);",
        "asyncio.run(gathered(100_000))",
    ),
    # This has the purpose of Python's sleep(0).
    Row(
        "gather of 100,000 yield_now",
        100 / 1251,
        "let done = task::gather((0..100_000).map(|_| tokio::task::yield_now())).await; assert_eq!(done.len(), 100_000);",
        "asyncio.run(gathered(100_000))",
    ),
]

PYTHON = """
import asyncio
from concurrent.futures import ThreadPoolExecutor
from threading import Thread

def nothing(): pass
def square(n): return n * n
async def gathered(count): await asyncio.gather(*(asyncio.sleep(0) for _ in range(count)))
"""

if __name__ == "__main__":
    beside_python.main(__doc__, ROWS, PYTHON)
