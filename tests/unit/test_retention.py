"""What leaves the archive and what stays: by age, and never what something still needs."""

import errno
import resource
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest
from sqlalchemy import insert

from tipoff.app.chores import AtOnce
from tipoff.app.retention import Retention, forget_old_days
from tipoff.core.errors import PipelineError, WarehouseError
from tipoff.core.home import Home
from tipoff.core.payload import Request
from tipoff.ledger import Ledger
from tipoff.ledger.outside import answers
from tipoff.ledger.schema import obligations
from tipoff.store.archive import Archive, KeptAnswer

NOW = datetime(2024, 3, 20, 12, tzinfo=UTC)
DAY = timedelta(days=1)


def answered(archive: Archive, body: bytes, at: datetime) -> str:
    sha = archive.put(body)
    request = Request(source="provider", url="https://provider.test/x")
    archive.note(KeptAnswer(request=request, status=200, sha256=sha, at=at))
    return sha


def has(archive: Archive, sha: str) -> bool:
    try:
        archive.get(sha)
    except PipelineError:
        return False
    return True


@pytest.fixture
def home(tmp_path: Path) -> Home:
    Ledger(tmp_path / "ledger.db").close()
    return Home(tmp_path)


def owe(home: Home, day: date, state: str) -> None:
    row = {"league": "x", "output": "raw", "day": day, "season": "s", "state": state, "since": NOW}
    row |= {"opens_at": NOW, "due_at": NOW, "verb": "WAIT", "reason": "", "missing": "[]", "excused": "{}"}
    row |= {"attempted": "{}", "failures": 0, "polls": 0, "n_units": 1, "n_proven": 0, "n_excused": 0}
    ledger = Ledger(home.ledger)
    with ledger.writing() as connection:
        connection.execute(insert(obligations).values(**row))
    ledger.close()


def let_go(home: Home, keep: int) -> int:
    ledger = Ledger(home.ledger)
    try:
        return forget_old_days(home, ledger, keep * DAY, NOW)
    finally:
        ledger.close()


def test_what_is_older_leaves_and_what_a_later_answer_says_again_stays(home: Home) -> None:
    archive = Archive(home.archive)
    old, again = answered(archive, b"old", NOW - 9 * DAY), answered(archive, b"again", NOW - 9 * DAY)
    new = answered(archive, b"new", NOW - DAY)
    answered(archive, b"again", NOW - DAY)

    assert let_go(home, 5) > 0

    assert [has(archive, sha) for sha in (old, again, new)] == [False, True, True]
    assert [answer.sha256 for answer in archive.answers()] == [new, again]
    assert let_go(home, 5) == 0
    assert (archive.put(b"old"), has(archive, old)) == (old, True)


def test_answers_of_a_day_of_which_anything_is_owed_stay(home: Home) -> None:
    archive = Archive(home.archive)
    needed, old = answered(archive, b"needed", NOW - 9 * DAY), answered(archive, b"old", NOW - 19 * DAY)
    owe(home, (NOW - 19 * DAY).date(), "lost")
    owe(home, (NOW - 8 * DAY).date(), "late")

    let_go(home, 1)

    assert [has(archive, sha) for sha in (needed, old)] == [True, False]


def test_an_answer_that_its_provider_may_call_unchanged_stays(home: Home) -> None:
    archive = Archive(home.archive)
    sha = answered(archive, b"last", NOW - 9 * DAY)
    row = {"key": "k", "source": "s", "sha256": sha, "status": 200, "at": NOW, "etag": "e", "last_modified": ""}
    ledger = Ledger(home.ledger)
    with ledger.writing() as connection:
        connection.execute(insert(answers).values(**row))
    ledger.close()

    let_go(home, 1)

    assert has(archive, sha)


def test_what_was_killed_while_it_let_go_leaves_nothing_behind_and_takes_no_answer_that_came_meanwhile(
    home: Home, monkeypatch: pytest.MonkeyPatch
) -> None:
    archive = Archive(home.archive)
    old, meanwhile = (answered(archive, body, NOW - 9 * DAY) for body in (b"old", b"meanwhile"))
    with monkeypatch.context() as patch:
        patch.setattr(Path, "unlink", interrupted)
        with pytest.raises(KeyboardInterrupt):
            let_go(home, 5)
    request = Request(source="provider", url="https://provider.test/x")
    archive.note(KeptAnswer(request=request, status=200, sha256=meanwhile, at=NOW))  # whose bytes had been there

    let_go(home, 5)

    assert [has(archive, sha) for sha in (old, meanwhile)] == [False, True]
    assert not list(home.archive.rglob("*.gone"))


def interrupted(*_given: object) -> None:
    raise KeyboardInterrupt


def test_a_full_disk_names_no_file_and_is_told_once_a_day_and_ends_nothing(
    home: Home, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_given: object) -> int:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(Archive, "forget_before", full)
    said: list[str] = []
    ledger = Ledger(home.ledger)
    retention = Retention(home=home, keep=DAY, chores=AtOnce(), said=said.append)

    retention.look(ledger, NOW)
    retention.look(ledger, NOW + timedelta(minutes=1))
    ledger.close()

    assert len(said) == 1
    assert f"{home.root}: No space left on device" in said[0]


def test_an_answer_is_noted_on_a_line_of_its_own_though_the_one_before_was_cut_off(tmp_path: Path) -> None:
    archive = Archive(tmp_path)
    shas = [answered(archive, b"one", NOW)]
    [file] = (tmp_path / "answers").iterdir()
    with file.open("a") as noted:
        noted.write('{"at":"2024-03-20T12:00:00+00:00","params":[["apiKey","{odds_api_key}')
    shas.append(answered(archive, b"two", NOW))

    assert [answer.sha256 for answer in archive.answers()] == shas


def test_a_note_that_a_full_disk_cut_short_is_no_note(tmp_path: Path) -> None:
    archive = Archive(tmp_path)
    shas = [answered(archive, b"one", NOW)]
    limit, most = resource.getrlimit(resource.RLIMIT_FSIZE)
    # room for a part of the next line
    resource.setrlimit(resource.RLIMIT_FSIZE, (archive.size_of_answers() + 60, most))
    try:
        with pytest.raises(WarehouseError, match="cannot note an answer of provider: No space left on device"):
            answered(archive, b"two", NOW)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (limit, most))
    shas.append(answered(archive, b"two", NOW))
    assert [answer.sha256 for answer in archive.answers()] == shas


@pytest.mark.parametrize(
    "line",
    [b'{"at": 1}', b"{}", b'{"at": "noon"}', b"[" * 100_000 + b"}", b'\xff{"at": 1}', b'{"params": 1, "source": "a"}'],
    ids=["keys", "nothing", "no instant", "nested", "no text", "other shapes"],
)
def test_a_note_that_somebody_else_wrote_is_passed_over_and_the_others_are_read(tmp_path: Path, line: bytes) -> None:
    archive = Archive(tmp_path)
    answered(archive, b"one", NOW)
    [notes] = (tmp_path / "answers").iterdir()
    notes.write_bytes(line + b"\n" + notes.read_bytes() + line)

    assert [answer.at for answer in archive.answers()] == [NOW]
