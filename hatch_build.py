"""Puts the commit into the wheel, so that every running part can say what it was built from."""

import os
import tempfile
from pathlib import Path
from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface


class CommitHook(BuildHookInterface):  # type: ignore[type-arg]
    """Writes `tipoff/COMMIT` from TIPOFF_COMMIT, or from the checkout that is built."""

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        """Add the file; an editable install reads the checkout itself."""
        if version == "editable":
            return
        namespace: dict[str, Any] = {"__file__": str(Path(self.root) / "src" / "tipoff" / "core" / "build.py")}
        source = Path(namespace["__file__"])
        exec(compile(source.read_text("utf-8"), str(source), "exec"), namespace)  # noqa: S102 -- the project's own rule, not yet installed
        found = os.environ.get("TIPOFF_COMMIT", "") or namespace["of_checkout"](Path(self.root))
        if not found:
            return
        with tempfile.NamedTemporaryFile("w", suffix="-commit", delete=False) as file:
            file.write(found)
        build_data["force_include"][file.name] = "tipoff/COMMIT"
