"""Explains how a kernel's result differs from that of rustc and the program; None if there is no difference."""


def rejection(ran, cell, expected):
    wanted = unique(expected.errors)
    got = unique([code, cell.lines[line - 1] if line <= len(cell.lines) else -line] for code, line in ran.errors)
    if got == wanted:
        return None
    return f"{listed(got) if got else first_line(ran.evalue) or 'no error'} (rustc: {listed(wanted)})"


def unique(errors):
    return sorted({(code or "", line) for code, line in errors}, key=lambda error: (error[1], error[0]))


def listed(errors):
    return ", ".join(f"{code or 'an error'} in line {line}" for code, line in errors)


def end(ran, expected):
    """Compares the end of the last cell with the end of the program."""
    if ran.ename == "Exited" and f"exit code {expected.status} " in ran.evalue:
        return None
    if expected.status == 0:
        return f"{ran.ename}: {first_line(ran.evalue)}" if ran.ename else None
    if not ran.ename:
        return f"ends well (the program: status {expected.status})"
    # The status of a panic, and that of an error that `main` returns. Any other status stands for a signal.
    allowed = {101: "Panic", 1: "ReturnedError"}.get(expected.status, "WorkerCrashed")
    return None if ran.ename == allowed else f"{ran.ename}: {first_line(ran.evalue)} (the program: status {expected.status})"


def output(program, printed, expected, compiler):
    if printed in expected.outputs or compiler.again(program, expected, printed):
        return None
    lines = sorted(printed.splitlines())
    wanted = [sorted(one.splitlines()) for one in expected.outputs]
    # If the program's own runs differ, the cell's lines may be in another order. If the words also differ between runs,
    # only the number of lines must be the same.
    is_random = any(one != wanted[0] for one in wanted)
    if len(wanted) > 1 and (lines in wanted or is_random and len(lines) in map(len, wanted)):
        return None
    if lines in wanted:
        return "prints its lines in another order"
    return f"prints {difference(printed.splitlines(), expected.outputs[0].splitlines())}"


def difference(got, wanted):
    for number, (left, right) in enumerate(zip(got, wanted), 1):
        if left != right:
            return f"`{left[:60]}` in line {number} (the program: `{right[:60]}`)"
    return f"{len(got)} lines (the program: {len(wanted)})"


def value(mode, ran):
    """A program shows no value; a statement of it may show one."""
    return f"shows a value, `{ran.value[:60]}`" if mode != "statements" and ran.value is not None else None


def first_line(text):
    return text.partition("\n")[0]
