"""No module outside `leagues/` names a league, a team, or a column or table of a league."""

import ast
import re
from collections.abc import Iterator
from functools import cache
from importlib import import_module
from pathlib import Path

import pytest
from tests.house.trees import tree

from tipoff.core.schema import Phase
from tipoff.leagues.catalog import LEAGUES, league_named
from tipoff.ledger import schema
from tipoff.ledger.streams import STREAMS

SRC = Path(__file__).parents[2] / "src" / "tipoff"
WORDS = re.compile(
    r"(?<![a-z])(nba|mlb|basketball|baseball|pitcher|player|rebound|strikeout|inning)s?(?![a-z])", re.IGNORECASE
)
MACHINE = {  # words that the machine has of its own, and a league's table happens to use too
    "known_at",  # of every raw row: the archive's instant
    "minutes",  # of a length of time
    "schedule",  # of which games are played
    "side",  # controller, monitor, sentinel
    "seed",  # of a world, of a model
    "MIN",  # of SQL
    "line",  # of source code, of text
    "mean",  # of statistics
}
DEBTS = {  # modules that still do; shrinks, nothing may be added
    "cli/show.py",
    "cli/why.py",
    "cli/work.py",
    "drills/controls.py",
    "drills/drill.py",
    "drills/faults/answers.py",
    "drills/fuzz.py",
    "drills/mutations.py",
    "drills/refusals.py",
    "drills/stand_ins.py",  # a part of controls.py
    "views/funnel.py",
}


@cache
def of_leagues() -> set[str]:
    """Return the names of tables, columns and teams of all leagues, without those that the machine has too."""
    tables = [step.table for name in LEAGUES for step in league_named(name).steps]
    names = {name for table in tables for name in (table.name, *table.names)}
    for path in (SRC / "leagues").glob("*/sources/teams.py"):
        teams = import_module(f"tipoff.leagues.{path.parts[-3]}.sources.teams").TEAMS
        names |= {*teams, *(team.name for team in teams.values())}
    ledger = {column.name for table in schema.metadata.tables.values() for column in table.columns}
    ledger |= set(schema.metadata.tables)
    history = {column.name for stream in STREAMS for column in stream.columns}
    return names - ledger - history - {phase.value for phase in Phase} - MACHINE


def names_a_league(path: Path) -> Iterator[str]:
    text = path.read_text()
    for number, line in enumerate(text.splitlines(), 1):
        if WORDS.search(line):
            yield f"{number}: {line.strip()}"
    for node in ast.walk(tree(path)):
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and node.value in of_leagues():
            yield f"{node.lineno}: {node.value!r} is a league's"


def strangers(root: Path) -> dict[str, list[str]]:
    """Return what each module outside `leagues/` names of a league; old migrations name columns as they were."""
    found = {}
    for path in sorted(root.rglob("*.py")):
        rel = path.relative_to(root)
        if rel.parts[0] != "leagues" and "versions" not in rel.parts and (named := list(names_a_league(path))):
            found[str(rel)] = named
    return found


def test_no_module_outside_leagues_names_one() -> None:
    found = strangers(SRC)

    assert set(found) == DEBTS, {path: found[path] for path in sorted(set(found) - DEBTS)}


@pytest.mark.parametrize(
    "code",
    [
        "x = 'points_avg_20'",
        "# as basketball has it",
        "from tipoff.leagues.nba.league import NBA",
        "x = 'candidates'",
        "TEAM = 'BOS'",
    ],
)
def test_the_rule_bites(code: str, tmp_path: Path) -> None:
    (tmp_path / "engine").mkdir()
    (tmp_path / "engine" / "bad.py").write_text(code)

    assert list(strangers(tmp_path)) == ["engine/bad.py"]


def test_no_two_classes_outside_leagues_have_one_name() -> None:
    places: dict[str, list[str]] = {}
    for path in sorted(SRC.rglob("*.py")):
        if "leagues" not in path.parts:
            classes = [node.name for node in tree(path).body if isinstance(node, ast.ClassDef)]
            for name in classes:
                places.setdefault(name, []).append(str(path.relative_to(SRC)))

    assert {name: found for name, found in places.items() if len(found) > 1 and not name.startswith("_")} == {}
