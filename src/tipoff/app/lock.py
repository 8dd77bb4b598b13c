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
        held = _file(home, side).open("w")
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


def holder_of(home: Home, side: str = "") -> int | None:
    """Return the number of the process that holds a side's lock, as the kernel says; None where nobody does."""
    path, locks = _file(home, side), Path("/proc/locks")
    if not path.exists() or not locks.exists():
        return None
    inode = str(path.stat().st_ino)
    for line in locks.read_text().splitlines():
        if "->" in line:
            continue  # one that waits
        _, kind, _, _, pid, file, *_ = line.split()
        if kind == "FLOCK" and file.rpartition(":")[2] == inode:
            return int(pid)
    return None


def _file(home: Home, side: str) -> Path:
    return home.root / (f"{side}.lock" if side else "lock")
