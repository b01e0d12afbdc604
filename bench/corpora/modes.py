"""A program as cells: the whole program, only the body of its `main`, or each statement of that body as a cell."""

from dataclasses import dataclass

import tree_sitter_rust
from tree_sitter import Language, Parser

MODES = ["whole", "body", "statements"]
PARSER = Parser(Language(tree_sitter_rust.language()))
# Nodes that belong to the next node.
LEADING = {"attribute_item", "line_comment", "block_comment"}
# Nodes that belong to the file.
INNER = {"inner_attribute_item", "shebang"}


@dataclass(frozen=True)
class Cell:
    code: str
    # The line in the program, counted from 1, for each line of the cell.
    lines: list[int]


def cells(program, mode):
    """The cells of a program in a mode; None if the program has no such form."""
    source = program.text.encode()
    if mode == "whole":
        # A person does not paste the `main` that rustdoc adds to a block.
        return None if program.is_fragment else [part(source, 0, len(source))]
    tree = PARSER.parse(source)
    groups = grouped(tree.root_node.children)
    mains = [group for group in groups if is_main(group[-1])]
    if len(mains) != 1 or tree.root_node.has_error:
        return None
    items = [part(source, group[0].start_byte, group[-1].end_byte) for group in groups if group is not mains[0]]
    block = mains[0][-1].child_by_field_name("body")
    if mode == "body":
        body = part(source, block.children[0].end_byte, block.children[-1].start_byte)
        return [joined([*items, body])]
    statements = [part(source, group[0].start_byte, group[-1].end_byte) for group in grouped(block.children[1:-1])]
    return [*([joined(items)] if items else []), *statements] or None


def has_main(text):
    return any(is_main(node) for node in PARSER.parse(text.encode()).root_node.children)


def grouped(nodes):
    """Groups of a node and the attributes and comments before it. Comments at the end are left out."""
    groups, group = [], []
    for node in nodes:
        group.append(node)
        if node.type == ";" or node.type == "empty_statement":
            # A semicolon alone belongs to the node before it, such as a macro call with braces.
            if groups and len(group) == 1:
                groups[-1].append(node)
            group = []
        elif node.type not in LEADING:
            groups.append(group)
            group = []
    return groups


def is_main(node):
    name = node.child_by_field_name("name") if node.type == "function_item" else None
    return name is not None and name.text == b"main"


def part(source, start, end):
    code = source[start:end].decode()
    first = source.count(b"\n", 0, start) + 1
    return Cell(code, [first + number for number in range(code.count("\n") + 1)])


def joined(parts):
    return Cell("\n".join(one.code for one in parts), [line for one in parts for line in one.lines])
