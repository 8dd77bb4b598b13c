"""Making the declared tables: partitioned by day, clustered by key; what is there becomes what is declared, or is refused."""

from dataclasses import replace

from tipoff.core.proof import PROOF_COLUMNS
from tipoff.core.schema import Table
from tipoff.store.bigquery import statements
from tipoff.store.bigquery.client import Client
from tipoff.store.bigquery.target import labels
from tipoff.store.evolve import changes

_MOST_CLUSTERS = 4  # columns by which BigQuery clusters


def declare_own(client: Client) -> None:
    """Make the machine's own datasets: the proofs with their view, and the staging tables' target."""
    target = client.target
    client.create_dataset(target.own, labels(what="own"))
    client.create_dataset(target.staging, labels(what="staging"), vanishing=True)
    fields = {name: kind.value for name, kind in PROOF_COLUMNS.items()}
    client.create_table(target.proofs, fields, labels(what="proofs"), day="day", cluster=("league", "output"))
    client.query(statements.newest_proofs(target), {}, labels(what="declare"))


def declare(client: Client, table: Table) -> None:
    """Make a table with its dataset, or let what is there become it; raises `ShapeError` where that does not fit."""
    target = client.target
    name, said = target.table(table), labels(what="declare", league=table.league, table=table.name)
    wanted = {column.name: column.type.value for column in table.columns}
    found = client.fields(name)
    formerly = (replace(table, name=former, formerly=()) for former in table.formerly)
    former = next((old for old in map(target.table, formerly) if not found and client.fields(old)), None)
    if former is not None:
        client.query(f"ALTER TABLE {former} RENAME TO {table.name}", {}, said)
        found = client.fields(name)
    if not found:
        client.create_dataset(target.dataset(table.dataset), labels(league=table.league))
        cluster = tuple(column for column in table.key if column != "day")[:_MOST_CLUSTERS]
        client.create_table(name, {**wanted, "_run": "INT64"}, said, day="day", cluster=cluster)
        found = client.fields(name)
    if not client.fields(target.turn(table)):
        client.query(f"CREATE TABLE IF NOT EXISTS {target.turn(table)} AS SELECT 0 AS fence", {}, said)
    todo = changes(table, found, lambda kind: kind.value)
    for old, now in todo.renamed:
        client.query(f"ALTER TABLE {name} RENAME COLUMN IF EXISTS {old} TO {now}", {}, said)
    for column in todo.added:
        client.query(f"ALTER TABLE {name} ADD COLUMN IF NOT EXISTS {column.name} {column.type.value}", {}, said)
    for column in todo.widened:
        client.query(f"ALTER TABLE {name} ALTER COLUMN {column.name} SET DATA TYPE {column.type.value}", {}, said)
