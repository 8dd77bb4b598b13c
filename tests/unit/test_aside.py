"""What is set aside is a line in a file: however that file was changed by hand, it is read, and ends nothing."""

import os
from datetime import UTC, datetime
from pathlib import Path

import pytest

from tipoff.core.payload import SetAside
from tipoff.store.archive import Archive

FILE = "aside.jsonl"


def aside(sha: str) -> SetAside:
    return SetAside(sha256=sha, reason="wrong", by="ann", at=datetime(2024, 1, 1, tzinfo=UTC))


@pytest.fixture
def archive(tmp_path: Path) -> Archive:
    archive = Archive(tmp_path)
    archive.set_aside(aside("one"))
    assert archive.aside().keys() == {"one"}
    return archive


def test_a_file_that_is_taken_away_sets_nothing_aside(archive: Archive, tmp_path: Path) -> None:
    (tmp_path / FILE).unlink()

    assert archive.aside() == {}


def test_a_line_that_is_mended_by_hand_is_read_anew_though_it_is_as_long_as_before(
    archive: Archive, tmp_path: Path
) -> None:
    mended = (tmp_path / FILE).read_text().replace("one", "two")
    (tmp_path / "new").write_text(mended)
    os.utime(tmp_path / "new", (0, 0))
    (tmp_path / "new").replace(tmp_path / FILE)

    assert archive.aside().keys() == {"two"}


def test_a_line_without_its_end_does_not_swallow_the_next(archive: Archive, tmp_path: Path) -> None:
    (tmp_path / FILE).write_text((tmp_path / FILE).read_text().strip())

    archive.set_aside(aside("two"))

    assert archive.aside().keys() == {"one", "two"}


UNREADABLE = (
    b'{"sha256": "%s", ',
    b'{"sha256": "%s"}',
    b'{"sha256": "%s", "at": "noon", "by": "ann", "reason": "wrong"}',
    b'{"sha256": "%s", "at": "2024-01-01T00:00:00", "by": "ann", "reason": "of no zone"}',
    b'{"sha256": ["%s"], "at": "2024-01-01T00:00:00Z", "by": "ann", "reason": "wrong"}',
    b'{"sha256": "%s", "at": "2024-01-01T00:00:00Z", "by": null, "reason": "wrong"}',
    b"\xff %s",
    b"[" * 100_000 + b"%s",
)


@pytest.mark.parametrize("line", UNREADABLE)
def test_what_a_line_names_that_cannot_be_read_is_set_aside_and_the_line_is_told(
    archive: Archive, tmp_path: Path, line: bytes
) -> None:
    sha = "0a" * 32
    with (tmp_path / FILE).open("ab") as file:
        file.write(line % sha.encode() + b"\n")

    found = archive.aside()

    assert found.keys() == {"one", sha}
    assert f"line 3 of {FILE}" in found[sha].text
    assert "cannot be read" in found[sha].text


@pytest.mark.parametrize("line", ['{"sha256": }', '{"sha256": "x"}', '{"at": 7}', "null", "7", '"x"'])
def test_a_line_that_cannot_be_read_and_names_no_payload_is_told_and_ends_nothing(
    archive: Archive, tmp_path: Path, line: str
) -> None:
    with (tmp_path / FILE).open("a") as file:
        file.write(line + "\n")

    [other] = [aside for sha, aside in archive.aside().items() if sha != "one"]

    assert f"line 3 of {FILE}" in other.text
    assert "names no payload" in other.text
