"""A slate to be checked: one game in every table that the checks' kinds need, put right or spoiled by a statement."""

from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from tests.nba import SEASON, TODAY, Bench, Row, benched, day_of

from tipoff.checks.examine import Examined, Examiner
from tipoff.core.check import Check
from tipoff.core.clock import midnight
from tipoff.core.home import Profile
from tipoff.core.proof import UnitProof, units_text
from tipoff.leagues.nba.league import NBA
from tipoff.ledger import Batch, Ledger
from tipoff.store.published import Published

GAME = "0022300500"
TIP = midnight(TODAY) + timedelta(hours=19)
MORNING = midnight(TODAY) + timedelta(hours=35)
KNOWN = midnight(TODAY) + timedelta(hours=23)
HOME, AWAY = "BOS", "NYK"
PLAYERS = ((1, HOME), (2, HOME), (3, AWAY), (4, AWAY))


def counted(points: int, factor: int = 1) -> Row:
    """Return a box score's counts that add up: every point from a two."""
    made = {
        "points": points,
        "fgm": points // 2,
        "fga": points,
        "reb": 6 * factor,
        "oreb": 2 * factor,
        "dreb": 4 * factor,
    }
    return (
        {"minutes": 30 * factor}
        | made
        | dict.fromkeys(("fg3m", "fg3a", "ftm", "fta"), 0)
        | dict.fromkeys(("ast", "stl", "blk", "tov", "pf"), factor)
    )


def _who(player: int, team: str) -> Row:
    return {
        "day": TODAY,
        "game_id": GAME,
        "player_id": player,
        "player_name": f"Player {'ABCD'[player - 1]}",
        "player_key": f"player{'abcd'[player - 1]}",
        "team": team,
        "team_id": 1610612738 if team == HOME else 1610612752,
        "opponent": AWAY if team == HOME else HOME,
        "is_home": team == HOME,
        "won": team == HOME,
        "known_at": KNOWN,
        "plus_minus": 2.0 if team == HOME else -2.0,
    }


def game() -> dict[str, list[Row]]:
    """Return the rows of one game, by table: home wins 42 to 38."""
    scheduled = {
        "day": TODAY,
        "game_id": GAME,
        "home_team": HOME,
        "away_team": AWAY,
        "home_team_id": 1610612738,
        "away_team_id": 1610612752,
        "tipoff_at": TIP,
        "status": "final",
        "home_score": 42,
        "away_score": 38,
        "known_at": KNOWN,
    }
    players = [
        _who(player, team) | counted(22 if player % 2 else 20 if team == HOME else 16) for player, team in PLAYERS
    ]
    clubs = [
        _who(1 if team == HOME else 3, team) | counted(42 if team == HOME else 38, 2) | {"minutes": 60}
        for team in (HOME, AWAY)
    ]
    second = [row | {"bdl_player_id": 100 + row["player_id"]} for row in players]
    event = {"event_id": "ab" * 16, "commence_at": TIP, "known_at": TIP - timedelta(hours=8)}
    quote = {
        "book": "one",
        "line": 20.5,
        "over_price": -110,
        "under_price": -110,
        "quoted_at": TIP - timedelta(hours=2),
    }
    return {
        "schedule": [scheduled],
        "nba_player_boxscores": players,
        "nba_team_boxscores": clubs,
        "bdl_player_boxscores": second,
        "odds_events": [scheduled | event],
        "player_lines": [row | event | quote for row in players],
    }


class Slate:
    """One slate in a warehouse in memory, with a ledger beside it."""

    def __init__(self, folder: Path, bench: Bench) -> None:
        self.bench = bench
        self.ledger = Ledger(folder / "ledger.db", profile=Profile.REPLAY)
        self.examiner = Examiner(
            league=NBA,
            season=SEASON,
            loaded=self.bench.loaded,
            warehouse=self.bench.warehouse,
            ledger=self.ledger,
            published=Published(folder / "published"),
            stopwatch=lambda: 0.0,
        )

    def spoil(self, statement: str) -> None:
        """Do to the store what no writer would."""
        self.bench.warehouse._db.execute(statement)  # noqa: SLF001 -- a corruption comes in no honest way
        self.bench.warehouse._slices.clear()  # noqa: SLF001

    def spoil_ledger(self, statement: str) -> None:
        """Do to the ledger what no writer would."""
        with self.ledger.transaction() as connection:
            connection.exec_driver_sql(statement)

    def measure(self, check: Check, *, now: datetime = MORNING) -> Examined:
        """Measure one check on today's slate."""
        [found] = self.examiner.measure([check], TODAY, now)
        return found

    def write(self, table: str, *rows: Row) -> None:
        """Put rows into the ledger."""
        batch = Batch()
        for row in rows:
            batch.add(table, row)
        self.ledger.commit(batch)


@contextmanager
def checked(folder: Path, name: str = "empty", rows: Mapping[str, list[Row]] | None = None) -> Iterator[Slate]:
    """Open a slate with these rows, always the same ones under one name; what is done to them is taken back."""
    with benched(name, rows) as bench:
        slate = Slate(folder, bench)
        yield slate
        slate.ledger.close()


# --- rows of the ledger


def on_schedule(game_id: str = GAME, status: str = "final", **more: Any) -> Row:
    """Return the ledger's row of a game."""
    known = {"home": HOME, "away": AWAY, "starts_at": TIP, "evidence": "", "first_seen_at": TIP, "changed_at": TIP}
    return {"league": "nba", "day": TODAY, "game_id": game_id, "status": status} | known | more


def proven(output: str, units: Mapping[str, int], *, as_of: datetime = KNOWN, excuse: str = "") -> Row:
    """Return the ledger's copy of a proof: rows by unit."""
    made = {
        unit: UnitProof(unit=unit, n_rows=n, content_hash="h", as_of=as_of, excuse="" if n else excuse)
        for unit, n in units.items()
    }
    fixed = {"fence": 1, "made_at": as_of, "step_version": "v", "digest": "d", "inputs": "[]"}
    return {
        "league": "nba",
        "output": output,
        "day": TODAY,
        "n_rows": sum(units.values()),
        "units": units_text(made),
    } | fixed


def owed(output: str, state: str, *, due_at: datetime = KNOWN, **more: Any) -> Row:
    """Return an obligation's row."""
    return {
        "league": "nba",
        "output": output,
        "day": TODAY,
        "season": SEASON.name,
        "state": state,
        "since": KNOWN,
        "opens_at": KNOWN,
        "due_at": due_at,
        "not_before": None,
        "failures": 0,
        "polls": 0,
        "n_units": 1,
        "n_proven": int(state == "proven"),
        "n_excused": 0,
        "missing": "[]",
        "excused": "{}",
        "attempted": "{}",
        "verb": "WAIT",
        "reason": "its gate is shut",
    } | more


def ran(number: int, output: str, state: str, started_at: datetime, **more: Any) -> Row:
    """Return a run's row, five minutes long."""
    return {
        "id": number,
        "league": "nba",
        "output": output,
        "day": TODAY,
        "units": "[]",
        "state": state,
        "as_of": started_at,
        "started_at": started_at,
        "lease_until": started_at + timedelta(minutes=10),
        "ended_at": None if state == "started" else started_at + timedelta(minutes=5),
        "attempt": 1,
        "n_rows": 1,
        "n_changed": 1,
        "cpu_ms": 1.0,
        "error_kind": None,
        "error": None,
        "hint": None,
        "worker": "w",
    } | more


def tick(number: int, at: datetime, **more: Any) -> Row:
    """Return a tick's row."""
    counts = dict.fromkeys(("n_judged", "n_run", "n_held", "n_late", "n_quiet"), 0)
    return {"id": number, "league": "nba", "at": at, "build": "1", "settings_hash": "s"} | counts | more


def decided(number: int, verb: str, output: str, at: datetime, reason: str = "it is due") -> Row:
    """Return a decision's row."""
    fixed = {"league": "nba", "day": TODAY, "until": None, "run_id": None}
    return {"id": number, "at": at, "output": output, "verb": verb, "reason": reason} | fixed


def every(hours: float, n: int, *, begin: datetime | None = None) -> Iterable[datetime]:
    """Yield `n` instants so far apart, from the day's midnight."""
    first = begin or midnight(TODAY)
    return (first + timedelta(hours=hours * i) for i in range(n))


LONG_AGO = datetime(2024, 1, 2, tzinfo=UTC)
YESTERDAY = day_of(19)
