"""The machine and the software on which the numbers were measured."""

import os
import platform
import statistics
import subprocess
import tempfile
import time
from importlib.metadata import version
from pathlib import Path


def line():
    parts = [
        f"{len(os.sched_getaffinity(0))} cores of {processor()}",
        f"{memory_gb():.0f} GB",
        operating_system(),
        rustc(),
        f"Python {platform.python_version()}",
        f"ipykernel {version('ipykernel')}",
        f"jupyter_client {version('jupyter_client')}",
    ]
    return ", ".join(parts) + "."


def processor():
    for entry in Path("/proc/cpuinfo").read_text().splitlines():
        if entry.startswith("model name"):
            return entry.partition(":")[2].strip()
    return platform.machine()


def memory_gb():
    return os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 1e9


def operating_system():
    return f"{platform.freedesktop_os_release().get('PRETTY_NAME', 'Linux')} (Linux {platform.release()})"


def rustc():
    try:
        return subprocess.run(["rustc", "--version"], capture_output=True, text=True, check=True).stdout.strip()
    except (OSError, subprocess.CalledProcessError):
        return "no rustc"


ONE_FUNCTION = "#[unsafe(no_mangle)] pub extern \"C\" fn answer() -> i32 { 42 }\n"


def rustc_alone(times=5):
    """The median of the seconds that rustc takes for the smallest shared object."""
    sysroot = subprocess.run(["rustc", "--print", "sysroot"], capture_output=True, text=True, check=True).stdout.strip()
    seconds = []
    with tempfile.TemporaryDirectory(prefix="bench-") as folder:
        source = Path(folder) / "one.rs"
        source.write_text(ONE_FUNCTION)
        # rustc itself: where rustup stands before it, it takes part of the time.
        command = [Path(sysroot) / "bin/rustc", "--edition=2024", "--crate-type=cdylib", "-Cprefer-dynamic", "-O"]
        for _ in range(times):
            began = time.perf_counter()
            subprocess.run([*command, source, "-o", Path(folder) / "one.so"], check=True, stderr=subprocess.DEVNULL)
            seconds.append(time.perf_counter() - began)
    return statistics.median(seconds)
