"""Several leagues in one ledger: facts, ticks and fetches are of a league, runs are numbered by the ledger, seasons are kept."""

from alembic import op
from sqlalchemy import inspect, text

from tipoff.ledger.schema import SIXTH, fetches, ticks

revision = "0006"
down_revision = "0005"

_OF_SEASON = ("fingerprint", "about")  # facts of a league's season
_OF_LEAGUE = ("world", "clock_at", "live since")
_SPOKEN = ("since", "over")  # facts that named their league in their key


def upgrade() -> None:
    """Bring a ledger of one league up; every statement can be done again, for an upgrade may be killed at each."""
    for table in SIXTH:
        table.create(op.get_bind(), checkfirst=True)
    names = inspect(op.get_bind()).get_table_names()
    known = _rows("select key, value from home") if "home" in names else {}
    league = known.get("league", "")
    for table in (ticks, fetches):
        if "league" not in _columns(table.name):
            op.add_column(table.name, table.c.league._copy())  # noqa: SLF001 -- Alembic wants a column of no table
        for index in table.indexes:
            index.create(op.get_bind(), checkfirst=True)
        for old in {index["name"] for index in inspect(op.get_bind()).get_indexes(table.name)} & {f"{table.name}_at"}:
            op.drop_index(str(old), table.name)
        if league:
            op.execute(text(f"update {table.name} set league = :of where league = ''").bindparams(of=league))  # noqa: S608 -- declared names
    if "tick_id" in _columns("decisions"):
        op.drop_column("decisions", "tick_id")
    last = "select 'runs', coalesce(max(id), 0) from runs where true"
    op.execute(text(f"insert into numbers (name, last) {last} on conflict do nothing"))
    known_by = "max(since), 'its obligations' from obligations where season <> '' group by league, season"
    kept = "league, name, first_day, last_day, known_at, evidence"
    taken = f"select league, season, min(day), max(day), {known_by}"
    op.execute(text(f"insert into seasons ({kept}) {taken} on conflict do nothing"))
    for of, key, value in _facts(known, league):
        said = text("insert into facts (league, key, value) values (:of, :key, :value) on conflict do nothing")
        op.execute(said.bindparams(of=of, key=key, value=value))
    if "home" in names:
        op.drop_table("home")


def _rows(query: str) -> dict[str, str]:
    return {row.key: row.value for row in op.get_bind().execute(text(query))}


def _columns(table: str) -> set[str]:
    return {column["name"] for column in inspect(op.get_bind()).get_columns(table)}


def _facts(known: dict[str, str], league: str) -> list[tuple[str, str, str]]:
    """Return league, key and value of each fact of a home that could only have one league and one season."""
    season, found = known.get("season", ""), []
    for key, value in known.items():
        first, _, rest = key.partition(" ")
        if first in _SPOKEN and rest:
            found.append((rest, first, value))
        elif key in _OF_LEAGUE:
            found.append((league, key, value))
        elif key in _OF_SEASON:
            found.append((league, f"{key} {season}", value))
        elif key not in {"league", "season"}:
            found.append(("", key, value))
    return found
