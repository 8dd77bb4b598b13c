"""Fixtures: where the recorded seasons lie, and a folder for a home."""

import os
from pathlib import Path

import pytest
from tests.support import DATA

pytest_plugins = ["tests.postgres"]


@pytest.fixture(scope="session")
def data() -> Path:
    """The folder of recorded seasons; without it the test is skipped and says so, in CI it fails."""
    if DATA is None or not DATA.is_dir():
        message = f"TIPOFF_DATA names no folder of recorded seasons ({DATA})"
        if os.environ.get("TIPOFF_REQUIRE_DATA"):
            pytest.fail(message)
        pytest.skip(message)
    return DATA
