"""Who holds a lease: this host, this process and a word by chance; and whether another holder is certainly gone."""

import os
import secrets
import socket
from collections.abc import Callable
from pathlib import Path

_BOOT = Path("/proc/sys/kernel/random/boot_id")
_NAMESPACE = Path("/proc/self/ns/pid")


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
