"""Commands that show: status, grid, why, predictions. They read the ledger and the published files, never the warehouse."""

import dataclasses
import getpass
import json
import sys
from collections.abc import Iterable, Sequence
from datetime import UTC, date, datetime, timedelta
from typing import TYPE_CHECKING, Any

import click

from tipoff.app.statuses import statuses
from tipoff.config import Settings, read_settings
from tipoff.core.clock import RealClock
from tipoff.core.door import clean
from tipoff.core.errors import LedgerError, NoLedger, PipelineError, UsageError
from tipoff.core.obligation import State
from tipoff.core.severity import Severity
from tipoff.core.wording import aligned
from tipoff.ledger import Ledger
from tipoff.ledger.alerts import read_other
from tipoff.ledger.connect import gone
from tipoff.ledger.facts import home_now, league_facts, must_be_worked_on
from tipoff.views.grid import SIGNS, grid_lines, read_grid
from tipoff.views.status import Status, status_lines

if TYPE_CHECKING:
    from tipoff.core.league import League  # heavy; `status` needs none
    from tipoff.core.schema import Table

_COLOURS = {
    State.PROVEN: "green",
    State.EXCUSED: "bright_black",
    State.OPEN: "cyan",
    State.HELD: "yellow",
    State.LATE: "red",
    State.LOST: "red",
}
EXIT_WRONG, EXIT_HELD = 1, 3


YEARS = 1800, 2999


class Day(click.ParamType[date]):
    """A calendar date, YYYY-MM-DD, of the league."""

    name = "day"

    def convert(self, value: object, param: click.Parameter | None, ctx: click.Context | None) -> date:
        """Read the date, or say how it is written."""
        if isinstance(value, date):
            return value
        try:
            day = date.fromisoformat(str(value))
        except ValueError:
            self.fail(f"{value!r} is no date; write it as 2024-03-01", param, ctx)
        if not YEARS[0] <= day.year <= YEARS[1]:
            self.fail(f"{value!r} is no date of a league", param, ctx)  # the days around it may be none of the calendar
        return day


class Words(click.ParamType[str]):
    """What a person says, as every store, terminal and page can hold it."""

    name = "text"

    def convert(self, value: object, param: click.Parameter | None, ctx: click.Context | None) -> str:  # noqa: ARG002 -- as click calls it
        """Make it clean, however long it is."""
        return clean(str(value), longest=len(str(value)))


class Who(Words):
    """Who says or does something: where nobody is named, who is logged in."""

    def convert(self, value: object, param: click.Parameter | None, ctx: click.Context | None) -> str:
        """Make it clean, or look who it is; a container's user may have no name."""
        try:
            return super().convert(value, param, ctx) or getpass.getuser()
        except (KeyError, OSError):
            return "somebody"


DAY, WORDS = Day(), Words()
by_option = click.option("--by", type=Who(), default="", help="Who says so; by default, who is logged in.")
as_json = click.option("--json", "as_json", is_flag=True, help="Print one JSON document instead of text.")


def open_ledger(*, read_only: bool = True) -> Ledger:
    """Open the home's ledger, for reading unless it is said otherwise.

    Raises:
        UsageError: The home has none yet, or it is of another version.
        LedgerError: It cannot be read, or is gone from beside what was made with it.
    """
    home = read_settings().place
    if not home.has_ledger:
        msg = f"there is no ledger in {home.root}"
        near = [str(path.parent) for path in sorted(home.root.glob("*/ledger.db"))]
        hint = (
            f"set TIPOFF_HOME; below it there is {', '.join(near)}"
            if near
            else "set TIPOFF_HOME, or make one: tipoff demo"
        )
        raise gone(home) or NoLedger(msg, hint=hint)
    try:
        return Ledger(home.ledger, read_only=read_only)
    except NoLedger as error:
        raise gone(home) or error from error.__cause__
    except UsageError as error:
        if error.__cause__ is None:
            raise  # of another version: nothing is broken
        raise LedgerError(str(error), hint=error.hint) from error


def now_here() -> datetime:
    """Return the instant of the home: a replay's clock, or the machine's where it runs live."""
    with open_ledger() as ledger:
        return home_now(ledger)


def print_json(document: object, *, ok: bool) -> None:
    """Print one JSON object on standard output: whether all is in order, then what `document` (a mapping or a dataclass) says.

    `ok` is true where nothing is judged. Instants and dates are ISO text, severities words.
    """
    said = json.loads(json.dumps(document, default=_plain))
    click.echo(json.dumps(_named({"ok": ok} | {name: part for name, part in said.items() if name != "ok"}), indent=2))


def answer(document: object, lines: Iterable[str], *, ok: bool, as_json: bool, code: int = EXIT_WRONG) -> None:
    """Print what was asked for: the document as JSON, or the lines that a person reads. Exits with `code` where it is not ok."""
    if as_json:
        print_json(document, ok=ok)
    else:
        for line in lines:
            click.echo(line)
    if not ok:
        sys.exit(code)


def _named(value: Any) -> Any:  # noqa: ANN401 -- JSON
    if isinstance(value, list):
        return [_named(each) for each in value]
    if not isinstance(value, dict):
        return value
    return {
        name: Severity(each).name.lower() if name == "severity" and isinstance(each, int) else _named(each)
        for name, each in value.items()
    }


def _plain(value: object) -> Any:  # noqa: ANN401 -- what json asks for
    if isinstance(value, date | datetime):
        return value.isoformat()
    if isinstance(value, timedelta):
        return value.total_seconds()
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        return dataclasses.asdict(value)
    msg = f"no JSON for {type(value).__name__}"
    raise TypeError(msg)


def league_here(name: str) -> "League":
    """Return a league as this home runs it, with the outputs that it has here; raises `UsageError` for one it does not have."""
    from tipoff.leagues.catalog import content_named, live_content  # noqa: PLC0415 -- heavy; `status` needs none

    content, home = content_named(name), read_settings().place
    declared = content.league
    if not home.has_ledger:
        return declared
    with open_ledger() as ledger:
        must_be_worked_on([declared.name], home, ledger.leagues())
        known = league_facts(ledger, declared.name)
    if known.world == "live":
        return live_content(name).of(declared)
    return content.going_on() if known.goes_on else declared


@click.command("status")
@click.argument("leagues", nargs=-1)
@as_json
def status_command(leagues: tuple[str, ...], *, as_json: bool) -> None:
    """Say whether today is complete, and what is wrong. Also what is at work, and what waits for you."""
    settings, now = read_settings(), RealClock().now()
    try:
        found = _statuses(settings, leagues, now)
    except (UsageError, LedgerError) as error:
        if error.__cause__ is None:
            raise  # there is none, or it is of another version: nothing is broken
        _tell_unreadable(settings, error, now, as_json=as_json)
        return
    lines = [line for one in found for line in status_lines(one)]
    lines = lines or ["nothing has run in this home yet: tipoff demo, or tipoff up LEAGUE"]
    ok = all(one.ok for one in found)
    answer(found[0] if len(found) == 1 else {"leagues": found}, lines, ok=ok, as_json=as_json)


def _statuses(settings: Settings, leagues: Sequence[str], now: datetime) -> list[Status]:
    with open_ledger() as ledger:
        must_be_worked_on(leagues, settings.place, ledger.leagues())
        return statuses(ledger, settings, leagues or ledger.leagues(), now)


def _tell_unreadable(settings: Settings, error: PipelineError, now: datetime, *, as_json: bool) -> None:
    """Say that nothing can be known, and since when the sentinel has found it so, in a store of its own."""
    try:
        told, _ = read_other(settings.place.sentinel, now)
    except (UsageError, LedgerError):
        told = ()
    since = min((one.opened_at for one in told if one.is_open and one.cause == "ledger"), default=None)
    when = (
        f"since {since:%m-%d %H:%M} UTC, as the sentinel found it" if since else "and no sentinel has said since when"
    )
    lines = (
        f"the ledger cannot be read, {when}: whether anything is at work is NOT KNOWN",
        f"CRITICAL: {error}",
        error.hint,
    )
    said = {"alive": None, "error": str(error), "hint": error.hint, "since": since}
    answer(said, lines, ok=False, as_json=as_json)


@click.command("grid")
@click.argument("league")
@click.option("--from", "first", type=DAY, help="First day shown.")
@click.option("--to", "last", type=DAY, help="Last day shown.")
@as_json
def grid_command(league: str, first: date | None, last: date | None, *, as_json: bool) -> None:
    """Show days × outputs: what is proven, excused, late."""
    with open_ledger() as ledger:
        grid = read_grid(ledger, league_here(league), days=(first or date.min, last or date.max))
        known = grid.days or read_grid(ledger, league_here(league)).days
    if known and not grid.days:
        msg = f"no day of {league} that is asked for is known in this home"
        raise UsageError(msg, hint=f"known are the days from {known[0]} to {known[-1]}")
    days: dict[str, dict[str, str]] = {}
    for (output, day), state in sorted(grid.cells.items(), key=lambda cell: cell[0][1]):
        days.setdefault(day.isoformat(), {})[output] = state.value
    document = {"league": grid.league, "outputs": grid.outputs, "days": days}
    answer(document, map(_coloured, grid_lines(grid)), ok=not grid.wrong, as_json=as_json)


def _coloured(line: str) -> str:
    if "│" in line or "┌" in line:
        return line
    for state, colour in _COLOURS.items():
        line = line.replace(f" {SIGNS[state]}", f" {click.style(SIGNS[state], fg=colour)}")
    return line


@click.command("trace")
@click.argument("league")
@click.argument("game")
@as_json
def trace_command(league: str, game: str, *, as_json: bool) -> None:
    """Follow one game through every table and file."""
    from tipoff.views.trace import trace, trace_lines  # noqa: PLC0415 -- only when it is asked for

    with open_ledger() as ledger:
        found = trace(ledger, league_here(league), game, read_settings().place)
    answer(found, trace_lines(found), ok=found.ok, as_json=as_json)


@click.command("predictions")
@click.argument("league")
@click.argument("day", type=DAY)
@as_json
def predictions_command(league: str, day: date, *, as_json: bool) -> None:
    """Show what was published for a day."""
    declared = league_here(league)
    table = declared.table("published_predictions")
    path = read_settings().place.published / declared.name / table.name / f"{day}.json"
    if not path.exists():
        msg = f"no document of {declared.name} {day} stands at {path}"
        raise UsageError(msg, hint=f"ask: tipoff why {declared.name} {table.name} {day}")
    try:
        document = json.loads(path.read_text("utf-8"))
        lines = _document_lines(f"{declared.name} {day}", document, table)
    except (OSError, ValueError, LookupError, TypeError, AttributeError) as error:
        msg = f"{path} is no document as Tipoff publishes it: {type(error).__name__}"
        raise PipelineError(msg, hint="another hand was here: docs/runbooks/store.md") from error
    answer(document, lines, ok=document.get("halted") is None, as_json=as_json, code=EXIT_HELD)


def _document_lines(what: str, document: dict[str, Any], table: "Table") -> list[str]:
    rows, halt = document["rows"], document.get("halted")
    halted = (
        [
            f"HALTED by {halt['by']} until {_utc(halt['until'])}: {halt['reason']}; what stands here is not brought up to date"
        ]
        if halt
        else []
    )
    said = f"{what}: {len(rows)} predictions, last written {_utc(document['made_at'])}, digest {document['digest']}"
    return [said, *halted, *document.get("off", ()), *prediction_lines(rows, table)]


def _utc(instant: str) -> str:
    return f"{datetime.fromisoformat(instant).astimezone(UTC):%Y-%m-%d %H:%M} UTC"


def prediction_lines(rows: list[dict[str, Any]], table: "Table") -> list[str]:
    """Return the published rows as aligned columns, in the document's own order; chances in percent."""
    if not rows:
        return ["  (no rows)"]
    names = [name for name in rows[0] if name not in {"day", "player_id", "made_at"}]
    chances = {column.name for column in table.columns if column.measure == "ratio"}
    shown = [[_cell(row.get(name), is_chance=name in chances) for name in names] for row in rows]
    return aligned([names, *shown])


def _cell(value: object, *, is_chance: bool) -> str:
    if value is None:
        return "-"
    if is_chance and isinstance(value, int | float):
        return f"{value:.1%}"
    return f"{value:.1f}" if isinstance(value, float) else str(value)
