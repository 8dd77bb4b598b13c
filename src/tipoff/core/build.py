"""Which Tipoff this is: its version and the commit that it was built from."""

import importlib.metadata
import os
from functools import cache
from pathlib import Path

COMMIT = "TIPOFF_COMMIT"  # set where an image is built
_PACKAGE = Path(__file__).parents[1]
_SHORT = 12


@cache
def build() -> str:
    """Return the version and, where it is known, the commit: `0.1.0+1a2b3c4d5e6f`."""
    found = commit()
    return f"{version()}+{found[:_SHORT]}" if found else version()


def version() -> str:
    """Return the installed version."""
    return importlib.metadata.version("tipoff")


@cache
def commit() -> str:
    """Return the commit: as the wheel carries it, as the image was told, or as the checkout stands; empty where nobody knows."""
    baked = _PACKAGE / "COMMIT"
    if baked.exists():
        return baked.read_text("utf-8").strip()
    return os.environ.get(COMMIT, "") or of_checkout(_PACKAGE.parents[1])


def of_checkout(root: Path) -> str:
    """Return the commit that a checkout stands on, read from its files; empty where there is none."""
    head = root / ".git" / "HEAD"
    if not head.is_file():
        return ""
    said = head.read_text("utf-8").strip()
    if not said.startswith("ref: "):
        return said
    name = said.removeprefix("ref: ")
    loose = root / ".git" / name
    if loose.is_file():
        return loose.read_text("utf-8").strip()
    packed = root / ".git" / "packed-refs"
    lines = packed.read_text("utf-8").splitlines() if packed.is_file() else []
    return next((line.split()[0] for line in lines if line.endswith(f" {name}")), "")
