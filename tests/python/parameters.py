"""papermill executes notebooks, keeps the outputs of failed cells, and needs a translator to set parameters."""

import tempfile
from pathlib import Path

import nbformat
import papermill
from papermill.exceptions import PapermillException, PapermillExecutionError
from papermill.translators import papermill_translators

import harness


def a_notebook_is_executed(run, cells):
    made = run([cells.keep(41), cells.kept])
    assert [cell.execution_count for cell in made.cells] == [1, 2], made
    assert made.cells[1].outputs[0].data["text/plain"] == "41", made


def a_failing_cell_ends_it_and_is_kept(run, cells):
    try:
        run([cells.fail, cells.say("not reached")])
    except PapermillExecutionError as error:
        assert "boom" in error.evalue, error
    else:
        raise AssertionError("the run succeeded")
    made = run.kept()
    failed = [cell for cell in made.cells if cell.metadata.get("papermill", {}).get("exception")]
    assert [cell.source for cell in failed] == [cells.fail], made
    assert made.cells[-1].execution_count is None, made


def parameters_need_a_translator(run, cells):
    notebook = [cells.keep(41), cells.kept]
    if has_translator(run.kernel):
        made = run(notebook, parameters={"kept": 43}, tagged=True)
        assert made.cells[-1].outputs[0].data["text/plain"] == "43", made
        return
    try:
        run(notebook, parameters={"kept": 43}, tagged=True)
    except PapermillException as error:
        assert f"kernel '{run.kernel}' or language '{cells.language}'" in str(error), error
    else:
        raise AssertionError("papermill has learned Rust: see the README")


def has_translator(kernel):
    try:
        return papermill_translators.find_translator(kernel, harness.cells_of(kernel).language)
    except PapermillException:
        return None


class Run:
    """Executes notebooks of these cells with papermill."""

    def __init__(self, kernel, folder):
        self.kernel = kernel
        self.source = str(Path(folder) / "source.ipynb")
        self.made = str(Path(folder) / "made.ipynb")

    def __call__(self, sources, parameters=None, tagged=False):
        notebook = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(source) for source in sources])
        notebook.metadata.kernelspec = {
            "name": self.kernel, "display_name": self.kernel, "language": harness.cells_of(self.kernel).language,
        }
        if tagged:
            notebook.cells[0].metadata.tags = ["parameters"]
        nbformat.write(notebook, self.source)
        return papermill.execute_notebook(
            self.source, self.made, parameters=parameters, progress_bar=False,
            start_timeout=harness.BOUND_S, execution_timeout=harness.BOUND_S,
        )

    def kept(self):
        return nbformat.read(self.made, as_version=4)


CHECKS = [a_notebook_is_executed, a_failing_cell_ends_it_and_is_kept, parameters_need_a_translator]


def main():
    arguments = harness.parse()
    with tempfile.TemporaryDirectory(prefix="check-") as folder:
        run = Run(arguments.kernel, folder)
        for check in CHECKS:
            harness.announce(check)
            check(run, harness.cells_of(arguments.kernel))
    print(f"{len(CHECKS)} passed")


if __name__ == "__main__":
    main()
