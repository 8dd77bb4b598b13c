"""The row of a finding, whoever has found it."""

import json
from collections.abc import Iterable
from datetime import datetime
from typing import Any

from tipoff.core.finding import Severity

_SHOWN = 20  # units named in a row; the rest are counted


def finding(  # noqa: PLR0913 -- the columns of one row
    where: tuple[str, str, Any],
    check: str,
    cause: str,
    severity: Severity,
    note: str,
    *,
    now: datetime,
    missing: Iterable[str] = (),
    coverage: float = 0.0,
    required: float = 1.0,
) -> dict[str, Any]:
    """Return the row of one finding; `where` is league, output and day."""
    league, output, day = where
    return {
        "at": now,
        "league": league,
        "output": output,
        "day": day,
        "check": check,
        "cause": cause,
        "severity": int(severity),
        "ok": False,
        "coverage": coverage,
        "required": required,
        "missing": json.dumps(list(missing)[:_SHOWN]),
        "note": note[:2000],
    }
