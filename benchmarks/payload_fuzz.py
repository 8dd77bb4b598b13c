"""Answers with anything in them changed: `python -m benchmarks.payload_fuzz [N]`; needs TIPOFF_DATA.

Each recorded answer of the NBA's providers, and each answer that the live steps of every league ask of its sample world, is
changed in one to four places and read. What must hold: no error but the source's own, every entry accounted for, nothing in a
row that a store could not hold.
"""

import copy
import gzip
import hashlib
import json
import random
import sys
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, timedelta
from functools import cache
from pathlib import Path
from typing import Any

import httpx
import pyarrow as pa

from tipoff.config import read_settings
from tipoff.core.clock import SimClock, midnight, stopwatch
from tipoff.core.door import LARGEST_NUMBER, LONGEST_TEXT
from tipoff.core.errors import SourceError
from tipoff.core.obligation import Anchor
from tipoff.core.parsing import Use, parsed_by
from tipoff.core.payload import Payload, Reject, Request
from tipoff.core.rows import arrow_schema, table_from_records
from tipoff.core.slate import Season, Slate
from tipoff.core.step import Context, SourceWork, Step
from tipoff.leagues.catalog import CONTENTS, live_content, sample_of
from tipoff.leagues.entries import Tally
from tipoff.leagues.nba.sources.forms import read_any
from tipoff.store.rows import check

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
SMALL = 70_000  # bytes: larger answers are read as they are, and too slow to be changed many thousand times
_AT = datetime(2024, 1, 1, tzinfo=UTC)
_ODD: tuple[Any, ...] = (
    *(
        None,
        True,
        -1,
        0.5,
        10**30,
        2**63,
        1e300,
        float("inf"),
        float("nan"),
        "",
        " ",
        "\ud83d",
        "\x00",
        "\u202e",
        "9" * 400,
    ),
    *(
        [],
        {},
        [None],
        [[]],
        "x",
        {"a": 1},
        "null",
        "0001-01-01T00:00:00Z",
        "9999-12-31T23:59:59Z",
        "2030-13-45",
        "01/08/2030",
    ),
    *("2030-01-08", "0042", "Final", "PT", "1e400", "x" * 3000),
)
_LONG_NUMBER, _LATIN_1 = b"9" * 5000, "\u00e9".encode("latin-1")


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
            elif dice.random() < 0.1 and isinstance(inner, list):
                inner.append(copy.deepcopy(inner[key]))
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
    text = json.dumps(mutated(json.loads(body), dice)).encode("utf-8", "surrogatepass")
    if (
        dice.random() < 0.05
    ):  # what no JSON of Python's writes: a number of thousands of digits, a byte of another encoding
        return text.replace(*dice.choice(((b": 1", b": " + _LONG_NUMBER), (b"a", _LATIN_1))), 1)
    return text


def must_hold(tally: Tally) -> None:
    """Refuse rows that no store could hold, and entries that are nowhere.

    Raises:
        AssertionError: There is one.
    """
    if tally.uses[Use.USED] != len(tally.rows):
        msg = f"{tally.uses[Use.USED]} entries were used, and {len(tally.rows)} rows made"
        raise AssertionError(msg)
    _rows_must_fit(tally.rows, tally.rejects)


def _rows_must_fit(rows: Iterable[Mapping[str, Any]], rejects: Iterable[Reject]) -> None:
    for row in rows:
        for name, value in row.items():
            if not _fits(value):
                msg = f"{name} is {value!r}"
                raise AssertionError(msg)
    for reject in rejects:
        reject.row.encode()
        reject.reason.encode()


def _fits(value: object) -> bool:
    if isinstance(value, str):
        value.encode()
        return len(value) <= LONGEST_TEXT and "\x00" not in value
    if isinstance(value, (int, float)):
        return abs(value) <= LARGEST_NUMBER
    return value is None or isinstance(value, (datetime, date))


# --- what the live steps ask


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """A source's answer of the sample world, with what its parser is given beside it."""

    step: Step
    payload: Payload
    context: Context
    inputs: Mapping[str, pa.Table]


SAMPLE = {"nba": "2029-30", "mlb": "2030"}  # seasons as their leagues name them
FIRST = date(2030, 4, 8)
_LEAST_LENGTH = 4  # days: by then there are earlier games, and every third goes otherwise in MLB


def asked_of(league: str) -> Iterator[Asked]:
    """Yield every answer of a day that a league's live steps ask of its sample world: before its games, and after them."""
    season = Season(SAMPLE[league], FIRST, FIRST + timedelta(days=_LEAST_LENGTH - 1))
    clock, day = SimClock(midnight(FIRST)), FIRST + timedelta(days=2)
    world = sample_of(league).world(season, seed=7, faults=()).transport(clock)
    steps = live_content(league).steps
    known = {step.name: arrow_schema(step.table).empty_table() for step in steps}
    for hours, are_over in (
        (12, False),
        (18, False),
        (36, True),
    ):  # of the day: in the morning, near its games, after them
        clock.advance_to(midnight(day) + timedelta(hours=hours))
        for step in steps:
            work = step.work
            if not isinstance(work, SourceWork) or (step.timing.opens.anchor is Anchor.LAST_START) is not are_over:
                continue
            slate = Slate(league, season, day)
            units = step.units.parts(slate) if step.units.parts else known["schedule"].column("game_id").to_pylist()
            context = Context(slate=slate, units=frozenset(units), as_of=clock.now())
            inputs, rows = known | {step.name: arrow_schema(step.table).empty_table()}, []
            for request in work.requests(context, known):
                payload = _answered(world, request, clock.now())
                if payload.status == 200:
                    yield Asked(step=step, payload=payload, context=context, inputs=inputs)
                    rows += parsed_by(work.parse, payload, context, inputs).rows
            known[step.name] = table_from_records(step.table, [row | {"known_at": clock.now()} for row in rows])


def _answered(world: httpx.BaseTransport, request: Request, now: datetime) -> Payload:
    answer = world.handle_request(httpx.Request("GET", request.url, params=dict(request.params)))
    body = answer.read()
    return Payload(
        request=request, body=body, sha256=hashlib.sha256(body).hexdigest(), status=answer.status_code, fetched_at=now
    )


@cache
def every_source() -> tuple[Asked, ...]:
    """Return every answer that the live steps of all leagues ask of their sample worlds."""
    return tuple(asked for league in CONTENTS for asked in asked_of(league))


def by_step(answers: Iterable[Asked]) -> Mapping[tuple[str, str], Sequence[Asked]]:
    """Return the answers by league and step."""
    found: dict[tuple[str, str], list[Asked]] = {}
    for asked in answers:
        found.setdefault((asked.context.slate.league, asked.step.name), []).append(asked)
    return found


def read_source(asked: Asked, body: bytes) -> Mapping[str, int]:
    """Read an answer in the place of the one that was asked for, and hold its rows against the step's table.

    Returns what became of its entries.

    Raises:
        SourceError: It cannot be read: that is the source's trouble.
        Exception: Whatever a reader lets through: that is ours.
    """
    step, now = asked.step, asked.context.as_of
    payload = replace(asked.payload, body=body, sha256=hashlib.sha256(body).hexdigest())
    if not isinstance(step.work, SourceWork):
        raise TypeError(step.work)
    parsed = parsed_by(step.work.parse, payload, asked.context, asked.inputs)
    _rows_must_fit(parsed.rows, parsed.rejects)
    rows = table_from_records(step.table, [row | {"known_at": now} for row in parsed.rows])
    check(step.table, asked.context.slate.day, rows)
    return parsed.uses


Attempt = Callable[[random.Random], tuple[str, str, Mapping[str, int]]]


def attempt_of(data: Path | None) -> Attempt:
    """Return what reads one changed answer as dice say: how it ended, of which live step it is, what became of its entries."""
    answers = [body for _, body in recorded(data) if len(body) < SMALL] if data else []
    sources = [*by_step(every_source()).values()]  # each step as often as any, however much it asks

    def attempt(dice: random.Random) -> tuple[str, str, Mapping[str, int]]:
        step = ""
        try:
            if not answers or dice.random() < 0.5:
                asked = dice.choice(dice.choice(sources))
                step = f"{asked.context.slate.league} {asked.step.name}"
                return "read", step, read_source(asked, changed(asked.payload.body, dice))
            _, tally = read_any(payload_of(changed(dice.choice(answers), dice)))
        except SourceError:
            return "refused whole", step, {}
        if tally is None:
            return "not used", step, {}
        must_hold(tally)
        return "read", step, {use.value: n for use, n in tally.uses.items()}

    return attempt


def fuzz(data: Path | None, n_answers: int, seed: int) -> dict[str, Any]:
    """Read so many changed answers, half of them of the live steps; returns what became of them.

    Raises:
        Exception: Whatever a reader lets through.
    """
    dice, attempt = random.Random(seed), attempt_of(data)  # noqa: S311 -- mutations
    ends, uses, read, slowest = Counter[str](), Counter[str](), Counter[str](), 0.0
    for _ in range(n_answers):
        began = stopwatch()
        end, step, found = attempt(dice)
        slowest = max(slowest, stopwatch() - began)
        ends[end] += 1
        read.update([step] if step else [])
        uses.update(found)
    return {
        "answers": n_answers,
        "seed": seed,
        "ends": dict(ends),
        "entries": dict(uses),
        "steps": dict(sorted(read.items())),
        "slowest_s": round(slowest, 2),
    }


if __name__ == "__main__":
    folder = read_settings().data
    if folder is None:
        sys.exit("set TIPOFF_DATA")
    print(json.dumps(fuzz(folder, int(sys.argv[1]) if len(sys.argv) > 1 else 10_000, 7), indent=1))
