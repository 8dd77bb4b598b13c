"""The three silences, told apart: it never ran; it ran and found nothing; it ran and its output is lost."""

from collections import Counter

from tipoff.core.check import Cadence, Check, Measured, View
from tipoff.core.finding import Severity
from tipoff.core.schema import Table
from tipoff.store.rows import units_of

_OFF = frozenset({"postponed", "moved", "cancelled"})


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

    return Check(
        name=f"{table.name}.has_run",
        claim=f"{table.name} was tried once it was due",
        severity=Severity.ERROR,
        tables=(table.name,),
        look=look,
        measure="share of slates",
        angles=(7, 14),
        do="tipoff why LEAGUE TABLE DAY names what it waits for",
    )


def zero_is_signed(table: Table) -> Check:
    """Demand that a unit of which nothing was found says why there is nothing: the schedule's word, or the provider's."""

    def look(view: View) -> Measured:
        proof = view.records.proof(table.name, view.day)
        if proof is None:
            return Measured.nothing("it has never been made")
        units, games = proof.units, view.records.games(view.day)
        off = {game.game_id for game in games if game.status in _OFF}
        empty = {name: unit.excuse for name, unit in units.items() if not unit.n_rows}
        bad = sorted(name for name, why in empty.items() if not why and games and name.partition("|")[0] not in off)
        said = Counter(why or f"the schedule says {len(games) - len(off)} games" for why in empty.values())
        note = "; ".join(f"0 rows of {n}, and {why}" for why, n in said.most_common(3))
        return Measured(value=1 - len(bad) / max(1, len(units)), failing=tuple(bad), note=note)

    return Check(
        name=f"{table.name}.zero_is_signed",
        claim=f"where {table.name} ran and found nothing, somebody's word says that there is nothing",
        severity=Severity.ERROR,
        tables=(table.name,),
        look=look,
        measure="share of units",
        cadence=Cadence.MORNING,
        angles=(16,),
        do="read the payload that gave no rows: tipoff trace LEAGUE GAME",
    )


def is_still_there(table: Table) -> Check:
    """Demand that what was proven is there: as many rows of each unit as were read back when it was written."""

    def look(view: View) -> Measured:
        proof = view.records.proof(table.name, view.day)
        if proof is None:
            return Measured.nothing("it has never been made")
        proven = {name: unit.n_rows for name, unit in proof.units.items()}
        stands = Counter(units_of(table, view.rows(table.name)).to_pylist())
        bad = sorted(unit for unit in proven.keys() | stands.keys() if proven.get(unit, 0) != stands[unit])
        return Measured(value=1 - len(bad) / max(1, len(proven)), failing=tuple(bad))

    return Check(
        name=f"{table.name}.is_still_there",
        claim=f"{table.name} holds as many rows of each unit as were proven when it was written",
        severity=Severity.ERROR,
        tables=(table.name,),
        look=look,
        measure="share of units",
        angles=(15,),
        do="the run was there and its output is lost: tipoff backfill LEAGUE DAY..DAY",
    )
