"""What a day's steps would read on BigQuery: each statement asked by a dry run, which costs nothing, beside its limit."""

from dataclasses import dataclass
from datetime import date, datetime

from tipoff.app.holder import lock
from tipoff.app.requests import opened
from tipoff.config import Settings
from tipoff.core.errors import UsageError
from tipoff.core.league import League
from tipoff.ledger.facts import season_of

_MB = 1_048_576


@dataclass(frozen=True, slots=True, kw_only=True)
class Cost:
    """What the statements of one step would read, and what each may bill."""

    step: str
    statements: int
    bytes: int
    dearest: int  # bytes of the dearest statement
    limit: int  # bytes that one statement may bill

    @property
    def ok(self) -> bool:
        """Whether no statement would be refused."""
        return self.dearest <= self.limit


def costs(settings: Settings, league: League, day: date, now: datetime) -> list[Cost]:
    """Estimate what each step that reads tables would read for the slate of `day`.

    Raises:
        UsageError: The warehouse is not BigQuery, the day lies in no season, or a controller works in the home.
        WarehouseError: BigQuery cannot be asked.
    """
    if settings.warehouse != "bigquery":
        msg = "the warehouse is DuckDB, where reading is not billed"
        raise UsageError(msg, hint="set TIPOFF_WAREHOUSE=bigquery and TIPOFF_BIGQUERY_PROJECT")
    from tipoff.store.bigquery.warehouse import BigQueryWarehouse  # noqa: PLC0415 -- Google's client takes a second to import

    found = []
    with lock(settings.place), opened(settings, league) as stores:
        season, warehouse = season_of(stores.ledger, league.name, day), stores.warehouse
        if not isinstance(warehouse, BigQueryWarehouse):
            raise TypeError(warehouse)
        for name, loaded in stores.loaded.items():
            read = warehouse.estimate(loaded, day=day, season=season, as_of=now)
            if read:
                limit = min(loaded.step.max_bytes, settings.bigquery_max_bytes)
                found.append(Cost(step=name, statements=len(read), bytes=sum(read), dearest=max(read), limit=limit))
    return found


def cost_lines(found: list[Cost], *, is_emulated: bool) -> list[str]:
    """Return the costs as text, the dearest first."""
    lines = [
        f"{'' if cost.ok else 'TOO DEAR '}{cost.step:<28}{cost.statements:>3} statements{cost.bytes / _MB:>10.1f} MB; "
        f"one may bill {cost.limit / _MB:.0f} MB"
        for cost in sorted(found, key=lambda cost: -cost.bytes)
    ]
    total = sum(cost.bytes for cost in found)
    lines.append(
        f"in all {total / _MB:.1f} MB would be read; BigQuery bills at least 10 MB for each table of a statement"
    )
    if is_emulated:
        lines.append("an emulator answers here, and it estimates nothing: its figures are 0")
    return lines
