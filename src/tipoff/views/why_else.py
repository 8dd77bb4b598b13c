"""Why, of things that are no obligation: a game, a number that a check measured."""

from datetime import date

from tipoff.core.errors import UsageError
from tipoff.core.league import League
from tipoff.core.wording import some
from tipoff.ledger import Ledger
from tipoff.ledger.reader import LeagueRecords
from tipoff.views.why import Why, why

_SHOWN = 8


def is_game(ledger: Ledger, league: League, name: str) -> bool:
    """Whether a schedule in this home has ever named this game."""
    return bool(ledger.of(league.name).games(game_id=name))


def why_game(ledger: Ledger, league: League, game_id: str) -> Why:
    """Explain where a game stands: on each of its days what is missing of it first, and why."""
    records = ledger.of(league.name)
    standings = records.games(game_id=game_id)
    sentences: list[str] = []
    first: Why | None = None
    for game in standings:
        sentences.append(f"{game_id} of {game.day}: {game.away} at {game.home}, {game.status} ({game.evidence})")
        missing = {
            owed.output
            for owed in records.obligations(day=game.day)
            if any(unit.partition("|")[0] == game_id for unit in owed.missing)
        }
        chain = [step.name for step in league.steps if step.name in missing and not step.optional]
        chain = chain or [step.name for step in league.steps if step.name in missing]
        if not chain:
            sentences.append("  nothing of it is missing")
            continue
        behind = f", and {len(chain) - 1} outputs behind it" if len(chain) > 1 else ""
        sentences.append(f"  missing in {chain[0]}{behind}")
        found = why(ledger, league, chain[0], game.day)
        first = first or found
        sentences += [f"  {sentence}" for sentence in found.sentences]
    if first is not None:
        return Why(league.name, first.output, first.day, first.state, tuple(sentences))
    return Why(league.name, league.schedule, standings[-1].day, "proven", tuple(sentences))


def why_number(ledger: Ledger, league: League, check: str, day: date) -> Why:
    """Explain what a check measured of a day, what fails it, what that is blamed on; raises `UsageError` for no check."""
    declared = next((one for one in league.checks if one.name == check), None)
    if declared is None:
        near = [one.name for one in league.checks if check in one.name][:_SHOWN]
        msg = f"{league.name} has no output, game or check named {check!r}"
        raise UsageError(
            msg, hint=f"did you mean {', '.join(near)}?" if near else "see: tipoff check health LEAGUE --every"
        )
    records = ledger.of(league.name)
    measured = next(iter(records.measured(day=day, check=check)), None)
    if measured is None:
        return Why(league.name, check, day, "waiting", (f"{check} was not measured for {day}",))
    if measured.value is None:
        return Why(league.name, check, day, "waiting", (f"{check} was not measurable on {day}: {measured.note}",))
    bound = "at most" if declared.at_most else "at least"
    sentences = [
        f"{declared.claim}: {measured.value:.4g} ({measured.measure}), measured {measured.at:%Y-%m-%d %H:%M} UTC",
        f"  {bound} {measured.required:.4g} is required",
    ]
    sentences += _usual(records, check, day)
    if measured.status == "ok":
        return Why(league.name, check, day, "proven", tuple(sentences))
    failing = measured.failing
    sentences += [f"  failing: {some(failing, _SHOWN)}"] if failing else []
    kind, _, name = measured.cause.partition(":")
    sentences.append(f"  blamed on {measured.cause or 'what is still owed'}")
    sentences.append(f"  next: {declared.do}")
    if kind == "data" and name in {step.name for step in league.steps}:
        sentences += [f"  {sentence}" for sentence in why(ledger, league, name, day).sentences]
    return Why(league.name, check, day, "lost", tuple(sentences))


def _usual(records: LeagueRecords, check: str, day: date) -> list[str]:
    values = sorted(records.values_before(check, day, n=30))
    if not values:
        return []
    if len(values) == 1:
        return [f"  the day before: {values[0]:.4g}"]
    return [
        f"  on the {len(values)} days before: {values[0]:.4g} to {values[-1]:.4g}, half below {values[len(values) // 2]:.4g}"
    ]
