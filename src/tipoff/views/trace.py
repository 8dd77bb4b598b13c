"""One game through every table and file: what was made of it, from what, when, and what is missing."""

from dataclasses import dataclass
from datetime import date, datetime

from tipoff.core.errors import UsageError
from tipoff.core.home import Home
from tipoff.core.league import League
from tipoff.core.schema import Phase
from tipoff.core.step import SourceWork
from tipoff.core.wording import counted
from tipoff.ledger import Ledger
from tipoff.ledger.reader import LeagueRecords
from tipoff.ledger.stores import is_elsewhere, lost_of_document, lost_warehouse

_SHOWN = 3  # answers of one run


@dataclass(frozen=True, slots=True, kw_only=True)
class TraceStop:
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
    stops: tuple[TraceStop, ...]
    failing: tuple[str, ...]
    n_checks: int  # that looked at its days

    @property
    def ok(self) -> bool:
        """Whether it stands in every output that is owed."""
        return not any(stop.state in {"MISSING", "LOST"} for stop in self.stops)


def trace(ledger: Ledger, league: League, game_id: str, home: Home) -> Trace:
    """Follow one game; raises `UsageError` where no day's schedule names it."""
    records = ledger.of(league.name)
    games = records.games(game_id=game_id) if game_id else []
    if not games:
        msg = f"no schedule in this home names the game {game_id!r}"
        example = next((game.game_id for game in records.games()), "nothing yet: no schedule was read")
        raise UsageError(msg, hint=f"ids look like {example}; see: tipoff grid {league.name}")
    standings = tuple(
        f"{game.day}: {game.away} at {game.home}, {_start(game.starts_at)}, {game.status} "
        f"({game.evidence}), first seen {game.first_seen_at:%Y-%m-%d %H:%M} UTC"
        for game in games
    )
    lost = lost_warehouse(ledger, home, league.name)
    measured = records.measured(days=[game.day for game in games])
    return Trace(
        league=league.name,
        game_id=game_id,
        standings=standings,
        stops=tuple(stop for game in games for stop in _stops(records, league, game_id, game.day, home, lost)),
        failing=tuple(
            f"{one.check}: {one.value:.3g} of {one.required:.3g}"
            for one in measured
            if one.status == "failed" and any(game_id in key for key in one.failing)
        ),
        n_checks=len(measured),
    )


def _start(at: datetime | None) -> str:
    return f"{at:%Y-%m-%d %H:%M} UTC" if at else "start not known"


def _stops(  # noqa: PLR0913 -- whose way, and what it is held against
    records: LeagueRecords, league: League, game_id: str, day: date, home: Home, lost_rows: str
) -> list[TraceStop]:
    proofs, arrivals, marks = records.proofs(day), records.arrivals(day), records.marks(day)
    owed = {one.output: one for one in records.obligations(day=day)}
    stops = []
    for step in league.steps:
        if step.name not in owed or not (step.units.by_game or step.name == league.schedule):
            continue
        units = proofs[step.name].units if step.name in proofs else {}
        mine = {u: p for u, p in units.items() if u.partition("|")[0] in {game_id, "slate"}}
        excused = owed[step.name].excused
        excuse = next((why for unit, why in excused.items() if unit.partition("|")[0] == game_id), "")
        excuse = excuse or next((proof.excuse for proof in mine.values() if proof.excuse), "")
        n_rows = sum(proof.n_rows for proof in mine.values())
        run = max((proof.fence for proof in mine.values()), default=None)
        path = home.published / league.name / step.name / f"{day}.json"
        is_file = step.phase is Phase.PUBLISHED
        lost = ", ".join(lost_of_document(path.parent, day)) if is_file else lost_rows
        gone = (f"LOST: {lost}",) if n_rows and lost and not is_elsewhere(home) else ()
        met = "LOST" if gone else "proven" if n_rows else ""
        due = "waiting" if owed[step.name].state in {"waiting", "open", "running", "held"} else "MISSING"
        stops.append(
            TraceStop(
                output=step.name,
                day=day,
                state=met or ("excused" if excuse else due),
                n_rows=n_rows,
                first_at=min((a.first_at for a in arrivals if a.output == step.name and a.unit in mine), default=None),
                as_of=max((proof.as_of for proof in mine.values() if proof.as_of), default=None),
                run=run or None,
                excuse=excuse,
                marks=(*gone, *(f"{m.kind}: {m.note}" for m in marks if m.output == step.name and m.unit in mine)),
                answers=_answers(records, run, game_id) if isinstance(step.work, SourceWork) and run else (),
                file=str(path) if path.exists() else "",
            )
        )
    return stops


def _answers(records: LeagueRecords, run: int, game_id: str) -> tuple[str, ...]:
    """Return the answers that the run got to requests which name the game; where none does, all of the run."""
    fetches = records.fetches(run)
    own = [fetch for fetch in fetches if game_id in fetch.url]
    of = "" if own else " (not of this game alone)"
    said = [f"{f.url} {f.status} {f.outcome} archive {f.sha256[:12]}{of}" for f in own or fetches]
    return (*said[:_SHOWN], f"and {len(said) - _SHOWN} more") if len(said) > _SHOWN else tuple(said)


def trace_lines(found: Trace) -> list[str]:
    """Return a trace as aligned text."""
    lines = [f"{found.league} {found.game_id} (times in UTC)", *(f"  {standing}" for standing in found.standings)]
    for stop in found.stops:
        first = f"{stop.first_at:%m-%d %H:%M}" if stop.first_at else "-"
        seen = f"{stop.as_of:%m-%d %H:%M}" if stop.as_of else "-"
        what = counted(stop.n_rows, "row") if stop.n_rows else stop.excuse or "-"
        run = stop.run if stop.run is not None else "-"
        lines.append(f"  {stop.day} {stop.output:<24}{stop.state:<9}{what:>12}  came {first}  seen {seen}  run {run}")
        lines += [f"      {mark}" for mark in stop.marks]
        lines += [f"      {answer}" for answer in stop.answers]
        lines += [f"      {stop.file}"] if stop.file else []
    none = "no check fails for it" if found.n_checks else "no check has looked at its day"
    lines += [f"  fails {name}" for name in found.failing] or [f"  {none}"]
    return lines
