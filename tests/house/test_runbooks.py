"""Every kind of cause that the code can name has a page that says what its message says, and every page has such a cause."""

import ast
import re
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import click
import pytest
from tests.house.trees import tree

from tipoff.cli.main import COMMANDS, cli
from tipoff.core.incident import Incident
from tipoff.core.severity import Severity
from tipoff.watch.messages import RUNBOOKS, lines_of, runbook_of

ROOT = Path(__file__).parents[2]
PAGES = ROOT / "docs" / "runbooks"
PLACES = ("core", "engine", "watch", "checks", "store", "history", "ledger")
_NAMED = re.compile(r"^[a-z]+:$")
_CAUSE_AT = {"Trouble": 1, "finding": 2}  # where the two that tell take their cause
_CAUSE_NAMES = {"CAUSE", "CLOCK", "CONTROLLER", "EXECUTOR", "STORE", "WAREHOUSE"}
NO_CAUSES = {"sha256", "file"}  # written like one, and none


def texts(node: ast.AST) -> Iterator[str]:
    if isinstance(node, ast.Constant) and isinstance(node.value, str):
        yield node.value
    elif isinstance(node, ast.Tuple):
        for part in node.elts:
            yield from texts(part)
    elif isinstance(node, ast.IfExp):
        yield from texts(node.body)
        yield from texts(node.orelse)


def kinds(root: Path) -> Iterator[str]:
    """Yield the kinds of causes that the modules below `root` can name."""
    for path in root.rglob("*.py"):
        if path.name == "messages.py":
            continue
        for node in ast.walk(tree(path)):
            yield from _kinds(node)


def _kinds(node: ast.AST) -> Iterator[str]:
    match node:
        case ast.JoinedStr(values=[ast.Constant(value=str(begin)), ast.FormattedValue(), *_]) if _NAMED.match(begin):
            yield begin.removesuffix(":")
        case ast.keyword(arg="cause", value=value):
            yield from (text for text in texts(value) if text)
        case ast.Dict(keys=keys, values=values):
            for key, value in zip(keys, values, strict=True):
                if isinstance(key, ast.Constant) and key.value == "cause":
                    yield from (text for text in texts(value) if text)
        case ast.Call(func=ast.Name(id=name) | ast.Attribute(attr=name), args=[*arguments]) if len(
            arguments
        ) > _CAUSE_AT.get(name, len(arguments)):
            yield from texts(arguments[_CAUSE_AT[name]])
        case ast.Assign(targets=[target], value=value):
            named = {one.id for one in ast.walk(target) if isinstance(one, ast.Name)}
            if named and named <= _CAUSE_NAMES:
                yield from texts(value)


def found() -> set[str]:
    """Return the kinds of causes that the code can name."""
    return {kind for place in PLACES for kind in kinds(ROOT / "src" / "tipoff" / place)} - NO_CAUSES


def test_every_cause_that_the_code_names_has_a_runbook_and_every_runbook_a_cause() -> None:
    assert RUNBOOKS.keys() == found()


def test_every_runbook_has_a_page_and_every_page_a_runbook() -> None:
    assert {path.stem for path in PAGES.glob("*.md")} - {"README"} == RUNBOOKS.keys()


@pytest.mark.parametrize("kind", RUNBOOKS)
def test_a_page_says_what_the_message_says_and_more(kind: str) -> None:
    page, book = (PAGES / f"{kind}.md").read_text(), runbook_of(f"{kind}:anything")

    for label, said in (("It means", book.means), ("Tipoff itself", book.itself), ("You", book.you)):
        assert f"**{label}:** {said}." in page
        assert not said.endswith(("?", "."))
    assert re.findall(r"^## (.*)$", page, re.MULTILINE) == ["How to see it", "What to do", "When it is over"]
    assert f"[{kind}]({kind}.md)" in (PAGES / "README.md").read_text()


@pytest.mark.parametrize("kind", RUNBOOKS)
def test_every_command_and_link_on_a_page_exists(kind: str) -> None:
    page = (PAGES / f"{kind}.md").read_text()

    for link in re.findall(r"\]\(([^)#]+)\)", page):
        assert (PAGES / link).exists(), link
    for path in re.findall(r"`(docs/[^`]+)`", page):
        assert (ROOT / path).exists(), path
    for words in re.findall(r"tipoff ([a-z-]+(?: [a-z-]+)?)", page):
        assert is_command(words), words


def is_command(words: str) -> bool:
    name, _, more = words.partition(" ")
    if name not in COMMANDS:
        return False
    command = cli.get_command(click.Context(cli), name)
    return not (isinstance(command, click.Group) and more) or more in command.commands


@pytest.mark.parametrize("kind", RUNBOOKS)
def test_a_message_names_its_league_in_what_is_to_be_typed(kind: str) -> None:
    at = datetime(2024, 1, 10, 12, tzinfo=UTC)
    opened = Incident(
        league="nba", cause=kind, check="c", what="w", severity=Severity.ERROR, opened_at=at, changed_at=at
    )

    said = "\n".join(lines_of(opened, "opened", "w", at, by="monitor"))

    assert "LEAGUE" not in said
    assert ("tipoff sentinel nba" in said) is (kind == "sentinel")


def test_the_scan_finds_each_way_of_naming_a_cause(tmp_path: Path) -> None:
    ways = [
        'CAUSE = "one"',
        'CONTROLLER, EXECUTOR = "two", "three"',
        'x = f"four:{name}"',
        'Trouble(cause="five")',
        'Trouble(league, "six", "check")',
        'finding(where, "check", "seven")',
        'row = {"cause": ONE if it else "eight"}',
        'sha = f"no: {name}"',
    ]
    (tmp_path / "ways.py").write_text("\n".join(ways))

    assert set(kinds(tmp_path)) == {"one", "two", "three", "four", "five", "six", "seven", "eight"}
    assert not is_command("fly")
    assert not is_command("check wings")
    assert is_command("check health")
