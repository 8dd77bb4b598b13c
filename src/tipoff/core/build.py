"""Which Tipoff this is."""

import importlib.metadata


def build() -> str:
    """Return the installed version."""
    return importlib.metadata.version("tipoff")
