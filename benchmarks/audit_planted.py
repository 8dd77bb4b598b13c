"""A hundred patterns planted by script into five code bases: how many of them the auditor finds, on their very lines.

`python -m benchmarks.audit_planted [FOLDER]`; without a folder of installed code bases they are installed anew. The patterns are
those of planted.toml; the dice (seeded) choose the module, the place between two of its statements, the names and the form: a
function, a method, asynchronous, within another. Nothing is planted where the module would not parse.
"""

import ast
import json
import random
import re
import shutil
import sys
import tempfile
import textwrap
import tomllib
from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from string import Template
from typing import Any

from benchmarks.audit_code_bases import audited, installed

CODE_BASES = ("celery", "dlt", "luigi", "prefect", "sqlmesh")
PLANTED, LEAST, SEED = 100, 90, 23
NAMES = {
    "client": ("client", "bq", "conn", "warehouse", "session_", "db"),
    "rows": ("rows", "records", "batch", "payload", "items_"),
    "item": ("item", "row", "entry", "one"),
    "error": ("e", "exc", "error", "err"),
    "day": ("day", "game_date", "run_date"),
    "table": ("player_stats", "game_logs", "injuries", "odds_lines", "schedule"),
    "frame": ("frame", "df", "data_frame"),
    "check": ("job", "outcome", "verdict"),
    "query": ("query", "sql", "statement"),
    "target": ("target", "destination_path", "out_path"),
    "topic": ("topic", "topic_path_"),
    "file": ("handle", "out", "fh"),
    "log": ("logger", "log", "_LOG"),
}
BROAD = ("Exception", "Exception", "(ValueError, Exception)", "BaseException")
FORMS = ("function", "function", "method", "async", "inner")
EXPECTED = re.compile(r"  #@$")


@dataclass(frozen=True, slots=True, kw_only=True)
class Plant:
    """One pattern as it was planted, and the lines on one of which it is to be found."""

    rule: str
    code_base: str
    path: str
    lines: tuple[int, ...]
    form: str

    def is_in(self, found: set[tuple[str, str, int, str]]) -> bool:
        """Whether its rule spoke on one of its lines."""
        return any((self.code_base, self.path, line, self.rule) in found for line in self.lines)


def audit_planted(folder: Path | None = None) -> tuple[bool, dict[str, Any]]:
    """Plant, audit, and count what was found on its line by its rule."""
    with tempfile.TemporaryDirectory() as scratch:
        sources = installed(folder or Path(scratch) / "installed", CODE_BASES)
        plants, reports = [], {}
        dice = random.Random(SEED)  # noqa: S311 -- seeded choice of places and names
        dealt = _dealt(dice)
        for turn, name in enumerate(CODE_BASES):
            place = Path(scratch) / "planted" / name
            shutil.copytree(sources[name], place)
            plants += plant(name, place, dealt[turn :: len(CODE_BASES)], dice)
            reports[name] = audited(place)
    found = {
        (name, one["path"], one["line"], one["rule"]) for name, report in reports.items() for one in report["findings"]
    }
    missed = [one for one in plants if not one.is_in(found)]
    by_rule: dict[str, dict[str, int]] = defaultdict(lambda: {"planted": 0, "found": 0})
    for one in plants:
        by_rule[one.rule]["planted"] += 1
        by_rule[one.rule]["found"] += one not in missed
    n_found = len(plants) - len(missed)
    measured = {
        "planted": len(plants),
        "found": n_found,
        "missed": [f"{one.rule} as {one.form} in {one.code_base}/{one.path}:{one.lines[0]}" for one in missed],
        "by_rule": dict(sorted(by_rule.items())),
    }
    return len(plants) == PLANTED and n_found >= LEAST, measured


def _dealt(dice: random.Random) -> list[dict[str, str]]:
    """Return a hundred patterns: every one at least twice, the rest drawn."""
    known: list[dict[str, str]] = tomllib.loads((Path(__file__).parent / "planted.toml").read_text())["pattern"]
    dealt = known * (PLANTED // len(known))
    dealt += dice.sample(known, PLANTED - len(dealt))
    dice.shuffle(dealt)
    return dealt


def plant(code_base: str, place: Path, patterns: list[dict[str, str]], dice: random.Random) -> list[Plant]:
    """Write each pattern into a module of its own below `place`."""
    modules = sorted(one for one in place.rglob("*.py") if _is_fit(one, place))
    plants = []
    for pattern, module in zip(patterns, dice.sample(modules, len(patterns)), strict=True):
        form = "function" if "self" in pattern["args"] or "decorator" in pattern else dice.choice(FORMS)
        lines, at = written(pattern, form, dice)
        text = module.read_text()
        before = _place_in(text, dice)
        whole = text.splitlines(keepends=True)
        made = "".join([*whole[:before], "\n\n", *lines, "\n\n", *whole[before:]])
        ast.parse(made)
        module.write_text(made)
        name = module.relative_to(place).as_posix()
        plants.append(
            Plant(
                rule=pattern["rule"],
                code_base=code_base,
                path=name,
                lines=tuple(before + 2 + line for line in at),
                form=form,
            )
        )
    return plants


def _is_fit(module: Path, place: Path) -> bool:
    """Whether a module is one that is audited as the code base's own: no test, nothing vendored, and long enough."""
    parts = module.relative_to(place).parts
    apart = any(part.startswith(("_vendor", "test", "vendor")) or part in {"tests", "bin"} for part in parts)
    return not apart and module.stat().st_size > 1500


def _place_in(text: str, dice: random.Random) -> int:
    """Return a line between two statements of the module, after its imports."""
    body = ast.parse(text).body
    after = [place for place, one in enumerate(body) if isinstance(one, ast.Import | ast.ImportFrom)]
    begin = after[-1] if after else 0
    statement = dice.choice(body[begin:])
    return statement.end_lineno or statement.lineno


def written(pattern: Mapping[str, str], form: str, dice: random.Random) -> tuple[list[str], list[int]]:
    """Return the pattern's lines in this form, and on which of them, from 1, it may be found."""
    names = {word: dice.choice(choices) for word, choices in NAMES.items()} | {"broad": dice.choice(BROAD)}
    name = pattern.get("name", f"{dice.choice(('sync', 'refresh', 'handle', 'do'))}_$table")
    body = textwrap.indent(pattern["body"].strip("\n"), "    ")
    head = f"{'async def' if form == 'async' else 'def'} {name}({pattern['args']}):"
    code = "\n".join([pattern["decorator"], head, body] if "decorator" in pattern else [head, body])
    if form == "method":
        code = f"class {dice.choice(('Keeper', 'Loader', 'Sink'))}:\n" + textwrap.indent(
            code.replace("(", "(self, ", 1), "    "
        )
    elif form == "inner":
        code = f"def outer_$table():\n{textwrap.indent(code, '    ')}\n\n    return {name}"
    whole = f"{pattern['imports']}\nimport logging\n\n$log = logging.getLogger(__name__)\n\n\n{code}\n"
    lines = Template(whole).substitute(names).splitlines(keepends=True)
    at = [number for number, line in enumerate(lines, 1) if line.rstrip("\n").endswith("  #@")]
    return [EXPECTED.sub("", line.rstrip("\n")) + "\n" for line in lines], at


def main() -> None:
    """Print what was planted and found."""
    ok, measured = audit_planted(Path(sys.argv[1]) if len(sys.argv) > 1 else None)
    print(json.dumps(measured, indent=1))
    sys.exit(0 if ok else 1)


if __name__ == "__main__":
    main()
