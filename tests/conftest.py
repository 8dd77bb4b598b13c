"""Which process does what: one hands out the tests and imports nothing of the project, the others run them."""

import atexit
import gc
import os
import tempfile
from pathlib import Path

import pytest
from tests.forks import FORKS_IN, Forks

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
QUICK = {"tests/unit", "tests/house"}  # where no test calls the command


def pytest_configure(config: pytest.Config) -> None:
    """Import the fixtures, and with them the project, where tests are run."""
    if hasattr(config, "workerinput") or config.getoption("dist", "no") == "no":
        for name in ("tests.fixtures", "tests.postgres"):
            config.pluginmanager.import_plugin(name)


def pytest_sessionstart() -> None:
    """Refuse a real project at once where there are no credentials for it."""
    project = os.environ.get("BIGQUERY_TEST_PROJECT")
    if project:
        from tipoff.core.errors import UsageError  # noqa: PLC0415 -- as above: only where it is asked for
        from tipoff.store.bigquery.client import Client  # noqa: PLC0415
        from tipoff.store.bigquery.target import Target  # noqa: PLC0415

        try:
            Client(Target(project=project)).close()
        except UsageError as error:
            pytest.exit(f"{error}; {error.hint}", returncode=2)


def pytest_xdist_setupnodes(config: pytest.Config) -> None:
    """Start what forks the command, once for all workers that may call it: it imports and translates while they collect."""
    if QUICK.issuperset(config.args):
        return
    folder = tempfile.TemporaryDirectory()
    os.environ[FORKS_IN] = folder.name
    forks = Forks(Path(folder.name))
    forks.begin()
    config.add_cleanup(folder.cleanup)
    config.add_cleanup(forks.close)


def pytest_collection_finish() -> None:
    """Let the collector of garbage pass over what is imported by now, and come less often: it took a tenth of the tests' time."""
    gc.freeze()
    gc.set_threshold(50_000, 20, 20)


def pytest_sessionfinish(session: pytest.Session) -> None:
    """Let a worker end without taking apart what it imported, which took a second; elsewhere let the collector see all again.

    DuckDB takes what is left of its own at the process's end for leaks, and says so at length.
    """
    if hasattr(session.config, "workerinput"):
        atexit.register(os._exit, 0)
    else:
        gc.unfreeze()


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
