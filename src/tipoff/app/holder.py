"""Who works in a home: who holds a lease, and is he certainly gone; one process a side, by a file's lock that ends with it."""

import fcntl
import os
import secrets
import socket
import sys
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import IO

from tipoff.core.errors import UsageError
from tipoff.core.home import Home

_BOOT = Path("/proc/sys/kernel/random/boot_id")
_NAMESPACE = Path("/proc/self/ns/pid")
_NAMED = 200  # characters of who holds a lock


def holder_here() -> str:
    """Return a name that no other process has, and that this process has once."""
    return f"{socket.gethostname()} {_machine()} {os.getpid()} {secrets.token_hex(4)}"


def _machine() -> str:
    """Return what processes share that can see each other's numbers: the boot and the namespace of process numbers."""
    boot = _BOOT.read_text("utf-8").strip()[:8] if _BOOT.exists() else "-"
    namespace = _NAMESPACE.stat().st_ino if _NAMESPACE.exists() else 0
    return f"{boot}.{namespace:x}"


def gone(*, holds_the_file: bool) -> Callable[[str], bool]:
    """Return what says whether a holder is gone: every other one, where this process has the lock of the ledger's own file."""
    return (lambda _holder: True) if holds_the_file else _has_ended


def _has_ended(holder: str) -> bool:
    *_, machine, number, _ = ["", "", "", *holder.split(" ")]
    if machine != _machine() or not number.isdigit():
        return False
    try:
        os.kill(int(number), 0)
    except ProcessLookupError:
        return True
    except PermissionError:
        return False
    return False


def lock(home: Home, side: str = "") -> IO[str]:
    """Take the home for this process, as one side of it; raises `UsageError` where another process has it, or it is no copy."""
    try:
        home.root.mkdir(parents=True, exist_ok=True)
        _must_be_no_link(home)
        held = lock_file(home, side).open("a+", encoding="utf-8", errors="replace")
    except OSError as error:
        msg = f"the home {home.root} cannot be used: {error.filename}: {error.strerror}"
        hint = "set TIPOFF_HOME to a folder that can be written; what another user made in it is given back by chown -R"
        raise UsageError(msg, hint=hint) from error
    try:
        fcntl.flock(held, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError as error:
        held.seek(0)
        who = held.read(_NAMED).strip()
        held.close()
        msg = f"another {side or 'process'} works in the home {home.root}{who and f': {who}'}"
        hint = "wait for it to end (tipoff up ends when it is stopped), or set TIPOFF_HOME to another folder"
        raise UsageError(msg, hint=hint) from error
    _sign(held)
    return held


def _must_be_no_link(home: Home) -> None:
    """Refuse stores that lie elsewhere too (cp -l): each name has a log of its own, whose writes the other does not see."""
    for store in (home.ledger, home.sentinel, home.warehouse):
        if isinstance(store, Path) and store.is_file() and store.stat().st_nlink > 1:
            msg = f"{store} is a hard link: the same file lies elsewhere, in another home or in a copy of this one"
            raise UsageError(msg, hint="make it a copy of its own: cp it to another name, and mv that in its place")


def _sign(held: IO[str]) -> None:
    """Leave word in the lock's file who has it; on a full disk it is held all the same."""
    who = f"process {os.getpid()}, {' '.join([Path(sys.argv[0]).name, *sys.argv[1:]])}"
    with suppress(OSError):
        os.ftruncate(held.fileno(), 0)
        os.write(held.fileno(), who[:_NAMED].encode(errors="replace"))


def lock_file(home: Home, side: str = "") -> Path:
    """Return the file whose lock one side of a home holds: beside its ledger, also where that is a link into another home."""
    beside = Path(os.path.realpath(home.ledger)).parent  # which is no error where links lead in a circle
    folder = home.root if home.database else beside
    return folder / (f"{side}.lock" if side else "lock")
