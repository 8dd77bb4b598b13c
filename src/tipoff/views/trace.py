"""One game through every table and file: what was made of it, from what, when, and what is missing."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from pathlib import Path
from typing import Any

from sqlalchemy import select

from tipoff.core.errors import UsageError
from tipoff.core.league import League
from tipoff.core.proof_text import read_units
from tipoff.core.step import SourceWork
from tipoff.ledger import Ledger, schema, watching

_SHOWN = 3  # answers of one run


@dataclass(frozen=True, slots=True, kw_only=True)
class Stop:
    """One output on a game's way."""

    output: str
    day: date
    state: str
    n_rows: int
    first_at: datetime | None
    as_of: datetime | None
    run: int | None
    excuse: str
    marks: tuple[str, ...]
    answers: tuple[str, ...]  # what the provider said, for outputs of providers
    file: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Trace:
    """A game's way, day by day in the catalog's order."""

    league: str
    game_id: str
    standings: tuple[str, ...]
    stops: tuple[Stop, ...]
    failing: tuple[str, ...]

    @property
    def ok(self) -> bool:
        """Whether it stands in every output that is owed."""
        return not any(stop.state == "MISSING" for stop in self.stops)


def trace(ledger: Ledger, league: League, game_id: str, published: Path) -> Trace:
    """Follow one game.

    Raises:
        UsageError: No day's schedule names it.
    """
    games = schema.games
    rows = ledger.rows(select(games).where(games.c.league == league.name, games.c.game_id == game_id))
    if not rows:
        msg = f"no schedule in this home names the game {game_id!r}"
        raise UsageError(msg, hint=f"ids look like {_example(ledger, league)}; see: tipoff grid {league.name}")
    rows.sort(key=lambda row: row["day"])
    standings = tuple(
        f"{row['day']}: {row['away']} at {row['home']}, {_start(row['starts_at'])}, {row['status']} "
        f"({row['evidence']}), first seen {row['first_seen_at']:%Y-%m-%d %H:%M}"
        for row in rows
    )
    stops = [stop for row in rows for stop in _stops(ledger, league, game_id, row["day"], published)]
    return Trace(
        league=league.name,
        game_id=game_id,
        standings=standings,
        stops=tuple(stops),
        failing=tuple(_failing(ledger, league, game_id, [row["day"] for row in rows])),
    )


def _example(ledger: Ledger, league: League) -> str:
    games = schema.games
    found = ledger.rows(select(games.c.game_id).where(games.c.league == league.name).limit(1))
    return str(found[0]["game_id"]) if found else "nothing yet: no schedule was read"


def _start(at: datetime | None) -> str:
    return f"{at:%Y-%m-%d %H:%M} UTC" if at else "start not known"


def _stops(ledger: Ledger, league: League, game_id: str, day: date, published: Path) -> list[Stop]:
    def of_day(table: Any) -> dict[str, list[Mapping[str, Any]]]:  # noqa: ANN401 -- a table of the ledger
        found: dict[str, list[Mapping[str, Any]]] = {}
        for row in ledger.rows(select(table).where(table.c.league == league.name, table.c.day == day)):
            found.setdefault(row["output"], []).append(row)
        return found

    proofs, arrivals, marks, owed = (
        of_day(t) for t in (schema.proofs, schema.arrivals, schema.marks, schema.obligations)
    )
    stops = []
    for step in league.steps:
        if step.name not in owed or not (step.table.unit_columns or step.name == league.schedule):
            continue
        units = read_units(proofs[step.name][0]["units"]) if step.name in proofs else {}
        mine = {u: p for u, p in units.items() if u.partition("|")[0] in {game_id, "slate"}}
        excused = json.loads(owed[step.name][0]["excused"])
        excuse = next((why for unit, why in excused.items() if unit.partition("|")[0] == game_id), "")
        excuse = excuse or next((proof.excuse for proof in mine.values() if proof.excuse), "")
        n_rows = sum(proof.n_rows for proof in mine.values())
        run = max((proof.fence for proof in mine.values()), default=None)
        path = published / league.name / step.name / f"{day}.json"
        stops.append(
            Stop(
                output=step.name,
                day=day,
                state="proven" if n_rows else "excused" if excuse else _state(owed[step.name][0]["state"]),
                n_rows=n_rows,
                first_at=min(
                    (row["first_at"] for row in arrivals.get(step.name, ()) if row["unit"] in mine), default=None
                ),
                as_of=max((proof.as_of for proof in mine.values() if proof.as_of), default=None),
                run=run or None,
                excuse=excuse,
                marks=tuple(f"{row['kind']}: {row['note']}" for row in marks.get(step.name, ()) if row["unit"] in mine),
                answers=_answers(ledger, run, game_id) if isinstance(step.work, SourceWork) and run else (),
                file=str(path) if path.exists() else "",
            )
        )
    return stops


def _state(of_slate: str) -> str:
    return "waiting" if of_slate in {"waiting", "open", "running", "held"} else "MISSING"


def _answers(ledger: Ledger, run: int, game_id: str) -> tuple[str, ...]:
    """Return the answers that the run got to requests which name the game; where none does, all of the run."""
    fetches = schema.fetches
    rows = ledger.rows(select(fetches).where(fetches.c.run_id == run))
    own = [row for row in rows if game_id in row["url"]]
    of = "" if own else " (names no game)"
    said = [f"{row['url']} {row['status']} {row['outcome']} archive {row['sha256'][:12]}{of}" for row in own or rows]
    return (*said[:_SHOWN], f"and {len(said) - _SHOWN} more") if len(said) > _SHOWN else tuple(said)


def _failing(ledger: Ledger, league: League, game_id: str, days: Sequence[date]) -> list[str]:
    table = watching.measured
    query = select(table).where(
        table.c.league == league.name,
        table.c.day.in_(days),
        table.c.status == "failed",
        table.c.failing.contains(game_id),
    )
    return [f"{row['check']}: {row['value']:.3g} of {row['required']:.3g}" for row in ledger.rows(query)]


def trace_lines(found: Trace) -> list[str]:
    """Return a trace as aligned text."""
    lines = [f"{found.league} {found.game_id}", *(f"  {standing}" for standing in found.standings)]
    for stop in found.stops:
        first = f"{stop.first_at:%m-%d %H:%M}" if stop.first_at else "-"
        seen = f"{stop.as_of:%m-%d %H:%M}" if stop.as_of else "-"
        what = f"{stop.n_rows} rows" if stop.n_rows else stop.excuse or "-"
        run = stop.run if stop.run is not None else "-"
        lines.append(f"  {stop.day} {stop.output:<24}{stop.state:<9}{what:>12}  came {first}  seen {seen}  run {run}")
        lines += [f"      {mark}" for mark in stop.marks]
        lines += [f"      {answer}" for answer in stop.answers]
        lines += [f"      {stop.file}"] if stop.file else []
    lines += [f"  fails {name}" for name in found.failing] or ["  no check fails for it"]
    return lines
