"""A home: the folder of one world, where its stores lie, and how hard they try to survive a loss of power."""

from dataclasses import dataclass
from enum import Enum
from pathlib import Path

ASIDE = "aside.jsonl"  # in the archive
OF_THE_DISK = "lost+found"  # in a home that is a disk of its own: root's, and nothing of the home


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
    def has_work(self) -> bool:
        """Whether what a controller made stands here, whether or not its ledger does."""
        return self.warehouse.exists() or self.published.exists()

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
    def aside(self) -> Path:
        """The list of payloads that are not to be used."""
        return self.archive / ASIDE

    @property
    def published(self) -> Path:
        """What readers read."""
        return self.root / "published"


class Profile(Enum):
    """Live work is durable; a replay survives kill -9, not power loss. Both give the same hashes."""

    LIVE = "live"
    REPLAY = "replay"
