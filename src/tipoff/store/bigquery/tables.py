"""Making the declared tables: partitioned by day, clustered by key; what is there becomes what is declared, or is refused."""

from dataclasses import replace

from tipoff.core.proof_text import PROOF_COLUMNS
from tipoff.core.schema import Table
from tipoff.store.bigquery import statements
from tipoff.store.bigquery.client import Client
from tipoff.store.bigquery.target import labels
from tipoff.store.evolve import changes

_MOST_CLUSTERS = 4  # columns by which BigQuery clusters


def declare_own(port: Client) -> None:
    """Make the machine's own datasets: the proofs with their view, and the staging tables' place."""
    place = port.place
    port.create_dataset(place.own, labels(what="own"))
    port.create_dataset(place.staging, labels(what="staging"), vanishing=True)
    fields = {name: kind.value for name, kind in PROOF_COLUMNS.items()}
    port.create_table(place.proofs, fields, labels(what="proofs"), day="day", cluster=("league", "output"))
    port.query(statements.newest_proofs(place), {}, labels(what="declare"))


def declare(port: Client, table: Table) -> None:
    """Make a table with its dataset, or let what is there become it; raises `ShapeError` where that does not fit."""
    place = port.place
    name, said = place.table(table), labels(what="declare", league=table.league, table=table.name)
    wanted = {column.name: column.type.value for column in table.columns}
    found = port.fields(name)
    formerly = (replace(table, name=former, formerly=()) for former in table.formerly)
    former = next((old for old in map(place.table, formerly) if not found and port.fields(old)), None)
    if former is not None:
        port.query(f"ALTER TABLE {former} RENAME TO {table.name}", {}, said)
        found = port.fields(name)
    if not found:
        port.create_dataset(place.dataset(table.dataset), labels(league=table.league))
        cluster = tuple(column for column in table.key if column != "day")[:_MOST_CLUSTERS]
        port.create_table(name, {**wanted, "_run": "INT64"}, said, day="day", cluster=cluster)
        found = port.fields(name)
    if not port.fields(place.turn(table)):
        port.query(f"CREATE TABLE IF NOT EXISTS {place.turn(table)} AS SELECT 0 AS fence", {}, said)
    todo = changes(table, found, lambda kind: kind.value)
    for old, now in todo.renamed:
        port.query(f"ALTER TABLE {name} RENAME COLUMN IF EXISTS {old} TO {now}", {}, said)
    for column in todo.added:
        port.query(f"ALTER TABLE {name} ADD COLUMN IF NOT EXISTS {column.name} {column.type.value}", {}, said)
    for column in todo.widened:
        port.query(f"ALTER TABLE {name} ALTER COLUMN {column.name} SET DATA TYPE {column.type.value}", {}, said)
