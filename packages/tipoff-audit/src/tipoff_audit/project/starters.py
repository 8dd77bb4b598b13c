"""What starts programs and is no program itself: settings, build files and the like, read for the words in them."""

import re
from collections.abc import Sequence
from collections.abc import Set as AbstractSet
from pathlib import PurePosixPath

from tipoff_audit.finding import Finding
from tipoff_audit.project.look import read_bytes
from tipoff_audit.project.walk import Entry
from tipoff_audit.reading.reach import paths

_MOST_BYTES = 200_000
_MOST_JSON = 20_000  # longer, it holds data
_WORD = re.compile(rb"[A-Za-z_]\w+")
_COMMAND = re.compile(
    rb"^.*\b(?:python3?|uvicorn|gunicorn|streamlit|flask|celery|poetry run|uv run)\s.*$", re.MULTILINE
)
_PROJECT = re.compile(rb"^\[(project|tool\.poetry)\]", re.MULTILINE)
_BUILT = re.compile(rb"^\[build-system\]", re.MULTILINE)
_SETUP = re.compile(rb"^(setuptools\.)?setup\(", re.MULTILINE)
_METADATA = re.compile(rb"^\[metadata\]\s*\n(.*\n)*?name\s*=", re.MULTILINE)


def distributions(entries: Sequence[Entry]) -> tuple[str, ...]:
    """Return the folders that are made into packages, relative to the root; "" for the root."""
    found = []
    for entry in entries:
        folder, _, name = entry.name.rpartition("/")
        if name in {"pyproject.toml", "setup.py", "setup.cfg"}:
            text = _text(entry)
            is_built = _PROJECT.search(text) and _BUILT.search(text)
            if (
                is_built
                or (name == "setup.py" and _SETUP.search(text))
                or (name == "setup.cfg" and _METADATA.search(text))
            ):
                found.append(folder)
    return tuple(sorted(set(found)))


def words_of(entries: Sequence[Entry], asked: AbstractSet[str]) -> set[str]:
    """Return those of the words that one of the files holds: a command, a schedule, a container or a setting may start them."""
    wanted = {word.encode(): word for word in asked}
    found: set[str] = set()
    for entry in entries:
        text = _text(entry)
        if PurePosixPath(entry.name).suffix.lower() == ".md":
            text = b"\n".join(_COMMAND.findall(text))
        found |= {wanted[word] for word in wanted.keys() & set(_WORD.findall(text))}
    return found


def paths_of(entries: Sequence[Entry], name: str) -> set[str]:
    """Return by what paths, or by what last two parts of them, the files name a file of that name."""
    found: set[str] = set()
    for entry in entries:
        text = _text(entry)
        if name.encode() in text:
            if PurePosixPath(entry.name).suffix.lower() == ".md":
                text = b"\n".join(_COMMAND.findall(text))
            found |= {one for one in paths([text.decode(errors="replace")]) if one.rpartition("/")[2] == name}
    return found


def _text(entry: Entry) -> bytes:
    most = _MOST_JSON if entry.name.endswith(".json") else _MOST_BYTES
    if entry.n_bytes > most:
        return b""
    data = read_bytes(entry)
    return b"" if isinstance(data, Finding) else data
