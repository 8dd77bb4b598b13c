"""`tipoff names`: spellings that wait for a person, and a person's word on who is meant."""

import click

from tipoff.cli.gates import ledger_now
from tipoff.cli.show import answer, as_json, by_option, league_here, open_ledger
from tipoff.core.errors import UsageError
from tipoff.ledger.questions import add_ruling, questions_of, revoke_ruling, rulings_of
from tipoff.views.names import render_text, waiting_names


@click.command("names")
@click.argument("league")
@click.argument("words", nargs=-1, metavar="[resolve SPELLING ID | revoke RULING]")
@click.option("--game", "game_id", default="", help="In this game alone: needed where several of that name fit.")
@by_option
@as_json
def names_command(league: str, words: tuple[str, ...], *, game_id: str, by: str, as_json: bool) -> None:
    """List spellings that wait for a person; say who is meant. Each is shown with whom it may be.

    What waited is made again with the next tick.
    """
    name = league_here(league).name
    match words:
        case ():
            _list(name, as_json=as_json)
        case ("resolve", spelling, who):
            _resolve(name, spelling, _number(who), game_id=game_id, by=by)
        case ("revoke", ruling):
            _revoke(name, _number(ruling))
        case _:
            msg = f"{' '.join(words)!r} is nothing that can be said of names"
            raise UsageError(msg, hint=f"tipoff names {name} [resolve SPELLING ID | revoke RULING]")


def _number(text: str) -> int:
    if not (text.isascii() and text.isdigit() and len(text) < 19 and int(text)):  # noqa: PLR2004 -- what a store holds
        msg = f"{text!r} is no number"
        raise UsageError(msg, hint="give the id as the league writes it")
    return int(text)


def _list(league: str, *, as_json: bool) -> None:
    with open_ledger() as ledger:
        waiting, rulings = waiting_names(questions_of(ledger, league, state="open")), rulings_of(ledger, league)
    document = {"waiting": waiting, "rulings": rulings}
    answer(document, render_text(league, waiting, rulings), ok=True, as_json=as_json)


def _resolve(league: str, spelling: str, who: int, *, game_id: str, by: str) -> None:
    with open_ledger(read_only=False) as ledger:
        asked = [question for question in questions_of(ledger, league) if question.subject == spelling]
        here = [question for question in asked if not game_id or question.unit == game_id]
        if not here:
            msg = f"nobody asked who {spelling!r} is" + (f" in {game_id}" if asked else "")
            where = ", ".join(sorted({question.unit for question in asked}))
            raise UsageError(msg, hint=f"it stands in {where}" if where else f"see: tipoff names {league}")
        if not game_id and any(question.here_only and question.state == "open" for question in here):
            msg = f"several of that name play in {', '.join(sorted({question.unit for question in here}))}"
            raise UsageError(msg, hint="say in which game he is the one: --game GAME_ID")
        row = {"subject": spelling, "unit": game_id, "value": str(who), "by": by}
        number = add_ruling(ledger, league, row | {"made_at": ledger_now(ledger, league)})
    n_waiting = sum(question.state == "open" for question in here)
    click.echo(f"ruling {number}: {spelling} is {who}; what waits for it ({n_waiting}) is made with the next tick")


def _revoke(league: str, number: int) -> None:
    with open_ledger(read_only=False) as ledger:
        done = revoke_ruling(ledger, league, number, now=ledger_now(ledger, league))
    if not done:
        msg = f"there is no ruling {number} of {league} that holds"
        raise UsageError(msg, hint=f"see: tipoff names {league}")
    click.echo(f"ruling {number} is taken back; what was made with it is made again with the next tick")
