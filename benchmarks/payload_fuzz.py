"""Answers with anything in them changed: `python -m benchmarks.payload_fuzz [N]`; needs TIPOFF_DATA.

Each recorded answer of the NBA's providers is changed in one to four places and read. What must hold: no error but the
source's own, every entry accounted for, nothing in a row that a store could not hold.
"""

import copy
import gzip
import hashlib
import json
import random
import sys
from collections import Counter
from collections.abc import Iterator
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

from tipoff.config import read_settings
from tipoff.core.clock import stopwatch
from tipoff.core.door import LARGEST_NUMBER, LONGEST_TEXT
from tipoff.core.errors import SourceError
from tipoff.core.parsing import Tally, Use
from tipoff.core.payload import Payload, Request
from tipoff.leagues.nba.sources.forms import read_any

PROVIDERS = (
    "balldontlie",
    "basketball-reference",
    "bettingpros",
    "cdn.nba.com",
    "data.nba.com",
    "espn",
    "nba.com",
    "stats.nba.com",
    "the-odds-api",
)
SMALL = 60_000  # bytes: larger answers are read as they are, and too slow to be changed many thousand times
_AT = datetime(2024, 1, 1, tzinfo=UTC)
_ODD: tuple[Any, ...] = (
    None, True, -1, 10**30, 1e300, float("inf"), "", "\ud83d", "\x00", "9" * 400, [], {}, [None], "x", {"a": 1},
)  # fmt: skip


def payload_of(body: bytes) -> Payload:
    """Return an answer with this body."""
    sha = hashlib.sha256(body).hexdigest()
    return Payload(request=Request(source="p", url="https://p"), body=body, sha256=sha, status=200, fetched_at=_AT)


def recorded(data: Path) -> Iterator[tuple[str, bytes]]:
    """Yield each recorded answer with its name."""
    for provider in PROVIDERS:
        for path in sorted((data / "payloads" / provider).iterdir()):
            raw = path.read_bytes()
            yield f"{provider}/{path.name}", gzip.decompress(raw) if path.suffix == ".gz" else raw


def mutated(document: Any, dice: random.Random) -> Any:  # noqa: ANN401 -- JSON
    """Return the document with one to four values changed or gone."""
    found = copy.deepcopy(document)
    for _ in range(dice.randint(1, 4)):
        inner = found
        for _ in range(dice.randint(1, 7)):
            keys = _keys(inner)
            if not keys:
                break
            key = dice.choice(keys[:40])
            if isinstance(inner[key], (dict, list)) and dice.random() < 0.8:
                inner = inner[key]
                continue
            if dice.random() < 0.2:
                del inner[key]
            else:
                inner[key] = copy.deepcopy(dice.choice(_ODD))
            break
    return found


def _keys(value: Any) -> list[Any]:  # noqa: ANN401 -- JSON
    return list(value) if isinstance(value, dict) else list(range(len(value))) if isinstance(value, list) else []


def changed(body: bytes, dice: random.Random) -> bytes:
    """Return an answer's bytes with something in them changed."""
    if body[:1] not in {b"{", b"["}:
        cut = dice.randint(0, len(body))
        return body[:cut] + bytes(dice.randint(0, 255) for _ in range(8)) + body[cut + 8 :]
    return json.dumps(mutated(json.loads(body), dice)).encode("utf-8", "surrogatepass")


def must_hold(tally: Tally) -> None:
    """Refuse rows that no store could hold, and entries that are nowhere.

    Raises:
        AssertionError: There is one.
    """
    if tally.uses[Use.USED] != len(tally.rows):
        msg = f"{tally.uses[Use.USED]} entries were used, and {len(tally.rows)} rows made"
        raise AssertionError(msg)
    for row in tally.rows:
        for name, value in row.items():
            if not _fits(value):
                msg = f"{name} is {value!r}"
                raise AssertionError(msg)
    for reject in tally.rejects:
        reject.row.encode()
        reject.reason.encode()


def _fits(value: object) -> bool:
    if isinstance(value, str):
        value.encode()
        return len(value) <= LONGEST_TEXT and "\x00" not in value
    if isinstance(value, (int, float)):
        return abs(value) <= LARGEST_NUMBER
    return value is None or isinstance(value, (datetime, date))


def fuzz(data: Path, n_answers: int, seed: int) -> dict[str, Any]:
    """Read so many changed answers; returns what became of them.

    Raises:
        Exception: Whatever a reader lets through.
    """
    dice = random.Random(seed)  # noqa: S311 -- mutations
    answers = [(name, body) for name, body in recorded(data) if len(body) < SMALL]
    ends, uses, slowest = Counter[str](), Counter[str](), 0.0
    for _ in range(n_answers):
        _, body = dice.choice(answers)
        began = stopwatch()
        try:
            _, tally = read_any(payload_of(changed(body, dice)))
        except SourceError:
            ends["refused whole"] += 1
        else:
            ends["read" if tally is not None else "not used"] += 1
            if tally is not None:
                must_hold(tally)
                uses.update({use.value: n for use, n in tally.uses.items()})
        slowest = max(slowest, stopwatch() - began)
    return {
        "answers": n_answers,
        "seed": seed,
        "ends": dict(ends),
        "entries": dict(uses),
        "slowest_s": round(slowest, 2),
    }


if __name__ == "__main__":
    folder = read_settings().data
    if folder is None:
        sys.exit("set TIPOFF_DATA")
    print(json.dumps(fuzz(folder, int(sys.argv[1]) if len(sys.argv) > 1 else 10_000, 7), indent=1))
