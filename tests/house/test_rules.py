"""The house's rules, each shown to bite on a module that breaks it."""

import ast
import json
import re
import shlex
import subprocess
import sys
import tomllib
from collections import Counter
from collections.abc import Iterator, Mapping
from functools import cache
from graphlib import CycleError, TopologicalSorter
from pathlib import Path

import click
import pytest
from tests.house.trees import tree

ROOT = Path(__file__).parents[2]
SRC = ROOT / "src" / "tipoff"

LOW = {"core", "ledger", "store"}
CONTENT = {"core", "checks", "sources"}
SHOWN = LOW | {"history", "watch", "checks"}
FLOORS = {  # each folder, and those that it may import from beside itself; a module at the root is a folder of its own
    "core": set(),
    "ledger": {"core"},
    "store": {"core"},
    "engine": LOW,
    "watch": LOW,
    "checks": LOW,
    "sources": LOW,
    "history": LOW,
    "leagues": CONTENT,
    "views": SHOWN - {"store"} | {"leagues"},
    "web": {"core", "ledger", "views"},
    "config": {"core"},
    "app": SHOWN | CONTENT | {"engine", "leagues", "views", "web", "config"},
    "drills": SHOWN | CONTENT | {"engine", "leagues", "app"},
    "cli": SHOWN | CONTENT | {"leagues", "views", "web", "config", "app", "drills"},
    "__main__": {"cli"},
}
DEBTS: set[str] = set()  # what points up today, and must go; nothing may be added
LONGEST_CHAIN = 9  # folders that import one another, from the top down
BROAD = {  # the only modules that may catch what they do not know, and how often
    "engine/run.py": 1,  # where a run's end is recorded
    "app/child.py": 1,  # where a child process's end is
    "app/chores.py": 1,  # where a chore's end is, in a thread that goes on with the next
}
MACHINE = ("core", "ledger", "store", "engine", "watch", "history")
SPORT = re.compile(
    r"(?<![a-z])(nba|mlb|basketball|baseball|pitcher|player|rebound|strikeout)s?(?![a-z])", re.IGNORECASE
)
CLOCKS = {"datetime.now", "datetime.utcnow", "date.today", "time.time", "time.sleep", "time.monotonic"}
MOST_LINES = 400


def modules(root: Path) -> Iterator[tuple[Path, list[ast.AST]]]:
    """Yield each module and all that stands in it; the house's own is read once for all rules."""
    yield from known() if root == SRC else read(root)


def read(root: Path) -> Iterator[tuple[Path, list[ast.AST]]]:
    for path in sorted(root.rglob("*.py")):
        yield path.relative_to(root), list(ast.walk(tree(path)))


@cache
def known() -> list[tuple[Path, list[ast.AST]]]:
    return list(read(SRC))


def floor_of(path: Path) -> str:
    return path.parts[0] if len(path.parts) > 1 else path.stem


def imported(nodes: list[ast.AST]) -> Iterator[str]:
    """Yield each floor that a module imports, inside functions and for types alone too."""
    for node in nodes:
        if isinstance(node, ast.Import):
            names = [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom) and node.module == "tipoff":
            names = [f"tipoff.{alias.name}" for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            names = [node.module or ""]
        else:
            continue
        yield from (name.split(".")[1] for name in names if name.startswith("tipoff."))


def imports_up(root: Path) -> list[str]:
    return sorted(
        {
            f"{path} -> {other}"
            for path, nodes in modules(root)
            if path.name != "__init__.py" or len(path.parts) > 1
            for other in imported(nodes)
            if other != floor_of(path) and other not in FLOORS[floor_of(path)]
        }
    )


def graph(root: Path) -> dict[str, set[str]]:
    """Return which module imports which, for types alone and inside functions too."""
    trees = {".".join(("tipoff", *path.with_suffix("").parts)): nodes for path, nodes in modules(root)}
    trees = {name.removesuffix(".__init__"): nodes for name, nodes in trees.items()}
    edges: dict[str, set[str]] = {name: set() for name in trees}
    for name, nodes in trees.items():
        for node in nodes:
            if isinstance(node, ast.Import):
                edges[name] |= {alias.name for alias in node.names}
            elif isinstance(node, ast.ImportFrom) and node.module:
                one = {f"{node.module}.{alias.name}" for alias in node.names}
                edges[name] |= {full if full in trees else node.module for full in one}
    return {name: {other for other in others if other in trees and other != name} for name, others in edges.items()}


def folders(root: Path) -> dict[str, set[str]]:
    """Return which folder imports which."""
    found: dict[str, set[str]] = {}
    for name, others in graph(root).items():
        mine = (*name.split("."), "")[1]
        theirs = {(*other.split("."), "")[1] for other in others}
        found.setdefault(mine, set()).update(theirs - {mine})
    return found


def circles(edges: Mapping[str, set[str]]) -> list[str]:
    """Return a circle of imports, where there is one."""
    try:
        TopologicalSorter(edges).prepare()
    except CycleError as error:
        return [" <- ".join(error.args[1])]
    return []


def module_circles(root: Path) -> list[str]:
    return circles(graph(root))


def folder_circles(root: Path) -> list[str]:
    return circles(folders(root))


def long_chains(root: Path) -> list[str]:
    """Return the longest chain of folder imports, where it is longer than it may be."""
    edges = folders(root)
    longest: dict[str, list[str]] = {}
    for folder in TopologicalSorter(edges).static_order():
        below = max((longest[other] for other in edges.get(folder, ())), key=len, default=[])
        longest[folder] = [folder, *below]
    chain = max(longest.values(), key=len)
    return [" -> ".join(chain)] if len(chain) > LONGEST_CHAIN else []


def is_broad(caught: ast.expr | None) -> bool:
    if isinstance(caught, ast.Tuple):
        return any(is_broad(one) for one in caught.elts)
    if isinstance(caught, ast.Attribute):
        return caught.attr in {"Exception", "BaseException"}
    return caught is None or (isinstance(caught, ast.Name) and caught.id in {"Exception", "BaseException"})


def broad_handlers(root: Path) -> list[str]:
    return [
        str(path)
        for path, nodes in modules(root)
        for node in nodes
        if isinstance(node, ast.ExceptHandler) and is_broad(node.type)
    ]


def sql_outside_the_ledger(root: Path) -> list[str]:
    """Return the modules outside the ledger that import SQLAlchemy."""
    return [
        str(path)
        for path, nodes in modules(root)
        if floor_of(path) != "ledger"
        and any(
            (isinstance(node, ast.ImportFrom) and (node.module or "").startswith("sqlalchemy"))
            or (isinstance(node, ast.Import) and any(alias.name.startswith("sqlalchemy") for alias in node.names))
            for node in nodes
        )
    ]


def mocks(root: Path) -> list[str]:
    return [
        str(path)
        for path, nodes in modules(root)
        for node in nodes
        if (isinstance(node, ast.ImportFrom) and node.module in {"unittest", "unittest.mock"})
        or (isinstance(node, ast.Import) and any(alias.name == "unittest.mock" for alias in node.names))
    ]


def wall_clocks(root: Path) -> list[str]:
    return [
        f"{path}:{node.lineno} {node.value.id}.{node.attr}"
        for path, nodes in modules(root)
        if path != Path("core/clock.py")
        for node in nodes
        if isinstance(node, ast.Attribute)
        and isinstance(node.value, ast.Name)
        and f"{node.value.id}.{node.attr}" in CLOCKS
    ]


def sport_in_machine(root: Path) -> list[str]:
    return [
        f"{path}:{number} {line.strip()}"
        for floor in MACHINE
        for path in sorted((root / floor).rglob("*.py"))
        for number, line in enumerate(path.read_text().splitlines(), 1)
        if SPORT.search(line)
    ]


def large_rooms(root: Path) -> list[str]:
    return [
        f"{path}: {n_lines} lines"
        for path in sorted(root.rglob("*.py"))
        if (n_lines := len(path.read_text().splitlines())) > MOST_LINES
    ]


def test_imports_point_down() -> None:
    assert set(imports_up(SRC)) == DEBTS


def test_no_modules_and_no_folders_import_each_other_in_a_circle() -> None:
    assert module_circles(SRC) == []
    assert folder_circles(SRC) == []


def test_the_longest_chain_of_folder_imports_is_short() -> None:
    assert long_chains(SRC) == []


def test_broad_handlers_stand_in_three_named_places_alone() -> None:
    found = Counter(broad_handlers(SRC))

    assert found <= Counter(BROAD)
    assert found["engine/run.py"] == 1


def test_only_the_ledger_speaks_sql_to_the_ledger() -> None:
    assert sql_outside_the_ledger(SRC) == []


def test_nothing_that_is_shipped_mocks() -> None:
    assert mocks(SRC) == []


def test_only_the_clock_asks_the_machine_for_the_time() -> None:
    assert wall_clocks(SRC) == []


def test_the_machine_knows_no_sport() -> None:
    assert sport_in_machine(SRC) == []


def test_rooms_are_small() -> None:
    assert large_rooms(SRC) == []


def test_streaming_inserts_do_not_exist() -> None:
    text = "\n".join(path.read_text() for path in SRC.rglob("*.py"))

    assert not re.search(r"insert_rows|insertAll|tabledata", text)


@pytest.mark.parametrize(
    ("rule", "place", "code"),
    [
        (imports_up, "core/bad.py", "from tipoff.engine.run import Runner"),
        (imports_up, "engine/bad.py", "from tipoff.sources.ask import Asker"),
        (imports_up, "app/bad.py", "from tipoff import drills"),
        (imports_up, "store/bad.py", "def late():\n    import tipoff.ledger.schema"),
        (imports_up, "leagues/bad.py", "from tipoff.store.duck import DuckWarehouse"),
        (broad_handlers, "core/bad.py", "try:\n    pass\nexcept Exception:\n    pass"),
        (broad_handlers, "core/bad.py", "try:\n    pass\nexcept:\n    pass"),
        (broad_handlers, "core/bad.py", "try:\n    pass\nexcept (ValueError, Exception):\n    pass"),
        (broad_handlers, "core/bad.py", "import builtins\ntry:\n    pass\nexcept builtins.Exception:\n    pass"),
        (sql_outside_the_ledger, "views/bad.py", "def late() -> None:\n    from sqlalchemy import select"),
        (sql_outside_the_ledger, "cli/bad.py", "import sqlalchemy.exc"),
        (mocks, "drills/bad.py", "from unittest import mock"),
        (wall_clocks, "engine/bad.py", "from datetime import datetime\nat = datetime.now()"),
        (sport_in_machine, "engine/bad.py", "TABLE = 'nba_raw'"),
        (large_rooms, "core/bad.py", "x = 1\n" * (MOST_LINES + 1)),
    ],
)
def test_each_rule_bites(rule: object, place: str, code: str, tmp_path: Path) -> None:
    bad = tmp_path / place
    bad.parent.mkdir(parents=True)
    bad.write_text(code)

    assert callable(rule)
    assert len(rule(tmp_path)) == 1


def made(root: Path, files: Mapping[str, str]) -> Path:
    for name, code in files.items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(code)
    return root


def test_a_circle_inside_a_folder_is_seen_also_where_it_is_hidden_in_a_function(tmp_path: Path) -> None:
    late = "def late() -> None:\n    from tipoff.core import one"

    root = made(tmp_path, {"core/one.py": "from tipoff.core.two import x", "core/two.py": late})

    assert len(module_circles(root)) == 1
    assert folder_circles(root) == []


def test_a_circle_of_folders_is_seen_where_no_two_modules_make_one(tmp_path: Path) -> None:
    files = {
        "core/a.py": "import tipoff.store.a",
        "store/a.py": "",
        "store/b.py": "import tipoff.core.b",
        "core/b.py": "",
    }

    root = made(tmp_path, files)

    assert module_circles(root) == []
    assert len(folder_circles(root)) == 1


def test_a_chain_of_one_folder_too_many_is_seen(tmp_path: Path) -> None:
    last = LONGEST_CHAIN
    root = made(tmp_path, {f"f{n}/a.py": f"import tipoff.f{n + 1}.a" for n in range(last)})

    assert long_chains(root) == []

    made(tmp_path, {f"f{last}/a.py": ""})

    assert len(long_chains(root)) == 1


def test_no_test_of_make_quick_calls_the_command() -> None:
    """A process that has imported it takes four seconds; such a test is a scenario."""
    called = re.compile(r"from tests\.support import .*\b(tipoff|called)\b")
    found = [
        path.name
        for folder in ("unit", "house")
        for path in (ROOT / "tests" / folder).glob("*.py")
        if called.search(path.read_text())
    ]

    assert found == []


def test_the_readme_tells_how_many_checks_a_day_of_the_nba_has() -> None:
    from tipoff.leagues.nba.league import NBA  # noqa: PLC0415 -- only this test needs a league

    assert f"every check of a day ({len(NBA.checks)} for the NBA)" in (ROOT / "README.md").read_text("utf-8")


def test_every_command_that_the_documents_name_exists() -> None:
    from tipoff.cli.main import COMMANDS  # noqa: PLC0415 -- only this test needs the command line

    named = set()
    for path in [ROOT / "README.md", *(ROOT / "docs").rglob("*.md")]:
        named |= set(
            re.findall(r"^\s*(?:\$ )?(?:[A-Z_]+=\S+ )*(?:\.venv/bin/)?tipoff ([a-z-]+)", path.read_text(), re.MULTILINE)
        )

    assert named <= set(COMMANDS)
    assert "replay" in named


def unknown_words(command: click.Command, words: list[str]) -> list[str]:
    """Return the options that a command does not have, and what is more than it takes."""
    if isinstance(command, click.Group):
        inner = command.get_command(click.Context(command), words[0]) if words else None
        return unknown_words(inner, words[1:]) if inner else words[:1]
    options = {name: param for param in command.params for name in (*param.opts, *param.secondary_opts)}
    room = [param.nargs for param in command.params if isinstance(param, click.Argument)]
    found, left = [], iter(words)
    for word in left:
        option = options.get(word.partition("=")[0])
        if isinstance(option, click.Option):
            _ = None if option.is_flag or "=" in word else next(left, None)
        elif word.startswith("--") or (not room and word != "…"):
            found.append(word)
        elif room and room[0] != -1:
            room.pop(0)
    return found


def test_what_the_documents_say_behind_a_command_it_takes() -> None:
    from tipoff.cli.main import COMMANDS, cli  # noqa: PLC0415 -- only these tests need the command line

    said = re.compile(r"(?:`|^ *(?:\.venv/bin/)?)tipoff ([a-z-]+)([^`#;&|>\n]*)", re.MULTILINE)
    found = []
    for path in [ROOT / "README.md", *(ROOT / "docs").glob("*.md"), *(ROOT / "docs").glob("[hr]*/*.md")]:
        for name, rest in said.findall(path.read_text()):
            command = cli.get_command(click.Context(cli), name) if name in COMMANDS and name != "audit" else None
            if command and (strange := unknown_words(command, shlex.split(rest.replace("'", "")))):
                found.append(f"{path.name}: tipoff {name}{rest}: {' '.join(strange)}")

    assert found == []


def test_the_list_of_commands_shows_each_commands_own_first_sentence() -> None:
    from tipoff.cli.main import COMMANDS, cli, sentence_of  # noqa: PLC0415 -- as above

    context = click.Context(cli)
    own = {name: command.get_short_help_str(1000) for name in COMMANDS if (command := cli.get_command(context, name))}

    assert {name: sentence_of(name) for name in COMMANDS} == own


def test_the_list_of_commands_cuts_no_sentence_short_on_a_terminal_of_80_columns() -> None:
    from tipoff.cli.main import COMMANDS, cli  # noqa: PLC0415 -- as above

    groups = [
        cli,
        *(one for name in COMMANDS if isinstance(one := cli.get_command(click.Context(cli), name), click.Group)),
    ]
    helps = [group.get_help(click.Context(group, terminal_width=80, max_content_width=80)) for group in groups]

    assert not [line for text in helps for line in text.splitlines() if line.endswith("...") and "Usage:" not in line]


def test_the_reference_is_what_the_code_says() -> None:
    made = subprocess.run(  # a process of its own: click keeps the help option of whoever asked a command first
        [sys.executable, "-m", "benchmarks.reference"], cwd=ROOT, capture_output=True, text=True, check=True
    )

    assert (ROOT / "docs" / "reference.md").read_text() == made.stdout, "run `make reference`"


def test_the_page_of_drills_is_what_the_drills_say() -> None:
    from benchmarks.drill_page import page  # noqa: PLC0415 -- imports the leagues

    assert (ROOT / "docs" / "drills.md").read_text() == page(), "run `make reference`"


def test_the_pages_of_runs_and_of_mutations_are_what_their_evidence_says() -> None:
    from benchmarks import mutation_page, recorded_runs  # noqa: PLC0415 -- with the other pages

    assert (ROOT / "docs" / "recorded-runs.md").read_text() == recorded_runs.page(), "run `make reference`"
    shown = mutation_page.page(json.loads(mutation_page.EVIDENCE.read_text()))
    assert (ROOT / "docs" / "mutation-score.md").read_text() == "\n".join(shown) + "\n", "run `make reference`"


def test_what_trying_found_names_drills_and_tests_that_there_are() -> None:
    from benchmarks.trying_page import page, points  # noqa: PLC0415 -- with the other pages

    from tipoff.drills.drill import catalogue  # noqa: PLC0415 -- imports the leagues

    named = {name for point in points() for name in point["by"]}
    tests = [name.partition("::") for name in named if "::" in name]

    assert {name for name in named if "::" not in name} - catalogue().keys() == set()
    assert [test for path, _, test in tests if f"def {test}(" not in (ROOT / path).read_text()] == []
    assert [point["name"] for point in points() if not point["by"] and "note" not in point] == []
    assert (ROOT / "docs" / "what-trying-found.md").read_text() == page(), "run `make reference`"


def test_the_index_of_decisions_says_what_the_pages_say() -> None:
    from benchmarks.decision_index import page  # noqa: PLC0415 -- with the other pages

    index = (ROOT / "docs" / "decisions" / "README.md").read_text()

    assert set(index.splitlines()) <= set(page().splitlines()), "run `make reference`"


def test_the_page_of_evidence_names_each_claim_and_its_measurement() -> None:
    from benchmarks.evidence_page import claims  # noqa: PLC0415 -- with the other pages

    page = (ROOT / "docs" / "evidence.md").read_text()
    missing = [name for claim in claims() for name in (claim["text"], *claim["files"]) if name not in page]

    assert missing == [], "run `make evidence`"


def test_a_command_for_whose_files_there_is_no_room_compiles_nothing() -> None:
    """Python keeps the half that found room, and then no process can import it: all that is tested afterwards fails."""
    limited = "ulimit" + " -f"
    files = [path for path in (ROOT / "tests").rglob("*.py") if limited in path.read_text("utf-8")]

    assert [str(path.relative_to(ROOT)) for path in files] == ["tests/support.py"]


def test_no_two_files_of_tests_share_a_name() -> None:
    names = Counter(path.name for path in (ROOT / "tests").rglob("test_*.py"))

    assert [name for name, times in names.items() if times > 1] == []  # the second would not be collected


def test_the_newest_version_that_the_changelog_tells_of_is_that_of_both_distributions() -> None:
    told = re.search(r"^## (\d+\.\d+\.\d+) ", (ROOT / "CHANGELOG.md").read_text("utf-8"), re.MULTILINE)
    built = [
        tomllib.loads((ROOT / folder / "pyproject.toml").read_text("utf-8"))["project"]["version"]
        for folder in (".", "packages/tipoff-audit")
    ]

    assert told is not None
    assert built == [told[1], told[1]]
