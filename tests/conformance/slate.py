"""The good slate: eleven days of three games, made by plain formulas, on which every check finds nothing.

Six clubs of eight players; the last day is the slate that the checks look at. Raw rows are written out by the formulas
below; what is made from them is made by the league's own steps, and proven. Nothing here is drawn by chance.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import pyarrow as pa
from tests.conformance.cases import TABLES, Row

from tipoff.checks.profile import profile_of
from tipoff.core.home import Profile
from tipoff.core.proof import Proof, inputs_text, units_text
from tipoff.core.rows import table_from_records, units_of
from tipoff.core.slate import Game, GameStatus, Season, Slate
from tipoff.core.step import Context, PublishWork, PythonWork, SqlWork, Step
from tipoff.leagues.checks.usual import LEAST
from tipoff.leagues.identity.names import name_key
from tipoff.leagues.nba.league import NBA
from tipoff.leagues.nba.sources.teams import TEAMS
from tipoff.leagues.nba.systems.catalog import SYSTEMS
from tipoff.ledger import Batch, Ledger
from tipoff.store.dialect import CompiledStep
from tipoff.store.duck import DuckWarehouse
from tipoff.store.staging import make_proof, stage
from tipoff.store.warehouse import WriteRequest

FIRST = date(2024, 1, 10)
N_DAYS = 11
DAY = FIRST + timedelta(days=N_DAYS - 1)
SEASON = Season("2023-24", FIRST, date(2024, 4, 14))
NOW = datetime(2024, 1, 22, 12, tzinfo=UTC)
PAIRS = (("BOS", "NYK"), ("LAL", "GSW"), ("MIA", "CHI"))
CLUBS = tuple(club for pair in PAIRS for club in pair)
NAMES = ("Alpha", "Beta", "Gamma", "Delta", "Epsilon", "Zeta", "Eta", "Theta")
MINUTES = (35, 33, 31, 30, 30, 29, 27, 25)  # 240 together
BOOKS = {"A": 0.0, "B": 0.5, "C": 0.0}
COUNTED = (
    "minutes points fgm fga fg3m fg3a ftm fta oreb dreb reb ast stl blk tov pf".split()  # noqa: SIM905 -- reads as a list
)
TRAINED = (3, N_DAYS - 1)  # the days of a model


def at(n: int, hour: int, minute: int = 0) -> datetime:
    """Return an instant of the n-th day, UTC; hours beyond 24 are the next day's."""
    day = FIRST + timedelta(days=n)
    return datetime(day.year, day.month, day.day, tzinfo=UTC) + timedelta(hours=hour, minutes=minute)


def game_id(n: int, game: int) -> str:
    """Return the id of one of the n-th day's three games."""
    return f"00223{n:03}{game:02}"


def sides(n: int, game: int) -> tuple[str, str]:
    """Return home and away; the clubs of a pair take turns."""
    one, other = PAIRS[game]
    return (one, other) if (n + game) % 2 == 0 else (other, one)


def player_id(club: str, place: int) -> int:
    """Return a player's id: hundreds are the club."""
    return 100 * (CLUBS.index(club) + 1) + place


def line_of(n: int, club: str, place: int) -> Row:
    """Return what a player did on the n-th day."""
    c, p = CLUBS.index(club), place
    row = {
        "minutes": MINUTES[p],
        "fgm": 3 + (p + n + c) % 5,
        "fg3m": (p + 2 * n) % 3,
        "ftm": (p + c + n) % 4,
        "oreb": (p + n) % 3,
        "dreb": 2 + (p * c + n) % 4,
        "ast": 1 + (p + n) % 5,
        "stl": p % 3,
        "blk": (p + n) % 2,
        "tov": 1 + (p + c) % 3,
        "pf": (p + n) % 5,
    }
    row |= {"fga": row["fgm"] + 4 + p % 3, "fg3a": row["fg3m"] + 2, "fta": row["ftm"] + p % 2}
    return row | {"points": 2 * row["fgm"] + row["fg3m"] + row["ftm"], "reb": row["oreb"] + row["dreb"]}


def box_scores(n: int, game: int) -> dict[str, list[Row]]:
    """Return both clubs' lines; of two equal scores the away side's first player makes one free throw more."""
    home, away = sides(n, game)
    lines = {club: [line_of(n, club, place) for place in range(len(NAMES))] for club in (home, away)}
    if _points(lines[home]) == _points(lines[away]):
        first = lines[away][0]
        first |= {"ftm": first["ftm"] + 1, "fta": first["fta"] + 1, "points": first["points"] + 1}
    return lines


def _points(lines: list[Row]) -> int:
    return sum(int(line["points"]) for line in lines)


def raw(n: int) -> dict[str, list[Row]]:
    """Return the n-th day's rows of the raw tables."""
    found: dict[str, list[Row]] = {
        name: []
        for name in (
            "schedule",
            "nba_player_boxscores",
            "nba_team_boxscores",
            "bdl_player_boxscores",
            "odds_events",
            "player_lines",
        )
    }
    for game in range(len(PAIRS)):
        _game(found, n, game)
    listed = [(club, place, f"{club.title()} {name}") for club in CLUBS for place, name in enumerate(NAMES)]
    found["players"] = [
        {
            "day": FIRST + timedelta(days=n),
            "player_id": player_id(club, place),
            "player_name": name,
            "player_key": name_key(name),
            "team": club,
            "known_at": at(n, 14),
        }
        for club, place, name in listed
    ]
    return found


def _game(found: dict[str, list[Row]], n: int, game: int) -> None:
    home, away = sides(n, game)
    lines = box_scores(n, game)
    here = {"day": FIRST + timedelta(days=n), "game_id": game_id(n, game)}
    event = f"{n:02x}{game:02x}" + "ab" * 14
    found["schedule"].append(
        here
        | {
            "home_team": home,
            "away_team": away,
            "home_team_id": TEAMS[home].team_id,
            "away_team_id": TEAMS[away].team_id,
            "tipoff_at": at(n, 24),
            "status": "final",
            "home_score": _points(lines[home]),
            "away_score": _points(lines[away]),
            "known_at": at(n, 10),
        }
    )
    clubs = {"event_id": event, "home_team": home, "away_team": away}
    found["odds_events"].append(here | clubs | {"commence_at": at(n, 24), "known_at": at(n, 15)})
    for club, other in ((home, away), (away, home)):
        margin = _points(lines[club]) - _points(lines[other])
        side = {
            "team": club,
            "team_id": TEAMS[club].team_id,
            "opponent": other,
            "is_home": club == home,
            "won": margin > 0,
        }
        late = {"known_at": at(n, 29)}
        total = {name: sum(int(line[name]) for line in lines[club]) for name in COUNTED}
        found["nba_team_boxscores"].append(here | side | total | {"plus_minus": float(margin)} | late)
        for place, line in enumerate(lines[club]):
            name = f"{club.title()} {NAMES[place]}"
            who = {"player_name": name, "player_key": name_key(name)}
            own = {"player_id": player_id(club, place), "plus_minus": float(margin) if place < 5 else 0.0}
            found["nba_player_boxscores"].append(here | side | who | line | own | late)
            second = {"bdl_player_id": 9000 + player_id(club, place), "team": club, "is_home": club == home}
            found["bdl_player_boxscores"].append(here | who | line | second | late)
            for book, more in BOOKS.items():
                quote = {"event_id": event, "book": book, "line": (16.5 if place % 2 else 9.5) + more}
                quote |= {
                    "over_price": -110 + 5 * (place % 3),
                    "under_price": -110,
                    "quoted_at": at(n, 18),
                    "known_at": at(n, 18, 5),
                }
                found["player_lines"].append(here | who | quote)


MODELS = {"calibration"}
BEFORE_TIP = {"schedule", "players", "odds_events", "player_lines", "line_names", "candidates", "main_lines"}
BEFORE_TIP |= {"player_features", "player_form"}
BEFORE_TIP |= MODELS | {system.name for system in SYSTEMS} | {"published_predictions", "published_markets"}


@dataclass
class Good:
    """The good slate's rows by table, of every day, and the slate's own proofs."""

    warehouse: DuckWarehouse
    loaded: Mapping[str, CompiledStep]
    rows: dict[str, list[pa.Table]] = field(default_factory=dict)
    proofs: dict[str, Proof] = field(default_factory=dict)

    def all_rows(self) -> dict[str, pa.Table]:
        """Return each table's rows of every day."""
        return {name: pa.concat_tables(parts) for name, parts in self.rows.items()}

    def slate(self, name: str, day: date = DAY) -> list[Row]:
        """Return a day's rows of a table, in key order."""
        key = [(column, "ascending") for column in TABLES[name].key]
        [rows] = [part for part in self.rows[name] if part.num_rows and part.column("day")[0].as_py() == day]
        return list(rows.sort_by(key).to_pylist())


def make_good() -> Good:
    """Return the good slate on a DuckDB of its own."""
    warehouse = DuckWarehouse(None, profile=Profile.REPLAY)
    good = Good(warehouse, warehouse.prepare(NBA.steps))
    for n in range(N_DAYS):
        given = raw(n)
        games = tuple(
            Game(
                game_id=row["game_id"],
                day=row["day"],
                home=row["home_team"],
                away=row["away_team"],
                starts_at=row["tipoff_at"],
                status=GameStatus.FINAL,
            )
            for row in given["schedule"]
        )
        for step in NBA.steps:
            if step.name in MODELS and n not in TRAINED:
                continue
            as_of = at(n, 20) if step.name in BEFORE_TIP else at(n, 30)
            slate = Slate("nba", SEASON, FIRST + timedelta(days=n), games)
            _write(good, step, slate, as_of, _made(good, step, slate, as_of, given))
    return good


def _made(good: Good, step: Step, slate: Slate, as_of: datetime, given: Mapping[str, list[Row]]) -> pa.Table:
    work = step.work
    if isinstance(work, SqlWork):
        return good.warehouse.select(good.loaded[step.name], _asked(good, step, slate, as_of, ()))
    if isinstance(work, PythonWork | PublishWork):
        inputs = {
            read.table: good.warehouse.read(
                TABLES[read.table], read.window, day=slate.day, season=SEASON, as_of=as_of, columns=read.columns
            )
            for read in work.inputs
        }
        context = Context(slate=slate, units=frozenset(game.game_id for game in slate.games), as_of=as_of)
        return work.transform(context, inputs).rows
    return table_from_records(step.table, given[step.name])


def _asked(good: Good, step: Step, slate: Slate, as_of: datetime, units: Any) -> WriteRequest:
    return WriteRequest(
        step=step,
        season=SEASON,
        day=slate.day,
        fence=1,
        as_of=as_of,
        step_version=good.loaded[step.name].version,
        units=dict.fromkeys(units, "made"),
        evidence=True,
    )


def _write(good: Good, step: Step, slate: Slate, as_of: datetime, rows: pa.Table) -> None:
    asked = _asked(good, step, slate, as_of, sorted(set(units_of(step.table, rows).to_pylist())))
    staged = stage(asked, rows, None, lambda _units: rows.slice(0, 0))
    assert not staged.refused, (step.name, slate.day, staged.refused)
    good.warehouse.mirror(step.table, slate.day, staged.rows)
    good.rows.setdefault(step.name, []).append(staged.rows)
    if slate.day == DAY:
        good.proofs[step.name] = make_proof(asked, staged, None)


def write_ledger(good: Good, path: Path) -> Ledger:
    """Return a ledger in which the slate's work is recorded, and the days before look like it."""
    ledger = Ledger(path)
    batch = Batch()
    for row in good.slate("schedule"):
        batch.add(
            "games",
            {
                "league": "nba",
                "day": DAY,
                "game_id": row["game_id"],
                "home": row["home_team"],
                "away": row["away_team"],
                "starts_at": row["tipoff_at"],
                "status": "final",
                "evidence": "",
                "first_seen_at": row["known_at"],
                "changed_at": row["known_at"],
            },
        )
    for number, (name, proof) in enumerate(good.proofs.items(), start=1):
        batch.add("proofs", proof_row(proof))
        batch.add("obligations", obligation_row(name, proof))
        if "known_at" in TABLES[name].names:
            first = min(row["known_at"] for row in good.slate(name))
            for unit in proof.units:
                key = {"league": "nba", "output": name, "day": DAY, "unit": unit}
                batch.add("arrivals", key | {"first_at": first, "run_id": 1})
        batch.add("runs", run_row(name, number, ended_at=at(N_DAYS - 1, 23)))
        for n in range(1, LEAST + 1):
            batch.add("profiles", profile_row(good, name, n))
    counts = dict.fromkeys(("n_judged", "n_run", "n_held", "n_late", "n_quiet"), 0)
    for hour in range(48):
        batch.add("ticks", {"league": "nba", "at": at(N_DAYS - 1, hour), "build": "b", "settings_hash": "s"} | counts)
    ledger.commit(batch)
    return ledger


def run_row(name: str, number: int, *, ended_at: datetime) -> Row:
    """Return the run that looked at a source, or made an output."""
    return {
        "id": number,
        "league": "nba",
        "output": name,
        "day": DAY,
        "units": "[]",
        "state": "finished",
        "as_of": ended_at,
        "started_at": ended_at,
        "lease_until": ended_at,
        "ended_at": ended_at,
        "attempt": 1,
        "worker": "w",
    }


def profile_row(good: Good, name: str, n: int, *, null: str = "") -> Row:
    """Return what a table looked like n days before the slate: as on the slate, but for one column that was NULL."""
    profile = dict(profile_of(TABLES[name], good.rows[name][-1]))
    if null:
        profile[null] = profile[null] | {"nulls": 1.0}
    day = {"league": "nba", "output": name, "day": DAY - timedelta(days=n)}
    return day | {"at": NOW, "profile": json.dumps(profile)}


def proof_row(proof: Proof) -> Row:
    """Return the ledger's copy of a proof."""
    return {
        "league": "nba",
        "output": proof.output,
        "day": proof.day,
        "fence": proof.fence,
        "made_at": proof.made_at,
        "step_version": proof.step_version,
        "n_rows": proof.n_rows,
        "digest": proof.digest,
        "units": units_text(proof.units),
        "inputs": inputs_text(proof.inputs),
    }


def obligation_row(name: str, proof: Proof, *, state: str = "proven") -> Row:
    """Return the slate's obligation, met or still open."""
    return {
        "league": "nba",
        "output": name,
        "day": DAY,
        "season": SEASON.name,
        "state": state,
        "since": at(N_DAYS - 1, 10),
        "opens_at": at(N_DAYS - 1, 10),
        "due_at": at(N_DAYS - 1, 34),
        "not_before": None,
        "failures": 0,
        "polls": 0,
        "n_units": len(proof.units),
        "n_proven": len(proof.units) if state == "proven" else 0,
        "n_excused": 0,
        "missing": "[]",
        "excused": "{}",
        "attempted": "{}",
        "verb": "WAIT",
        "reason": "a source has not answered",
    }
