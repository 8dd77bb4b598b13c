"""A copy of a home, consistent while its controller runs: the ledger first, then what may be newer than it.

What the stores have and the ledger has not is adopted at the next start; the other way round nothing could be.
"""

import json
import os
import shutil
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path

import duckdb

from tipoff.app.holder import lock, lock_file
from tipoff.config import Settings
from tipoff.core.build import build
from tipoff.core.errors import ErrorKind, PipelineError, UsageError, WarehouseError
from tipoff.core.home import OF_THE_DISK, Home
from tipoff.ledger.connect import copy_of, one_maker
from tipoff.store.ctrl_c import ctrl_c
from tipoff.store.duck import DuckWarehouse
from tipoff.store.warehouse import Warehouse

_ABOUT = "backup.json"
_LEDGER = "ledger.db"
_UNFINISHED = ".restore"  # in a home: what a restore that was cut off has copied so far
_OF_A_READER = "*.db-shm"  # what SQLite leaves beside a store whose reader was killed: nothing of the store


def may_be_copied(home: Home, to: Path) -> None:
    """Refuse with a `UsageError` to copy into a folder that is there, or is of the home, or where no ledger's file is."""
    if to.exists():
        msg = f"{to} is there already"
        raise UsageError(msg, hint="name a folder that is not: a copy never writes over another")
    if to.resolve().is_relative_to(home.root.resolve()):
        msg = f"{to} lies in the home itself"
        raise UsageError(
            msg, hint="name a folder elsewhere, on another disk where there is one: it would be lost with the home"
        )
    if home.database or not home.has_ledger:
        msg = "the ledger is a database" if home.database else f"there is no ledger in {home.root}"
        hint = "dump it with pg_dump, then copy the folder: docs/how-to/back-up-and-restore.md"
        raise UsageError(msg, hint=hint if home.database else "is TIPOFF_HOME right?")


def copy_home(home: Home, warehouse: Warehouse, to: Path, now: datetime) -> str:
    """Copy every store into the new folder `to`, and say what was copied; raises `PipelineError` where a disk refuses."""
    beside = to.with_name(f".{to.name}.part")
    with _whole(beside, f"no copy was made in {to}"):
        may_be_copied(home, to)  # as another copy may have been made there meanwhile
        return _copied(home, warehouse, beside, to, now)


@contextmanager
def _whole(part: Path, undone: str) -> Iterator[None]:
    """Leave nothing in the folder `part`, which one fills at a time, however it ends; raises `PipelineError` where it cannot."""
    try:
        part.parent.mkdir(parents=True, exist_ok=True)
        with one_maker(part):
            shutil.rmtree(part, ignore_errors=True)
            part.mkdir()
            try:
                yield
            finally:
                shutil.rmtree(part, ignore_errors=True)
    except (OSError, sqlite3.Error) as error:
        why = error.args[0][0][-1] if isinstance(error, shutil.Error) else error  # the first of a thousand files
        msg = f"{undone}: {why}"
        raise PipelineError(msg, hint="is the disk full, or may nobody write there?") from error


def _copied(home: Home, warehouse: Warehouse, beside: Path, to: Path, now: datetime) -> str:
    copy = Home(beside)
    for store, target in ((home.ledger, copy.ledger), (home.sentinel, copy.sentinel)):
        if isinstance(store, Path) and store.exists():
            copy_of(store, Path(str(target)))
    for folder, copied in ((home.published, copy.published), (home.archive, copy.archive)):
        if folder.exists():
            shutil.copytree(folder, copied, ignore=shutil.ignore_patterns(".*"))
    if isinstance(warehouse, DuckWarehouse):
        copy_warehouse(warehouse.beside(), copy.warehouse)
    n_bytes = _size(beside)
    about = {"at": now.isoformat(), "build": build(), "bytes": n_bytes, "warehouse": type(warehouse).__name__}
    (beside / _ABOUT).write_text(json.dumps(about, indent=1), "utf-8")
    os.sync()  # or a loss of power leaves a copy whose files hold nothing
    beside.rename(to)
    return f"{n_bytes / 1e6:.1f} MB in {to}"


def copy_warehouse(own: duckdb.DuckDBPyConnection, to: Path) -> None:
    """Leave a copy of every table, as of one instant, in the new file `to`; `own` is a connection of its own, closed after.

    Raises:
        WarehouseError: The disk is full, or the file cannot be made.
    """
    quoted = str(to).replace("'", "''")
    try:
        with ctrl_c:
            [name] = own.execute("SELECT current_database()").fetchone() or ("",)
            own.execute(f"ATTACH '{quoted}' AS backup")
            own.execute(f'COPY FROM DATABASE "{name}" TO backup')
            own.execute("CHECKPOINT backup")  # DETACH alone keeps the log until the last that reads meanwhile is done
            own.execute("DETACH backup")
    except duckdb.Error as error:
        msg = f"the warehouse could not be copied: {str(error).splitlines()[0]}"
        raise WarehouseError(msg, kind=ErrorKind.TRANSIENT, hint="is the disk full?") from error
    finally:
        own.close()


def _size(folder: Path) -> int:
    files = (path for path in folder.rglob("*") if path.is_file())
    return sum(path.stat().st_size for path in files if not path.match(_OF_A_READER))


def _take_back(home: Home, copy: Path) -> None:
    """Take away what a restore that was cut off had moved out of its folder: its ledger, the last, still lies there."""
    for path in copy.iterdir() if _was_cut_off(home) else ():
        moved = home.root / path.name
        shutil.rmtree(moved, ignore_errors=True) if path.is_dir() else moved.unlink(missing_ok=True)


def _was_cut_off(home: Home) -> bool:
    return (home.root / _UNFINISHED / _LEDGER).exists() and not (home.root / _LEDGER).exists()


def _must_be_new(home: Home) -> None:
    passed = {_UNFINISHED, OF_THE_DISK, lock_file(home).name}
    if home.root.exists() and {path.name for path in home.root.iterdir()} - passed:
        msg = f"there is a home in {home.root}"
        raise UsageError(msg, hint="set TIPOFF_HOME to a new folder, or move that one away")


def restore(settings: Settings, copy: Path) -> str:
    """Leave the home as the copy has it, or as it was.

    Raises `UsageError` where there is a home, or `copy` is no whole copy of one, `PipelineError` where a disk refuses.
    """
    home = settings.place
    if not (copy / _ABOUT).exists():
        msg = f"{copy} is no copy of a home: it has no {_ABOUT}"
        raise UsageError(msg, hint="name a folder that tipoff backup made")
    if not _was_cut_off(home):
        _must_be_new(home)
    try:
        about = json.loads((copy / _ABOUT).read_text("utf-8"))
        at, _ = datetime.fromisoformat(about["at"]), (about["build"], about["bytes"])
    except (ValueError, KeyError, TypeError) as error:
        msg = f"{copy / _ABOUT} does not say what was copied: {error!r}"
        raise UsageError(msg, hint="it was cut or written to: take another copy") from error
    n_bytes = _size(copy) - (copy / _ABOUT).stat().st_size
    if n_bytes != about["bytes"]:
        msg = f"{copy} is not as it was made: it holds {n_bytes:,} bytes, of {about['bytes']:,}"
        raise UsageError(msg, hint="a file of it was lost, cut or written to: take another copy")
    if home.root.resolve().is_relative_to(copy.resolve()):
        msg = f"the home {home.root} would lie in the copy itself"
        raise UsageError(msg, hint="set TIPOFF_HOME to a folder elsewhere")
    part = home.root / _UNFINISHED  # not beside it: the home may be where a disk is mounted
    with lock(home):
        _take_back(home, copy)
        with _whole(part, f"no home was made in {home.root}"):
            _must_be_new(home)  # as another restore may have made it meanwhile
            shutil.copytree(copy, part, dirs_exist_ok=True, ignore=shutil.ignore_patterns(_ABOUT, _OF_A_READER))
            os.sync()  # as above
            try:
                for path in sorted(part.iterdir(), key=lambda path: path.name == _LEDGER):  # it proves the others
                    path.rename(home.root / path.name)
            finally:
                _take_back(home, copy)
    return f"as of {at:%Y-%m-%d %H:%M} UTC, by build {about['build']}; next: tipoff doctor"
