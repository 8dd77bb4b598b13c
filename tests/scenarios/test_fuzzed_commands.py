"""Whatever is typed is done or refused with a sentence: no traceback, and an exit code that means something."""

import random
import sys
from pathlib import Path

import click
import pytest
from tests.support import tipoff

from tipoff.cli.main import COMMANDS, cli, main

LONG = {"up", "monitor", "web", "demo", "replay", "backfill", "drill", "sentinel", "audit", "notify", "prove-alive"}
ODD = [
    *(
        "",
        " ",
        "-",
        "--",
        "-5",
        "0",
        "nan",
        "9" * 40,
        "é",
        "\udcff",
        "\x1b[31m",
        "a\nb",
        "'; drop table runs; --",
        "%s{0}",
    ),
    *(
        "nba",
        "mlb",
        "nbaa",
        "NBA",
        "2030-01-08",
        "2030-01-08..2030-01-07",
        "2030-13-45",
        "0001-01-01",
        "9999-12-31",
        "2030-02-30",
    ),
    *(
        "predictions",
        "schedule",
        "no_such_table",
        "1",
        "2",
        "10000",
        "/dev/null",
        "/",
        "/no/such/file",
        "..",
        "2024-03-01T18:00",
    ),
    *(
        "0001-01-01T00:00+23:59",
        "9999-12-31T23:59-23:59",
        "--json",
        "--help",
        "-h",
        "--no-such-option",
        "0022300061",
        "player",
    ),
]
EXITS = {0, 1, 2, 3}


def leaves(command: click.Command, words: tuple[str, ...]) -> list[tuple[tuple[str, ...], list[str]]]:
    """Return each command with the options that it knows."""
    if isinstance(command, click.Group):
        context = click.Context(command)
        return [
            leaf
            for name in command.list_commands(context)
            if name not in LONG and (sub := command.get_command(context, name)) is not None
            for leaf in leaves(sub, (*words, name))
        ]
    options = [name for one in command.params if isinstance(one, click.Option) for name in one.opts]
    return [(words, options)]


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    made = tmp_path_factory.mktemp("fuzzed") / "home"
    done = tipoff("replay", "nba", "sample:2", "--world", "sample", home=made)
    assert done.returncode == 0, done.stderr
    return made


def line(dice: random.Random, known: list[tuple[tuple[str, ...], list[str]]]) -> list[str]:
    words, options = dice.choice(known)
    n_words = dice.randint(0, 5)
    rest = [dice.choice(options) if options and dice.random() < 0.25 else dice.choice(ODD) for _ in range(n_words)]
    return [*words, *rest]


def problem(words: list[str], capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> str:
    """Run a command line in this process; return what is wrong with how it ended."""
    monkeypatch.setattr(sys, "argv", ["tipoff", *words])
    code: object = 0
    try:
        main()
    except SystemExit as ended:
        code = ended.code if ended.code is not None else 0
    except BaseException as error:  # noqa: BLE001 -- whatever escapes is what is looked for
        return f"{words}: {type(error).__name__}: {error}"
    told = capsys.readouterr()
    (told.out + told.err).encode(errors="surrogatepass")
    if code not in EXITS:
        return f"{words}: exit code {code}"
    if "Traceback" in told.out + told.err:
        return f"{words}: a traceback"
    return "" if code in {0, 1, 3} or told.err.strip() else f"{words}: exit code 2 without a sentence"


def fuzz(
    n: int, seed: int, home: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> list[str]:
    monkeypatch.setenv("TIPOFF_HOME", str(home))
    monkeypatch.chdir(home.parent)
    known, dice = leaves(cli, ()), random.Random(seed)  # noqa: S311 -- dice
    assert len(known) > len(COMMANDS) - len(LONG) - 3
    found = [problem(line(dice, known), capsys, monkeypatch) for _ in range(n)]
    return sorted({text for text in found if text})


def test_whatever_is_typed_is_done_or_refused_with_a_sentence(
    home: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    found = fuzz(1000, 1, home, capsys, monkeypatch)
    assert found == [], "\n".join(found)


@pytest.mark.prove
def test_ten_thousand_lines_are_done_or_refused_with_a_sentence(
    home: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    found = fuzz(10_000, 2, home, capsys, monkeypatch)
    assert found == [], "\n".join(found)
