"""The cells of the checks, in Rust and in Python.

A check describes what must happen; these cells cause it. Therefore the same check also runs on ipykernel, whose
behaviour is the reference: a check that fails on ipykernel is wrong.
"""

import json
from dataclasses import dataclass
from typing import Callable


@dataclass(frozen=True)
class Cells:
    """The cells in one language. Cells that run until they are stopped first print `started`."""

    language: str
    # Prints one line.
    say: Callable[[str], str]
    # Binds `kept` to a number; the cell `kept` shows it.
    keep: Callable[[int], str]
    kept: str
    # Fails at run time and does nothing else.
    fail: str
    # Uses the processor until it is stopped.
    spin: str
    # Sleeps until it is stopped.
    sleep: str
    # Starts a `sleep` process, then uses the processor.
    spin_beside_child: str
    # Does the same in checks that kill the kernel. After a kill, ipykernel leaves a child behind; therefore its cell
    # starts none.
    spin_before_kill: str
    # Waits until the file exists.
    wait_for: Callable[[str], str]
    # Waits until the file exists, then fails.
    wait_then_fail: Callable[[str], str]
    # Starts a thread and does not wait for it. When the file exists, the thread prints `detached 0` .. `detached n-1`.
    detach: Callable[[str, int], str]
    # The cell that gets the lines of such a thread while a later cell runs: "its own" or "the latest".
    detached_belongs_to: str
    # Requests a line with the prompt `name? ` and prints `got <line>`.
    ask: str
    # Requests a password with the prompt `secret? ` and prints `got <line>`.
    ask_secretly: str
    # The error name of an interrupted cell.
    interrupted: str = "KeyboardInterrupt"


def quoted(text):
    """A string literal. For the file names and words used here, JSON's form is valid in Rust and Python too."""
    return json.dumps(text)


def rust_wait(path):
    return (
        f"while !std::path::Path::new({quoted(path)}).exists() "
        "{ std::thread::sleep(std::time::Duration::from_millis(20)); }"
    )


def python_wait(path, indent=""):
    return (
        f"import os, time\n{indent}while not os.path.exists({quoted(path)}):\n{indent}    time.sleep(0.02)"
    )


RUST_SPIN = 'println!("started"); while std::hint::black_box(true) {}'

RUST = Cells(
    language="rust",
    say=lambda text: f"println!({quoted(text)});",
    keep=lambda number: f"let kept = {number};",
    kept="kept",
    fail='panic!("boom");',
    spin=RUST_SPIN,
    sleep='println!("started"); std::thread::sleep(std::time::Duration::from_secs(3600));',
    spin_beside_child=f'std::process::Command::new("sleep").arg("3600").spawn().unwrap(); {RUST_SPIN}',
    spin_before_kill=f'std::process::Command::new("sleep").arg("3600").spawn().unwrap(); {RUST_SPIN}',
    wait_for=lambda path: f'println!("started"); {rust_wait(path)}',
    wait_then_fail=lambda path: f'println!("started"); {rust_wait(path)} panic!("boom");',
    detach=lambda path, count: (
        f"std::thread::spawn(|| {{ {rust_wait(path)} "
        f'for i in 0..{count} {{ println!("detached {{i}}"); }} }});'
    ),
    detached_belongs_to="its own",
    ask='let answer = threadbook::input("name? ")?; println!("got {answer}");',
    ask_secretly='let answer = threadbook::getpass("secret? ")?; println!("got {answer}");',
)

PYTHON_SPIN = 'print("started", flush=True)\nwhile True: pass'

PYTHON = Cells(
    language="python",
    say=lambda text: f"print({quoted(text)})",
    keep=lambda number: f"kept = {number}",
    kept="kept",
    fail='raise ValueError("boom")',
    spin=PYTHON_SPIN,
    sleep='import time\nprint("started", flush=True)\ntime.sleep(3600)',
    spin_beside_child=f'import subprocess\nsubprocess.Popen(["sleep", "3600"])\n{PYTHON_SPIN}',
    spin_before_kill=PYTHON_SPIN,
    wait_for=lambda path: f'print("started", flush=True)\n{python_wait(path)}',
    wait_then_fail=lambda path: f'print("started", flush=True)\n{python_wait(path)}\nraise ValueError("boom")',
    detach=lambda path, count: (
        "import threading\n"
        "def detached():\n"
        f"    {python_wait(path, '    ')}\n"
        f"    for i in range({count}): print(f'detached {{i}}')\n"
        "threading.Thread(target=detached, daemon=True).start()"
    ),
    detached_belongs_to="the latest",
    ask='print("got", input("name? "))',
    ask_secretly='import getpass\nprint("got", getpass.getpass("secret? "))',
)

BY_LANGUAGE = {cells.language: cells for cells in (RUST, PYTHON)}
