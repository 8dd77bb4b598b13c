"""Copies as facts: a sketch of each file and of each long function, small enough to be kept and compared."""

import ast
import zlib
from typing import Any

from tipoff_audit.reading.context import File
from tipoff_audit.reading.index import FUNCTIONS

_LEAST_FUNCTION = 14  # lines that say something
_LEAST_FILE = 12
_SKETCH = 24  # the smallest hashes of the lines: enough to tell how much two texts have in common


def copied_text(path: str, lines: list[str]) -> list[list[Any]]:
    """Return the sketch of a file that is not Python."""
    whole = [said for line in lines if (said := _said(line))]
    return [["file", path.rpartition("/")[2], 1, len(lines), *_sketch(whole)]] if len(whole) >= _LEAST_FILE else []


def copies(file: File) -> list[list[Any]]:
    """Return sketches: (kind, name, line, end line, number of lines, digest, the smallest line hashes)."""
    lines = [_said(line) for line in file.index.lines]
    found = []
    whole = [line for line in lines if line]
    if len(whole) >= _LEAST_FILE:
        found.append(["file", file.index.path.rpartition("/")[2], 1, len(lines), *_sketch(whole)])
    for scope in file.index.scopes:
        node = scope.node
        if isinstance(node, FUNCTIONS):
            body = (
                node.body[1:]
                if isinstance(node.body[0], ast.Expr) and isinstance(node.body[0].value, ast.Constant)
                else node.body
            )
            if body:
                said = [line for line in lines[body[0].lineno - 1 : node.end_lineno] if line]
                if len(said) >= _LEAST_FUNCTION:
                    found.append(["function", scope.name, node.lineno, node.end_lineno, *_sketch(said)])
    return found


def _said(line: str) -> str:
    text = line.strip()
    return "" if text.startswith(("#", "--")) or len(text) < 4 else text  # noqa: PLR2004 -- a bracket says nothing


def _sketch(lines: list[str]) -> tuple[int, int, list[int]]:
    hashes = sorted({zlib.crc32(line.encode("utf-8", "replace")) for line in lines})
    return len(lines), zlib.crc32("\n".join(lines).encode("utf-8", "replace")), hashes[:_SKETCH]
