"""Who works in a home: one process a side, by a file's lock that ends with the process."""

import fcntl
from pathlib import Path
from typing import IO

from tipoff.core.errors import UsageError
from tipoff.core.home import Home


def lock(home: Home, side: str = "") -> IO[str]:
    """Take the home for this process, as one side of it; raises `UsageError` where another process has it."""
    try:
        home.root.mkdir(parents=True, exist_ok=True)
        held = lock_file(home, side).open("w", encoding="utf-8")
    except OSError as error:
        msg = f"the home {home.root} cannot be used: {error.strerror}"
        raise UsageError(msg, hint="set TIPOFF_HOME to a folder that can be written") from error
    try:
        fcntl.flock(held, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError as error:
        held.close()
        msg = f"another {side or 'process'} works in the home {home.root}"
        raise UsageError(msg, hint="wait for it to end, or set TIPOFF_HOME to another folder") from error
    return held


def lock_file(home: Home, side: str = "") -> Path:
    """Return the file whose lock one side of a home holds."""
    return home.root / (f"{side}.lock" if side else "lock")
