"""All cores: the same findings as with one, and a file that takes its process down is named while the rest goes on."""

import os
import signal
from collections.abc import Sequence
from pathlib import Path

from tests.audit.faces import CLEAN, STREAMS, audited, told, written

from tipoff_audit.project.look import Seen, look_at
from tipoff_audit.project.pool import ALONE_BYTES, CHUNK_BYTES, look_at_all
from tipoff_audit.project.walk import Entry, walk


def entries(root: Path) -> list[Entry]:
    """Return the files of `root`, each said to be large, so that processes are used and chunks are small."""
    found = walk([root], root, max_bytes=10**9).entries
    return [Entry(one.place, one.name, n_bytes=CHUNK_BYTES // 3) for one in found]


def dies_of_bad(chunk: Sequence[Entry]) -> list[Seen]:
    if any(entry.name.startswith("bad") for entry in chunk):
        os.kill(os.getpid(), signal.SIGKILL)
    return look_at(chunk)


def fails_on_bad(chunk: Sequence[Entry]) -> list[Seen]:
    if any(entry.name.startswith("bad") for entry in chunk):
        msg = "no such attribute"
        raise AttributeError(msg)
    return look_at(chunk)


def test_two_processes_find_what_one_finds(tmp_path: Path) -> None:
    written(
        tmp_path,
        {f"p{n}/m{n}.py": STREAMS if n % 7 == 0 else f"x{n} = [\n" + "    1,\n" * 4000 + "]\n" for n in range(90)},
    )
    assert sum(entry.n_bytes for entry in walk([tmp_path], tmp_path, max_bytes=10**9).entries) > ALONE_BYTES

    one, two = (audited(tmp_path, jobs=jobs) for jobs in (1, 2))

    assert told(one) == told(two)
    assert sum(slug == "streaming-insert" for _, _, slug in told(one)) == 13
    assert one.n_lines == two.n_lines


def test_a_file_that_kills_its_process_is_unreadable_and_every_other_is_read(tmp_path: Path) -> None:
    written(tmp_path, {"bad1.py": CLEAN, "bad2.py": CLEAN} | {f"good{n}.py": CLEAN for n in range(20)})

    seen = {one.name: one for one in look_at_all(entries(tmp_path), 2, dies_of_bad)}

    unread = {name for name, one in seen.items() if one.finding is not None}
    assert unread == {"bad1.py", "bad2.py"}
    assert len(seen) == 22
    assert seen["bad1.py"].crashed


def test_a_rule_that_fails_on_a_file_makes_it_unreadable_and_every_other_is_read(tmp_path: Path) -> None:
    written(tmp_path, {"bad.py": CLEAN} | {f"good{n}.py": CLEAN for n in range(8)})

    for jobs in (1, 2):
        seen = {one.name: one for one in look_at_all(entries(tmp_path), jobs, fails_on_bad)}

        assert {name for name, one in seen.items() if one.finding is not None} == {"bad.py"}
        finding = seen["bad.py"].finding
        assert finding is not None
        assert "AttributeError" in finding.message
        assert seen["bad.py"].crashed
