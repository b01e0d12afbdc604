"""The table, and the list of programs that differ."""

from collections import Counter

import machine
import modes


def report(results, kinds, commit):
    lines = [f"Machine: {machine.line()}", "", *table(results), ""]
    lines.append(
        f"Of {sum(kinds.values())} programs {kinds['ends']} end and {kinds['rejected']} are rejected by rustc. Not measured: "
        f"{kinds['endless']} that do not end, {kinds['elsewhere']} that need another file or crate, "
        f"{kinds['part']} blocks that are no program."
    )
    if commit:
        lines += ["", f"Measured at {commit}."]
    return "\n".join([*lines, *listed("Differing", results, "differs"), *listed("Accepted", results, "accepted")])


def table(results):
    lines = ["| corpus | mode | same | accepted | all |", "| --- | --- | ---: | ---: | ---: |"]
    for corpus in dict.fromkeys(result.corpus for result in results):
        for rejection in (False, True):
            for mode in modes.MODES:
                row = [result for result in results if (result.corpus, result.mode, result.is_rejection) == (corpus, mode, rejection)]
                if row:
                    counts = Counter(result.verdict for result in row)
                    title = f"{mode}, rejected by rustc" if rejection else mode
                    lines.append(f"| {corpus} | {title} | {counts['same']} | {counts['accepted']} | {len(row)} |")
    return lines


def listed(title, results, verdict):
    lines = []
    for result in results:
        if result.verdict == verdict:
            alone = " (only after other programs)" if result.is_alone_the_same else ""
            lines.append(f"- {result.corpus}, {result.program}, {result.mode}: {result.reason}{alone}")
    return ["", f"{title}:", "", *lines] if lines else []
