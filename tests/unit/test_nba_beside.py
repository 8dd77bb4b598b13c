"""What a live NBA asks beside its own files: read as it was recorded, and refused where it is not what was asked."""

import gzip
import hashlib
import json
import re
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest
from tests.nba import scheduled

from tipoff.core.clock import midnight
from tipoff.core.errors import SourceError
from tipoff.core.parsing import parsed_by
from tipoff.core.payload import Parsed, Payload, Request
from tipoff.core.rows import arrow_schema, table_from_records
from tipoff.core.schema import WHOLE_SLATE
from tipoff.core.slate import Season, Slate
from tipoff.core.step import Context, SqlWork, Step
from tipoff.leagues.entries import Record
from tipoff.leagues.nba import beside, providers, tables
from tipoff.leagues.nba.league import NBA
from tipoff.leagues.nba.live import LIVE_STEPS
from tipoff.leagues.nba.sources import espn, reference
from tipoff.leagues.nba.sources.lines import AGREED

DAY = date(2024, 1, 15)
NOW = midnight(DAY) + timedelta(hours=9)


def of(body: Any, unit: str = "") -> Payload:
    content = body if isinstance(body, bytes) else json.dumps(body).encode()
    request = Request(source="x", url="https://x.test", unit=unit)
    sha = hashlib.sha256(content).hexdigest()
    return Payload(request=request, body=content, sha256=sha, status=200, fetched_at=NOW)


def context(*units: str, day: date = DAY) -> Context:
    season = Season("2023-24", day - timedelta(days=90), day + timedelta(days=90))
    return Context(slate=Slate("nba", season, day), units=frozenset(units), as_of=NOW)


def games(*rows: Record) -> dict[str, pa.Table]:
    return {"schedule": table_from_records(tables.SCHEDULE, rows)}


def stored(parsed: Parsed, table: Any) -> list[Record]:
    """Return the rows as the table has them: of the declared columns and types."""
    found: list[Record] = table_from_records(table, [row | {"known_at": NOW} for row in parsed.rows]).to_pylist()
    return found


def recorded(data: Path, name: str) -> bytes:
    return gzip.decompress((data / "payloads" / name).read_bytes())


def read_by(step: Step) -> set[str]:
    """Return every table that a step names as what it reads."""
    inputs = {read.table for read in getattr(step.work, "inputs", ())}
    sql = step.work.sql if isinstance(step.work, SqlWork) else ""
    return inputs | {edge.table for edge in step.edges} | set(re.findall(r"\b\w+\.(\w+)", sql))


def test_what_is_asked_beside_is_optional_read_by_nothing_and_no_part_of_a_replay() -> None:
    names = {step.name for step in beside.BESIDE}

    assert names == {"espn_games", "br_boxscores", "agreed_lines"}
    assert all(step.optional for step in beside.BESIDE)
    assert [step.name for step in LIVE_STEPS if names & read_by(step)] == []
    assert not names & {step.name for step in NBA.steps}


# --- ESPN's scoreboard


def event(home: str = "BOS", away: str = "MIA", **changes: Any) -> Record:
    status, start = {"type": {"name": "STATUS_SCHEDULED", "state": "pre"}}, "2024-01-16T00:30Z"
    sides = [{"homeAway": side, "team": {"abbreviation": code}} for side, code in (("home", home), ("away", away))]
    known = {
        "id": "1",
        "date": start,
        "season": {"type": 2},
        "status": status,
        "competitions": [{"competitors": sides}],
    }
    return known | changes


def scoreboard(*events: Record, slug: str = "nba") -> Payload:
    return of({"leagues": [{"slug": slug}], "events": events})


@pytest.mark.data
def test_the_recorded_scoreboard_names_the_games_of_the_day_with_ids_of_its_own(data: Path) -> None:
    body = recorded(data, "espn/espn_scoreboard_api__92de7c9a.json.gz")
    named = [one["shortName"].split(" @ ") for one in json.loads(body)["events"]]
    known = {"GS": "GSW", "NO": "NOP", "NY": "NYK", "SA": "SAS", "UTAH": "UTA", "WSH": "WAS"}
    sides = [[known.get(code, code) for code in pair] for pair in named]
    rows = [scheduled(f"g{n}", home, away, day=DAY) for n, (away, home) in enumerate(sides)]

    parsed = espn.parse(of(body), context(), games(*rows))

    found = stored(parsed, beside.ESPN_GAMES)
    assert len(found) == len(named) == 11
    assert parsed.rejects == ()
    assert {row["espn_id"] for row in found} == {one["id"] for one in json.loads(body)["events"]}
    assert [row["game_id"] for row in sorted(found, key=lambda row: int(row["game_id"][1:]))] == [
        row["game_id"] for row in rows
    ]


@pytest.mark.data
def test_the_recorded_scoreboard_of_a_day_without_games_says_so(data: Path) -> None:
    parsed = espn.parse(of(recorded(data, "espn/espn_scoreboard_api__20250214.json.gz")), context(), games())

    assert (parsed.rows, parsed.rejects, parsed.excused) == ([], (), {WHOLE_SLATE: espn.NO_GAME})


@pytest.mark.parametrize(
    ("changes", "is_told"),
    [({}, True), ({"date": "2024-01-15T13:00Z"}, False), ({"home": "XXX"}, False)],
    ids=["a game that the schedule lacks", "it has begun", "no club of the league"],
)
def test_a_game_that_the_scoreboard_names_before_its_start_and_the_schedule_lacks_is_told(
    changes: Record, *, is_told: bool
) -> None:
    known = event("DEN", "UTAH")

    parsed = espn.parse(scoreboard(known, event(**changes)), context(), games(scheduled("g", "DEN", "UTA", day=DAY)))

    assert [row["game_id"] for row in parsed.rows] == ["g"]
    assert [reject.names_game for reject in parsed.rejects] == [is_told]


def test_sides_may_be_swapped_and_a_game_that_is_put_off_is_none_that_is_lacking() -> None:
    off = scheduled("h", "LAL", "DAL", day=DAY) | {"status": "postponed"}
    on = scheduled("g", "MIA", "BOS", day=DAY)

    parsed = espn.parse(scoreboard(event(), event("LAL", "DAL")), context(), games(on, off))

    assert {row["game_id"] for row in stored(parsed, beside.ESPN_GAMES)} == {"g", "h"}
    assert parsed.rejects == ()


def test_games_of_other_competitions_are_left_and_another_league_or_day_is_an_error_of_the_source() -> None:
    stars = event("EAST", "WEST")
    stars["competitions"][0]["type"] = {"abbreviation": "ALLSTAR"}
    early = event(season={"type": 1})

    parsed = espn.parse(scoreboard(stars, early), context(), games())

    assert (parsed.uses, parsed.excused) == ({"of another competition": 2}, {WHOLE_SLATE: espn.NO_GAME})
    with pytest.raises(SourceError, match="of the league 'wnba'"):
        espn.parse(scoreboard(slug="wnba"), context(), games())
    with pytest.raises(SourceError, match="its games are of 2024-01-17"):
        espn.parse(scoreboard(event(date="2024-01-18T00:30Z")), context(), games())
    with pytest.raises(SourceError, match="none of its 1 entries can be read"):
        espn.parse(scoreboard(event("XXX", "YYY")), context(), games())


def test_a_scoreboard_without_a_game_is_no_excuse_on_a_day_on_which_the_schedule_has_one() -> None:
    on = scheduled("g", "BOS", "MIA", day=DAY)
    off = on | {"status": "postponed"}

    with pytest.raises(SourceError, match="it names no game of 2024-01-15, on which the schedule has 1"):
        espn.parse(scoreboard(), context(), games(on))
    with pytest.raises(SourceError, match="it names no game"):
        espn.parse(scoreboard(event(season={"type": 1})), context(), games(on))
    assert espn.parse(scoreboard(), context(), games(off)).excused == {WHOLE_SLATE: espn.NO_GAME}
    assert espn.parse(scoreboard(), context(), games()).excused == {WHOLE_SLATE: espn.NO_GAME}


def slot(*sides: Record) -> Record:
    found = event()
    places = zip(("home", "away"), sides, strict=True)
    found["competitions"] = [{"competitors": [{"homeAway": side, "team": team} for side, team in places]}]
    return found


@pytest.mark.parametrize(
    "undecided", [{"id": "-2", "abbreviation": "TBD"}, {"id": "-1", "abbreviation": "ATL/CHI"}, {"abbreviation": "TBD"}]
)
def test_an_event_of_which_a_club_is_not_decided_is_no_game_and_no_error(undecided: Record) -> None:
    known, on = {"id": "2", "abbreviation": "BOS"}, scheduled("g", "DEN", "UTA", day=DAY)

    alone = espn.parse(scoreboard(slot(known, undecided), slot(undecided, undecided)), context(), games())
    beside_one = espn.parse(scoreboard(slot(known, undecided), event("DEN", "UTAH")), context(), games(on))
    too_early = espn.parse(scoreboard(slot(known, undecided)), context(), games(on))

    assert (alone.rows, alone.rejects, alone.excused) == ([], (), {WHOLE_SLATE: espn.UNDECIDED})
    assert ([row["game_id"] for row in beside_one.rows], beside_one.rejects) == (["g"], ())
    assert (too_early.rows, too_early.rejects, too_early.excused) == ([], (), {})  # asked again


def test_a_start_that_is_not_set_is_unknown_and_its_game_has_not_begun() -> None:
    not_set = event(date="2024-01-15T05:00Z")
    not_set["competitions"][0]["timeValid"] = False

    known = espn.parse(scoreboard(not_set), context(), games(scheduled("g", "BOS", "MIA", day=DAY)))
    lacking = espn.parse(scoreboard(not_set), context(), games())

    assert [(row["game_id"], row["tipoff_at"]) for row in stored(known, beside.ESPN_GAMES)] == [("g", None)]
    assert [reject.names_game for reject in lacking.rejects] == [True]


def test_a_game_under_two_ids_is_one_row_that_of_the_one_which_is_not_off() -> None:
    off = event(id="1", status={"type": {"name": "STATUS_POSTPONED", "state": "post"}})

    parsed = espn.parse(
        scoreboard(off, event("MIA", "BOS", id="2")), context(), games(scheduled("g", "BOS", "MIA", day=DAY))
    )

    assert [(row["game_id"], row["espn_id"]) for row in stored(parsed, beside.ESPN_GAMES)] == [("g", "2")]
    assert parsed.notes == ("g is named twice, as 2 and 1: the first counts",)
    assert parsed.uses == {"used": 1, "left out": 1}


def test_the_scoreboard_is_asked_for_by_its_day() -> None:
    [asked] = espn.requests(context(), {})

    assert dict(asked.params) == {"dates": "20240115"}
    assert asked.unit == WHOLE_SLATE  # an answer that cannot be read casts doubt on what an earlier one excused


# --- pages of basketball-reference.com

PAGE_DAY = date(2017, 1, 1)
BOX = scheduled("g", "ATL", "SAS", day=PAGE_DAY)
OWN_PAGE = b'<link rel="canonical" href="https://www.basketball-reference.com/boxscores/201701010ATL.html"'


def asked_page(data: Path) -> Payload:
    return of(recorded(data, "basketball-reference/201701010ATL.html.gz"), unit="g")


@pytest.mark.data
def test_the_recorded_page_has_who_played_of_both_clubs_and_leaves_out_who_did_not(data: Path) -> None:
    parsed = reference.parse_box(asked_page(data), context("g", day=PAGE_DAY), games(BOX))

    found = stored(parsed, beside.BR_BOXSCORES)
    points = {code: sum(row["points"] for row in found if row["team"] == code) for code in ("ATL", "SAS")}
    assert points == {"ATL": 114, "SAS": 112}
    assert {row["game_id"] for row in found} == {"g"}
    [man] = [row for row in found if row["br_player_id"] == "millspa01"]
    assert (man["player_key"], man["minutes"], man["points"], man["reb"]) == ("paulmillsap", 47, 32, 13)
    assert parsed.rejects == ()
    assert parsed.uses["left out"] >= 2  # the heading again, and who did not play


@pytest.mark.data
def test_a_page_of_another_game_or_of_other_clubs_is_an_error_of_the_source(data: Path) -> None:
    other_day, other_clubs = date(2017, 1, 2), scheduled("g", "ATL", "BOS", day=PAGE_DAY)

    with pytest.raises(SourceError, match="asked for the page 201701020ATL or 201701020SAS, it is another"):
        reference.parse_box(
            asked_page(data), context("g", day=other_day), games(scheduled("g", "ATL", "SAS", day=other_day))
        )
    with pytest.raises(SourceError, match="asked for ATL and BOS, it has ATL and SAS"):
        reference.parse_box(asked_page(data), context("g", day=PAGE_DAY), games(other_clubs))
    with pytest.raises(SourceError, match="no table"):
        reference.parse_box(of(OWN_PAGE, "g"), context("g", day=PAGE_DAY), games(BOX))


def test_a_page_that_its_reader_gives_up_on_is_an_error_of_the_source() -> None:
    page = of(OWN_PAGE + b"/><table><![foo[bar]]></table>", "g")

    with pytest.raises(SourceError, match="unknown status keyword"):
        parsed_by(reference.parse_box, page, context("g", day=PAGE_DAY), games(BOX))


@pytest.mark.data
def test_a_page_that_links_to_the_asked_one_is_no_page_of_it(data: Path) -> None:
    body = recorded(data, "basketball-reference/201701010ATL.html.gz")
    other = body.replace(OWN_PAGE, OWN_PAGE.replace(b"0101", b"0102"))  # of the same two clubs, a day later

    assert b'<a href="/boxscores/201701010ATL.html">' in other
    with pytest.raises(SourceError, match="it is another"):
        reference.parse_box(of(other, "g"), context("g", day=PAGE_DAY), games(BOX))


@pytest.mark.data
def test_a_page_under_the_other_club_is_the_games_where_both_clubs_are_its_own(data: Path) -> None:
    at_home, away = scheduled("g", "SAS", "ATL", day=PAGE_DAY), scheduled("g", "SAS", "BOS", day=PAGE_DAY)

    parsed = reference.parse_box(asked_page(data), context("g", day=PAGE_DAY), games(at_home))

    assert {row["team"] for row in parsed.rows} == {"ATL", "SAS"}
    with pytest.raises(SourceError, match="it is another"):
        reference.parse_box(asked_page(data), context("g", day=PAGE_DAY), games(away))


def test_a_page_is_asked_for_by_the_sites_own_codes_once_and_twenty_times_a_minute_at_the_most() -> None:
    rows = [scheduled("g", "BKN", "CHA", day=DAY), scheduled("h", "DEN", "UTA", day=DAY)]
    [step] = [step for step in beside.BESIDE if step.table is beside.BR_BOXSCORES]

    [asked] = reference.box_requests(context("g"), games(*rows))

    assert (asked.url.rpartition("/")[2], asked.unit) == ("202401150BRK.html", "g")
    assert asked.instead is not None
    assert (asked.instead.url.rpartition("/")[2], asked.instead.unit) == ("202401150CHO.html", "g")
    assert asked.instead.instead is None
    assert step.timing.refresh is None
    assert providers.REFERENCE.every * 20 > timedelta(minutes=1)


# --- agreed lines


LISTED = {"id": 1, "sport": "NBA", "scheduled": "2024-01-16 00:30:00", "home": "UTH", "visitor": "NOR"}


def lines_of(*props: Record, others: tuple[Record, ...] = ()) -> Payload:
    return of({"events": [LISTED, *others], "props": props})


def prop(**changes: Any) -> Record:
    side = {"consensus_line": 20.5, "consensus_odds": -115}
    known = {"market_id": 156, "event_id": 1, "participant": {"name": "Ann Other"}, "over": side, "under": side}
    return known | changes


def with_lines(*rows: Record) -> dict[str, pa.Table]:
    return games(*rows) | {"agreed_lines": arrow_schema(beside.AGREED_LINES).empty_table()}


def test_an_agreed_line_of_points_is_of_its_game_by_the_sources_own_codes_and_five_other_markets_are_left() -> None:
    rows = [scheduled("g", "UTA", "NOP", day=DAY), scheduled("h", "DEN", "LAL", day=DAY)]
    others = [prop(market_id=number) for number in (157, 151, 162, 160, 338)]

    parsed = AGREED.parse(lines_of(prop(projection={"value": 22.25}), *others), context("g", "h"), with_lines(*rows))

    [row] = stored(parsed, beside.AGREED_LINES)
    assert (row["game_id"], row["player_key"], row["line"], row["projection"]) == ("g", "annother", 20.5, 22.25)
    assert parsed.uses == {"left out": 5, "used": 1}


def test_numbers_of_events_and_markets_may_be_written_with_a_point() -> None:
    payload = of({"events": [LISTED | {"id": 1.0}], "props": [prop(event_id=1.0, market_id=156.0)]})

    parsed = AGREED.parse(payload, context("g"), with_lines(scheduled("g", "UTA", "NOP", day=DAY)))

    assert [row["line"] for row in parsed.rows] == [20.5]


def test_a_game_is_not_offered_where_the_answer_names_it_without_a_line_and_else_is_asked_for_again() -> None:
    rows = [scheduled("g", "UTA", "NOP", day=DAY), scheduled("h", "DEN", "LAL", day=DAY)]
    other = LISTED | {"id": 2, "home": "DEN", "visitor": "LAL"}

    def excused(payload: Payload) -> dict[str, str]:
        return dict(AGREED.parse(payload, context("g", "h"), with_lines(*rows)).excused)

    assert excused(lines_of()) == {"g": "not offered"}
    assert excused(lines_of(prop(), others=(other,))) == {"h": "not offered"}
    assert excused(lines_of(prop(), prop(event_id=2, over={}), others=(other,))) == {}  # it has one, unreadable
    with pytest.raises(SourceError, match="it names none of the 2 games of 2024-01-15"):
        excused(of({"events": [], "props": []}))
    renamed = {"starts" if name == "scheduled" else name: value for name, value in LISTED.items()}
    with pytest.raises(SourceError, match="answered in a shape that is not known: none of its 1 entries can be read"):
        excused(of({"events": [renamed], "props": []}))


def test_an_agreed_line_is_of_its_game_also_where_the_start_is_not_known() -> None:
    unknown = scheduled("g", "UTA", "NOP", day=DAY) | {"tipoff_at": None}

    parsed = AGREED.parse(lines_of(prop()), context("g"), with_lines(unknown))

    assert ([row["game_id"] for row in parsed.rows], parsed.rejects, parsed.excused) == (["g"], (), {})


def test_a_line_that_cannot_be_laid_to_its_game_keeps_every_game_from_being_excused() -> None:
    rows = [scheduled("g", "UTA", "NOP", day=DAY), scheduled("h", "DEN", "LAL", day=DAY)]
    other = LISTED | {"id": 2, "home": "DEN", "visitor": "LAL"}

    def read(*props: Record) -> Parsed:
        return AGREED.parse(lines_of(*props, others=(other,)), context("g", "h"), with_lines(*rows))

    assert read(prop(), prop(event_id=2, market_id="156")).excused == {}  # the same number, as a text
    for lost in (prop(event_id=None), prop(market_id=None), prop(market_id=[156])):
        parsed = read(prop(), lost)
        assert (len(parsed.rows), len(parsed.rejects), parsed.excused) == (1, 1, {})


def test_an_answer_as_long_as_was_asked_for_is_cut_off_and_no_game_is_excused_by_it() -> None:
    with pytest.raises(SourceError, match="cut off at 1000 lines"):
        AGREED.parse(lines_of(*[prop()] * 1000), context("g"), with_lines(scheduled("g", "UTA", "NOP", day=DAY)))


def test_agreed_lines_are_asked_for_by_sport_market_and_day_with_the_key_in_a_header() -> None:
    [asked] = AGREED.requests(context("g"), {})

    told = dict(asked.params)
    assert (told["sport"], told["market_id"], told["date"]) == ("NBA", "156", "2024-01-15")
    assert (asked.headers, asked.secrets) == ((("x-api-key", "{bettingpros_key}"),), ("bettingpros_key",))
