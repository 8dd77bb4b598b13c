"""Fixtures: new ledgers and commands that cost little, where the recorded seasons lie, and an emulator of BigQuery."""

import os
import pickle
import shutil
from collections.abc import Callable, Iterator
from contextlib import suppress
from functools import cache
from hashlib import sha256
from pathlib import Path
from threading import get_ident

import pytest
from hypothesis import settings
from sqlalchemy import Engine
from tests import support
from tests.emulator.double import Double, running
from tests.forks import FORKS_IN, Forks
from tests.samples import Samples
from tests.support import DATA

from tipoff.ledger import Ledger, migrate
from tipoff.store import dialect

settings.register_profile("any machine", deadline=None)  # no test is red because a machine is busy
settings.load_profile("any machine")


@pytest.fixture(scope="session", autouse=True)
def _new_ledgers_are_copies(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """A new file is a copy of one that was upgraded from nothing: the ten steps of that are most of what a small test takes."""
    made = tmp_path_factory.mktemp("new") / "ledger.db"
    Ledger(made).close()

    def upgrade(engine: Engine) -> None:
        file = Path(engine.url.database or "") if engine.dialect.name == "sqlite" else None
        if file and file.parent.is_dir() and not file.exists():
            beside = file.with_name(f".{get_ident()}")
            shutil.copyfile(made, beside)
            with suppress(FileExistsError):  # whoever begins at the same time finds a whole one
                os.link(beside, file)
            beside.unlink()
        migrate.upgrade(engine)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("tipoff.ledger.ledger.upgrade", upgrade)
        yield


@pytest.fixture(scope="session", autouse=True)
def _statements_are_translated_once(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """What one worker has made of a SELECT is there for all: both leagues' take each of them three seconds."""
    kept = _for_all_workers(tmp_path_factory) / "statements"
    kept.mkdir(exist_ok=True)

    def once(translate: Callable[..., object]) -> Callable[..., object]:
        def translated(*told: object, **more: object) -> object:
            file = kept / sha256(repr((translate.__name__, told, more)).encode()).hexdigest()
            if file.exists():
                return pickle.loads(file.read_bytes())  # noqa: S301 -- our own
            found = translate(*told, **more)
            whole = file.with_suffix(f".{os.getpid()}")
            whole.write_bytes(pickle.dumps(found))
            whole.rename(file)
            return found

        return cache(translated)

    with pytest.MonkeyPatch.context() as patch:
        for name in ("_written", "_asked"):
            patch.setattr(dialect, name, once(getattr(dialect, name).__wrapped__))
        yield


@pytest.fixture(scope="session", autouse=True)
def _commands_are_forked(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """The command is imported once for all processes of it that tests start."""
    shared = os.environ.get(FORKS_IN)
    forks = Forks(Path(shared) if shared else tmp_path_factory.mktemp("forks"))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(support, "FORKS", forks)
        yield
    forks.close()


@pytest.fixture(scope="session")
def samples(tmp_path_factory: pytest.TempPathFactory) -> Samples:
    """The sample league's first days, replayed once for all workers."""
    return Samples(_for_all_workers(tmp_path_factory) / "samples")


def _for_all_workers(tmp_path_factory: pytest.TempPathFactory) -> Path:
    own = tmp_path_factory.getbasetemp()
    return own.parent if "PYTEST_XDIST_WORKER" in os.environ else own


@pytest.fixture(scope="session")
def data() -> Path:
    """The folder of recorded seasons; without it the test is skipped and says so, in CI it fails."""
    if DATA is None or not DATA.is_dir():
        message = f"TIPOFF_DATA names no folder of recorded seasons ({DATA})"
        if os.environ.get("TIPOFF_REQUIRE_DATA"):
            pytest.fail(message)
        pytest.skip(message)
    return DATA


@pytest.fixture(scope="session")
def emulator(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Double]:
    """An emulator of BigQuery in a process of its own, started once."""
    with running(tmp_path_factory.mktemp("emulator")) as started:
        yield started


@pytest.fixture
def double(emulator: Double) -> Double:
    """The emulator, with nothing left of what earlier tests ordered."""
    emulator.forget()
    return emulator
