"""Checks in Python: they look at rows, at what the ledger keeps, or work out again by another formula what stands."""

from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from datetime import datetime, timedelta
from statistics import fmean
from typing import Any

from tipoff.core.check import Cadence, Check, Measured, View
from tipoff.core.errors import PipelineError
from tipoff.core.rows import arrow_schema, units_of
from tipoff.core.schema import Table
from tipoff.core.severity import Severity
from tipoff.core.slate import OFF

ERROR, WARNING, CRITICAL = Severity.ERROR, Severity.WARNING, Severity.CRITICAL
REMADE = "is_what_its_inputs_give"
_SLACK = timedelta(minutes=1)
_USUAL_SLATES = 5  # before, with fewer of which nothing is usual
_SILENCE = timedelta(hours=2)  # between ticks, from which on it is the controller's silence that is told


def probe(  # noqa: PLR0913 -- a claim in one line
    table: Table,
    name: str,
    claim: str,
    look: Callable[[View], Measured],
    *,
    do: str,
    severity: Severity = ERROR,
    measure: str = "share of units",
    inputs: tuple[str, ...] = (),
    **limits: Any,  # noqa: ANN401 -- required, at_most, cadence
) -> Check:
    """Return the check of a table that `look` measures; `inputs` are other tables that it looks at."""
    return Check(
        name=f"{table.name}.{name}",
        claim=claim,
        severity=severity,
        tables=(*inputs, table.name),
        about=table.name,
        look=look,
        measure=measure,
        do=do,
        **limits,
    )


def in_order(bad: Iterable[str], n: int) -> Measured:
    """Return the share of `n` things that is in order, and what is not."""
    failing = tuple(sorted(set(bad)))
    return Measured(value=1 - len(failing) / max(1, n), failing=failing)


# --- rows


def _rows_probe(  # noqa: PLR0913 -- a claim in one line
    table: Table,
    column: str,
    find: Callable[[View, list[str], list[Any]], Measured],
    name: str,
    claim: str,
    *,
    do: str,
    severity: Severity = ERROR,
) -> Check:
    def look(view: View) -> Measured:
        rows = view.rows(table.name)
        if not rows.num_rows:
            return Measured.nothing("no rows")
        return find(view, units_of(table, rows).to_pylist(), rows.column(column).to_pylist())

    return probe(table, name, claim, look, do=do, severity=severity)


def known_when_it_came(table: Table) -> Check:
    """Demand that `known_at` lies between the unit's first arrival and its newest look, and is not of the future.

    Of a proven unit whose arrival nobody wrote down (its first answer was empty, or the run was killed after it had written)
    it must not lie before anybody asked for the slate.
    """

    def find(view: View, units: list[str], instants: list[Any]) -> Measured:
        first = {arrival.unit: arrival.first_at for arrival in view.records.arrivals(view.day, table.name)}
        seen = _seen(view, table)
        if not first:
            return Measured.nothing("nothing has arrived")
        asked = min((run.as_of for run in view.records.runs(output=table.name, day=view.day)), default=None)
        since = dict.fromkeys(seen, asked) | first

        def is_bad(unit: str, at: datetime | None) -> bool:
            begin = since.get(unit)
            return at is None or begin is None or not begin - _SLACK <= at <= seen.get(unit, view.now) + _SLACK

        bad = [unit for unit, at in zip(units, instants, strict=True) if is_bad(unit, at)]
        return in_order(bad, len(set(units)))

    claim = (
        f"each row of {table.name} says when it was first known: not before its unit arrived, not after the last look"
    )
    do = "what reads by knowledge time may have seen the future: read the failing units"
    return _rows_probe(table, "known_at", find, "known_at_is_when_it_came", claim, do=do)


def made_before_tipoff(table: Table, column: str) -> Check:
    """Demand that each unit was made before its game began: its own instant says what the proof says."""

    def find(view: View, units: list[str], instants: list[Any]) -> Measured:
        tips = {game.game_id: game.starts_at for game in view.records.games(view.day)}
        seen = _seen(view, table)
        bad = []
        for unit, at in zip(units, instants, strict=True):
            tip = tips.get(unit.partition("|")[0])
            if at is None or tip is None or at > min(tip, seen.get(unit, tip)) or abs(at - tip) >= timedelta(hours=36):
                bad.append(unit)
        return in_order(bad, len(set(units)))

    claim = f"every row of {table.name} was made before its game began, and on its day"
    do = "what was made after tip-off must not be published or graded as if before"
    return _rows_probe(table, column, find, f"{column}_is_before_tipoff", claim, do=do, severity=CRITICAL)


def names_have_keys(table: Table, name: str, key: str, key_of: Callable[[str], str]) -> Check:
    """Demand that a name's key is what the league makes of the name."""

    def find(view: View, _units: list[str], names: list[Any]) -> Measured:
        pairs = list(zip(names, view.rows(table.name).column(key).to_pylist(), strict=True))
        return in_order((f"{text}: {mine}" for text, mine in pairs if text is None or key_of(text) != mine), len(pairs))

    claim = f"{key} in {table.name} is made from {name} by the league's rule"
    do = "two players may have been taken for one: read the failing names"
    return _rows_probe(table, name, find, "names_have_their_keys", claim, do=do)


def accuracy(  # noqa: PLR0913 -- what is measured of whom
    grades: Table, system: str, *, at_most: float, measure: str, least: int = 1, where: Mapping[str, str] | None = None
) -> Check:
    """Measure the day's mean absolute error of one system, of which `least` are graded; its value is the scorecard's."""
    wanted = {"system": system} | dict(where or {})

    def look(view: View) -> Measured:
        errors = [
            row["abs_error"]
            for row in view.rows(grades.name).select(["abs_error", "is_void", *wanted]).to_pylist()
            if all(row[name] == value for name, value in wanted.items())
            and not row["is_void"]
            and row["abs_error"] is not None
        ]
        if len(errors) < least:
            return Measured.nothing(f"{len(errors)} graded, {least} are needed")
        return Measured(value=fmean(errors), note=f"{len(errors)} graded")

    return Check(
        name="accuracy",
        claim=f"the mean error of {system} on a day is at most {at_most:g} {measure}",
        severity=WARNING,
        tables=(grades.name,),
        look=look,
        required=at_most,
        at_most=True,
        measure=measure,
        do="look at the grades: is an input late, or a model old?",
    )


def columns_are_declared(table: Table) -> Check:
    """Demand that the store's columns are the declared ones, of the declared types; columns beyond them are refused at start."""

    def look(view: View) -> Measured:
        try:
            found = view.rows(table.name).schema
        except PipelineError as error:
            return Measured(value=0.0, failing=(f"{table.name} cannot be read: {error}"[:200],))
        declared = arrow_schema(table)
        bad = [
            f"{field.name} is {found.field(field.name).type}, declared as {field.type}"
            for field in declared
            if found.field(field.name).type != field.type
        ]
        return in_order(bad, len(declared))

    claim = f"{table.name} has the declared columns, of the declared types"
    do = "somebody altered the table: rebuild it in a new home, or put the column back"
    return probe(table, "columns_are_declared", claim, look, do=do, measure="share of columns")


def as_before(table: Table, identity: str, columns: tuple[str, ...], *, required: float = 0.9) -> Check:
    """Demand that what an identity is called today is what it was called when it was last seen."""
    same = " AND ".join(f"t.{c} IS NOT DISTINCT FROM b.{c}" for c in columns)
    newest = ", ".join(f"b.{c}" for c in columns)
    name = table.name
    return Check(
        name=f"{name}.{identity}_is_called_as_before",
        claim=f"{', '.join(columns)} of a {identity} in {name} are what they were when it was last seen",
        severity=WARNING,
        tables=(name,),
        sql=(
            f"SELECT CONCAT(t.game_id, '|', CAST(t.{identity} AS STRING)) AS key, {same} AS ok FROM slate.{name} AS t "  # noqa: S608 -- declared names
            f"JOIN (SELECT b.{identity}, {newest}, ROW_NUMBER() OVER (PARTITION BY b.{identity} ORDER BY b.day DESC, "
            f"b.game_id DESC) AS place FROM last30.{name} AS b) AS b ON b.{identity} = t.{identity} AND b.place = 1"
        ),
        required=required,
        do="an id that changed hands, or a name that did: tipoff trace LEAGUE GAME",
    )


# --- the ledger: the three silences told apart (it never ran; it found nothing; its output is lost), and freshness


def is_remade(table: Table, inputs: tuple[str, ...]) -> Check:
    """Demand that an output, made anew from what stands as of the instant it was made, comes out the same.

    Units whose input has changed since they closed are marked as such, and not compared.
    """

    def look(view: View) -> Measured:
        found = view.remade(table.name)
        if found is None or not found[1]:
            return Measured.nothing("nothing that could be made anew")
        return in_order(*found)

    claim = f"{table.name}, made anew from its inputs as of the same instant, comes out the same"
    do = "what stands was changed after it was made, or its input was: tipoff backfill LEAGUE DAY..DAY"
    return probe(table, REMADE, claim, look, do=do, inputs=inputs)


def has_run(table: Table) -> Check:
    """Demand that what was due has been tried at all."""

    def look(view: View) -> Measured:
        owed = view.records.obligation(table.name, view.day)
        if owed is None or owed.due_at > view.now:
            return Measured.nothing("it is not owed, or not yet due")
        n_runs = len(view.records.runs(output=table.name, day=view.day))
        if n_runs or owed.state in {"proven", "excused"}:
            return Measured(value=1.0, note=f"{n_runs} runs")
        return Measured(value=0.0, failing=("slate",), note=f"never ran: {owed.reason}")

    do = "tipoff why LEAGUE TABLE DAY names what it waits for"
    claim = f"{table.name} was tried once it was due"
    return probe(table, "has_run", claim, look, do=do, measure="share of slates")


def zero_is_signed(table: Table) -> Check:
    """Demand that a unit of which nothing was found says why there is nothing: the schedule's word, or the provider's."""

    def look(view: View) -> Measured:
        proof = view.records.proof(table.name, view.day)
        if proof is None:
            return Measured.nothing("it has never been made")
        units, games = proof.units, view.records.games(view.day)
        off = {game.game_id for game in games if game.status in OFF}
        empty = {name: unit.excuse for name, unit in units.items() if not unit.n_rows}
        bad = [name for name, why in empty.items() if not why and games and name.partition("|")[0] not in off]
        reasons = Counter(why or f"the schedule says {len(games) - len(off)} games" for why in empty.values())
        note = "; ".join(f"0 rows of {n}, and {why}" for why, n in reasons.most_common(3))
        return Measured(value=1 - len(bad) / max(1, len(units)), failing=tuple(sorted(bad)), note=note)

    claim = f"where {table.name} ran and found nothing, somebody's word says that there is nothing"
    do = "read the payload that gave no rows: tipoff trace LEAGUE GAME"
    return probe(table, "zero_is_signed", claim, look, do=do)


def not_all_is_excused(table: Table, *, optional: bool) -> Check:
    """Demand that a source does not excuse every game of a slate, where it had rows for those of the slates before."""

    def look(view: View) -> Measured:
        proof = view.records.proof(table.name, view.day)
        on = {game.game_id for game in view.records.games(view.day) if game.status not in OFF}
        units = {name: unit for name, unit in (proof.units if proof else {}).items() if name.partition("|")[0] in on}
        if len(units) < 2 or len(view.usual(table.name)) < _USUAL_SLATES:  # noqa: PLR2004 -- one game may well have nothing
            return Measured.nothing("fewer than two games that are on, or too few slates before")
        excused = [name for name, unit in units.items() if unit.excuse and not unit.n_rows]
        bad = sorted(excused) if len(excused) == len(units) else []
        return Measured(
            value=1 - len(bad) / len(units), failing=tuple(bad), note=f"{len(excused)} of {len(units)} excused"
        )

    return probe(
        table,
        "not_all_is_excused",
        f"the source of {table.name} does not excuse every game, after slates of which it had rows",
        look,
        do="its answers have another form, or are of something else: tipoff trace LEAGUE GAME",
        severity=WARNING if optional else ERROR,
        cadence=Cadence.PREGAME,
    )


def is_still_there(table: Table) -> Check:
    """Demand that what was proven is there: as many rows of each unit as were read back when it was written."""

    def look(view: View) -> Measured:
        proof = view.records.proof(table.name, view.day)
        if proof is None:
            return Measured.nothing("it has never been made")
        proven = {name: unit.n_rows for name, unit in proof.units.items()}
        stands = Counter(units_of(table, view.rows(table.name)).to_pylist())
        return in_order((u for u in proven.keys() | stands.keys() if proven.get(u, 0) != stands[u]), len(proven))

    claim = f"{table.name} holds as many rows of each unit as were proven when it was written"
    do = "the run was there and its output is lost: tipoff backfill LEAGUE DAY..DAY"
    return probe(table, "is_still_there", claim, look, do=do)


def is_fresh(table: Table, *, within: timedelta) -> Check:
    """Demand that a source was looked at shortly before the first game began, or before now where that is earlier.

    Not measurable where nobody decided, or the looks failed: the sentinel and the engine tell that. What is left is a look that
    should have been made, could have been made, and was not.
    """
    hours = within.total_seconds() / 3600

    def look(view: View) -> Measured:
        on = [game.starts_at for game in view.records.games(view.day) if game.status not in OFF]
        if not on:
            return Measured.nothing("no game is on")
        at = min([view.now, *(start for start in on if start is not None)])
        runs = view.records.runs(output=table.name, day=view.day)
        ended = [(run.ended_at, run.state) for run in runs if run.ended_at is not None and run.ended_at <= at]
        looked = [ended_at for ended_at, state in ended if state == "finished"]
        if not looked:
            return Measured.nothing("it has not been looked at yet; whether it should have been, has_run says")
        newest = max(looked)
        alive = [tick for tick in view.records.ticks(since=newest) if tick.at <= at]
        instants = [newest, *(tick.at for tick in alive), at]
        quiet = [0, *(tick.n_quiet for tick in alive), 0]
        gaps = ((b - a) / (n + 1) for a, b, n in zip(instants, instants[1:], quiet[1:], strict=False))
        if max(gaps) > _SILENCE or any(state != "finished" and ended_at > newest for ended_at, state in ended):
            return Measured.nothing("nobody decided, or the looks failed: that is told by itself")
        return Measured(value=(at - newest).total_seconds() / 3600, note=f"last looked at {newest:%Y-%m-%d %H:%M} UTC")

    return probe(
        table,
        "is_fresh",
        f"{table.name} was looked at within {hours:g} hours before the first game began",
        look,
        do="tipoff why LEAGUE TABLE DAY: a refresh was due and was not decided",
        severity=WARNING,
        measure="hours",
        required=hours,
        at_most=True,
        cadence=Cadence.PREGAME,
    )


def _seen(view: View, table: Table) -> dict[str, datetime]:
    """Return when each unit was last looked at: the end of the run that looked, of the newest look the instant of its proof."""
    proof = view.records.proof(table.name, view.day)
    if proof is None:
        return {}
    looks = {name: unit.as_of for name, unit in proof.units.items() if unit.as_of is not None}
    newest = max(looks.values(), default=None)
    runs = view.records.runs(output=table.name, day=view.day)
    ends = {run.as_of: run.ended_at for run in runs if run.ended_at is not None}
    return {name: proof.made_at if at == newest else ends.get(at, at) for name, at in looks.items()}
