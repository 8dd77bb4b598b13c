"""What is set aside is a line in a file: however that file was changed by hand, it is read, or refused with its name."""

from datetime import UTC, datetime
from pathlib import Path

import pytest

from tipoff.core.errors import WarehouseError
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


def test_a_line_without_its_end_does_not_swallow_the_next(archive: Archive, tmp_path: Path) -> None:
    (tmp_path / FILE).write_text((tmp_path / FILE).read_text().strip())

    archive.set_aside(aside("two"))

    assert archive.aside().keys() == {"one", "two"}


@pytest.mark.parametrize("line", ['{"sha256": }', '{"sha256": "x"}', '{"at": 7}', '{"at": "noon"}'])
def test_a_line_that_cannot_be_read_is_refused_with_the_files_name(archive: Archive, tmp_path: Path, line: str) -> None:
    with (tmp_path / FILE).open("a") as file:
        file.write(line + "\n")

    with pytest.raises(WarehouseError, match=FILE):
        archive.aside()
