"""Who is meant by the spellings of the lines and of the second box scores: transforms over the league's list and its games."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import pyarrow as pa

from tipoff.core.payload import Parsed, Payload, Request
from tipoff.core.question import Question
from tipoff.core.rows import table_from_records
from tipoff.core.schema import Table
from tipoff.core.step import Context, Made
from tipoff.core.window import LATEST, Input, Window
from tipoff.leagues.entries import read_json
from tipoff.leagues.identity.resolve import Certainty, Person, Resolution, resolve
from tipoff.leagues.nba import name_tables
from tipoff.leagues.nba.sources import statsnba
from tipoff.leagues.nba.sources.people import of_day, player_index

Row = dict[str, Any]
_PLAYED = Window.parse("last45")  # who played for a team lately, where the league's list lacks him
KNOWN = (
    Input("players", LATEST, ("player_id", "player_name", "team")),
    Input("player_games", _PLAYED, ("day", "game_id", "player_id", "player_name", "team")),
)


def list_requests(context: Context, _inputs: Mapping[str, pa.Table]) -> Sequence[Request]:
    """Ask for the season's players."""
    params = (("Historical", "0"), ("LeagueID", "00"), ("Season", context.slate.season.name))
    return [Request(source=statsnba.SOURCE, url=statsnba.INDEX_URL, params=params, headers=statsnba.HEADERS)]


def parse_list(payload: Payload, context: Context, _inputs: Mapping[str, pa.Table]) -> Parsed:
    """Return the players with their teams, each once."""
    tally = player_index(payload, read_json(payload))
    tally.rows = list({row["player_id"]: row for row in of_day(tally, context.slate.day, "player_id")}.values())
    return tally.parsed()


def people_of(listed: pa.Table, played: pa.Table) -> list[Person]:
    """Return who is known, once for each team that he may be with: that of the list, and that of his last game."""
    who = ("player_id", "player_name", "team")
    games = played.sort_by([("day", "ascending"), ("game_id", "ascending")])
    last = {player_id: place for place, player_id in enumerate(games.column("player_id").to_pylist())}
    newest = games.select(who).take(pa.array(last.values(), pa.int64()))
    rows = [row for table in (listed, newest) for row in zip(*(table.column(n).to_pylist() for n in who), strict=True)]
    return [Person(player_id, name, team or "") for player_id, name, team in dict.fromkeys(rows)]


@dataclass(frozen=True, slots=True, kw_only=True)
class Rulings:
    """What people have ruled, by spelling: for one game, or for wherever it stands."""

    here: Mapping[tuple[str, str], int]
    anywhere: Mapping[str, Sequence[int]]

    @classmethod
    def of(cls, context: Context) -> "Rulings":
        """Return the rulings that a run is told of."""
        here = {(r.unit, r.subject): int(r.value) for r in context.rulings if r.unit}
        anywhere: dict[str, list[int]] = {}
        for ruling in context.rulings:
            if not ruling.unit:
                anywhere.setdefault(ruling.subject, []).append(int(ruling.value))
        return cls(here=here, anywhere=anywhere)


def name_lines(context: Context, inputs: Mapping[str, pa.Table]) -> Made:
    """Return who is meant by each spelling in the lines of each game."""
    people, rulings = _known(inputs), Rulings.of(context)
    sides = {row["game_id"]: {row["home_team"], row["away_team"]} for row in inputs["schedule"].to_pylist()}
    spelt: dict[tuple[str, str], str] = {}
    for row in inputs["player_lines"].to_pylist():
        key = row["game_id"], row["player_key"]
        if row["game_id"] in context.units:
            spelt[key] = min(row["player_name"], spelt.get(key, row["player_name"]))
    lined = {game_id for game_id, _ in spelt}
    present = {game_id: [p for p in people if p.team in sides.get(game_id, ())] for game_id in lined}
    rows, questions = [], []
    for (game_id, player_key), name in sorted(spelt.items()):
        found = _ask(name, game_id, present[game_id], people, rulings)
        rows.append(
            {"day": context.slate.day, "game_id": game_id, "player_key": player_key, "spelling": name} | _told(found)
        )
        questions += _question(name, game_id, found)
    return _made(name_tables.LINE_NAMES, rows, questions)


def name_boxes(context: Context, inputs: Mapping[str, pa.Table]) -> Made:
    """Return who is meant by each row of the second source's box scores; two rows are never of one man."""
    people, rulings = _known(inputs), Rulings.of(context)
    rows = []
    found: list[tuple[Row, Resolution]] = []
    teams: dict[str, list[Person]] = {}
    for person in people:
        teams.setdefault(person.team, []).append(person)
    for row in inputs["bdl_player_boxscores"].to_pylist():
        if row["game_id"] in context.units:
            team = teams.get(row["team"], [])
            found.append((row, _ask(row["player_name"], row["game_id"], team, people, rulings)))
    times = Counter((row["game_id"], who.person.id) for row, who in found if who.person)
    questions: list[Question] = []
    for row, who in found:
        if who.person and times[row["game_id"], who.person.id] > 1 and who.rule != "exact":
            who = Resolution(certainty=Certainty.AMBIGUOUS, rule="another row is his too", suggestions=(who.person,))  # noqa: PLW2901
        named = {name: row[name] for name in ("game_id", "bdl_player_id", "player_name")}
        rows.append({"day": context.slate.day} | named | _told(who))
        questions += _question(row["player_name"], row["game_id"], who)
    return _made(name_tables.BOX_NAMES, rows, questions)


def _known(inputs: Mapping[str, pa.Table]) -> list[Person]:
    return people_of(inputs["players"], inputs["player_games"])


def _ask(name: str, game_id: str, present: Sequence[Person], people: Sequence[Person], rulings: Rulings) -> Resolution:
    here, told = rulings.here.get((game_id, name)), rulings.anywhere.get(name, ())
    return resolve(name, present, people, here=here, told=told)


def _told(found: Resolution) -> Row:
    person = found.person
    return {
        "player_id": person.id if person else None,
        "of_team": person.team or None if person else None,
        "certainty": found.certainty.value,
        "rule": found.rule or None,
        "suggestions": "; ".join(_options(found)) or None,
    }


def _options(found: Resolution) -> tuple[str, ...]:
    return tuple(f"{person.id} {person.name} ({person.team})" for person in found.suggestions)


def _question(name: str, game_id: str, found: Resolution) -> list[Question]:
    """Return what a person is asked, or has answered."""
    if found.person is not None and not found.rule.startswith("told"):
        return []
    reasons = {
        Certainty.AMBIGUOUS: f"several fit ({found.rule})",
        Certainty.UNKNOWN: "nobody fits",
        Certainty.RESOLVED: "told",
    }
    return [
        Question(
            unit=game_id,
            subject=name,
            reason=reasons[found.certainty],
            options=_options(found),
            is_open=found.person is None,
            here_only=found.certainty is Certainty.AMBIGUOUS or found.rule == "told for this game",
        )
    ]


def _made(table: Table, rows: Sequence[Row], questions: Sequence[Question]) -> Made:
    return Made(rows=table_from_records(table, rows), questions=tuple(questions))
