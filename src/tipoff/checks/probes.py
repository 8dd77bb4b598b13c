"""Checks in Python: made anew, what stands comes out the same; instants of arrival; names and keys; columns; freshness."""

from collections.abc import Callable
from datetime import datetime, timedelta
from statistics import fmean

from tipoff.core.check import Cadence, Check, Measured, View
from tipoff.core.errors import PipelineError
from tipoff.core.finding import Severity
from tipoff.core.rows import arrow_schema
from tipoff.core.schema import Table
from tipoff.store.rows import units_of

_SLACK = timedelta(minutes=1)
_OFF = frozenset({"postponed", "moved", "cancelled"})
_SILENCE = timedelta(hours=2)  # between ticks, from which on it is the controller's silence that is told


def is_remade(table: Table, inputs: tuple[str, ...]) -> Check:
    """Demand that an output, made anew from what stands as of the instant it was made, comes out the same.

    Units whose input has changed since they closed are marked as such, and not compared.
    """

    def look(view: View) -> Measured:
        found = view.remade(table.name)
        if found is None or not found[1]:
            return Measured.nothing("nothing that could be made anew")
        failing, n_units = found
        return Measured(value=1 - len(failing) / n_units, failing=tuple(sorted(failing)))

    return Check(
        name=f"{table.name}.is_what_its_inputs_give",
        claim=f"{table.name}, made anew from its inputs as of the same instant, comes out the same",
        severity=Severity.ERROR,
        tables=(*inputs, table.name),
        about=table.name,
        look=look,
        measure="share of units",
        angles=(2, 15),
        do="what stands was changed after it was made, or its input was: tipoff backfill LEAGUE DAY..DAY",
    )


def known_when_it_came(table: Table) -> Check:
    """Demand that `known_at` lies between the unit's first arrival and its newest look, and is not of the future."""

    def look(view: View) -> Measured:
        first = {arrival.unit: arrival.first_at for arrival in view.records.arrivals(view.day, table.name)}
        seen = _seen(view, table)
        rows = view.rows(table.name)
        if not rows.num_rows or not first:
            return Measured.nothing("nothing has arrived")
        units = units_of(table, rows).to_pylist()
        bad: set[str] = set()
        for unit, at in zip(units, rows.column("known_at").to_pylist(), strict=True):
            begin, end = first.get(unit), seen.get(unit, view.now)
            if at is None or begin is None or not begin - _SLACK <= at <= end + _SLACK:
                bad.add(unit)
        return Measured(value=1 - len(bad) / len(set(units)), failing=tuple(sorted(bad)))

    return Check(
        name=f"{table.name}.known_at_is_when_it_came",
        claim=f"each row of {table.name} says when it was first known: not before its unit arrived, not after the last look",
        severity=Severity.ERROR,
        tables=(table.name,),
        look=look,
        measure="share of units",
        angles=(11, 30),
        do="what reads by knowledge time may have seen the future: read the failing units",
    )


def made_before_tipoff(table: Table, column: str, *, as_of: bool = True) -> Check:
    """Demand that each unit was made before its game began: its own instant says what the proof says."""

    def look(view: View) -> Measured:
        rows = view.rows(table.name)
        if not rows.num_rows:
            return Measured.nothing("no rows")
        tips = {game.game_id: game.starts_at for game in view.records.games(view.day)}
        seen = _seen(view, table)
        bad: set[str] = set()
        units = units_of(table, rows).to_pylist()
        for unit, at in zip(units, rows.column(column).to_pylist(), strict=True):
            tip, end = tips.get(unit.partition("|")[0]), seen.get(unit) if as_of else None
            day_ok = at is not None and abs(at - (tip or at)) < timedelta(hours=36)
            if at is None or tip is None or at > tip or not day_ok or (end is not None and at > end):
                bad.add(unit)
        return Measured(value=1 - len(bad) / len(set(units)), failing=tuple(sorted(bad)))

    return Check(
        name=f"{table.name}.{column}_is_before_tipoff",
        claim=f"every row of {table.name} was made before its game began, and on its day",
        severity=Severity.CRITICAL,
        tables=(table.name,),
        look=look,
        measure="share of units",
        angles=(11, 30),
        do="what was made after tip-off must not be published or graded as if before",
    )


def names_have_keys(table: Table, name: str, key: str, key_of: Callable[[str], str]) -> Check:
    """Demand that a name's key is what the league makes of the name."""

    def look(view: View) -> Measured:
        rows = view.rows(table.name)
        if not rows.num_rows:
            return Measured.nothing("no rows")
        pairs = list(zip(rows.column(name).to_pylist(), rows.column(key).to_pylist(), strict=True))
        bad = {f"{said}: {mine}" for said, mine in pairs if said is None or key_of(said) != mine}
        return Measured(value=1 - len(bad) / len(pairs), failing=tuple(sorted(bad)))

    return Check(
        name=f"{table.name}.names_have_their_keys",
        claim=f"{key} in {table.name} is made from {name} by the league's rule",
        severity=Severity.ERROR,
        tables=(table.name,),
        look=look,
        angles=(22,),
        do="two players may have been taken for one: read the failing names",
    )


def as_before(table: Table, identity: str, columns: tuple[str, ...], *, required: float = 0.9) -> Check:
    """Demand that what an identity is called today is what it was called when it was last seen."""
    same = " AND ".join(f"t.{c} IS NOT DISTINCT FROM b.{c}" for c in columns)
    newest = ", ".join(f"b.{c}" for c in columns)
    name = table.name
    return Check(
        name=f"{name}.{identity}_is_called_as_before",
        claim=f"{', '.join(columns)} of a {identity} in {name} are what they were when it was last seen",
        severity=Severity.WARNING,
        tables=(name,),
        sql=(
            f"SELECT CONCAT(t.game_id, '|', CAST(t.{identity} AS STRING)) AS key, {same} AS ok FROM slate.{name} AS t "  # noqa: S608 -- declared names
            f"JOIN (SELECT b.{identity}, {newest}, ROW_NUMBER() OVER (PARTITION BY b.{identity} ORDER BY b.day DESC, "
            f"b.game_id DESC) AS place FROM last30.{name} AS b) AS b ON b.{identity} = t.{identity} AND b.place = 1"
        ),
        required=required,
        angles=(22,),
        do="an id that changed hands, or a name that did: tipoff trace LEAGUE GAME",
    )


def accuracy(grades: Table, system: str, *, at_most: float, measure: str) -> Check:
    """Measure the day's mean absolute error of one system; its value is the scorecard's."""

    def look(view: View) -> Measured:
        rows = view.rows(grades.name).to_pylist()
        errors = [
            row["abs_error"]
            for row in rows
            if row["system"] == system and not row["is_void"] and row["abs_error"] is not None
        ]
        if not errors:
            return Measured.nothing("nothing was graded")
        return Measured(value=fmean(errors), note=f"{len(errors)} graded")

    return Check(
        name="accuracy",
        claim=f"the mean error of {system} on a day is at most {at_most:g} {measure}",
        severity=Severity.WARNING,
        tables=(grades.name,),
        look=look,
        required=at_most,
        at_most=True,
        measure=measure,
        angles=(12, 21),
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
        return Measured(value=1 - len(bad) / len(declared), failing=tuple(bad))

    return Check(
        name=f"{table.name}.columns_are_declared",
        claim=f"{table.name} has the declared columns, of the declared types",
        severity=Severity.ERROR,
        tables=(table.name,),
        look=look,
        measure="share of columns",
        angles=(33,),
        do="somebody altered the table: rebuild it in a new home, or put the column back",
    )


def is_fresh(table: Table, *, within: timedelta) -> Check:
    """Demand that a source was looked at shortly before the first game began, or before now where that is earlier.

    Not measurable where nobody decided, or the looks failed: the sentinel and the engine tell that. What is left is a look that
    should have been made, could have been made, and was not.
    """
    hours = within.total_seconds() / 3600

    def look(view: View) -> Measured:
        on = [game.starts_at for game in view.records.games(view.day) if game.status not in _OFF]
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

    return Check(
        name=f"{table.name}.is_fresh",
        claim=f"{table.name} was looked at within {hours:g} hours before the first game began",
        severity=Severity.WARNING,
        tables=(table.name,),
        look=look,
        required=hours,
        at_most=True,
        measure="hours",
        cadence=Cadence.PREGAME,
        angles=(6,),
        do="tipoff why LEAGUE TABLE DAY: a refresh was due and was not decided",
    )


def _seen(view: View, table: Table) -> dict[str, datetime]:
    """Return when each unit was last looked at; what the newest look saw came in before its run was recorded."""
    proof = view.records.proof(table.name, view.day)
    if proof is None:
        return {}
    looks = {name: unit.as_of for name, unit in proof.units.items() if unit.as_of is not None}
    newest = max(looks.values(), default=None)
    return {name: proof.made_at if at == newest else at for name, at in looks.items()}
