"""Which warehouse the settings mean: DuckDB in the home, or BigQuery, whose client is imported only where it is asked for."""

import secrets
from collections.abc import Callable
from datetime import datetime

from tipoff.config import Settings
from tipoff.core.errors import UsageError
from tipoff.core.profile import Profile
from tipoff.store.bigquery.place import Place
from tipoff.store.duck import DuckWarehouse
from tipoff.store.history.duck import DuckSink
from tipoff.store.history.sink import HistorySink
from tipoff.store.history.streams import DATASET
from tipoff.store.home import Home
from tipoff.store.ledger import Batch, Ledger
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
    place = _place_of(settings)
    try:
        from tipoff.store.bigquery.warehouse import BigQueryWarehouse  # noqa: PLC0415 -- Google's client takes a second
    except ModuleNotFoundError as error:
        raise _not_installed(error) from error
    return BigQueryWarehouse(place, home=name_of(ledger), now=now, at=at)


def history_of(settings: Settings, warehouse: Warehouse) -> HistorySink:
    """Return where the ledger's history goes: beside the tables, in the same warehouse.

    Raises:
        UsageError: The settings do not say where it lies.
    """
    if isinstance(warehouse, DuckWarehouse):
        return DuckSink(warehouse.beside())
    place = _place_of(settings)
    try:
        from tipoff.store.bigquery.port import client_of  # noqa: PLC0415 -- Google's client takes a second to import
        from tipoff.store.history.bigquery import BigQuerySink  # noqa: PLC0415 -- as above
    except ModuleNotFoundError as error:
        raise _not_installed(error) from error
    return BigQuerySink(client_of(place), dataset=place.dataset(DATASET), location=place.location)


def _not_installed(error: ModuleNotFoundError) -> UsageError:
    msg = f"the warehouse is BigQuery, and its client is not installed: {error.name}"
    return UsageError(msg, hint="pip install 'tipoff[bigquery]'")


def _place_of(settings: Settings) -> Place:
    if not settings.bigquery_project:
        msg = "the warehouse is BigQuery, and TIPOFF_BIGQUERY_PROJECT is not set"
        raise UsageError(msg, hint="name the project, or set TIPOFF_WAREHOUSE=duckdb")
    return Place(
        project=settings.bigquery_project,
        location=settings.bigquery_location,
        prefix=settings.bigquery_prefix,
        endpoint=settings.bigquery_endpoint,
        max_bytes=settings.bigquery_max_bytes,
    )


def name_of(ledger: Ledger) -> str:
    """Return the home's name in job ids and labels: given once by chance and kept in the ledger."""
    known = ledger.home().get("name")
    if known is None:
        known = f"h{secrets.token_hex(4)}"
        batch = Batch()
        batch.add("home", {"key": "name", "value": known})
        ledger.commit(batch)
    return known
