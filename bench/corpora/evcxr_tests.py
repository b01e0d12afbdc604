"""evcxr's own integration tests as cells: which must work, which must fail, and which values they show."""

import ast
from dataclasses import dataclass

from modes import PARSER

MARKER = "evcxr/tests/integration_tests.rs"


@dataclass(frozen=True)
class Step:
    code: str
    # "works", "fails", or "any" if the test checks something that is not visible in a front end.
    wanted: str
    value: str | None = None


def tests(checkout):
    """The steps of each test that runs cells, with the test's name as the key."""
    source = (checkout / MARKER).read_bytes()
    nodes = PARSER.parse(source).root_node.children
    found = {}
    for attribute, function in zip(nodes, nodes[1:]):
        if attribute.text == b"#[test]" and function.type == "function_item":
            found[function.child_by_field_name("name").text.decode()] = list(steps(function))
    return {name: test for name, test in found.items() if test}


def steps(node):
    """The calls that run a cell, in order."""
    children = node.children
    for number, child in enumerate(children):
        rest = [one.text.decode() for one in children[number + 1 : number + 5]]
        if child.text == b"eval" and rest[:1] == ["!"]:
            # The first argument of the macro is the session.
            yield Step(rest[1][1:-1].partition(",")[2].strip(), "works", value(rest[2:]))
        elif child.text in (b"eval_and_unwrap", b"e.execute", b"ctx.execute") and rest:
            code = literal(rest[0])
            if code is not None:
                after = rest[1:] if child.text == b"eval_and_unwrap" else []
                yield Step(code, "works" if child.text == b"eval_and_unwrap" else outcome(node), value(after))
        else:
            yield from steps(child)


def value(rest):
    """The value that `, text_plain("..")` after a call expects from the cell."""
    following = "".join(rest)
    if not following.startswith(",text_plain("):
        return None
    return ast.literal_eval(following.partition("(")[2].rpartition(")")[0].partition(")")[0])


def outcome(call):
    """The result that a test expects from `execute`."""
    following = call.parent.text[len(call.text) :] if call.parent else b""
    return {b".is_err": "fails", b".unwrap": "works"}.get(following, "any")


def literal(arguments):
    """The string at the end of a call's arguments; None if they do not end with one."""
    text = arguments[1:-1].rpartition("&mut e,")[2].strip()
    if text.startswith('r#"'):
        return text[3:-2] if text.endswith('"#') else None
    if text.startswith("stringify!("):
        return text[len("stringify!(") : -1]
    return ast.literal_eval(text) if text.startswith('"') and text.endswith('"') else None


def why_otherwise(session, test):
    """How a test fails in a kernel; None if it passes."""
    for number, step in enumerate(test, 1):
        ran = session.run(step.code)
        if step.wanted == "works" and ran.ename:
            return f"{ran.ename} in cell {number}: {ran.evalue.partition(chr(10))[0]}"
        if step.wanted == "fails" and not ran.ename:
            return f"cell {number} does not fail: `{step.code[:60]}`"
        if step.value is not None and ran.value != step.value:
            return f"cell {number} shows `{ran.value}` (evcxr: `{step.value}`)"
    return None
