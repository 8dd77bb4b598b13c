"""A file's bytes made into something that can be examined, or into the finding that they cannot."""

import ast
import io
import re
import sys
import tokenize
import warnings
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import PurePosixPath
from typing import Literal

from tipoff_audit.finding import Finding, Level

Kind = Literal["python", "shell", "yaml", "sql"]

_BROKEN = "not Python that this version reads"
_FEW = 3  # files that are named
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
    r"|\.pre-commit-hooks|\.drone|appveyor|buildspec[^/]*)\.ya?ml$|(^|/)buildspecs?/[^/]+\.ya?ml$"
)
COMPOSE = re.compile(r"(^|/)(docker-)?compose[^/]*\.ya?ml$")


@dataclass(frozen=True, slots=True, kw_only=True)
class Source:
    """A file that was read: its text, and for Python its tree."""

    path: str
    kind: Kind
    text: str
    tree: ast.Module | None = None


def kind_of(path: str, head: bytes = b"") -> Kind | None:
    """Return what the file is, by its name or (a script without a suffix) by its first line; None is not for the auditor.

    YAML is read only where it is a CI system's, or says how containers are started together.
    """
    suffix = PurePosixPath(path).suffix.lower()
    if suffix in _BY_SUFFIX:
        return _BY_SUFFIX[suffix]
    if suffix in {".yml", ".yaml"}:
        return "yaml" if _CI.search(path) or COMPOSE.search(path) else None
    if not suffix and (found := _SHEBANG.match(head[:200])):
        return "python" if found[1] else "shell"
    return None


def read_source(path: str, data: bytes) -> Source | Finding:
    """Return the file, or the finding that it cannot be read; nothing that the bytes hold makes this raise."""
    kind = kind_of(path, data) or "python"
    if kind != "python":
        return _read_text(path, kind, data)
    text = ""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # an odd escape in somebody's string is no news here
            text = _decoded(data)
            tree = _parsed(text, path)
    except SyntaxError as error:
        return _refused(path, data, text, error)
    except (ValueError, LookupError) as error:
        return unreadable(path, f"its bytes are no text: {error}")
    except (RecursionError, MemoryError):
        return unreadable(path, "nested too deeply to be parsed")
    return Source(path=path, kind=kind, text=text, tree=tree)


def _refused(path: str, data: bytes, text: str, error: SyntaxError) -> Finding:
    if _TEMPLATE.search(data):
        return aside(path, "a template from which Python is made; what is made of it was not audited")
    if newer := _newer(text, error):
        return aside(
            path, f"needs Python {newer} to be read, which this is not; what stands in this file was not audited"
        )
    return replace(unreadable(path, f"{_BROKEN}: {error.msg}", line=error.lineno or 1), level=Level.NOTE)


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


_NO_BRACKETS = re.compile(
    r"^([ \t]*except\*?[ \t]+)((?:\w+\.)*[A-Z]\w*(?:[ \t]*,[ \t]*(?:\w+\.)*[A-Z]\w*)+)[ \t]*:", re.MULTILINE
)  # names that begin with a capital: in `except ValueError, error:` the second would be Python 2's own
_IN_BRACKETS = r"\1(\2):"


def _parsed(text: str, path: str) -> ast.Module:
    """Return the tree; `except A, B:`, as of Python 3.14, is read by an older one as well."""
    try:
        return ast.parse(text, path)
    except SyntaxError as error:
        if not _NO_BRACKETS.search(text) or "parenthesi" not in error.msg:
            raise
        return ast.parse(_NO_BRACKETS.sub(_IN_BRACKETS, text), path)


_LATER = (  # the version that reads it, the line at which an older one ends, and what that one says
    (12, re.compile(r"^\s*(async\s+)?(def|class)\s+\w+\[|^\s*type\s+\w+(\[[^=]*\])?\s*=\s*\S"), ""),
    (12, re.compile(""), "cannot include a backslash"),
    (12, re.compile(r"[fF][rR]?(\"[^\"]*\{[^}\"]*\"|'[^']*\{[^}']*'|.*\\)"), "f-string"),
    (14, re.compile(r"(?<![\w\"'])([tT][rR]?|[rR][tT])[\"']"), ""),
)


def _newer(text: str, error: SyntaxError) -> str:
    """Return the version of Python that reads the line at which this one ends, "" where none is known."""
    lines = text.splitlines()
    line = lines[error.lineno - 1] if error.lineno and error.lineno <= len(lines) else ""
    later = [one for one in _LATER if sys.version_info < (3, one[0]) and one[2] in error.msg]
    return next((f"3.{minor}" for minor, form, _ in later if form.search(line)), "")


_TEMPLATE = re.compile(rb"\{%-?\s*\w|\{\{\s*[\w.(]+")


def aside(path: str, why: str) -> Finding:
    """Return the note for a file that is no fault of its own: a template, or what a newer Python reads."""
    return Finding(
        rule="unreadable",
        path=path,
        line=1,
        column=1,
        end_line=1,
        level=Level.NOTE,
        message=why,
        guards="",
        symbol="",
        text="",
    )


def is_aside(finding: Finding) -> bool:
    """Whether a file that was not read is no fault of its own."""
    return finding.level is Level.NOTE and not finding.message.startswith(_BROKEN)


def unread(refused: Sequence[Finding]) -> list[str]:
    """Return one line for all files that no Python reads: each by itself is a note, for it fails aloud wherever it runs."""
    broken = [f"{one.path}:{one.line}" for one in refused if one.message.startswith(_BROKEN)]
    more = f" and {len(broken) - _FEW} more" if len(broken) > _FEW else ""
    return [f"not audited, for this Python cannot read them: {', '.join(broken[:_FEW])}{more}"] if broken else []


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
