"""What every NBA parser needs: JSON or a clear error, one row at a time or a reject, the slate's games by side."""

import json
import math
from collections.abc import Callable, Iterable, Mapping
from datetime import datetime
from functools import lru_cache
from typing import Any

import pyarrow as pa

from tipoff.core.errors import ErrorKind, SourceError
from tipoff.core.payload import Payload, Reject

Record = dict[str, Any]
_SHOWN = 400


class BadRow(ValueError):
    """A row that cannot be used; the text says why."""


def read_json(payload: Payload) -> Any:  # noqa: ANN401 -- JSON
    """Return the payload's JSON; the last few are remembered, since one file serves several slates.

    Raises:
        SourceError: It is no JSON (an HTML page, a cut answer): the provider is asked again later.
    """
    try:
        return _decoded(payload.sha256, payload.body)
    except (UnicodeDecodeError, json.JSONDecodeError) as error:
        kind = "an HTML page" if payload.body.lstrip()[:1] == b"<" else "no JSON"
        msg = f"{payload.request.source} answered with {kind} ({len(payload.body)} bytes, archived as {payload.sha256[:12]})"
        raise SourceError(
            msg, kind=ErrorKind.TRANSIENT, hint="it is asked again; look at the archived payload"
        ) from error


@lru_cache(maxsize=4)
def _decoded(_sha: str, body: bytes) -> Any:  # noqa: ANN401 -- JSON
    return json.loads(body)


def shaped(payload: Payload, problem: str) -> SourceError:
    """Return the error for an answer whose shape nobody knows."""
    msg = (
        f"{payload.request.source} answered in a shape that is not known: {problem} (archived as {payload.sha256[:12]})"
    )
    return SourceError(msg, kind=ErrorKind.TRANSIENT, hint="the provider may have changed its format: mend the parser")


def each(items: Iterable[Any], read: Callable[[Any], Record]) -> tuple[list[Record], tuple[Reject, ...]]:
    """Read every item; one that cannot be read is a reject with its reason, and the rest goes on."""
    rows: list[Record] = []
    rejects: list[Reject] = []
    for item in items:
        try:
            rows.append(read(item))
        except (BadRow, KeyError, TypeError, ValueError) as error:
            reason = str(error) if isinstance(error, BadRow) else f"{type(error).__name__}: {error}"
            rejects.append(Reject(reason, str(item)[:_SHOWN]))
    return rows, tuple(rejects)


def number(value: Any, name: str) -> float | None:  # noqa: ANN401 -- JSON
    """Return a number, or None where nothing was said.

    Raises:
        BadRow: It is no finite number.
    """
    if value is None or value == "":
        return None
    try:
        found = float(value)
    except (TypeError, ValueError) as error:
        msg = f"{name} is {value!r}, no number"
        raise BadRow(msg) from error
    if not math.isfinite(found):
        msg = f"{name} is {value!r}, no number"
        raise BadRow(msg)
    return found


def count(value: Any, name: str) -> int | None:  # noqa: ANN401 -- JSON
    """Return a whole number, or None where nothing was said.

    Raises:
        BadRow: It is no whole number.
    """
    found = number(value, name)
    if found is None:
        return None
    if found != int(found):
        msg = f"{name} is {value!r}, no whole number"
        raise BadRow(msg)
    return int(found)


def instant(text: str) -> datetime:
    """Return the instant that a provider wrote in UTC."""
    at = datetime.fromisoformat(text)
    if at.tzinfo is None:
        msg = f"{text!r} names no zone"
        raise BadRow(msg)
    return at


def games_by_sides(inputs: Mapping[str, pa.Table]) -> dict[tuple[str, str], Record]:
    """Return the slate's games that are on, by (home, away)."""
    return {
        (row["home_team"], row["away_team"]): row
        for row in inputs["schedule"].to_pylist()
        if row["status"] in {"scheduled", "final"}
    }


def game_id(value: Any) -> str:  # noqa: ANN401 -- JSON
    """Return a game's id as the league writes it, ten digits; some answers drop the leading zeros."""
    text = str(value).strip().removesuffix(".0")
    return text.zfill(10) if text.isdigit() else text
