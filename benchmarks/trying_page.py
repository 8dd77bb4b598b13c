"""docs/what-trying-found.md, from its table of facts: `python -m benchmarks.trying_page > docs/what-trying-found.md`."""

import tomllib
from pathlib import Path
from typing import Any

FACTS = Path(__file__).with_name("what_trying_found.toml")
HEAD = """# What trying it found

Tipoff was tried as a new user would, attacked, and held against faults that it had no drill for. Each point of what
was found, with the drills and tests that hold it now. *Before* is what the code as it was did when it was tried; it
was not measured anew. Each drill has a control, in which the mechanism is switched off and the drill fails
([drills.md](drills.md)); what is measured stands in [evidence.md](evidence.md).

| point | what holds now | before | drills | tests |
|---|---|---|---|---|
"""


def points() -> list[dict[str, Any]]:
    """Return the facts."""
    found: list[dict[str, Any]] = tomllib.loads(FACTS.read_text())["point"]
    return found


def page() -> str:
    """Return the page."""
    lines = [HEAD]
    for point in points():
        drills = ", ".join(name for name in point["by"] if "::" not in name) or "–"
        named = [name.partition("::") for name in point["by"] if "::" in name]
        tests = ", ".join(f"[{test.removeprefix('test_')}](../{path})" for path, _, test in named) or "–"
        says = point["says"] + (f" ({point['note']})" if "note" in point else "")
        lines.append(f"| {point['name']} | {says} | {point['before']} | {drills} | {tests} |\n")
    return "".join(lines)


if __name__ == "__main__":
    print(page(), end="")
