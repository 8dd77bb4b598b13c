"""A copy of a home, consistent while its controller runs: the ledger first, then what may be newer than it.

What the stores have and the ledger has not is adopted at the next start; the other way round nothing could be.
"""

import json
import shutil
import sqlite3
from collections.abc import Callable
from datetime import datetime, timedelta
from pathlib import Path

from tipoff.app.crash import never
from tipoff.app.lock import lock
from tipoff.app.warehouses import open_warehouse
from tipoff.config import Settings
from tipoff.core.build import build
from tipoff.core.clock import RealClock, pause, stopwatch
from tipoff.core.errors import UsageError, WarehouseError
from tipoff.core.home import Home
from tipoff.core.profile import Profile
from tipoff.ledger import Batch, Ledger
from tipoff.ledger.connect import copy_of
from tipoff.store.copying import copy_warehouse
from tipoff.store.duck import DuckWarehouse
from tipoff.store.warehouse import Warehouse

WITHIN = timedelta(minutes=10)  # in which a running controller takes a copy that is asked for
_WANTED, _DONE, _ABOUT = "backup wanted", "backup done", "backup.json"


def back_up(settings: Settings, to: Path, *, within: timedelta = WITHIN) -> str:
    """Leave a copy of the home in the new folder `to`; where a controller runs, it makes it at its next tick.

    Raises:
        UsageError: The folder is there already, the ledger is a database, or no copy was made in time.
    """
    home, to = settings.place, to.absolute()
    if to.exists():
        msg = f"{to} is there already"
        raise UsageError(msg, hint="name a folder that is not: a copy never writes over another")
    if home.database or not home.has_ledger:
        msg = "the ledger is a database" if home.database else f"there is no ledger in {home.root}"
        raise UsageError(msg, hint="copy the database with its own tools, and the folder beside it; see docs/how-to")
    try:
        held = lock(home)
    except UsageError:
        return _ask(home, to, within)
    with held:
        ledger = Ledger(home.ledger)
        now = RealClock().now
        warehouse = open_warehouse(settings, home, ledger, profile=Profile.LIVE, at=never, now=now)
        try:
            return copy_home(home, warehouse, to, now())
        finally:
            warehouse.close()
            ledger.close()


def _ask(home: Home, to: Path, within: timedelta) -> str:
    ledger = Ledger(home.ledger)
    try:
        batch = Batch()
        batch.fact(_WANTED, str(to))
        ledger.commit(batch)
        began = stopwatch()
        while stopwatch() - began < within.total_seconds():
            if ledger.facts().get(_DONE, "").startswith(f"{to}: "):
                return ledger.facts()[_DONE].removeprefix(f"{to}: ")
            pause(timedelta(milliseconds=200))
    finally:
        ledger.close()
    msg = f"the controller has made no copy within {within}"
    raise UsageError(msg, hint="is it ticking? see: tipoff status LEAGUE")


def make_wanted(home: Home, ledger: Ledger, warehouse: Callable[[], Warehouse], now: datetime) -> None:
    """Make the copy that somebody asked for, in the process that owns the warehouse; what went wrong is the answer.

    Raises:
        LedgerError: The ledger cannot be read or written.
    """
    to = ledger.facts().get(_WANTED, "")
    if not to:
        return
    try:
        said = copy_home(home, warehouse(), Path(to), now)
    except (OSError, sqlite3.Error, UsageError, WarehouseError) as error:
        said = f"NOT made: {error}"
    batch = Batch()
    batch.fact(_WANTED, "")
    batch.fact(_DONE, f"{to}: {said}")
    ledger.commit(batch)


def copy_home(home: Home, warehouse: Warehouse, to: Path, now: datetime) -> str:
    """Copy every store into `to`, and say what was copied.

    Raises:
        OSError, sqlite3.Error: The disk is full, or a file cannot be read.
    """
    beside = to.with_name(f".{to.name}.part")
    shutil.rmtree(beside, ignore_errors=True)
    beside.mkdir(parents=True)
    copy = Home(beside)
    for store, target in ((home.ledger, copy.ledger), (home.sentinel, copy.sentinel)):
        if isinstance(store, Path) and store.exists():
            copy_of(store, Path(str(target)))
    for folder, copied in ((home.published, copy.published), (home.archive, copy.archive)):
        if folder.exists():
            shutil.copytree(folder, copied, ignore=shutil.ignore_patterns(".*"))
    if isinstance(warehouse, DuckWarehouse):
        copy_warehouse(warehouse.beside(), copy.warehouse)
    n_bytes = sum(path.stat().st_size for path in beside.rglob("*") if path.is_file())
    about = {"at": now.isoformat(), "build": build(), "bytes": n_bytes, "warehouse": type(warehouse).__name__}
    (beside / _ABOUT).write_text(json.dumps(about, indent=1))
    beside.rename(to)
    return f"{n_bytes / 1e6:.1f} MB in {to}"


def restore(settings: Settings, copy: Path) -> str:
    """Leave the home as the copy has it; only where there is no home yet.

    Raises:
        UsageError: There is a home already, or `copy` is no copy of one.
    """
    home = settings.place
    if not (copy / _ABOUT).exists():
        msg = f"{copy} is no copy of a home: it has no {_ABOUT}"
        raise UsageError(msg, hint="name a folder that tipoff backup made")
    if home.root.exists() and any(home.root.iterdir()):
        msg = f"there is a home in {home.root}"
        raise UsageError(msg, hint="set TIPOFF_HOME to a new folder, or move that one away")
    shutil.copytree(copy, home.root, dirs_exist_ok=True, ignore=shutil.ignore_patterns(_ABOUT))
    about = json.loads((copy / _ABOUT).read_text())
    return f"as of {about['at']}, by build {about['build']}"
