"""The house's rules, each shown to bite on a module that breaks it."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
SRC = ROOT / "src" / "tipoff"

LOW = {"core", "ledger", "store"}
CONTENT = {"core", "predict", "checks", "sources"}
SHOWN = LOW | {"history", "watch", "checks"}
FLOORS = {  # each folder, and those that it may import from beside itself; a module at the root is a folder of its own
    "core": set(),
    "predict": {"core"},
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
MACHINE = ("core", "ledger", "store", "engine", "watch", "history")
SPORT = re.compile(
    r"(?<![a-z])(nba|mlb|basketball|baseball|pitcher|player|rebound|strikeout)s?(?![a-z])", re.IGNORECASE
)
CLOCKS = {"datetime.now", "datetime.utcnow", "date.today", "time.time", "time.sleep", "time.monotonic"}
MOST_LINES = 400


def modules(root: Path) -> Iterator[tuple[Path, ast.Module]]:
    for path in sorted(root.rglob("*.py")):
        yield path.relative_to(root), ast.parse(path.read_text())


def floor_of(path: Path) -> str:
    return path.parts[0] if len(path.parts) > 1 else path.stem


def imported(tree: ast.Module) -> Iterator[str]:
    """Yield each floor that a module imports, inside functions and for types alone too."""
    for node in ast.walk(tree):
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
            for path, tree in modules(root)
            if path.name != "__init__.py" or len(path.parts) > 1
            for other in imported(tree)
            if other != floor_of(path) and other not in FLOORS[floor_of(path)]
        }
    )


def broad_handlers(root: Path) -> list[str]:
    return [
        f"{path}:{node.lineno}"
        for path, tree in modules(root)
        for node in ast.walk(tree)
        if isinstance(node, ast.ExceptHandler)
        and (node.type is None or (isinstance(node.type, ast.Name) and node.type.id in {"Exception", "BaseException"}))
    ]


def wall_clocks(root: Path) -> list[str]:
    return [
        f"{path}:{node.lineno} {ast.unparse(node)}"
        for path, tree in modules(root)
        if path != Path("core/clock.py")
        for node in ast.walk(tree)
        if isinstance(node, ast.Attribute) and ast.unparse(node) in CLOCKS
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


def test_one_broad_handler_stands_where_a_runs_end_is_recorded() -> None:
    [place] = broad_handlers(SRC)

    assert place.startswith("engine/run.py:")


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


def test_every_command_that_the_documents_name_exists() -> None:
    from tipoff.cli.main import COMMANDS  # noqa: PLC0415 -- only this test needs the command line

    named = set()
    for path in [ROOT / "README.md", *(ROOT / "docs").rglob("*.md")]:
        named |= set(
            re.findall(r"^\s*(?:\$ )?(?:[A-Z_]+=\S+ )*(?:\.venv/bin/)?tipoff ([a-z-]+)", path.read_text(), re.MULTILINE)
        )

    assert named <= set(COMMANDS)
    assert "replay" in named


def test_the_reference_is_what_the_code_says() -> None:
    from benchmarks.reference import page  # noqa: PLC0415 -- imports the command line and the leagues

    assert (ROOT / "docs" / "reference.md").read_text() == page(), "run `make reference`"


def test_the_page_of_drills_is_what_the_drills_say() -> None:
    from benchmarks.drill_page import page  # noqa: PLC0415 -- imports the leagues

    assert (ROOT / "docs" / "drills.md").read_text() == page(), "run `make reference`"
