"""docs/what-trying-found.md, from its table of facts: `python -m benchmarks.trying_page > docs/what-trying-found.md`."""

import json
import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from benchmarks.rehearsals import shows_nothing

EVIDENCE = Path(__file__).parents[1] / "docs" / "evidence"
LONGEST = 220  # characters of a cell
FACTS = Path(__file__).with_name("what_trying_found.toml")
HEAD = """# What trying it found

Tipoff was tried as a new user would, attacked, and held against faults that it had no drill for. Each point of what
was found, with the drills and tests that hold it now. *Before* is what the code as it was did, as it was
seen when it was tried. Each drill has a control, in which the mechanism is switched off and the drill fails
([drills.md](drills.md)); what both print stands below, from the last measurement ([evidence.md](evidence.md)), and so does
what the same inputs make of the code as it was and as it is.

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
    return "".join([*lines, *printed(), *then_and_now()])


PRINTED = """
## What the drills print

| point | drill | as it is | with its mechanism switched off |
|---|---|---|---|
"""


def printed() -> list[str]:
    """Return what each drill of a point last printed, and its control."""
    with_it, without = _measured("drills"), _measured("drill_controls")
    lines = [PRINTED]
    for point in points():
        for name in (name for name in point["by"] if "::" not in name):
            drill, control = with_it.get(name), without.get(name)
            said = "not measured yet" if drill is None else _noticed(drill)
            lines.append(f"| {point['name']} | {name} | {_cell(said)} | {_cell(without_it(drill, control))} |\n")
    return lines


THEN = """
## What the same input makes, then and now

Each input was given to the code as it was when it was tried ({tried}) and to the code as it is; a line of what each said.

| point | input | then | now |
|---|---|---|---|
"""


def then_and_now() -> list[str]:
    """Return what each input made of the code as it was, and makes of the code as it is."""
    path = EVIDENCE / "before_after.json"
    if not path.exists():
        return []
    measured = json.loads(path.read_text())["measured"]
    rows = [
        f"| {one['point']} | {_cell(one['what'])} | {_cell(one['before'])} | {_cell(one['now'])} |\n"
        for one in measured["inputs"]
    ]
    return [THEN.format(tried=measured["tried"]), *rows]


def without_it(drill: Mapping[str, Any] | None, control: Mapping[str, Any] | None) -> str:
    """Return what a control printed; one that could not run, or whose drill fails with its mechanism too, is no proof."""
    if control is None:
        return "not measured yet"
    why = control.get("nothing") or shows_nothing(control)
    if not why and drill is not None and not drill["passed"]:
        why = "the drill fails with its mechanism too"
    return f"**shows nothing**: {why}" if why else "; ".join(control["why"])


def _noticed(drill: dict[str, Any]) -> str:
    if not drill["passed"]:
        return f"FAILED: {'; '.join(drill['why'])}"
    if not drill["found_by"]:
        return "passed: no fault is told, and nothing differs"
    after = f"{drill['detected_after_s'] / 60:.0f} min after it could be" if drill["detected_after_s"] else "at once"
    return f"passed: noticed by {drill['found_by']} {after}; {drill['units_lost']} units lost"


def _measured(claim: str) -> dict[str, dict[str, Any]]:
    path = EVIDENCE / f"{claim}.json"
    drills = json.loads(path.read_text())["measured"]["drills"] if path.exists() else []
    return {drill["name"]: drill for drill in drills}


def _cell(text: str) -> str:
    text = text.replace("|", "/")
    return text if len(text) <= LONGEST else f"{text[: LONGEST - 1]}…"


if __name__ == "__main__":
    print(page(), end="")
