"""Which process does what: one hands out the tests and imports nothing of the project, the others run them."""

import atexit
import gc
import os
import tempfile
from pathlib import Path

import pytest
from tests.forks import FORKS_IN, Forks

WAITING = ("test_two_hosts", "test_live_days", "test_live")  # for processes, most of their time
LONG = ("test_nothing_lost", "test_wrong_code", "test_on_bigquery", "test_two_leagues", "test_mlb_days")
SHARING = {
    "scenarios",
    "providers",
    "conformance",
    "contract",
    "deploy",
}  # folders of files whose tests share homes or servers
QUICK = {"tests/unit", "tests/house"}  # where no test calls the command


def pytest_configure(config: pytest.Config) -> None:
    """Import the fixtures, and with them the project, where tests are run: none of what is imported and collected is garbage."""
    if hasattr(config, "workerinput") or config.getoption("dist", "no") == "no":
        gc.disable()
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
    gc.enable()
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


@pytest.hookimpl(trylast=True)  # of what is left when markers have taken theirs out: parts are counted in tests
def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Begin with what takes longest, whole days before rules, so that at the end no worker waits for another.

    A worker is given an equal part of the list, and takes from others' ends when it has done its own. Tests that wait for
    processes begin the first half of the parts, so that the others have the cores meanwhile; files whose tests share what is dear
    stay whole, and all that ask an emulator are in the last part, which alone starts one. Rules are at the ends.
    """
    parts, left = getattr(config, "workerinput", {}).get("workercount", 1), len(items)
    files: dict[Path, list[pytest.Item]] = {}
    for item in items:
        if item.path.parent.name in SHARING:
            files.setdefault(item.path, []).append(item)
    waiting = [item for name in WAITING for path, file in files.items() if path.stem == name for item in file]
    shares = [waiting[part :: (parts + 1) // 2] if part < (parts + 1) // 2 else [] for part in range(parts)]
    others = sorted((path for path in files if path.stem not in WAITING), key=lambda path: path.stem not in LONG)
    emulated = [
        path for path in others if any({"emulator", "double"} & {*vars(item)["fixturenames"]} for item in files[path])
    ]
    for path in emulated:
        shares[-1] += files[path]
    for turn, path in enumerate(path for path in others if path not in emulated):
        shares[(turn + parts // 2) % parts] += files[path]
    placed = {item for share in shares for item in share}
    short = [item for item in items if item not in placed]
    items.clear()
    for part, share in enumerate(shares):
        size = left // (parts - part)
        room = max(0, size - len(share)) if part < parts - 1 else len(short)
        items += [*share, *short[:room]]
        del short[:room]
        left -= size
