"""Whatever is typed or set is done or refused with a sentence: no traceback, and an exit code that means something."""

from pathlib import Path

import pytest
from benchmarks.command_fuzz import LONG, fuzz_lines, fuzz_settings
from tests.support import tipoff

from tipoff.cli.main import COMMANDS


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    made = tmp_path_factory.mktemp("fuzzed") / "home"
    done = tipoff("replay", "nba", "sample:2", "--world", "sample", home=made)
    assert done.returncode == 0, done.stderr
    return made


def test_whatever_is_typed_is_done_or_refused_with_a_sentence(home: Path) -> None:
    found = fuzz_lines(1000, 1, home)

    assert found["wrong"] == []
    assert found["commands"] > len(COMMANDS) - len(LONG) - 3


def test_whatever_is_set_is_read_or_refused_with_a_sentence() -> None:
    found = fuzz_settings(1000, 1)

    assert found["wrong"] == []
    assert min(found["ends"].values()) > 100
