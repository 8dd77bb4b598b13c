"""Each module of the project, parsed once for all rules of the house."""

import ast
from functools import cache
from pathlib import Path


@cache
def tree(path: Path) -> ast.Module:
    """Return a module's syntax; whoever asks must change neither it nor the file."""
    return ast.parse(path.read_text())
