"""Measures processes, pools and queues of cells and of CPython's multiprocessing in one run, and prints a table."""

import beside_python
from beside_python import Row

ROWS = [
    Row(
        "100 x process start and join",
        60 / 111,
        "for _ in 0..100 { process::spawn(|| ()).join()?; }",
        "for _ in range(100):\n    p = Process(target=nothing); p.start(); p.join()",
    ),
    Row(
        "Pool(2).map over 100,000 squares",
        12 / 20.7,
        "let squares = Pool::new(2).map(0..100_000_u64, |n| n * n); assert_eq!(squares[99_999], 99_999 * 99_999);",
        "pool.map(square, range(100_000))",
    ),
    Row(
        "Pool(2).imap over 10,000",
        100 / 755,
        "let sum: u64 = Pool::new(2).imap(0..10_000_u64, |n| n * n).flatten().sum(); assert!(sum > 0);",
        "sum(pool.imap(square, range(10_000)))",
    ),
    Row(
        "ProcessPoolExecutor(2).map over 5,000",
        60 / 502,
        "let squares = ProcessPoolExecutor::new(2).chunk(1).map(0..5_000_u64, |n| n * n); assert_eq!(squares.len(), 5_000);",
        "sum(executor.map(square, range(5_000)))",
    ),
    Row(
        "a process puts 100,000 integers into a Queue",
        150 / 487,
        "let queue = Queue::new(); let child = process::spawn(|| for n in 0..100_000_u64 { queue.put(&n); });"
        " let mut sum = 0; for _ in 0..100_000 { sum += queue.get(); } child.join()?; assert_eq!(sum, 4_999_950_000);",
        "queue = Queue(); p = Process(target=put, args=(queue,)); p.start()\nfor _ in range(100_000): queue.get()\np.join()",
    ),
]

# The ballast is written memory: both processes thus have at least about ten megabytes to copy.
RUST = "use threadbook::process::{self, Pool, ProcessPoolExecutor, Queue};\nlet ballast = vec![1_u8; 7 << 20];"

PYTHON = """
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import Pool, Process, Queue

def nothing(): pass
def square(n): return n * n
def put(queue):
    for n in range(100_000): queue.put(n)

if __name__ == "__main__":
    pool, executor = Pool(2), ProcessPoolExecutor(2)
    list(executor.map(square, range(4)))
"""

if __name__ == "__main__":
    beside_python.main(__doc__, ROWS, PYTHON, RUST)
