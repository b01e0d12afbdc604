"""Counts the messages of large output, beside ipykernel. With --page, a real JupyterLab shows the output too."""

import argparse
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import machine
from kernels import BOUND_S, Kernel

HERE = Path(__file__).resolve().parent

# The printing cell in each language. The last line ends in "the end", and the script searches for it in the page.
OUTPUTS = {
    "50,000 lines": {
        "threadbook": 'for i in 0..50_000 { println!("line {i}"); } println!("the end");',
        "python3": 'for i in range(50_000): print(f"line {i}")\nprint("the end")',
    },
    "one text of 1.5 MB": {
        "threadbook": 'let text = format!("{}\\n", "x".repeat(99)).repeat(15_000); println!("{text}the end");',
        "python3": 'text = ("x" * 99 + "\\n") * 15_000\nprint(f"{text}the end")',
    },
}


def main():
    options = parse()
    with tempfile.TemporaryDirectory(prefix="bench-") as folder:
        prefix = Path(folder)
        os.environ["JUPYTER_PATH"] = str(prefix / "share/jupyter")
        subprocess.run([options.threadbook, "install", "--prefix", prefix], check=True, stdout=sys.stderr)
        counted = {name: messages(name, options.rounds) for name in ("threadbook", "python3")}
        shown = pages(options, prefix) if options.page else {}
    print("\n".join(report(options, counted, shown)))


def parse():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--threadbook", type=Path, required=True, help="our executable")
    parser.add_argument("--rounds", type=int, default=5, help="runs of each cell (default: %(default)s)")
    parser.add_argument("--page", action="store_true", help="a real JupyterLab shows the output too")
    return parser.parse_args()


def made_by_tests(kind, file):
    """The newest folder of this kind that `cargo test --release -p threadbook-tests --test browser` has made."""
    folders = [path.parent for path in HERE.parent.glob(f"target/release/{kind}/*/complete") if (path.parent / file).exists()]
    if not folders:
        sys.exit(f"`target/release/{kind}` has no `{file}` (run `cargo test --release -p threadbook-tests --test browser`)")
    return max(folders, key=lambda folder: folder.stat().st_mtime)


def messages(name, rounds):
    """For each output the number of stream messages and the seconds to the first one and to idle."""
    found = {}
    with Kernel(name) as kernel:
        kernel.until_result("1+1")
        for title, cells in OUTPUTS.items():
            # The first run is not counted, because it compiles more than the later ones.
            run(kernel, cells[name])
            found[title] = [run(kernel, cells[name]) for _ in range(rounds)]
    return found


def run(kernel, code):
    msg_id = kernel.client.execute(code)
    count, first, text = 0, None, []
    began = time.perf_counter()
    while True:
        message = kernel.client.get_iopub_msg(timeout=BOUND_S)
        if message["parent_header"].get("msg_id") != msg_id:
            continue
        if message["msg_type"] == "stream":
            first = first or time.perf_counter() - began
            count += 1
            text.append(message["content"]["text"])
        elif message["msg_type"] == "status" and message["content"]["execution_state"] == "idle":
            kernel.answered(msg_id, code)
            assert "".join(text).endswith("the end\n"), "the output is cut"
            return count, first, time.perf_counter() - began


def pages(options, prefix):
    """For each kernel and output, the seconds from Ctrl-Enter to the last line on the page, from large_output.mjs."""
    work = prefix / "notebooks"
    work.mkdir()
    # Node searches for packages in the folders above the script.
    script = Path(shutil.copy(HERE / "large_output.mjs", made_by_tests("browser", "node_modules")))
    jupyterlab = made_by_tests("python", "bin/jupyter-lab") / "bin/jupyter-lab"
    environment = dict(os.environ, JUPYTER_CONFIG_DIR=str(prefix / "config"), JUPYTER_DATA_DIR=str(prefix / "data"))
    port, token = "8977", "bench"
    server = subprocess.Popen(
        [jupyterlab, "--no-browser", f"--port={port}", "--ServerApp.port_retries=0",
         f"--IdentityProvider.token={token}", f"--ServerApp.root_dir={work}", "--allow-root"],
        env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
    )
    found = {}
    try:
        for title, cells in OUTPUTS.items():
            for name, code in cells.items():
                command = ["node", script, f"http://127.0.0.1:{port}", token, name, code, str(options.rounds)]
                done = subprocess.run(command, capture_output=True, text=True)
                if done.returncode != 0:
                    raise RuntimeError(f"{' '.join(map(str, command))}: {done.stderr}")
                found[title, name] = [float(value) for value in done.stdout.split()]
    finally:
        server.terminate()
        server.wait()
        script.unlink()
    return found


def report(options, counted, shown):
    yield f"Machine: {machine.line()}"
    yield ""
    yield "| output | kernel | messages | first text, s | idle, s | last line on the page, s |"
    yield "| --- | --- | ---: | ---: | ---: | ---: |"
    for title in OUTPUTS:
        for name, word in (("threadbook", "threadbook"), ("python3", "ipykernel")):
            runs = counted[name][title]
            count, first, idle = (statistics.median(column) for column in zip(*runs))
            most = max(count for count, _, _ in runs)
            page = shown.get((title, name))
            page = f"{statistics.median(page):.2f}" if page else "-"
            yield f"| {title} | {word} | {count:.0f} (most {most}) | {first:.2f} | {idle:.2f} | {page} |"
    yield ""
    yield f"Medians of {options.rounds} runs. The times of a Rust cell contain its compiling."


main()
