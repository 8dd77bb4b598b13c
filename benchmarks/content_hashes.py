"""What a home holds, as one hash for each table and day: written down before a change, compared after it.

`python -m benchmarks.content_hashes HOME [--out FILE] [--compare FILE] [--except TABLE…]`. HOME is a home's folder, or the
address of a PostgreSQL that holds its ledger. A hash is the digest of the proof that the ledger keeps: of the rows as they were
read back, without columns that tell when something was made. Exits with 1 where a table that was not excepted differs.
"""

import argparse
import json
import sys
from collections import Counter
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from sqlalchemy import create_engine, text

Hashes = dict[str, dict[str, list[Any]]]  # "league.output" -> day -> [rows, digest]
_SHOWN = 5


def hashes_of(target: str) -> Hashes:
    """Return rows and digest by table and day, of every league of a home."""
    is_address = "://" in target
    engine = create_engine(target if is_address else f"sqlite:///{Path(target) / 'ledger.db'}")
    found: Hashes = {}
    with engine.connect() as connection:
        query = "select league, output, day, n_rows, digest from proofs order by league, output, day"
        for league, output, day, n_rows, digest in connection.execute(text(query)):
            found.setdefault(f"{league}.{output}", {})[str(day)] = [n_rows, digest[:16]]
    engine.dispose()
    return found


def differences(before: Mapping[str, Any], after: Mapping[str, Any], leave_out: Iterable[str] = ()) -> list[str]:
    """Return what differs between two homes, a line for each table; empty where they hold the same."""
    lines = []
    for table in sorted(before.keys() | after.keys()):
        was, now = before.get(table, {}), after.get(table, {})
        days = sorted(day for day in was.keys() | now.keys() if was.get(day) != now.get(day))
        if not days or table in leave_out or table.partition(".")[2] in leave_out:
            continue
        kinds = Counter(
            "gone"
            if day not in now
            else "new"
            if day not in was
            else "rows"
            if was[day][0] != now[day][0]
            else "content"
            for day in days
        )
        said = ", ".join(f"{n} {kind}" for kind, n in sorted(kinds.items()))
        more = " …" if len(days) > _SHOWN else ""
        lines.append(
            f"{table}: {len(days)} of {len(was.keys() | now.keys())} days ({said}): {', '.join(days[:_SHOWN])}{more}"
        )
    return lines


def main(arguments: list[str]) -> int:
    """Write down, or compare."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("home")
    parser.add_argument("--out", type=Path)
    parser.add_argument("--compare", type=Path)
    parser.add_argument("--except", dest="leave_out", nargs="*", default=[])
    told = parser.parse_args(arguments)
    found = hashes_of(told.home)
    if told.out:
        rows = ",\n".join(f' "{table}": {json.dumps(days)}' for table, days in sorted(found.items()))
        told.out.write_text(f"{{\n{rows}\n}}\n")
    if not told.compare:
        return 0
    lines = differences(json.loads(told.compare.read_text()), found, told.leave_out)
    for line in lines:
        sys.stdout.write(f"{line}\n")
    n_days = sum(len(days) for days in found.values())
    sys.stdout.write(f"{len(found)} tables, {n_days} days: {'equal' if not lines else f'{len(lines)} tables differ'}\n")
    return 1 if lines else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
