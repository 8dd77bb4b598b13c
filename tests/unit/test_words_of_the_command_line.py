"""What the command line says of itself, and how: its version, severities as words, no colours where none are wanted."""

import json
import sys
from collections.abc import Iterator
from pathlib import Path

import click
import pytest

from tipoff.app.holder import lock
from tipoff.cli.main import cli, main
from tipoff.cli.show import WORDS, prediction_lines, print_json
from tipoff.core.build import build
from tipoff.core.home import Home
from tipoff.core.severity import Severity
from tipoff.leagues.nba.league import NBA


def test_it_says_its_version(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.setattr(sys, "argv", ["tipoff", "--version"])

    main()

    assert capsys.readouterr().out == f"tipoff {build()}\n"


def test_severities_are_words_in_json_however_deep(capsys: pytest.CaptureFixture[str]) -> None:
    print_json({"severity": Severity.ERROR, "found": [{"severity": 3, "n": 2}]}, ok=False)

    said = {"ok": False, "severity": "error", "found": [{"severity": "critical", "n": 2}]}
    assert json.loads(capsys.readouterr().out) == said


def options(command: click.Command) -> Iterator[click.Parameter]:
    """Yield the parameters of a command and of those under it."""
    yield from command.params
    if isinstance(command, click.Group):
        for name in command.list_commands(click.Context(command)):
            yield from options(command.get_command(click.Context(command), name) or click.Command(name))


def test_what_a_person_says_is_cleaned_of_what_no_terminal_should_meet_wherever_it_can_be_said() -> None:
    told = [each for each in options(cli) if each.name in {"by", "reason", "note", "text"}]

    assert {each.name for each in told} == {"by", "reason", "note", "text"}
    assert all(isinstance(each.type, type(WORDS)) for each in told)
    assert WORDS.convert(" \x1b[31mthe line\x07\nis\udc80 wrong ", None, None) == "[31mthe line is wrong"
    assert WORDS.convert("long " * 200, None, None) == ("long " * 200).strip()


@pytest.mark.parametrize(
    "spoiled", ["a folder", "[]", '{"rows": 5}', '{"rows": [3]}', "\x00", '{"halted": 5, "rows": []}']
)
def test_a_document_that_another_hand_has_spoiled_is_refused_with_a_sentence(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path, spoiled: str
) -> None:
    document = tmp_path / "published" / "nba" / "published_predictions" / "2030-01-08.json"
    document.parent.mkdir(parents=True)
    if spoiled == "a folder":
        document.mkdir()
    else:
        document.write_text(spoiled)
    monkeypatch.setenv("TIPOFF_HOME", str(tmp_path))
    monkeypatch.setattr(sys, "argv", ["tipoff", "predictions", "nba", "2030-01-08"])

    with pytest.raises(SystemExit) as ended:
        main()

    assert ended.value.code == 1
    assert "is no document as Tipoff publishes it" in capsys.readouterr().err


def test_what_the_machine_refuses_is_a_sentence(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def refused() -> None:
        raise PermissionError(13, "Permission denied", "/somebody/else's")

    monkeypatch.setattr(sys, "argv", ["tipoff", "--version"])
    monkeypatch.setattr("tipoff.core.build.build", refused)

    with pytest.raises(SystemExit) as ended:
        main()

    assert ended.value.code == 1
    assert "the machine refused: PermissionError" in capsys.readouterr().err


@pytest.mark.parametrize(("said", "color"), [("1", False), ("", None)])
def test_where_no_colours_are_wanted_there_are_none(
    monkeypatch: pytest.MonkeyPatch,
    said: str,
    color: bool | None,  # noqa: FBT001 -- a row of the table
) -> None:
    seen: list[bool | None] = []

    @click.command("shown")
    @click.pass_context
    def shown(context: click.Context) -> None:
        seen.append(context.color)

    monkeypatch.setattr(type(cli), "get_command", lambda *_given: shown)
    monkeypatch.setattr(sys, "argv", ["tipoff", "shown"])
    monkeypatch.setenv("NO_COLOR", said)

    main()

    assert seen == [color]


def test_a_chance_is_told_in_percent_with_one_decimal_and_points_are_not() -> None:
    row = {"player_name": "Ada", "moving_average": 1.0, "line": 14.5, "p_over": 0.5187, "is_home": True}

    _, said = prediction_lines([row, row | {"p_over": None}], NBA.table("published_predictions"))[:2]

    assert said.split() == ["Ada", "1.0", "14.5", "51.9%", "True"]


def refused(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], *words: str) -> str:
    monkeypatch.setattr(sys, "argv", ["tipoff", *words])
    with pytest.raises(SystemExit) as ended:
        main()
    assert ended.value.code == 2
    return capsys.readouterr().err


def test_a_command_that_there_is_not_names_the_nearest(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    assert "No such command 'chek'. Did you mean 'check'?" in refused(monkeypatch, capsys, "chek")


def test_where_a_home_is_missing_those_below_it_are_named(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    monkeypatch.setenv("TIPOFF_HOME", str(tmp_path))
    assert "make one: tipoff demo" in refused(monkeypatch, capsys, "status")

    (tmp_path / "demo").mkdir()
    (tmp_path / "demo" / "ledger.db").touch()

    assert f"set TIPOFF_HOME; below it there is {tmp_path / 'demo'}" in refused(monkeypatch, capsys, "status")


def test_a_demo_in_a_home_in_which_another_process_works_is_refused_before_it_draws_anything(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    monkeypatch.setenv("TIPOFF_HOME", str(tmp_path))
    monkeypatch.setattr(sys, "argv", ["tipoff", "demo"])

    with lock(Home(tmp_path)), pytest.raises(SystemExit):
        main()

    said = capsys.readouterr()
    assert "another process works in the home" in said.err
    assert said.out == "The sample league is synthetic: real team codes, invented players, games and lines.\n"
