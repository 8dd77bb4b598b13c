"""Drills in processes of their own: who stops them waits for none that is still to begin, and they leave nothing behind."""

import signal
import subprocess
import sys
import tempfile
from contextlib import closing
from datetime import date, timedelta
from pathlib import Path

import pytest

from tipoff.core.clock import pause
from tipoff.drills import runner
from tipoff.drills.drill import Drill
from tipoff.drills.oracle import DrillVerdict

LENGTH = timedelta(seconds=0.1)
RUN = "drills that were run"


def told(drill: Drill, _control: bool, _checks: bool) -> DrillVerdict:  # noqa: FBT001 -- as `runner` has it
    """Run a drill that says where its home would lie, and what Ctrl-C does to its process."""
    with Path(drill.fault, RUN).open("a") as names:
        names.write(f"{drill.name}\n")
    pause(LENGTH)
    ends = signal.getsignal(signal.SIGINT) is signal.SIG_DFL
    return DrillVerdict(name=drill.name, fault=drill.fault, passed=ends, why=(tempfile.gettempdir(),))


def test_who_stops_drills_waits_for_none_that_is_still_to_begin_and_nothing_of_them_stays(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(runner, "_one", told)
    drills = [Drill(name=f"{number}", fault=str(tmp_path), rows=(), first_day=date(2030, 1, 7)) for number in range(20)]

    with closing(runner.rehearse(drills, control=False, jobs=1)) as verdicts:
        first = next(verdicts)

    assert first.passed
    assert not Path(*first.why).exists()
    assert len((tmp_path / RUN).read_text().splitlines()) <= 4


def test_a_process_of_drills_whose_parent_is_killed_ends(tmp_path: Path) -> None:
    program = (
        "import time\n"
        "from concurrent.futures import ProcessPoolExecutor\n"
        "from tipoff.drills.runner import _begin\n"
        f"pool = ProcessPoolExecutor(2, initializer=_begin, initargs=({str(tmp_path)!r},))\n"
        "at_work = [pool.submit(time.sleep, seconds) for seconds in (0, 60)]\n"
        "at_work[0].result()\n"
        "print('begun', flush=True)\n"
        "time.sleep(60)\n"
    )
    with subprocess.Popen([sys.executable, "-c", program], stdout=subprocess.PIPE) as parent:
        assert parent.stdout is not None
        parent.stdout.readline()
        parent.kill()

        assert parent.communicate(timeout=20)[0] == b""  # the pipe ends where nobody holds it any more
