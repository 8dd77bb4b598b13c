"""A new league's folder: the skeleton's, under another name, with its test."""

import keyword
import re
from pathlib import Path

from tipoff.core.errors import UsageError

_SKELETON = "skeleton"
_NAME = re.compile(r"[a-z][a-z0-9]{1,15}")
_OWN_IMPORTS = re.compile(r"(?:^from tipoff\.\S+ import [^(\n]+\n)+", re.MULTILINE)


def make_league(root: Path, name: str) -> list[Path]:
    """Write the folder and the test of a league into a checkout and return the files; raises `UsageError` for a bad name."""
    leagues, tests = root / "src" / "tipoff" / "leagues", root / "tests" / "unit"
    files = [*sorted((leagues / _SKELETON).glob("*.py")), tests / f"test_{_SKELETON}.py"]
    if not _NAME.fullmatch(name) or keyword.iskeyword(name):
        msg = f"{name!r} is no name of a league"
        raise UsageError(msg, hint="two to sixteen small letters or digits, as in `wnba`, and no word of Python's own")
    if not all(path.is_file() for path in files) or len(files) == 1:
        msg = f"{root} is no checkout of Tipoff"
        raise UsageError(msg, hint="a league is content of its own repository: clone it, and run this at its root")
    if (leagues / name).exists() or (leagues / f"{name}.py").exists() or (tests / f"test_{name}.py").exists():
        msg = f"there is a league {name} already, or a module or a test of that name"
        raise UsageError(msg, hint="take another name, or remove its folder and its test")
    return [_copied(path, name) for path in files]


def _copied(path: Path, name: str) -> Path:
    is_test = path.name.startswith("test_")
    target = path.with_name(f"test_{name}.py") if is_test else path.parent.parent / name / path.name
    target.parent.mkdir(exist_ok=True)
    text = path.read_text(encoding="utf-8").replace(_SKELETON, name).replace(_SKELETON.upper(), name.upper())
    target.write_text(_OWN_IMPORTS.sub(_in_order, text), encoding="utf-8")
    return target


def _in_order(imports: re.Match[str]) -> str:
    """Sort lines of imports by their modules: the new name stands elsewhere in the alphabet than the skeleton's."""
    return "".join(sorted(imports[0].splitlines(keepends=True), key=lambda line: line.split()[1]))
