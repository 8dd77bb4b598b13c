"""What a fault file says: which faults there are, what each needs to be told, and its times."""

import tomllib
from collections.abc import Mapping, Sequence
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Any

from tipoff.core.clock import LEAGUE_ZONE, midnight
from tipoff.core.errors import UsageError
from tipoff.core.fault import Fault

KINDS: Mapping[str, frozenset[str]] = {
    "http": frozenset({
        "status", "hang", "slow", "refuse", "html", "truncated", "nothing", "empty", "zero", "null", "constant", "stale",
        "shape", "wrong date", "other day", "missing game", "duplicated", "renamed", "short ids", "strange game", "bad row",
        "bench", "fewer", "one side", "corrected", "final without score", "unchanged", "swapped", "poison", "other dates",
        "other markets", "never final",
    }),
    "warehouse": frozenset({"conflict", "quota", "disk full", "lost", "half lost"}),
    "ledger": frozenset({"locked", "ticks ahead"}),
    "stores": frozenset({
        "rows gone", "rows changed", "warehouse gone", "document gone", "document changed", "parquet gone",
    }),
    "files": frozenset({"disk full"}),
    "step": frozenset({
        "raises", "raises badly", "half", "null", "constant", "empty", "twice", "scaled", "wrong day", "hangs", "exits",
        "leaves", "leaks",
    }),
    "executor": frozenset({"drop", "late", "twice", "lie"}),
    "controller": frozenset({"frozen", "stopped", "killed", "asleep", "two", "other settings", "other build"}),
    "world": frozenset({"postponed", "late"}),
    "secrets": frozenset({"missing"}),
}  # fmt: skip
_NEEDS: Mapping[tuple[str, str], frozenset[str]] = {  # what must be said beside the kind, the way and the times
    ("http", "status"): frozenset({"status"}),
    ("http", "slow"): frozenset({"seconds"}),
    ("http", "stale"): frozenset({"hours"}),
    ("http", "null"): frozenset({"column"}),
    ("http", "constant"): frozenset({"column", "value"}),
    ("http", "bad row"): frozenset({"column", "value"}),
    ("ledger", "ticks ahead"): frozenset({"hours"}),
    ("stores", "rows gone"): frozenset({"table"}),
    ("stores", "rows changed"): frozenset({"table", "column"}),
    ("stores", "document gone"): frozenset({"output"}),
    ("stores", "document changed"): frozenset({"output"}),
    ("stores", "parquet gone"): frozenset({"output"}),
    ("step", "null"): frozenset({"column"}),
    ("step", "constant"): frozenset({"column", "value"}),
    ("step", "scaled"): frozenset({"column", "by"}),
    ("step", "leaks"): frozenset({"into", "of"}),
    ("executor", "late"): frozenset({"minutes"}),
    ("controller", "asleep"): frozenset({"point", "hours"}),
    ("world", "postponed"): frozenset({"games"}),
    ("secrets", "missing"): frozenset({"name"}),
}
_NUMBERS = frozenset({"status", "seconds", "hours", "minutes", "by"})
_PLACES = frozenset({"host", "url", "table", "output"})
_TIMES = frozenset({"kind", "how", "from", "to"})


def read_faults(said: Sequence[Mapping[str, Any]], first_day: date) -> tuple[Fault, ...]:
    """Return the faults that a file says, with its times told from `first_day`.

    Raises:
        UsageError: A kind, a way or a time is not known, or something that it needs is not said.
    """
    return tuple(_fault(entry, first_day) for entry in said)


def _fault(entry: Mapping[str, Any], first_day: date) -> Fault:
    kind, how = str(entry.get("kind", "")), str(entry.get("how", ""))
    if how not in KINDS.get(kind, ()):
        msg = f"there is no fault of kind {kind!r} that goes {how!r}"
        hint = "kinds: " + "; ".join(f"{name}: {', '.join(sorted(ways))}" for name, ways in KINDS.items())
        raise UsageError(msg, hint=hint)
    lacks = sorted((_NEEDS.get((kind, how), frozenset()) | {"from"}) - entry.keys())
    if lacks:
        msg = f"a fault of kind {kind!r} that goes {how!r} does not say: {', '.join(lacks)}"
        raise UsageError(msg, hint="write each as a line below its [[faults]]; from = 'day 3 18:00', say")
    for name in sorted(_NUMBERS & entry.keys()):
        if not isinstance(entry[name], int | float):
            msg = f"a fault of kind {kind!r} that goes {how!r} says {name} = {entry[name]!r}, which is no number"
            raise UsageError(msg, hint=f"write {name} = 3, say")
    begin = moment(entry["from"], first_day)
    return Fault(
        kind=kind,
        how=how,
        begin=begin,
        end=moment(entry["to"], first_day) if "to" in entry else begin + timedelta(days=10_000),
        where={name: value for name, value in entry.items() if name in _PLACES},
        args={name: value for name, value in entry.items() if name not in _PLACES | _TIMES},
    )


def moment(text: str, first_day: date) -> datetime:
    """Read `day 3 18:00` (New York, the first day is 1) or an instant with its zone.

    Raises:
        UsageError: It is neither.
    """
    parts = str(text).split()
    try:
        if parts[0] == "day":
            day = first_day + timedelta(days=int(parts[1]) - 1)
            hour, _, minute = (parts[2] if len(parts) > 2 else "00:00").partition(":")  # noqa: PLR2004 -- day, number, time
            return midnight(day) + timedelta(hours=int(hour), minutes=int(minute or 0))
        at = datetime.fromisoformat(str(text))
        return at if at.tzinfo else at.replace(tzinfo=LEAGUE_ZONE)
    except (IndexError, ValueError, OverflowError) as error:
        msg = f"{text!r} is no time of a fault"
        raise UsageError(msg, hint="write: day 3 18:00, or 2024-01-23T04:20+00:00") from error


def read_file(path: Path) -> dict[str, Any]:
    """Return a fault or drill file as a dictionary.

    Raises:
        UsageError: It is not there, or no TOML.
    """
    try:
        return tomllib.loads(path.read_text("utf-8"))
    except (OSError, ValueError) as error:  # no TOML, or no text
        msg = f"{path} cannot be read: {error}"
        raise UsageError(msg, hint="is it a TOML file?") from error


def faults_of(path: Path, first_day: date) -> tuple[Fault, ...]:
    """Return the faults of a fault file.

    Raises:
        UsageError: It is not there, is no TOML, says no fault, or something else.
    """
    said = read_file(path)
    if set(said) != {"faults"}:
        msg = f"{path} holds {', '.join(sorted(said)) or 'nothing'}, and not faults alone"
        raise UsageError(msg, hint="write each as [[faults]] with kind, how, from, to")
    if not (
        said["faults"] and isinstance(said["faults"], list) and all(isinstance(entry, dict) for entry in said["faults"])
    ):
        msg = f"{path} holds no list of faults"
        raise UsageError(msg, hint="write each as [[faults]] with kind, how, from, to")
    return read_faults(said["faults"], first_day)
