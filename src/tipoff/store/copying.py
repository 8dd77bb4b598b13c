"""A copy of a DuckDB warehouse, made by the process that owns it."""

from pathlib import Path

import duckdb

from tipoff.core.errors import ErrorKind, WarehouseError


def copy_warehouse(own: duckdb.DuckDBPyConnection, to: Path) -> None:
    """Leave a copy of every table, as of one instant, in the new file `to`; `own` is a connection of its own, closed after.

    Raises:
        WarehouseError: The disk is full, or the file cannot be made.
    """
    quoted = str(to).replace("'", "''")
    try:
        [name] = own.execute("SELECT current_database()").fetchone() or ("",)
        own.execute(f"ATTACH '{quoted}' AS backup")
        own.execute(f'COPY FROM DATABASE "{name}" TO backup')
        own.execute(
            "CHECKPOINT backup"
        )  # at DETACH alone, the log would stay until the last that reads meanwhile is done
        own.execute("DETACH backup")
    except duckdb.Error as error:
        msg = f"the warehouse could not be copied: {str(error).splitlines()[0]}"
        raise WarehouseError(msg, kind=ErrorKind.TRANSIENT, hint="is the disk full?") from error
    finally:
        own.close()
