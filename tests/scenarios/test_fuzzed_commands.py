"""Whatever is typed or set is done or refused with a sentence: no traceback, and an exit code that means something."""

import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from benchmarks import command_fuzz
from benchmarks.command_fuzz import LONG, fuzz_lines, fuzz_settings
from tests.samples import Samples

from tipoff.cli.main import COMMANDS


@pytest.fixture(scope="module")
def home(samples: Samples, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return samples.copy(2, tmp_path_factory.mktemp("fuzzed") / "home")


def _raises() -> None:
    raise KeyError("x")


def _prints_a_traceback() -> None:
    sys.stderr.write("Traceback (most recent call last):\n")


@pytest.mark.parametrize(
    ("ends", "noticed"),
    [
        (_raises, "KeyError"),
        (_prints_a_traceback, "a traceback"),
        (lambda: sys.exit(7), "exit code 7"),
        (lambda: sys.exit("a text"), "exit code a text"),
        (lambda: sys.exit(2), "without a sentence"),
        (lambda: sys.exit(0), ""),
        (lambda: None, ""),
    ],
)
def test_a_command_that_ends_badly_is_noticed(
    ends: Callable[[], None], noticed: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys, "argv", ["tipoff"])
    monkeypatch.setattr(command_fuzz, "main", ends)

    _, wrong = command_fuzz.problem(["status"])

    assert noticed in wrong
    assert bool(wrong) == bool(noticed)


def test_settings_that_end_badly_are_noticed(monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(*_given: object, **_named: object) -> None:
        raise ValueError("x")

    monkeypatch.setattr(command_fuzz, "read_settings", broken)

    assert len(fuzz_settings(20, 1)["wrong"]) > 0


def test_whatever_is_typed_is_done_or_refused_with_a_sentence(home: Path) -> None:
    found = fuzz_lines(1000, 1, home)

    assert found["wrong"] == []
    assert found["commands"] > len(COMMANDS) - len(LONG) - 3


def test_whatever_is_set_is_read_or_refused_with_a_sentence() -> None:
    found = fuzz_settings(1000, 1)

    assert found["wrong"] == []
    assert min(found["ends"].values()) > 100
