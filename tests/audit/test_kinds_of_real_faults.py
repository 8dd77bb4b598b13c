"""Kinds of fault that others' commits have mended, each wrong and mended, in words of our own."""

import tomllib
from pathlib import Path
from typing import Any

import pytest
from tests.audit.reading import audited, said

HERE = Path(__file__).parent
CASES = tomllib.loads((HERE / "real_fault_kinds.toml").read_text(encoding="utf-8"))["kind"]
THIRD = tomllib.loads((HERE / "third_fault_kinds.toml").read_text(encoding="utf-8"))["kind"]
UNSEEN = tomllib.loads((HERE / "unseen_fault_kinds.toml").read_text(encoding="utf-8"))["kind"]


@pytest.mark.parametrize("kind", CASES, ids=[kind["name"] for kind in CASES])
def test_the_fault_is_found_where_it_stands_and_gone_where_it_is_mended(kind: dict[str, Any]) -> None:
    assert said(kind["wrong"]) == [tuple(one) for one in kind["due"]]
    assert said(kind["mended"]) == []


@pytest.mark.parametrize("kind", UNSEEN, ids=[kind["name"] for kind in UNSEEN])
def test_a_kind_that_was_missed_on_unseen_code_is_found_and_gone_where_it_is_mended(kind: dict[str, Any]) -> None:
    path = kind.get("path", "jobs/example.py")

    assert said(kind["wrong"], path) == [tuple(one) for one in kind["due"]]
    assert said(kind["mended"], path) == [tuple(one) for one in kind.get("rest", [])]


@pytest.mark.parametrize("kind", THIRD, ids=[kind["name"] for kind in THIRD])
def test_a_kind_that_the_third_list_held_is_found_and_gone_where_it_is_mended(kind: dict[str, Any]) -> None:
    path = kind.get("path", "jobs/example.py")

    assert said(kind["wrong"], path) == [tuple(one) for one in kind["due"]]
    assert said(kind["mended"], path) == [tuple(one) for one in kind.get("rest", [])]


def test_a_coroutine_of_another_file_that_is_kept_for_its_value_is_told_and_one_that_is_gathered_is_not() -> None:
    made = "async def latest_version(name):\n    return await ask(name)\n"
    kept = "from app.versions import latest_version\n\n\nasync def address(name):\n    version = latest_version(name)\n"
    used = f"{kept}    return f'/{{name}}/{{version}}'\n"
    gathered = f"{kept}    return await asyncio.gather(version)\n"

    found = audited({"app/versions.py": made, "app/address.py": used})

    assert [(one.rule, one.path, one.line) for one in found] == [("ignored-result", "app/address.py", 5)]
    assert audited({"app/versions.py": made, "app/address.py": gathered}) == []


@pytest.mark.parametrize(("word", "lines"), [("", [10]), ("await ", [])])
def test_a_coroutine_of_the_class_that_a_constructor_declares_is_told_where_it_is_kept_for_its_value(
    word: str, lines: list[int]
) -> None:
    made = "class Summaries:\n    async def collect(self, name):\n        return await ask(name)\n"
    kept = (
        "from app.summaries import Summaries\n\n\nclass Details:\n    def __init__(self, summaries: Summaries) -> None:\n"
        "        self._summaries = summaries\n\n    async def of(self, row):\n        name = row.name\n"
        f"        about = {word}self._summaries.collect(name)\n        return dict(id=row.id, about=about)\n"
    )

    found = audited({"app/summaries.py": made, "app/details.py": kept})

    assert [(one.rule, one.path, one.line) for one in found] == [("ignored-result", "app/details.py", n) for n in lines]


@pytest.mark.parametrize(
    "line",
    [
        'send("Run {name} is late", name=name)',
        'made = text.replace("{name}", name)',
        'start(run_name="daily-{name}")',
        r'plot("$x_{name}$")',
        'send(_("Run {name} is late").format(name=name))',
    ],
)
def test_braces_that_something_else_fills_are_left_alone_beside_f_strings(line: str) -> None:
    assert said(f'def tell(name, send, text, start, plot):\n    send(f"{{name}}")\n    {line}\n') == []


def test_a_text_beside_f_strings_is_left_alone_where_the_file_fills_texts_later() -> None:
    table = 'YEAR = 2024\nNAMES = {"votes": f"votes-{YEAR}", "bills": "bills-{YEAR}"}\n'

    assert said(table) == [("missing-f", 2)]
    assert said(f"{table}\n\ndef name(of):\n    return NAMES[of].format(YEAR=YEAR)\n") == []


def test_a_coroutine_of_another_file_is_known_by_its_name_where_every_function_of_that_name_is_one() -> None:
    made = "class Hosts:\n    async def write_hosts(self):\n        await self.keep()\n"
    call = "async def install(self):\n    self.plugins.hosts.write_hosts()\n"
    plain = "class Fake:\n    def write_hosts(self):\n        self.kept = True\n"

    found = audited({"app/hosts.py": made, "app/install.py": call})
    unsure = audited({"app/hosts.py": made, "app/install.py": call, "app/fake.py": plain})

    assert [(one.rule, one.path, one.line) for one in found] == [("ignored-result", "app/install.py", 2)]
    assert unsure == []


@pytest.mark.parametrize(
    "line",
    ["curl -s https://example.org/key | gpg --import", "latest=$(curl -s https://example.org/latest | jq -r .tag)"],
)
def test_a_page_that_is_handed_on_is_asked_for_with_f(line: str) -> None:
    assert said(f"set -euo pipefail\n{line}\n", "install.sh") == [("swallowed-exit", 2)]
    assert said(f"set -euo pipefail\n{line.replace('-s', '-sf')}\n", "install.sh") == []


def test_a_step_of_ci_that_keeps_a_page_asks_for_it_with_f() -> None:
    step = "jobs:\n  build:\n    steps:\n      - run: |\n          curl -sL https://example.org/a.tar.gz -O\n"

    assert said(step, ".github/workflows/build.yml") == [("swallowed-exit", 5)]
    assert said(step.replace("-sL", "-fsL"), ".github/workflows/build.yml") == []


PARSE = """
def parse_game(raw):
    try:
        return {"game_id": raw["gameId"], "home": raw["homeTeam"]}
    except (KeyError, TypeError):
        return None
"""
INGEST = """
from jobs.parse import parse_game


def games_of(payload):
    parsed = (parse_game(raw) for raw in payload["games"])
    return [game for game in parsed if game is not None]
"""


def test_a_row_that_becomes_none_in_one_file_and_is_left_out_in_another_is_found_where_it_becomes_none() -> None:
    found = audited({"jobs/parse.py": PARSE, "jobs/ingest.py": INGEST})
    counted = audited({"jobs/parse.py": PARSE, "jobs/ingest.py": INGEST.replace("is not None", "or refuse()")})
    raised = audited({"jobs/parse.py": PARSE.replace("return None", "raise"), "jobs/ingest.py": INGEST})

    assert [(one.rule, one.path, one.line) for one in found] == [("default-on-error", "jobs/parse.py", 5)]
    assert counted == []
    assert raised == []


def test_a_queue_that_is_empty_ends_its_loop_as_it_should() -> None:
    text = """
from queue import Empty


def drained(waiting):
    rows = []
    while waiting.is_open:
        try:
            rows.append(waiting.fetch_row(block=False))
        except Empty:
            break
    return rows
"""
    assert said(text) == []
    assert said(text.replace("except Empty", "except ConnectionError")) == [("log-only-handler", 10)]


def test_tasks_that_are_waited_for_and_given_to_no_name_at_all_are_read() -> None:
    assert said("import asyncio\n\n\nasync def run(tasks):\n    () = await asyncio.wait(tasks)\n") == []
