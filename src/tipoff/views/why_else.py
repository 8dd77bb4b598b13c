"""Why, of things that are no obligation: a game, a number that a check measured."""

import json
from datetime import date

from sqlalchemy import select

from tipoff.core.errors import UsageError
from tipoff.core.league import League
from tipoff.ledger import Ledger, schema, watching
from tipoff.views.why import Why, why

_SHOWN = 8


def is_game(ledger: Ledger, league: League, name: str) -> bool:
    """Whether a schedule in this home has ever named this game."""
    games = schema.games
    return bool(ledger.rows(select(games.c.day).where(games.c.league == league.name, games.c.game_id == name).limit(1)))


def why_game(ledger: Ledger, league: League, game_id: str) -> Why:
    """Explain where a game stands: on each of its days what is missing of it first, and why."""
    games, owed = schema.games, schema.obligations
    rows = ledger.rows(select(games).where(games.c.league == league.name, games.c.game_id == game_id))
    sentences: list[str] = []
    first: Why | None = None
    for game in sorted(rows, key=lambda row: row["day"]):
        sentences.append(
            f"{game_id} of {game['day']}: {game['away']} at {game['home']}, {game['status']} ({game['evidence']})"
        )
        query = select(owed).where(owed.c.league == league.name, owed.c.day == game["day"])
        missing = {
            row["output"]
            for row in ledger.rows(query)
            if any(unit.partition("|")[0] == game_id for unit in json.loads(row["missing"]))
        }
        chain = [step.name for step in league.steps if step.name in missing and not step.optional]
        chain = chain or [step.name for step in league.steps if step.name in missing]
        if not chain:
            sentences.append("  nothing of it is missing")
            continue
        behind = f", and {len(chain) - 1} outputs behind it" if len(chain) > 1 else ""
        sentences.append(f"  missing in {chain[0]}{behind}")
        found = why(ledger, league, chain[0], game["day"])
        first = first or found
        sentences += [f"  {sentence}" for sentence in found.sentences]
    if first is not None:
        return Why(league.name, first.output, first.day, first.state, tuple(sentences))
    return Why(league.name, league.schedule, rows[-1]["day"], "proven", tuple(sentences))


def why_number(ledger: Ledger, league: League, check: str, day: date) -> Why:
    """Explain what a check measured of a day: the number, what is required, what fails it, what that is blamed on, what to do.

    Raises:
        UsageError: There is no such check.
    """
    declared = next((one for one in league.checks if one.name == check), None)
    if declared is None:
        near = [one.name for one in league.checks if check in one.name][:_SHOWN]
        msg = f"{league.name} has no output, game or check named {check!r}"
        raise UsageError(
            msg, hint=f"did you mean {', '.join(near)}?" if near else "see: tipoff check health LEAGUE --every"
        )
    table = watching.measured
    here = (table.c.league == league.name, table.c.day == day, table.c.check == check)
    found = ledger.rows(select(table).where(*here))
    if not found:
        return Why(league.name, check, day, "waiting", (f"{check} was not measured for {day}",))
    row = found[0]
    if row["value"] is None:
        return Why(league.name, check, day, "waiting", (f"{check} was not measurable on {day}: {row['note']}",))
    bound = "at most" if declared.at_most else "at least"
    sentences = [
        f"{declared.claim}: {row['value']:.4g} ({row['measure']}), measured {row['at']:%Y-%m-%d %H:%M} UTC",
        f"  {bound} {row['required']:.4g} is required",
    ]
    sentences += _usual(ledger, league, check, day)
    if row["status"] == "ok":
        return Why(league.name, check, day, "proven", tuple(sentences))
    failing = json.loads(row["failing"])
    shown = ", ".join(failing[:_SHOWN]) + (f" and {len(failing) - _SHOWN} more" if len(failing) > _SHOWN else "")
    sentences += [f"  failing: {shown}"] if failing else []
    kind, _, name = row["cause"].partition(":")
    sentences.append(f"  blamed on {row['cause'] or 'what is still owed'}")
    sentences.append(f"  next: {declared.do}")
    if kind == "data" and name in {step.name for step in league.steps}:
        sentences += [f"  {sentence}" for sentence in why(ledger, league, name, day).sentences]
    return Why(league.name, check, day, "lost", tuple(sentences))


def _usual(ledger: Ledger, league: League, check: str, day: date) -> list[str]:
    """Return what was measured on the days before, for comparison."""
    table = watching.measured
    here = (table.c.league == league.name, table.c.check == check, table.c.day < day, table.c.value.is_not(None))
    rows = ledger.rows(select(table.c.value).where(*here).order_by(table.c.day.desc()).limit(30))
    values = sorted(row["value"] for row in rows)
    if not values:
        return []
    if len(values) == 1:
        return [f"  the day before: {values[0]:.4g}"]
    return [
        f"  on the {len(values)} days before: {values[0]:.4g} to {values[-1]:.4g}, half below {values[len(values) // 2]:.4g}"
    ]
