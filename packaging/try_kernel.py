"""Runs one cell by an installed kernelspec, and checks that the kernelspec is that of this Python's environment."""

import sys
import time
from pathlib import Path

from jupyter_client.kernelspec import KernelSpecManager
from jupyter_client.manager import start_new_kernel

# A first kernel may have to prepare the runtime.
LIMIT_SECONDS = 900


def main() -> None:
    name = sys.argv[1]
    spec = KernelSpecManager().get_kernel_spec(name)
    print(spec.resource_dir, spec.argv)
    assert Path(spec.resource_dir).is_relative_to(sys.prefix), sys.prefix
    began = time.monotonic()
    manager, client = start_new_kernel(kernel_name=name, startup_timeout=LIMIT_SECONDS)
    outputs = []
    try:
        code = 'println!("{}", std::thread::spawn(|| 6 * 7).join().unwrap()); 1 + 1'
        reply = client.execute_interactive(code, timeout=LIMIT_SECONDS, output_hook=outputs.append)
    finally:
        client.stop_channels()
        manager.shutdown_kernel()
    assert reply["content"]["status"] == "ok", reply["content"]
    streams = [o["content"]["text"] for o in outputs if o["content"].get("name") == "stdout"]
    results = [o["content"]["data"]["text/plain"] for o in outputs if o["msg_type"] == "execute_result"]
    assert "".join(streams) == "42\n" and results == ["2"], outputs
    print(f"the first cell ended after {time.monotonic() - began:.1f} s")


main()
