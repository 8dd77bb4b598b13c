"""A file's bytes made into something that can be examined, or into the finding that they cannot."""

import ast
import io
import re
import tokenize
import warnings
from dataclasses import dataclass
from pathlib import PurePosixPath
from typing import Literal

from tipoff_audit.finding import Finding, Level

Kind = Literal["python", "shell", "yaml", "sql"]

_BY_SUFFIX: dict[str, Kind] = {
    ".py": "python",
    ".sh": "shell",
    ".bash": "shell",
    ".zsh": "shell",
    ".ksh": "shell",
    ".sql": "sql",
}
_SHEBANG = re.compile(rb"^#!.*?\b(?:(python)[\d.]*|((?:ba|da|k|z)?sh))\b")
_CI = re.compile(
    r"(^|/)(\.github/(workflows|actions)/|\.circleci/|\.gitlab/|\.buildkite/)"
    r"|(^|/)(\.gitlab-ci|\.?travis|action|azure-pipelines[^/]*|bitbucket-pipelines|cloudbuild[^/]*|\.pre-commit-config"
    r"|\.pre-commit-hooks|\.drone|appveyor|buildspec)\.ya?ml$"
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Source:
    """A file that was read: its text, and for Python its tree."""

    path: str
    kind: Kind
    text: str
    tree: ast.Module | None = None


def kind_of(path: str, head: bytes = b"") -> Kind | None:
    """Return what the file is, by its name or (a script without a suffix) by its first line; None is not for the auditor.

    YAML is read only where it is a CI system's.
    """
    suffix = PurePosixPath(path).suffix.lower()
    if suffix in _BY_SUFFIX:
        return _BY_SUFFIX[suffix]
    if suffix in {".yml", ".yaml"}:
        return "yaml" if _CI.search(path) else None
    if not suffix and (found := _SHEBANG.match(head[:200])):
        return "python" if found[1] else "shell"
    return None


def read_source(path: str, data: bytes) -> Source | Finding:
    """Return the file, or the finding that it cannot be read; nothing that the bytes hold makes this raise."""
    kind = kind_of(path, data) or "python"
    if kind != "python":
        return _read_text(path, kind, data)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # an odd escape in somebody's string is no news here
            text = _decoded(data)
            tree = ast.parse(text, path)
    except SyntaxError as error:
        if _TEMPLATE.search(data):
            return template(path)
        return unreadable(path, f"not Python that this version reads: {error.msg}", line=error.lineno or 1)
    except (ValueError, LookupError) as error:
        return unreadable(path, f"its bytes are no text: {error}")
    except (RecursionError, MemoryError):
        return unreadable(path, "nested too deeply to be parsed")
    return Source(path=path, kind=kind, text=text, tree=tree)


def _read_text(path: str, kind: Kind, data: bytes) -> Source | Finding:
    if b"\0" in data:
        return unreadable(path, "its bytes are no text: it holds NUL bytes")
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError:
        text = data.decode("latin-1")  # SQL and shell may be of any code page; what the rules look for is ASCII
    return Source(path=path, kind=kind, text=text)


def _decoded(data: bytes) -> str:
    """Return the text as Python itself would read it: a BOM or a coding line decides, else UTF-8."""
    if data.isascii():
        return data.decode("ascii").replace("\r\n", "\n").replace("\r", "\n")
    encoding, _ = tokenize.detect_encoding(io.BytesIO(data).readline)
    return data.decode(encoding).replace("\r\n", "\n").replace("\r", "\n")


_TEMPLATE = re.compile(rb"\{%-?\s*\w|\{\{\s*[\w.(]+")


def template(path: str) -> Finding:
    """Return the note for a template from which Python is made: it is none itself."""
    return Finding(
        rule="unreadable",
        path=path,
        line=1,
        column=1,
        end_line=1,
        level=Level.NOTE,
        message="a template from which Python is made; what is made of it was not audited",
        guards="",
        symbol="",
        text="",
    )


def unreadable(path: str, why: str, *, line: int = 1) -> Finding:
    """Return the finding for a file of which nothing can be said."""
    return Finding(
        rule="unreadable",
        path=path,
        line=max(line, 1),
        column=1,
        end_line=max(line, 1),
        level=Level.ERROR,
        message=f"{why}; what stands in this file was not audited",
        guards="",
        symbol="",
        text="",
    )
