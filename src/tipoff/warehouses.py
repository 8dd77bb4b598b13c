"""Which warehouse the settings mean: DuckDB in the home, or BigQuery, whose client is imported only where it is asked for."""

import secrets
from collections.abc import Callable
from datetime import datetime

from tipoff.config import Settings
from tipoff.core.errors import UsageError
from tipoff.core.profile import Profile
from tipoff.store.duck import DuckWarehouse
from tipoff.store.home import Home
from tipoff.store.ledger import Batch, Ledger
from tipoff.store.quota import Guard
from tipoff.store.warehouse import Warehouse


def open_warehouse(  # noqa: PLR0913 -- what either of two engines needs
    settings: Settings,
    home: Home,
    ledger: Ledger,
    *,
    profile: Profile,
    at: Callable[[str], None],
    now: Callable[[], datetime],
) -> Warehouse:
    """Open the warehouse of a home.

    Raises:
        UsageError: It cannot be opened, or the settings do not say where it lies.
    """
    if settings.warehouse == "duckdb":
        return DuckWarehouse(home.warehouse, profile=profile, at=at)
    if not settings.bigquery_project:
        msg = "the warehouse is BigQuery, and TIPOFF_BIGQUERY_PROJECT is not set"
        raise UsageError(msg, hint="name the project, or set TIPOFF_WAREHOUSE=duckdb")
    try:
        from tipoff.store.bigquery.place import Place  # noqa: PLC0415 -- Google's client takes a second to import
        from tipoff.store.bigquery.warehouse import BigQueryWarehouse  # noqa: PLC0415 -- as above
    except ModuleNotFoundError as error:
        msg = f"the warehouse is BigQuery, and its client is not installed: {error.name}"
        raise UsageError(msg, hint="pip install 'tipoff[bigquery]'") from error
    place = Place(
        project=settings.bigquery_project,
        location=settings.bigquery_location,
        prefix=settings.bigquery_prefix,
        endpoint=settings.bigquery_endpoint,
        max_bytes=settings.bigquery_max_bytes,
    )
    return BigQueryWarehouse(place, home=name_of(ledger), now=now, at=at, guard=Guard(ledger, now))


def name_of(ledger: Ledger) -> str:
    """Return the home's name in job ids and labels: given once by chance and kept in the ledger."""
    known = ledger.home().get("name")
    if known is None:
        known = f"h{secrets.token_hex(4)}"
        batch = Batch()
        batch.add("home", {"key": "name", "value": known})
        ledger.commit(batch)
    return known
