"""A thousand cells that print and end at once: no output is lost, late or repeated.

Each cell runs through nbclient, which drops messages that arrive after idle. A second client checks every message.
"""

import nbformat
from nbclient import NotebookClient

import harness


def options(parser):
    parser.add_argument("--count", type=int, default=1000, help="how many cells to run (default: %(default)s)")
    parser.add_argument("--one-cpu", action="store_true", help="give kernel and client one processor together")


def main():
    arguments = harness.parse(options)
    if arguments.one_cpu:
        harness.keep_to_one_cpu()
    cells = harness.cells_of(arguments.kernel)
    texts = [f"cell {n} of {arguments.count}" for n in range(arguments.count)]
    notebook = nbformat.v4.new_notebook(
        cells=[nbformat.v4.new_code_cell(cells.say(text)) for text in texts]
    )
    runner = NotebookClient(notebook, kernel_name=arguments.kernel, timeout=harness.BOUND_S, startup_timeout=harness.BOUND_S)
    with runner.setup_kernel():
        watcher = harness.Client(runner.km.connection_file)
        try:
            for index, (cell, text) in enumerate(zip(notebook.cells, texts)):
                runner.execute_cell(cell, index)
                check_notebook(cell, text)
                check_messages(next_cell(watcher), text)
                assert not watcher.others, f"late or stray output: {harness.brief(watcher.others)}"
        finally:
            watcher.channels.stop_channels()
    print(f"{arguments.count} cells, each output complete, in time and once")


def check_notebook(cell, text):
    shown = "".join(output["text"] for output in cell.outputs if output["output_type"] == "stream")
    assert shown == f"{text}\n", f"expected {text!r}, the notebook got {cell.outputs}"
    assert all(output["output_type"] == "stream" for output in cell.outputs), cell.outputs


def next_cell(watcher):
    """All messages of the next execute request, from busy to idle."""
    while True:
        message = watcher.channels.get_iopub_msg(timeout=harness.BOUND_S)
        parent = message["parent_header"]
        if parent.get("msg_type") == "execute_request":
            assert harness.state_of(message) == "busy", f"before busy: {harness.brief([message])}"
            return [message, *watcher.until_idle(parent["msg_id"])]


def check_messages(messages, text):
    kinds = [message["msg_type"] for message in messages]
    assert kinds[:2] == ["status", "execute_input"] and kinds[-1] == "status", kinds
    assert set(kinds[2:-1]) == {"stream"}, kinds
    assert harness.text_of(messages) == f"{text}\n", harness.brief(messages)


if __name__ == "__main__":
    main()
