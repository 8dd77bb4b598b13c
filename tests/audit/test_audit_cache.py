"""The cache: a file that is as it was is not parsed again, and nothing that happens to the cache changes what is told."""

from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from tests.audit.faces import CLEAN, STREAMS, audited, told, written

from tipoff_audit.project.cache import Cache, Kept
from tipoff_audit.settings import AuditSettings

FOUND = [("b.py", 6, "streaming-insert")]


@pytest.fixture
def root(tmp_path: Path) -> Path:
    return written(tmp_path / "root", {"a.py": CLEAN, "b.py": STREAMS, "c/d.py": CLEAN})


def cache_file(folder: Path) -> Path:
    [file] = folder.glob("*.cache")
    return file


def test_the_second_audit_remembers_every_file_and_finds_the_same(root: Path, tmp_path: Path) -> None:
    first, again = (audited(root, cache=tmp_path / "cache") for _ in range(2))

    assert (first.n_remembered, again.n_remembered) == (0, 3)
    assert told(first) == told(again) == FOUND
    assert first.n_lines == again.n_lines


def test_a_changed_file_alone_is_looked_at_again(root: Path, tmp_path: Path) -> None:
    audited(root, cache=tmp_path / "cache")
    (root / "b.py").write_text(CLEAN)

    again = audited(root, cache=tmp_path / "cache")

    assert again.n_remembered == 2
    assert told(again) == []


def test_an_unreadable_file_is_told_each_time(root: Path, tmp_path: Path) -> None:
    (root / "a.py").write_text("x = (")

    reports = [audited(root, cache=tmp_path / "cache") for _ in range(2)]

    assert [report.n_unreadable for report in reports] == [1, 1]


def test_other_rules_or_other_names_make_it_anew(root: Path, tmp_path: Path) -> None:
    audited(root, cache=tmp_path / "cache")

    other = audited(root, cache=tmp_path / "cache", settings=AuditSettings(writes=("save_it",)))

    assert other.n_remembered == 0
    assert other.notes == ()


def test_what_lies_elsewhere_is_kept_and_what_is_gone_is_dropped(root: Path, tmp_path: Path) -> None:
    audited(root, cache=tmp_path / "cache")
    (root / "c" / "d.py").unlink()
    audited(root, "c", cache=tmp_path / "cache")

    kept = cache_file(tmp_path / "cache").read_text()

    assert "=a.py" in kept
    assert "=c/d.py" not in kept


@pytest.mark.parametrize(
    "harm",
    [
        lambda text: text[:-200],
        lambda text: text.replace("=b.py", "=e.py"),
        lambda text: text.replace("streaming-insert", "streaming-output"),
        lambda text: text + "\nmore",
        lambda text: "\n".join(line for line in text.split("\n") if "=" not in line),
    ],
)
def test_a_damaged_cache_is_made_anew_and_says_so(harm: object, root: Path, tmp_path: Path) -> None:
    audited(root, cache=tmp_path / "cache")
    file = cache_file(tmp_path / "cache")
    assert callable(harm)
    file.write_text(harm(file.read_text()))

    mended, after = (audited(root, cache=tmp_path / "cache") for _ in range(2))

    assert told(mended) == told(after) == FOUND
    assert after.notes == ()
    assert after.n_remembered == 3


@given(at=st.floats(0, 1), to=st.integers(0, 255))
@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_any_one_changed_byte_changes_nothing_that_is_told(at: float, to: int, root: Path, tmp_path: Path) -> None:
    audited(root, cache=tmp_path / "cache")
    file = cache_file(tmp_path / "cache")
    data = bytearray(file.read_bytes())
    data[min(int(at * len(data)), len(data) - 1)] = to
    file.write_bytes(data)

    assert told(audited(root, cache=tmp_path / "cache")) == FOUND


def test_a_cache_that_is_a_folder_or_lies_in_a_file_is_a_note_not_a_failure(root: Path, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    audited(root, cache=tmp_path / "cache")
    file = cache_file(tmp_path / "cache")
    file.unlink()
    (file / "inside").mkdir(parents=True)

    blocked, nowhere = audited(root, cache=tmp_path / "cache"), audited(root, cache=tmp_path / "file")

    assert told(blocked) == told(nowhere) == FOUND
    assert any("cannot be read" in note for note in blocked.notes)
    assert any("could not be written" in note for note in nowhere.notes)


def test_two_roots_do_not_share_a_cache(tmp_path: Path) -> None:
    one, two = (Cache.open(tmp_path, tmp_path / name, "stamp") for name in ("one", "two"))
    one.write({"a.py": Kept("d", "{}")}, below=["."])

    assert one.path != two.path
    assert Cache.open(tmp_path, tmp_path / "one", "stamp").kept == {"a.py": Kept("d", "{}")}
    assert Cache.open(tmp_path, tmp_path / "two", "stamp").kept == {}
