"""`tipoff why`: from an unmet obligation, a game, a player or a number to its cause."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import date

import click

from tipoff.cli.show import DAY, EXIT_HELD, EXIT_WRONG, answer, as_json, league_here, open_ledger
from tipoff.config import read_settings
from tipoff.core.errors import UsageError
from tipoff.core.league import League
from tipoff.core.obligation import State
from tipoff.core.wording import some
from tipoff.ledger import Ledger
from tipoff.views.why import Why, is_game, read_streamers, why, why_game, why_number

_SHOWN = 5  # units at most


@click.command("why")
@click.argument("league")
@click.argument("what", metavar="WHAT")
@click.argument("day", type=DAY, required=False)
@click.option("--player", default="", help="With `player`: whose prediction is missing; an id or a part of the name.")
@as_json
def why_command(league: str, what: str, day: date | None, *, player: str, as_json: bool) -> None:
    """Walk from what is missing or low to its cause.

    WHAT is an output (what it waits for), a game's id (what is missing of it), a check (why its number is low), or the word
    player: with --player why he is not predicted, without it how many are, and where the others were left.
    """
    declared = league_here(league)
    with open_ledger() as ledger:
        found = _answer(ledger, declared, what, day, player)
    code = EXIT_HELD if found.state == State.HELD.value else EXIT_WRONG
    answer(found, found.sentences, ok=found.ok, as_json=as_json, code=code)


def _answer(ledger: Ledger, league: League, what: str, day: date | None, player: str) -> Why:
    from tipoff.views import funnel  # noqa: PLC0415 -- only when it is asked for

    if what != "player" and player:
        msg = "--player goes with the word player"
        raise UsageError(msg, hint=f"write: tipoff why {league.name} player DAY --player {player!r}")
    if day is None:
        if is_game(ledger, league, what):
            return why_game(ledger, league, what)
        msg = f"no schedule in this home names a game {what!r}, and for anything else a day is needed"
        raise UsageError(msg, hint=f"write: tipoff why {league.name} {what} 2024-03-01")
    if what == "player":
        from tipoff.app.requests import answered  # noqa: PLC0415 -- imports every store

        rows = funnel.in_order(answered(read_settings(), league, "funnel", day=day.isoformat())["rows"])
        if player:
            return funnel.why_player(ledger, league, day, rows, player)
        return funnel.why_count(league, day, rows)
    if any(step.name == what for step in league.steps):
        found = why(ledger, league, what, day, read_streamers(read_settings().audit_report))
        return replace(found, sentences=(*found.sentences, *_outdated(ledger, league, what, day)))
    return why_number(ledger, league, what, day)


def _outdated(ledger: Ledger, league: League, output: str, day: date) -> Iterator[str]:
    """Yield which units an earlier version of their step has made: those of older days stand until a backfill asks for them."""
    from tipoff.store.dialect import load  # noqa: PLC0415 -- reads SQL

    proof, step = ledger.of(league.name).proof(output, day), league.step(output)
    if proof is None:
        return
    current = {load(step, {other.name: other.table for other in league.steps}).version, *step.same_as}
    units = [name for name, unit in proof.units.items() if proof.version_of(unit) not in current]
    if units:
        anew = f"tipoff backfill {league.name} {day}..{day} makes anew what is not closed"
        yield f"  outdated: {some(units, _SHOWN)}: made by an earlier version of {output}; {anew}"
