"""The command in surroundings that nobody means to give it: closed or full streams, a locale of ASCII, another user's home."""

import ast
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.support import files_of, replayed, sample_spec

from tipoff.app.holder import lock
from tipoff.core.errors import UsageError
from tipoff.core.home import Home
from tipoff.ledger import Ledger
from tipoff.ledger.alerts import AlertStore

# root may write whatever the modes are, but for this
UNPRIVILEGED = "" if os.geteuid() else "setpriv --bounding-set=-dac_override,-dac_read_search --inh-caps=-all"
SRC = Path(__file__).parents[2] / "src"


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    home = tmp_path_factory.mktemp("odd") / "home"
    replayed(home, sample_spec(1))
    return home


def shell(command: str, home: Path, **environment: str) -> subprocess.CompletedProcess[str]:
    """Run a line of shell in which $tipoff is the command."""
    known = {name: value for name, value in os.environ.items() if not name.startswith("TIPOFF_")}
    told = {"tipoff": f"{sys.executable} -m tipoff", "TIPOFF_HOME": str(home), "TIPOFF_WORLD": "sample"} | environment
    return subprocess.run(
        ["/bin/sh", "-c", command], env=known | told, capture_output=True, text=True, timeout=60, check=False
    )


@pytest.mark.parametrize("closed", [">&-", "2>&-", "<&-", "<&- >&- 2>&-"])
def test_with_its_streams_closed_a_command_ends_as_it_would_and_writes_into_no_store(closed: str, home: Path) -> None:
    ran = shell(f"$tipoff status nba {closed}", home)

    assert (ran.returncode, ran.stderr) == (0, "")
    assert shell("$tipoff status nba", home).returncode == 0


def test_what_cannot_be_written_out_is_said_and_no_success(home: Path) -> None:
    ran = shell("$tipoff status nba --json >/dev/full", home)

    assert (ran.returncode, ran.stderr.count("\n")) == (1, 1)
    assert "standard output took no more: No space left on device" in ran.stderr


def test_whose_reader_has_seen_enough_ends_in_silence_and_as_sigpipe_would_end_it(home: Path) -> None:
    ran = shell("{ $tipoff status nba; echo $? >&2; } | true", home)

    assert ran.stderr == "141\n"


def test_a_home_whose_stores_are_another_homes_by_hard_links_is_not_worked_in(home: Path, tmp_path: Path) -> None:
    linked = f"cp -al {home} {tmp_path}/copy && $tipoff replay nba sample:1 --world sample"
    ran = shell(f"{linked}; ended=$?; rm -r {tmp_path}/copy; exit $ended", tmp_path / "copy")

    assert (ran.returncode, "copy/ledger.db is a hard link" in ran.stderr) == (2, True), ran.stderr


def test_a_ledger_that_is_a_link_into_another_home_is_worked_on_by_one_at_a_time(home: Path, tmp_path: Path) -> None:
    (tmp_path / "ledger.db").symlink_to(home / "ledger.db")

    with lock(Home(home)), pytest.raises(UsageError, match="another process works in the home"):
        lock(Home(tmp_path))


def test_a_first_start_for_which_there_is_no_room_is_told_to_restore_nothing(tmp_path: Path) -> None:
    ran = shell(f"{files_of(40)} $tipoff replay nba sample:1 --world sample", tmp_path / "home")

    assert (ran.returncode, ran.stderr.count("\n")) == (2, 2), ran.stderr
    assert "cannot be opened: disk I/O error" in ran.stderr
    assert "is TIPOFF_HOME right, and is its disk full?" in ran.stderr


def test_what_a_side_at_work_says_may_go_nowhere_and_ends_no_work(home: Path) -> None:
    saying = (
        "from tipoff.cli.sentinel import say, show; say('a'); show('b'); say('c'); open('/dev/fd/3', 'w').write('on')"
    )
    ran = shell(f'{sys.executable} -c "{saying}" 3>&1 2>/dev/full >/dev/full', home)

    assert ran.stdout == "on"


def test_where_no_thread_can_be_begun_a_side_ends_with_a_sentence(tmp_path: Path) -> None:
    refused = 'def refused(*_): raise RuntimeError("can\'t start new thread")'
    up = "import threading; threading._start_new_thread = refused; from tipoff.__main__ import main; main()"
    (tmp_path / "up.py").write_text(f"{refused}\n{up}\n", "utf-8")
    ran = shell(f"{sys.executable} {tmp_path}/up.py up nba", tmp_path / "home", TIPOFF_WEB_PORT="0")

    assert (ran.returncode, ran.stderr.count("\n")) == (1, 1), ran.stderr
    assert ran.stderr.startswith("tipoff: the machine refused: RuntimeError: can't start new thread")


def test_documents_are_looked_at_without_threads_for_where_none_can_be_begun_arrow_waits_for_ever(
    tmp_path: Path,
) -> None:
    looking = (
        "import os, pathlib, pyarrow as pa, pyarrow.parquet as pq; from tipoff.store.published import _is_beside; "
        f"rows, path = pa.table({{'a': [1]}}), pathlib.Path('{tmp_path}/a.parquet'); pq.write_table(rows, path); "
        "n = len(os.listdir('/proc/self/task')); print(_is_beside(path, rows), len(os.listdir('/proc/self/task')) - n)"
    )

    ran = shell(f'{sys.executable} -c "{looking}"', tmp_path)

    assert (ran.stdout, ran.stderr) == ("True 0\n", "")


def test_a_home_whose_name_is_no_text_is_refused_by_its_own_name(tmp_path: Path) -> None:
    ran = shell(f"TIPOFF_HOME=$(printf '{tmp_path}/\\377'); export TIPOFF_HOME; $tipoff status nba", tmp_path)

    assert (ran.returncode, ran.stderr.splitlines()[0]) == (
        2,
        "tipoff: setting home: its name is no text in UTF-8, as the stores would have it: rename it, or lead a link to it",
    )


def test_a_home_whose_name_is_no_ascii_is_refused_by_its_locale_where_python_reads_no_more(tmp_path: Path) -> None:
    ascii_alone = {"LC_ALL": "C", "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0"}

    ran = shell(f"TIPOFF_HOME='{tmp_path}/\u00e9'; export TIPOFF_HOME; $tipoff status nba", tmp_path, **ascii_alone)

    assert ran.returncode == 2
    assert ran.stderr.startswith("tipoff: setting home: in this locale Python takes names for ASCII")


def test_whatever_the_locale_is_files_are_read_as_they_were_written(home: Path) -> None:
    ascii_alone = {"LC_ALL": "C", "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0"}

    assert shell("$tipoff grid nba", home, **ascii_alone).returncode == 0
    lacking = [f"{path.name}:{call.lineno}" for path in SRC.rglob("*.py") for call in without_encoding(path)]
    assert lacking == []


@pytest.fixture
def anothers(home: Path, tmp_path: Path) -> Iterator[Path]:
    """A home that its user works in, and that nobody else may write to."""
    shutil.copytree(home, tmp_path / "home")
    AlertStore(tmp_path / "home" / "sentinel.db", create=True).close()
    with Ledger(tmp_path / "home" / "ledger.db"), AlertStore(tmp_path / "home" / "sentinel.db") as store:
        store.heartbeats()
        subprocess.run(["/bin/chmod", "-R", "a-w", str(tmp_path / "home")], check=True)
        yield tmp_path / "home"
        subprocess.run(["/bin/chmod", "-R", "u+w", str(tmp_path / "home")], check=True)


@pytest.mark.parametrize("command", ["status nba", "incident list", "doctor", "grid nba"])
def test_a_home_in_which_another_user_works_can_be_read(command: str, anothers: Path) -> None:
    ran = shell(f"{UNPRIVILEGED} $tipoff {command}", anothers)

    assert (ran.returncode, ran.stderr, "cannot be read" in ran.stdout) == (0, "", False)


@pytest.mark.parametrize(
    ("command", "says"),
    [
        ("backup ../copy", "run it as whoever runs tipoff up"),
        ("halt nba --until 2099-01-01T00:00 --reason x", "run it as whoever runs tipoff up"),
        ("sentinel nba --once", "sentinel.lock: Permission denied"),
        ("up nba", "home/lock: Permission denied"),
    ],
)
def test_what_would_write_into_another_users_home_is_refused_with_what_to_do(
    command: str, says: str, anothers: Path
) -> None:
    ran = shell(f"cd {anothers}; {UNPRIVILEGED} $tipoff {command}", anothers)

    assert ran.returncode in {1, 2}
    assert (says in ran.stderr, ran.stderr.count("\n")) == (True, 2), ran.stderr


def without_encoding(path: Path) -> Iterator[ast.Call]:
    """Yield the calls of a module that read or write text as the locale has it."""
    for call in ast.walk(ast.parse(path.read_text("utf-8"))):
        if isinstance(call, ast.Call) and "encoding" not in {word.arg for word in call.keywords}:
            name = call.func.attr if isinstance(call.func, ast.Attribute) else getattr(call.func, "id", "")
            modes = [given.value for given in call.args if isinstance(given, ast.Constant)]
            is_text = any(mode in {"r", "w", "a", "x", "r+"} for mode in modes)
            if len(call.args) < {"read_text": 1, "write_text": 2}.get(name, 0) or (name == "open" and is_text):
                yield call
