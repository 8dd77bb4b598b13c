"""Fixtures: where the recorded seasons lie, and an emulator of BigQuery."""

import os
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import settings
from sqlalchemy import Engine
from tests import support
from tests.emulator.double import Double, running
from tests.forks import Forks
from tests.samples import Samples
from tests.support import DATA

from tipoff.core.errors import UsageError
from tipoff.ledger import Ledger, migrate
from tipoff.store.bigquery.client import Client
from tipoff.store.bigquery.target import Target

LONG = tuple(
    f"tests/scenarios/test_{name}.py"
    for name in (
        "two_hosts",
        "live_days",
        "on_bigquery",
        "live",
        "two_leagues",
        "mlb_days",
        "nothing_lost",
        "wrong_code",
    )
)  # what takes longest: in the first ones, much of it waiting for processes
FORKS_IN = "FORKS_OF_THE_TESTS"  # names, in a worker's environment, the folder of what forks for all
pytest_plugins = ["tests.postgres"]
settings.register_profile("any machine", deadline=None)  # no test is red because a machine is busy
settings.load_profile("any machine")


def pytest_sessionstart() -> None:
    """Refuse a real project at once where there are no credentials for it."""
    project = os.environ.get("BIGQUERY_TEST_PROJECT")
    if project:
        try:
            Client(Target(project=project)).close()
        except UsageError as error:
            pytest.exit(f"{error}; {error.hint}", returncode=2)


def pytest_xdist_setupnodes(config: pytest.Config) -> None:
    """Start what forks the command, once for all workers: it imports and translates while they collect."""
    folder = tempfile.TemporaryDirectory()
    os.environ[FORKS_IN] = folder.name
    forks = Forks(Path(folder.name))
    forks.begin()
    config.add_cleanup(folder.cleanup)
    config.add_cleanup(forks.close)


def pytest_xdist_auto_num_workers() -> int:
    """Two workers more than there are cores: some tests wait for real processes and do nothing meanwhile."""
    return 2 + (os.cpu_count() or 1)


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Begin with what takes longest, whole days before rules, so that at the end no worker waits for another.

    A worker is given an equal part of the list, and takes from others' ends when it has done its own: each part begins with its
    share of the long tests one by one, and of the other files of scenarios, each of which stays whole for what its tests share.
    """
    names = {name: place for place, name in enumerate(LONG)}
    long = [item for item in items if item.nodeid.partition("::")[0] in names]
    long.sort(key=lambda item: names[item.nodeid.partition("::")[0]])
    others = [item for item in items if item not in set(long)]
    files: dict[Path, list[pytest.Item]] = {}
    for item in others:
        if item.path.parent.name in {"scenarios", "providers"}:
            files.setdefault(item.path, []).append(item)
    short = [item for item in others if item.path not in files]
    parts, left = getattr(config, "workerinput", {}).get("workercount", 1), len(items)
    items.clear()
    for part in range(parts):
        size = left // (parts - part)
        mine = [*long[part::parts], *(item for file in list(files.values())[part::parts] for item in file)]
        room = size - len(mine) if part < parts - 1 else len(short)
        items += [*mine, *short[:room]]
        del short[:room]
        left -= size


@pytest.fixture(scope="session", autouse=True)
def _new_ledgers_are_copies(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """A new file is a copy of one that was upgraded from nothing: the ten steps of that are most of what a small test takes."""
    made = tmp_path_factory.mktemp("new") / "ledger.db"
    Ledger(made).close()

    def upgrade(engine: Engine) -> None:
        file = Path(engine.url.database or "") if engine.dialect.name == "sqlite" else None
        if file and file.parent.is_dir() and not file.exists():
            shutil.copyfile(made, file)
        migrate.upgrade(engine)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("tipoff.ledger.ledger.upgrade", upgrade)
        yield


@pytest.fixture(scope="session", autouse=True)
def _commands_are_forked(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """The command is imported once for all processes of it that tests start."""
    shared = os.environ.get(FORKS_IN) if "PYTEST_XDIST_WORKER" in os.environ else None
    forks = Forks(Path(shared) if shared else tmp_path_factory.mktemp("forks"))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(support, "FORKS", forks)
        yield
    forks.close()


@pytest.fixture(scope="session")
def samples(tmp_path_factory: pytest.TempPathFactory) -> Samples:
    """The sample league's first days, replayed once for all workers."""
    own = tmp_path_factory.getbasetemp()
    return Samples((own.parent if "PYTEST_XDIST_WORKER" in os.environ else own) / "samples")


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
