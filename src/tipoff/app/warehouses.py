"""Which warehouse the settings mean: DuckDB in the home, or BigQuery, whose client is imported only where it is asked for."""

import secrets
from collections.abc import Callable
from datetime import datetime

from tipoff.config import Settings
from tipoff.core.errors import UsageError
from tipoff.core.home import Home, Profile
from tipoff.ledger import Ledger
from tipoff.ledger.quota_use import QuotaGuard
from tipoff.store.duck import DuckWarehouse
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
    """Open the warehouse of a home; raises `UsageError` where it cannot be, or its rows lie in another one."""
    _must_be_its_own(settings, home, ledger)
    if settings.warehouse == "duckdb":
        return DuckWarehouse(home.warehouse, profile=profile, at=at)
    if not settings.bigquery_project:
        msg = "the warehouse is BigQuery, and TIPOFF_BIGQUERY_PROJECT is not set"
        raise UsageError(msg, hint="name the project, or set TIPOFF_WAREHOUSE=duckdb")
    try:
        from tipoff.store.bigquery.target import Target  # noqa: PLC0415 -- Google's client takes a second to import
        from tipoff.store.bigquery.warehouse import BigQueryWarehouse  # noqa: PLC0415 -- as above
    except ModuleNotFoundError as error:
        msg = f"the warehouse is BigQuery, and its client is not installed: {error.name}"
        raise UsageError(msg, hint="pip install 'tipoff[bigquery]'") from error
    target = Target(
        project=settings.bigquery_project,
        location=settings.bigquery_location,
        prefix=settings.bigquery_prefix,
        endpoint=settings.bigquery_endpoint,
        max_bytes=settings.bigquery_max_bytes,
    )
    warehouse = BigQueryWarehouse(target, home=name_of(ledger), now=now, at=at, count=QuotaGuard(ledger, now).record)
    _remember(ledger, "warehouse", _called(settings))
    return warehouse


def _must_be_its_own(settings: Settings, home: Home, ledger: Ledger) -> None:
    """Refuse another warehouse than the one whose rows the home's ledger holds to be proven."""
    known = ledger.facts().get("warehouse", "duckdb" if home.warehouse.exists() else _called(settings))
    if known != _called(settings):
        msg = f"this home's rows lie in {known}, and the settings name {_called(settings)}"
        raise UsageError(
            msg, hint="set TIPOFF_WAREHOUSE and TIPOFF_BIGQUERY_* as they were, or TIPOFF_HOME to a new folder"
        )


def _called(settings: Settings) -> str:
    if settings.warehouse == "duckdb":
        return "duckdb"
    return f"bigquery {settings.bigquery_project} {settings.bigquery_prefix}".rstrip()


def name_of(ledger: Ledger) -> str:
    """Return the home's name in job ids and labels: given once by chance and kept in the ledger."""
    return _remember(ledger, "name", f"h{secrets.token_hex(4)}")


def _remember(ledger: Ledger, key: str, value: str) -> str:
    known = ledger.facts().get(key)
    if known is None:
        ledger.keep_facts({key: value})
    return known or value
