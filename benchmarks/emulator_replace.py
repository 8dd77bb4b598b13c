"""One replace of one table against an emulator of BigQuery, through Google's own client: `make emulator`.

It runs in `.venv-emulator`, whose DuckDB is another version than the product's. It shows that the seam carries: staging,
checks and proof are those of every warehouse; what an engine adds is a load job and one transaction. The emulator runs on
DuckDB: it proves the wire and the order of things, not what BigQuery's own SQL would give.
"""

import io
import os
import subprocess
import sys
import urllib.error
import urllib.request
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from datetime import UTC, date, datetime
from typing import Any

import duckdb
import pyarrow as pa
import pyarrow.parquet as pq
from duckdb_extensions import import_extension
from google.api_core.client_options import ClientOptions
from google.api_core.exceptions import BadRequest, InternalServerError
from google.auth.credentials import AnonymousCredentials
from google.cloud import bigquery

from tipoff.core.proof import Proof
from tipoff.core.rows import table_from_records
from tipoff.core.schema import Table
from tipoff.core.slate import Season
from tipoff.leagues.nba.league import NBA
from tipoff.store.proofs import units_text
from tipoff.store.rows import conform, hash_units
from tipoff.store.staging import make_proof, stage
from tipoff.store.warehouse import Asked

URL = "http://127.0.0.1:9050"
PROJECT = "test-project"
DAY = date(2024, 1, 20)
NOW = datetime(2024, 1, 21, 15, tzinfo=UTC)
STEP = NBA.step("team_games")


class Trial:
    """As much of a warehouse on BigQuery as one replace needs."""

    def __init__(self, client: bigquery.Client) -> None:
        self._client = client
        for dataset in ("tipoff", STEP.table.dataset):
            client.create_dataset(dataset)
        columns = ", ".join(f"{column.name} {column.type.value}" for column in STEP.table.columns)
        self._run(f"CREATE TABLE {STEP.table.full_name} ({columns}, _run INT64) PARTITION BY day")
        self._run("CREATE TABLE tipoff.proofs (fence INT64, output STRING, day DATE, units STRING)")

    def _run(self, sql: str, **values: Any) -> pa.Table:  # noqa: ANN401 -- query parameters
        kinds = {int: "INT64", str: "STRING", date: "DATE"}
        parameters = [bigquery.ScalarQueryParameter(name, kinds[type(value)], value) for name, value in values.items()]
        job = self._client.query(sql, job_config=bigquery.QueryJobConfig(query_parameters=parameters), job_retry=None)
        return job.result(retry=None).to_arrow(create_bqstorage_client=False)

    def stored(self, table: Table, units: Iterable[str]) -> pa.Table:
        """Return the rows that stand in `units`, in the declared shape."""
        wanted = ", ".join(f"'{unit}'" for unit in sorted(units))
        names = ", ".join(table.names)
        unit = " || '|' || ".join(table.unit_columns)
        sql = f"SELECT {names} FROM {table.full_name} WHERE day = @day AND {unit} IN ({wanted})"  # noqa: S608 -- a trial's own units
        return conform(table, self._run(sql, day=DAY))

    def replace(self, asked: Asked, rows: pa.Table, known: Proof | None) -> Proof:
        """Stage, load, publish with the proof in one transaction; a higher fence ends it."""
        table = asked.step.table
        staged = stage(asked, rows, known, lambda units: self.stored(table, units))
        proof = make_proof(asked, staged, known)
        staging = f"{table.dataset}.{table.name}__staging_{asked.fence}"
        self._run(f"CREATE TABLE {staging} AS SELECT * EXCEPT (_run) FROM {table.full_name} WHERE FALSE")  # noqa: S608 -- declared names
        self._load(staging, staged.rows, job_id=f"tipoff-{table.name}-{DAY}-{asked.fence}")
        unit = " || '|' || ".join(table.unit_columns)
        names = ", ".join(table.names)
        asked_for = (
            f"tipoff.proofs__staging_{asked.fence}"  # a script takes no parameters here: what it needs lies in a table
        )
        self._run(f"CREATE TABLE {asked_for} (fence INT64, output STRING, day DATE, units STRING)")
        values = {"fence": asked.fence, "output": asked.step.name, "day": DAY, "units": units_text(proof.units)}
        self._run(f"INSERT INTO {asked_for} VALUES (@fence, @output, @day, @units)", **values)  # noqa: S608 -- own name
        later = (
            f"SELECT COUNT(*) FROM tipoff.proofs p JOIN {asked_for} a ON p.output = a.output"  # noqa: S608 -- declared names
            " AND p.day = a.day AND p.fence > a.fence"
        )
        script = f"""
            BEGIN TRANSACTION;
            DELETE FROM {table.full_name} WHERE day = DATE '{DAY}' AND {unit} IN (SELECT {unit} FROM {staging});
            INSERT INTO {table.full_name} ({names}, _run) SELECT {names}, {asked.fence} FROM {staging};
            INSERT INTO tipoff.proofs
              SELECT IF(({later}) > 0, ERROR('a later run has published'), fence), output, day, units FROM {asked_for};
            COMMIT TRANSACTION;"""  # noqa: S608 -- declared names
        try:
            self._run(script)
        finally:
            self._run(f"DROP TABLE {staging}")
            self._run(f"DROP TABLE {asked_for}")
        return proof

    def _load(self, staging: str, rows: pa.Table, *, job_id: str) -> None:
        file = io.BytesIO()
        pq.write_table(rows, file)
        file.seek(0)
        config = bigquery.LoadJobConfig(source_format="PARQUET", write_disposition="WRITE_APPEND")
        self._client.load_table_from_file(file, f"{PROJECT}.{staging}", job_id=job_id, job_config=config).result()


def asked(fence: int, units: Iterable[str], *, evidence: bool = True) -> Asked:
    """Return the order for a run's write."""
    season = Season("2023-24", date(2023, 10, 24), date(2024, 4, 14))
    made = dict.fromkeys(units, "made")
    return Asked(
        step=STEP, season=season, day=DAY, fence=fence, as_of=NOW, step_version="v", units=made, evidence=evidence
    )


def rows_of(points: dict[str, int]) -> pa.Table:
    """Return both clubs of some games, with the home side's points."""
    rows = []
    for game, scored in points.items():
        for team, other, is_home in (("AAA", "BBB", True), ("BBB", "AAA", False)):
            row = {"day": DAY, "game_id": game, "team": team, "opponent": other, "is_home": is_home}
            row |= {"points": scored if is_home else 99, "points_allowed": 99 if is_home else scored, "minutes": 240}
            row |= {"possessions": 98.123456, "pace": 98.5, "off_rating": 1 / 3 + 100, "def_rating": 105.25}
            rows.append(row)
    return table_from_records(STEP.table, rows)


@contextmanager
def emulator() -> Iterator[bigquery.Client]:
    """Start the emulator, wait until it answers, and end it."""
    import_extension("spatial", con=duckdb.connect())
    binary = os.path.join(os.path.dirname(sys.executable), "bqemulator")  # noqa: PTH118, PTH120 -- the link, not what it names
    running = subprocess.Popen([binary, "start", "--log-level", "warning"])
    try:
        _until_it_answers(running)
        options = ClientOptions(api_endpoint=URL)
        yield bigquery.Client(project=PROJECT, credentials=AnonymousCredentials(), client_options=options)
    finally:
        running.terminate()
        running.wait(10)


def _until_it_answers(running: "subprocess.Popen[bytes]") -> None:
    for _ in range(200):
        try:
            urllib.request.urlopen(f"{URL}/bigquery/v2/projects/{PROJECT}/datasets", timeout=1).read()  # noqa: S310 -- loopback
        except (urllib.error.URLError, OSError):
            try:
                running.wait(0.2)
            except subprocess.TimeoutExpired:
                continue
            sys.exit(f"the emulator ended with {running.returncode} before it answered")
        else:
            return
    sys.exit("the emulator did not answer within 40 s")


def _must(holds: bool, otherwise: str) -> None:  # noqa: FBT001 -- reads as an assertion
    if not holds:
        sys.exit(otherwise)


def main() -> None:
    """Write two games, change one, come back from the dead; compare what is read back with the proofs."""
    with emulator() as client:
        trial = Trial(client)
        first = trial.replace(asked(1, ["g1", "g2"]), rows_of({"g1": 110, "g2": 120}), None)
        second = trial.replace(asked(3, ["g1", "g2"]), rows_of({"g1": 111, "g2": 120}), first)
        found = hash_units(STEP.table, trial.stored(STEP.table, ["g1", "g2"]))
        proven = {unit: (proof.n_rows, proof.content_hash) for unit, proof in second.units.items()}
        _must(found == proven, "what is read back is not what is proven")
        _must(second.units["g1"].content_hash != first.units["g1"].content_hash, "another score has the same hash")
        _must((second.units["g1"].fence, second.units["g2"].fence) == (3, 1), "the unchanged game was touched")
        try:
            trial.replace(asked(2, ["g1", "g2"]), rows_of({"g1": 90, "g2": 91}), first)
        except (BadRequest, InternalServerError) as error:
            print(f"a run come back from the dead is refused: {str(error).splitlines()[0][:120]}")
        else:
            sys.exit("a run with an older fence has published")
        again = hash_units(STEP.table, trial.stored(STEP.table, ["g1", "g2"]))
        _must(again == found, "the refused run has left something behind")
    print("one replace against the emulator: rows, proof and hashes agree")


if __name__ == "__main__":
    main()
