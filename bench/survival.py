"""Measures interrupts, copies of the process, and a long session with crashes, and prints the tables."""

import argparse
import random
import re
import statistics
import time
from pathlib import Path

import machine
from kernels import Kernel, descendants, proportional
from kernels import installed

# The points at which cells are interrupted. Waiting calls are ended; the other cells go back to the state before.
WAITS = [
    ("sleep", "std::thread::sleep(HOUR);"),
    ("join", "std::thread::spawn(|| std::thread::sleep(HOUR)).join().unwrap();"),
    ("await", "tokio::time::sleep(HOUR).await;"),
    ("child process", 'std::process::Command::new("sleep").arg("3600").status().unwrap();'),
    ("lock wait", "{ let _held = LOCK.lock().unwrap(); let _second = LOCK.lock().unwrap(); }"),
    ("rayon's pool", "(0..2).into_par_iter().for_each(|_| while std::hint::black_box(true) {});"),
    ("hot loop", "while std::hint::black_box(true) {}"),
]
PRELUDE = """use rayon::prelude::*;
const HOUR: std::time::Duration = std::time::Duration::from_secs(3600);
static LOCK: std::sync::Mutex<()> = std::sync::Mutex::new(());
let kept = 1;"""
COMPILE = """#[allow(long_running_const_eval)] const SLOW: u64 = {
    let mut n = 0u64; let mut sum = 0u64; while n < 4_000_000_000 { sum = sum.wrapping_add(n * n); n += 1; } sum };
println!("{SLOW}");"""


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--threadbook", type=Path, required=True, help="our executable")
    parser.add_argument("--times", type=int, default=50, help="interrupts of each kind (default: %(default)s)")
    parser.add_argument("--soak", type=int, default=1000, help="cells of the long session (default: %(default)s)")
    options = parser.parse_args()
    with installed(options.threadbook):
        print(f"Machine: {machine.line()}\n")
        interrupts(options.times)
        copies()
        soak(options.soak)


def interrupts(times):
    print("| interrupted at | median | worst | of |\n| --- | ---: | ---: | ---: |")
    with Kernel("threadbook") as kernel:
        kernel.until_result(PRELUDE)
        for name, code in WAITS:
            taken = [interrupt(kernel, f'println!("started"); {code}') for _ in range(times)]
            row(name, taken)
        row("compiling", [interrupt_compile(kernel) for _ in range(min(times, 10))])
        kernel.run("assert_eq!(kept, 1);")
    print(flush=True)


def row(name, taken):
    print(f"| {name} | {statistics.median(taken) * 1000:.0f} ms | {max(taken) * 1000:.0f} ms | {len(taken)} |", flush=True)


def interrupt(kernel, code):
    """Seconds from the interrupt request to the cell's reply."""
    msg_id = kernel.client.execute(code)
    while True:
        message = kernel.client.get_iopub_msg(timeout=60)
        if message["msg_type"] == "stream" and "started" in message["content"]["text"]:
            break
    return until_interrupted(kernel, msg_id)


def interrupt_compile(kernel):
    msg_id = kernel.client.execute(COMPILE)
    # rustc needs some time until it evaluates the constant; no message shows when it does.
    time.sleep(2)
    return until_interrupted(kernel, msg_id)


def until_interrupted(kernel, msg_id):
    began = time.perf_counter()
    request = kernel.client.session.msg("interrupt_request")
    kernel.client.control_channel.send(request)
    reply = kernel.reply(msg_id)["content"]
    seconds = time.perf_counter() - began
    if reply.get("ename") != "KeyboardInterrupt":
        raise RuntimeError(f"not interrupted: {reply}")
    kernel.until_idle(msg_id)
    return seconds


def copies():
    print("| live data | resident | making a copy, median of 10 |\n| ---: | ---: | ---: |")
    for megabytes in [0, 100, 1000]:
        with Kernel("threadbook") as kernel:
            kernel.until_result(f"let data = vec![1_u8; {megabytes} << 20];")
            taken = []
            for _ in range(10):
                kernel.run("data.len()")
                text = shown(kernel, "%snapshot status")
                taken.append(float(re.search(r"took ([0-9.]+) ms", text)[1]))
            resident = re.search(r"holds (\d+) MB", text)[1]
            print(f"| {megabytes} MB | {resident} MB | {statistics.median(taken):.2f} ms |", flush=True)
    print(flush=True)


def shown(kernel, code):
    msg_id = kernel.client.execute(code)
    text = ""
    while True:
        message = kernel.client.get_iopub_msg(timeout=60)
        if message["parent_header"].get("msg_id") != msg_id:
            continue
        if message["msg_type"] == "stream":
            text += message["content"]["text"]
        elif message["content"].get("execution_state") == "idle":
            kernel.reply(msg_id)
            return text


def soak(cells):
    """A session in which each tenth cell crashes. Prints its resources at the start and at the end."""
    chance = random.Random(1)
    with Kernel("threadbook") as kernel:
        kernel.until_result("use rayon::prelude::*; let mut sums: Vec<u64> = Vec::new();")
        for _ in range(20):
            good(kernel, chance)
        before = state(kernel)
        began = time.perf_counter()
        for number in range(cells):
            if number % 10 == 9:
                msg_id = kernel.client.execute("sums.clear(); std::process::abort();")
                reply = kernel.reply(msg_id)["content"]
                assert reply["ename"] == "WorkerCrashed", reply
                kernel.until_idle(msg_id)
            else:
                good(kernel, chance)
        minutes = (time.perf_counter() - began) / 60
        after = state(kernel)
        kernel.run(f"assert_eq!(sums.len(), {20 + cells - cells // 10});")
    print(f"{cells} cells, of which {cells // 10} crashed, took {minutes:.1f} minutes.\n")
    print("| | before | after |\n| --- | ---: | ---: |")
    for name in before:
        print(f"| {name} | {before[name]:.0f} | {after[name]:.0f} |")
    print(flush=True)


def good(kernel, chance):
    n = chance.randrange(1000)
    kernel.run(f"sums.push((0..{n}_u64).into_par_iter().sum::<u64>() + tokio::spawn(async {{ {n} }}).await?);")


def state(kernel):
    pids = descendants(kernel.manager.provisioner.pid)
    fds = sum(len(list(Path(f"/proc/{pid}/fd").glob("*"))) for pid in pids if Path(f"/proc/{pid}/fd").exists())
    return {
        "memory with descendants (PSS), MB": sum(map(proportional, pids)) / 1e6,
        "of that, the processes of cells, MB": sum(map(proportional, pids[1:])) / 1e6,
        "processes": len(pids),
        "descriptors of all processes": fds,
    }


if __name__ == "__main__":
    main()
