"""jupyter_kernel_test on our kernel, with every test enabled: a skipped test is a failure.

`python test_conformance.py KERNEL`. The Python samples are those of ipykernel's own tests, and show that this file is
right.
"""

import argparse
import sys
import unittest

from jupyter_client.kernelspec import get_kernel_spec
from jupyter_kernel_test import IopubWelcomeTests, KernelTests

import harness

RUST = {
    "language_name": "rust",
    "file_extension": ".rs",
    "code_hello_world": 'println!("hello, world");',
    "code_stderr": 'eprintln!("test");',
    "completion_samples": [
        # This name is known before rust-analyzer has started.
        {"text": "let yielded = 1;\nyiel", "matches": {"yielded"}},
        # There is nothing to complete, and each code point is two UTF-16 units. The kernel must still reply.
        {"text": "𝒳𝒴"},
    ],
    "complete_code_samples": ["1 + 1", "let x = 1;", "fn f() {}", "// a remark", 'let s = "a\nb";'],
    "incomplete_code_samples": ["fn f() {", "let x = (1,", 'let s = "abc', "/* a remark", "match 1 {\n    _ => 2,"],
    "invalid_code_samples": ["fn f() }", "let x = (1];"],
    "code_page_something": "Vec?",
    "code_generate_error": 'panic!("boom")',
    "code_execute_result": [
        {"code": "6*7", "result": "42"},
        {"code": '"a".repeat(3)', "result": '"aaa"'},
        {"code": "vec![Some(1), None]", "result": "[Some(1), None]"},
        {"code": "(1..=3).sum::<i32>()", "result": "6"},
    ],
    "code_display_data": [
        {"code": 'threadbook::display::html("<b>bold</b>");', "mime": "text/html"},
        {"code": 'threadbook::display::markdown("*slanted*");', "mime": "text/markdown"},
    ],
    "code_history_pattern": "6?7",
    "supported_history_operations": ("tail", "range", "search"),
    "code_inspect_sample": "Vec",
    "code_clear_output": "threadbook::clear_output(false);",
}

PYTHON = {
    "language_name": "python",
    "file_extension": ".py",
    "code_hello_world": "print('hello, world')",
    "code_stderr": "import sys; print('test', file=sys.stderr)",
    "completion_samples": [{"text": "zi", "matches": {"zip"}}],
    "complete_code_samples": ["1", "print('hello, world')", "def f(x):\n  return x*2\n\n\n"],
    "incomplete_code_samples": ["print('''hello", "def f(x):\n  x*2"],
    "invalid_code_samples": ["import = 7q"],
    "code_page_something": "zip?",
    "code_generate_error": "raise",
    "code_execute_result": [{"code": "6*7", "result": "42"}, {"code": "[n*n for n in range(3)]", "result": "[0, 1, 4]"}],
    "code_display_data": [
        {"code": "from IPython.display import HTML, display; display(HTML('<b>bold</b>'))", "mime": "text/html"}
    ],
    "code_history_pattern": "6?7",
    # IPython replies to a range with session 0 instead of the current session's number, which the package does not
    # accept.
    "supported_history_operations": ("tail", "search"),
    "code_inspect_sample": "zip",
    "code_clear_output": "from IPython.display import clear_output; clear_output()",
}

SAMPLES = {"rust": RUST, "python": PYTHON}

# The number of tests that may be skipped. ipykernel fails only the test of the history's range.
SKIPS = {"rust": 0, "python": 1}


class Patient(KernelTests):
    """The package's tests with a limit for a busy machine. The package's own limit is 15 s for each cell."""

    def execute_helper(self, code, timeout=harness.BOUND_S, **options):
        return super().execute_helper(code, timeout, **options)


def suite(kernel, samples):
    # The two classes of the package have the kernel's name as a class attribute. Therefore each kernel needs its own
    # classes.
    messages = type("Messages", (Patient,), {"kernel_name": kernel, **samples})
    welcome = type("Welcome", (IopubWelcomeTests,), {"kernel_name": kernel, "support_iopub_welcome": True})
    for name in unfilled(messages):
        raise SystemExit(f"the test package wants `{name}`, which has no value here")
    load = unittest.defaultTestLoader.loadTestsFromTestCase
    return unittest.TestSuite([load(messages), load(welcome)])


def unfilled(tests):
    """Attributes that enable a test of the package and still have the package's empty value."""
    return [
        name
        for name, value in vars(KernelTests).items()
        if not name.startswith("_") and isinstance(value, (str, list, tuple)) and not getattr(tests, name)
    ]


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("kernel", help="the kernelspec's name")
    kernel = parser.parse_args().kernel
    language = get_kernel_spec(kernel).language
    result = unittest.TextTestRunner(verbosity=2).run(suite(kernel, SAMPLES[language]))
    for test, reason in result.skipped:
        print(f"skipped: {test}: {reason}")
    print(
        f"conformance: {result.testsRun} run, {len(result.failures)} failed, {len(result.errors)} in error, "
        f"{len(result.skipped)} skipped of {SKIPS[language]} that may be"
    )
    sys.exit(0 if result.wasSuccessful() and len(result.skipped) == SKIPS[language] and result.testsRun else 1)


if __name__ == "__main__":
    main()
