"""A home: the folder of one world, and who works in it."""

import fcntl
from dataclasses import dataclass
from pathlib import Path
from typing import IO

from tipoff.core.errors import UsageError


@dataclass(frozen=True, slots=True)
class Home:
    """The folder that holds one world's ledger, archive, warehouse and published files.

    `database` is the address of a PostgreSQL that holds the ledger instead, `watch_database` of one that holds the sentinel's
    own store: one database for each home and each of them.
    """

    root: Path
    database: str = ""
    watch_database: str = ""

    @property
    def ledger(self) -> Path | str:
        """The ledger's file, or its database's address."""
        return self.database or self.root / "ledger.db"

    @property
    def has_ledger(self) -> bool:
        """Whether there may be a ledger: a file, or a database that is named."""
        return bool(self.database) or (self.root / "ledger.db").exists()

    @property
    def warehouse(self) -> Path:
        """The DuckDB file."""
        return self.root / "warehouse.duckdb"

    @property
    def sentinel(self) -> Path | str:
        """The sentinel's own store."""
        return self.watch_database or self.root / "sentinel.db"

    @property
    def has_sentinel(self) -> bool:
        """Whether there may be a sentinel's store."""
        return bool(self.watch_database) or (self.root / "sentinel.db").exists()

    @property
    def archive(self) -> Path:
        """The payloads as received."""
        return self.root / "archive"

    @property
    def published(self) -> Path:
        """What readers read."""
        return self.root / "published"

    def lock(self, side: str = "") -> IO[str]:
        """Take the home for this process; two controllers never work in one home, nor do two of any other side.

        Raises:
            UsageError: Another process has it, or the folder cannot be made.
        """
        try:
            self.root.mkdir(parents=True, exist_ok=True)
            held = (self.root / (f"{side}.lock" if side else "lock")).open("w")
        except OSError as error:
            msg = f"the home {self.root} cannot be used: {error.strerror}"
            raise UsageError(msg, hint="set TIPOFF_HOME to a folder that can be written") from error
        try:
            fcntl.flock(held, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            held.close()
            msg = f"another {side or 'process'} works in the home {self.root}"
            raise UsageError(msg, hint="wait for it to end, or set TIPOFF_HOME to another folder") from error
        return held
