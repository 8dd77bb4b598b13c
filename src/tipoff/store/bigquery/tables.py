"""Making the declared tables: partitioned by day, clustered by key; new columns are added, anything else is refused."""

from tipoff.core.errors import ShapeError
from tipoff.core.schema import Table
from tipoff.store.bigquery import statements
from tipoff.store.bigquery.client import Client
from tipoff.store.bigquery.target import labels

_MOST_CLUSTERS = 4  # columns by which BigQuery clusters


def declare_own(port: Client) -> None:
    """Make the machine's own datasets: the proofs with their view, and the staging tables' place."""
    place = port.place
    port.create_dataset(place.own, labels(what="own"))
    port.create_dataset(place.staging, labels(what="staging"), vanishing=True)
    fields = {name: kind.value for name, kind in statements.PROOF_COLUMNS.items()}
    port.create_table(place.proofs, fields, labels(what="proofs"), day="day", cluster=("league", "output"))
    port.query(statements.newest_proofs(place), {}, labels(what="declare"))


def declare(port: Client, table: Table) -> None:
    """Make a table with its dataset, or add the columns that it lacks.

    Raises:
        ShapeError: It has a column of another type, or one that is not declared.
    """
    place = port.place
    name, said = place.table(table), labels(what="declare", league=table.league, table=table.name)
    wanted = {column.name: column.type.value for column in table.columns}
    found = port.fields(name)
    if not found:
        port.create_dataset(place.dataset(table.dataset), labels(league=table.league))
        cluster = tuple(column for column in table.key if column != "day")[:_MOST_CLUSTERS]
        port.create_table(name, {**wanted, "_run": "INT64"}, said, day="day", cluster=cluster)
        found = port.fields(name)
    if not port.fields(place.turn(table)):
        port.query(statements.make_turn(place, table), {}, said)
    for column in table.columns:
        if column.name not in found:
            port.query(statements.add_column(name, column.name, column.type), {}, said)
        elif found[column.name] != wanted[column.name]:
            msg = f"{table.full_name}.{column.name} is {found[column.name]}, declared as {wanted[column.name]}"
            raise ShapeError(msg, hint="only new columns are added by themselves; rebuild the table in a new home")
    extra = found.keys() - wanted.keys() - {"_run"}
    if extra:
        msg = f"{table.full_name} has columns that are not declared: {', '.join(sorted(extra))}"
        raise ShapeError(msg, hint="a build that knows them wrote this home; run that one, or a new home")
