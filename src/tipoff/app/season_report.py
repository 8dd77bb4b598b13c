"""What a league says of a season, of its models and of one prediction, from a home's open stores."""

import hashlib
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from datetime import date, datetime, timedelta
from typing import TYPE_CHECKING, Any

from tipoff.app.instance import Instance, OpenStores
from tipoff.core.errors import UsageError
from tipoff.core.league import League
from tipoff.core.slate import Season
from tipoff.core.window import BEFORE, Window
from tipoff.leagues.catalog import content_named
from tipoff.ledger import Ledger
from tipoff.ledger.facts import season_of, seasons_of
from tipoff.sources.content import Content

if TYPE_CHECKING:
    import pyarrow as pa

Answer = Mapping[str, Any]
_LONG = 80  # characters of a value, beyond which its hash is shown


@dataclass(frozen=True, slots=True)
class Reader:
    """A home's tables of one season, read as they stand."""

    content: Content
    season: Season
    stores: Instance | OpenStores
    now: datetime

    def read(self, table: str, window: Window, day: date, columns: tuple[str, ...] = ()) -> "pa.Table":
        """Return what a step of `day` would read of a table."""
        declared = self.content.league.table(table)
        return self.stores.warehouse.read(
            declared, window, day=day, season=self.season, as_of=self.now, columns=columns
        )

    def whole(self, table: str, columns: tuple[str, ...] = ()) -> "pa.Table":
        """Return a table's rows of the season."""
        return self.read(table, BEFORE, self.season.last_day + timedelta(days=1), columns)


def _named(ledger: Ledger, league: str, name: str) -> Season:
    known = {season.name: season for season in seasons_of(ledger, league)}
    if name not in known:
        msg = f"this home knows no season {name!r} of {league}"
        raise UsageError(msg, hint=f"known are: {', '.join(known) or 'none yet'}")
    return known[name]


def sections_of(league: League, what: Answer, stores: Instance | OpenStores, now: datetime) -> Answer:
    """Return the sections of the report of `season`; raises `UsageError` where there is none, or nothing is graded."""
    content = content_named(league.name)
    if content.report is None:
        msg = f"{content.league.name} has no report of a season"
        raise UsageError(msg, hint="its content declares none")
    home = Reader(content, _named(stores.ledger, league.name, what["season"]), stores, now)
    tables = {table: home.whole(table, columns) for table, columns in content.report.reads.items()}
    graded = next(iter(tables))  # of the others there may be none: no lines, or no system's rows
    if not tables[graded].num_rows:
        msg = f"nothing stands yet in {graded} of {league.name} {home.season.name}"
        raise UsageError(msg, hint=f"games are graded the morning after: tipoff grid {league.name}")
    return {"sections": [asdict(one) | {"shape": one.shape.value} for one in content.report.make(tables)]}


def explained(league: League, what: Answer, stores: Instance | OpenStores, now: datetime) -> Answer:
    """Return what the prediction of `whom` on `day` rests on; raises `UsageError` where nothing, nobody or several are meant."""
    content, day = content_named(league.name), date.fromisoformat(what["day"])
    if content.explain is None:
        msg = f"{content.league.name} does not explain its predictions"
        raise UsageError(msg, hint="its content declares no explanation")
    home = Reader(content, season_of(stores.ledger, league.name, day), stores, now)
    tables = {one.table: home.read(one.table, one.window, day, one.columns) for one in content.explain.reads}
    return {"lines": content.explain.say(tables, what["whom"])}


def models_of(league: League, what: Answer, stores: Instance | OpenStores, now: datetime) -> Answer:
    """Return the trained models of `season`, the newest first: what they rest on, whether they fit this build, who serves."""
    content, found = content_named(league.name), list[dict[str, Any]]()
    home = Reader(content, _named(stores.ledger, league.name, what["season"]), stores, now)
    for contract in content.models:
        name = contract.table.partition(".")[2]
        rows = sorted(home.whole(name).to_pylist(), key=lambda row: row["day"], reverse=True)
        for row in rows:
            doubt = contract.doubt(row)
            is_newest = row["day"] == rows[0]["day"]
            state = f"does not serve: {doubt}" if doubt else "serves" if is_newest else "replaced"
            found.append({"table": name, "state": state} | {column: _short(row[column]) for column in row})
    return {"models": found + _shipped(content, home.season)}


def _shipped(content: Content, season: Season) -> list[dict[str, Any]]:
    """Return the models that come with the build, and on which days of a season each serves: those that it saw nothing of."""
    found: list[dict[str, Any]] = []
    until: date | None = season.last_day
    for row in content.shipped():
        day, state = row["day"], "replaced"
        if day >= season.last_day:
            state = "does not serve: what it was trained on is not over before the season ends"
        elif until is not None:
            after = f" after {day}" if day >= season.first_day else ""
            state = f"serves{after}" + (f" until {until}" if until < season.last_day else "")
            until = day if after else None
        found.append({"table": "shipped", "state": state} | {column: _short(row[column]) for column in row})
    return found


def _short(value: object) -> object:
    if isinstance(value, str) and len(value) > _LONG:
        return f"sha256 {hashlib.sha256(value.encode()).hexdigest()[:16]}, {len(value):,} characters"
    if isinstance(value, float):
        return round(value, 4)
    return str(value) if isinstance(value, date) else value
