"""Where the warehouse lies, how its datasets are named, and the names that jobs carry."""

import hashlib
import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from functools import cache

import sqlglot
from sqlglot import exp

from tipoff.core.schema import Table

_LABEL = 63  # characters that a label may have


@dataclass(frozen=True, slots=True, kw_only=True)
class Target:
    """A project with a prefix for its datasets, and the bounds within which it is used.

    `endpoint` is an emulator's address; empty for Google. `max_bytes` is what one statement may bill; `timeout_s` bounds each
    request, `job_timeout_s` each job.
    """

    project: str
    location: str = "US"
    prefix: str = ""
    endpoint: str = ""
    max_bytes: int = 1_073_741_824
    timeout_s: float = 60.0
    job_timeout_s: float = 600.0

    def dataset(self, name: str) -> str:
        """Return the dataset's name in this target."""
        return f"{self.prefix}{name}"

    def table(self, table: Table) -> str:
        """Return a table's name with its dataset, as statements name it."""
        return f"{self.prefix}{table.full_name}"

    @property
    def own(self) -> str:
        """The dataset of what is the machine's own: the proofs."""
        return self.dataset("tipoff")

    @property
    def staging(self) -> str:
        """The dataset of staging tables, which vanish by themselves after a day."""
        return self.dataset("tipoff_staging")

    @property
    def proofs(self) -> str:
        """The table of proofs: rows are only ever added."""
        return f"{self.own}.proofs"

    def turn(self, table: Table) -> str:
        """Return the name of the table with one row that every write of `table` changes, whatever else it finds to change."""
        return f"{self.own}.{turn_of(table)}"

    def here(self, sql: str) -> str:
        """Return a statement over declared datasets as it is for this target."""
        return _prefixed(sql, self.prefix) if self.prefix else sql


def turn_of(table: Table) -> str:
    """Return the name of a table's turn in the machine's own dataset."""
    return f"turn_{table.dataset}_{table.name}"


@cache
def _prefixed(sql: str, prefix: str) -> str:
    tree = sqlglot.parse_one(sql, read="bigquery")
    for table in tree.find_all(exp.Table):
        if table.db:
            table.set("db", exp.to_identifier(f"{prefix}{table.db}"))
    return tree.sql(dialect="bigquery")


@dataclass(frozen=True, slots=True, kw_only=True)
class Write:
    """One write of one slate by one run; `content` digests what it is to leave behind.

    Its jobs' ids hold all of this: the content alone would take the second A of A → B → A for the first.
    """

    home: str
    league: str
    table: str
    day: date
    fence: int
    content: str

    def job_id(self, what: str, attempt: int) -> str:
        """Return the id of a job of this write; another attempt is another job."""
        parts = ("tipoff", self.home, what, self.league, self.table, f"{self.day}", f"{self.fence}", f"{attempt}")
        return "-".join((*parts, hashlib.sha256(self.content.encode()).hexdigest()[:12]))

    def staging(self, attempt: int) -> str:
        """Return the name of the staging table of an attempt."""
        return f"{self.home}_{self.league}_{self.table}_{self.day:%Y%m%d}_{self.fence}_{attempt}"

    def labels(self, what: str) -> dict[str, str]:
        """Return the labels of a job: who wrote what, for which run."""
        return labels(what=what, home=self.home, league=self.league, table=self.table, fence=str(self.fence))


def labels(**said: str) -> dict[str, str]:
    """Return labels in the letters that BigQuery allows."""
    plain: Mapping[str, str] = {"app": "tipoff", **said}
    return {name: re.sub(r"[^a-z0-9_-]", "_", value.lower())[:_LABEL] for name, value in plain.items()}
