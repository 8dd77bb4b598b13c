"""docs/mutation-score.md, from its evidence: `python -m benchmarks.mutation_page > docs/mutation-score.md`."""

import json
from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

EVIDENCE = Path(__file__).parents[1] / "docs" / "evidence" / "mutation_score.json"
HEAD = """# The mutation score of the checks

Which corruption of a table is caught, and by which check. Every table × every non-key column where it applies × every
operator × one game and the whole slate of a replayed season: each cell corrupts the store inside a transaction, has every
check that looks at the table measured on what then stands, and is rolled back. A cell is caught when a check fails that does
not fail on the slate as it was. The checks see the corrupted store and what the ledger holds, and no clean copy of the table;
[decision 15](decisions/0015-what-a-check-may-know.md) says why making anew from the stored inputs is fair. A corruption that
changes no row is no cell. `{command}` measures it; the page is generated from [its evidence](evidence/mutation_score.json).
"""
_WHAT = {
    "cells": "cells",
    "caught": "caught",
    "score": "score",
    "score_without_making_anew": "without the checks that make an output anew",
    "score_of_the_store_alone": "of the store's rows alone, without anything the ledger holds",
    "changed_nothing": "combinations that changed nothing",
}


def page(evidence: Mapping[str, Any]) -> Iterator[str]:
    """Yield the page's lines."""
    measured = evidence["measured"]
    slates: Mapping[str, Any] = measured["slates"]
    yield HEAD.format(command="python -m benchmarks.prove mutation_score")
    least = f"at least {measured['least']:.0%} of the cells of each slate must be caught"
    tried = measured.get("tried_of_cells", "1 in 1")
    part = "" if tried == "1 in 1" else f" Tried was {tried} of the cells, in the order of the tables."
    yield f"Measured at commit {evidence['commit'][:10]}; {least}.{part}\n"
    yield from _table(
        ["", *slates], [[words, *(_text(s[key]) for s in slates.values())] for key, words in _WHAT.items()]
    )
    yield from _rows(slates)
    yield "\n## By operator\n"
    yield from _parts(slates, "by_operator", "operator")
    yield "\n## By table\n"
    yield from _parts(slates, "by_table", "table")
    yield "\n## What is not caught\n"
    for day, slate in slates.items():
        yield f"{day}: {len(slate['uncaught'])} of {slate['cells']}\n"
        yield from (f"- {name}" for name in slate["uncaught"])
        yield ""
    yield "## Which checks catch\n"
    yield "Cells that each check catches, alone or among others; by the end of its name, over all tables and slates.\n"
    kinds: Counter[str] = Counter()
    for slate in slates.values():
        for name, n in slate["by_check"].items():
            kinds[name.rpartition(".")[2]] += n
    yield from _table(["check", "cells"], [[f"`{name}`", str(n)] for name, n in kinds.most_common()])
    yield "\nChecks that caught nothing here: no operator makes what they look for, or the slates lack what they look at.\n"
    yield ", ".join(f"`{name}`" for name in measured["checks_that_caught_nothing"]) or "none"
    yield "\n## The matrix\n"
    yield "For each column the operators, each with a check that catches it in one game / in the whole slate; – is not caught.\n"
    for day, slate in slates.items():
        yield f"\n### {day}\n"
        yield from _matrix(slate["matrix"])


def _rows(slates: Mapping[str, Any]) -> Iterator[str]:
    for day, slate in slates.items():
        rows = slate["single_rows"]
        if rows["cells"]:
            yield f"\nSingle rows, reported apart ({day}): {rows['caught']} of {rows['cells']} caught, {rows['score']:.1%}."


def _parts(slates: Mapping[str, Any], key: str, head: str) -> Iterator[str]:
    names = sorted({name for slate in slates.values() for name in slate[key]})
    rows = []
    for name in names:
        counts = [slate[key].get(name) for slate in slates.values()]
        rows.append([name, *(f"{found[0]} of {found[1]}" if found else "–" for found in counts)])
    yield from _table([head, *slates], rows)


def _matrix(matrix: Mapping[str, list[str]]) -> Iterator[str]:
    lines: dict[tuple[str, str], dict[str, dict[str, str]]] = defaultdict(lambda: defaultdict(dict))
    for cell, caught in matrix.items():
        target, _, rest = cell.partition(" ")
        operator, _, scope = rest.rpartition(" ")
        table, _, column = target.partition(".")
        lines[table, column][operator][scope] = _short(caught[0], table) if caught else "–"
    rows = []
    for (table, column), operators in sorted(lines.items()):
        said = "; ".join(f"{operator}: {_scopes(scopes)}" for operator, scopes in operators.items())
        rows.append([f"{table}.{column}" if column else table, said])
    yield from _table(["table and column", "caught by"], rows)


def _short(check: str, table: str) -> str:
    return f"`{check.removeprefix(f'{table}.')}`"


def _scopes(scopes: Mapping[str, str]) -> str:
    found = list(scopes.values())
    return found[0] if len(set(found)) == 1 else f"{scopes.get('game', '')} / {scopes.get('slate', '')}"


def _table(head: list[str], rows: list[list[str]]) -> Iterator[str]:
    yield f"| {' | '.join(head)} |"
    yield "|---" * len(head) + "|"
    yield from (f"| {' | '.join(row)} |" for row in rows)


def _text(value: float) -> str:
    return f"{value:.1%}" if isinstance(value, float) else str(value)


if __name__ == "__main__":
    print("\n".join(page(json.loads(EVIDENCE.read_text()))))
