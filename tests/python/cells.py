"""The cells of the checks, once in Rust and once in Python.

A check says what must happen; the cells that make it happen stand here. So the same check runs on ipykernel, whose
behaviour is the reference: a check that fails there is a wrong check.
"""

import json
from dataclasses import dataclass
from typing import Callable


@dataclass(frozen=True)
class Cells:
    """One language's cells. Those that run until they are stopped print `started` first."""

    language: str
    # Prints one line.
    say: Callable[[str], str]
    # Binds `kept` to a number; shows it.
    keep: Callable[[int], str]
    kept: str
    # Fails at run time, after nothing else.
    fail: str
    # Burns CPU until it is stopped.
    spin: str
    # Sleeps until it is stopped.
    sleep: str
    # Starts a `sleep` process, then burns CPU.
    spin_beside_child: str
    # The same where the kernel is killed outright. ipykernel leaves such a child behind, so there it has none.
    spin_before_kill: str
    # Waits until the file exists.
    wait_for: Callable[[str], str]
    # Waits until the file exists, then fails.
    wait_then_fail: Callable[[str], str]
    # Starts a thread and forgets it. Once the file exists it prints `detached 0` .. `detached n-1`.
    detach: Callable[[str, int], str]
    # Which cell gets the lines of a forgotten thread while a later cell runs: "its own" or "the latest".
    detached_belongs_to: str
    # Asks for a line with the prompt `name? ` and prints `got <line>`.
    ask: str
    # Asks for a password with the prompt `secret? ` and prints `got <line>`.
    ask_secretly: str
    # Whether the variables stay when a cell that burns CPU or sleeps is interrupted.
    interrupt_keeps_variables: bool
    # The error name of an interrupted cell.
    interrupted: str = "KeyboardInterrupt"


def quoted(text):
    """A string literal: JSON's are Rust's and Python's too, for the file names and words used here."""
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
    interrupt_keeps_variables=True,
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
    interrupt_keeps_variables=True,
)

BY_LANGUAGE = {cells.language: cells for cells in (RUST, PYTHON)}
