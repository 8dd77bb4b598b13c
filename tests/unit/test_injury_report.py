"""The league's injury report, a PDF: each man and club of it is a row, is waited for, or is refused with its reason."""

import dataclasses
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest
from benchmarks.payload_fuzz import payload_of
from tests.nba import scheduled

from tipoff.core.clock import midnight
from tipoff.core.errors import ErrorKind, SourceError
from tipoff.core.parsing import Use
from tipoff.core.rows import table_from_records
from tipoff.core.slate import Season, Slate
from tipoff.core.step import Context
from tipoff.leagues.nba import tables
from tipoff.leagues.nba.sources import injuries
from tipoff.leagues.nba.sources.forms import read_any
from tipoff.leagues.nba.sources.injuries import NOT_YET, read_report
from tipoff.leagues.nba.world.report import report

DAY = date(2024, 1, 4)
HEAD = ("01/04/2024", "07:30 (ET)", "MIL@SAS")
MAN = ("Bassey, Charles", "Out", "Injury/Illness - Left Acl; Tear")
Cells = tuple[str, ...]


NOON = midnight(DAY) + timedelta(hours=12)


def context(at: datetime = NOON) -> Context:
    season = Season("2023-24", DAY - timedelta(days=100), DAY + timedelta(days=100))
    return Context(slate=Slate("nba", season, DAY), units=frozenset({"slate"}), as_of=at)


def inputs(*games: dict[str, Any]) -> dict[str, pa.Table]:
    return {"schedule": table_from_records(tables.SCHEDULE, games)}


def made(*rows: Cells) -> bytes:
    return report("01/04/24 12:30 PM", rows)


GAME = scheduled("0022300480", home="SAS", away="MIL", day=DAY)


@pytest.mark.data
def test_the_recorded_report_is_read_whole(data: Path) -> None:
    body = (data / "payloads" / "nba.com" / "nbac_injury_report__f4391904.pdf").read_bytes()

    read = read_report(payload_of(body))
    found = injuries.parse(payload_of(body), context(), inputs(GAME))

    assert (read.uses[Use.USED], read.uses[Use.NOT_YET], read.rejects) == (14, 29, [])
    assert {(row["team"], row["status"]) for row in read.rows if row["player_key"] == "garypaytonii"} == {
        ("GSW", "out")
    }
    assert len(found.rows) == 8
    assert {"Injury/Illness - Right Forearm; Contusion"} == {
        row["reason"] for row in found.rows if row["player_key"] == "dougmcdermott"
    }
    assert {row["game_id"] for row in found.rows} == {"0022300480"}


@pytest.mark.data
@pytest.mark.parametrize("name", ["0173bcd1", "d8072441"])
def test_the_recorded_game_books_have_lost_every_byte_that_is_no_text(data: Path, name: str) -> None:
    body = (data / "payloads" / "nba.com" / f"nbac_gamebook_pdf__{name}.pdf").read_bytes()

    declared = int(body.partition(b"\n10 0 obj\n")[2].split(b"\n", 1)[0])
    kept = len(body.partition(b"\n9 0 obj\n")[2].partition(b"stream\n")[2].partition(b"endstream")[0])
    form, rows = read_any(payload_of(body))

    assert body.decode("utf-8")  # no deflated stream of such a length is text
    assert kept < 0.6 * declared
    assert (form.name, rows) == ("game book", None)
    with pytest.raises(SourceError):
        read_report(payload_of(body))


def test_what_stands_in_the_first_columns_goes_on_downwards_over_pages() -> None:
    men = [(f"Man{n:02}, A", "Out", "Rest") for n in range(70)]

    read = read_report(payload_of(made((*HEAD, "San Antonio Spurs", *men[0]), *(("",) * 4 + man for man in men[1:]))))

    assert [row["player_name"] for row in read.rows] == [f"A Man{n:02}" for n in range(70)]
    assert {(row["away"], row["home"], row["team"], row["date"]) for row in read.rows} == {("MIL", "SAS", "SAS", DAY)}


def test_a_club_that_has_sent_nothing_in_is_waited_for_and_a_report_of_another_day_excuses_nothing() -> None:
    waits = made((*HEAD, "Milwaukee Bucks", "", "", NOT_YET))
    tomorrow = made(("01/05/2024", "07:00 (ET)", "ATL@IND", "Indiana Pacers", *MAN))

    assert (injuries.parse(payload_of(waits), context(), inputs(GAME)).excused) == {}
    with pytest.raises(SourceError, match="names nobody of 2024-01-04"):
        injuries.parse(payload_of(tomorrow), context(), inputs(GAME))


def test_a_day_on_which_both_clubs_list_nobody_is_waited_for_and_no_failure_of_the_source() -> None:
    tomorrow = made(("01/05/2024", "07:00 (ET)", "ATL@IND", "Indiana Pacers", *MAN))

    with pytest.raises(SourceError) as raised:
        injuries.parse(payload_of(tomorrow), context(), inputs(GAME))

    assert raised.value.kind is ErrorKind.NOT_YET


@pytest.mark.parametrize(
    ("row", "reason"),
    [
        ((*HEAD, "Seattle SuperSonics", *MAN), "Seattle"),
        ((*HEAD, "San Antonio Spurs", "Bassey, Charles", "Resting", "Rest"), "Resting"),
        ((*HEAD, "San Antonio Spurs", "", "Out", "Rest"), "name"),
        (("13/44/2024", *HEAD[1:], "San Antonio Spurs", *MAN), "13/44/2024"),
        ((*HEAD[:2], "MIL-SAS", "San Antonio Spurs", *MAN), "the team"),
        ((*HEAD, "San Antonio Spurs", "Bassey, Charles", "", "Rest"), "beside every row"),
        (("", "", "", "Denver Nuggets", *MAN), "DEN does not play in MIL@SAS"),
    ],
)
def test_a_line_that_is_not_understood_is_told_and_costs_no_other(row: Cells, reason: str) -> None:
    good = (*HEAD, "Milwaukee Bucks", "Lillard, Damian", "Probable", "")

    found = injuries.parse(payload_of(made(good, row)), context(), inputs(GAME))

    assert [row["player_name"] for row in found.rows] == ["Damian Lillard"]
    assert any(reason in reject.reason + reject.row for reject in found.rejects)


def test_a_game_that_the_schedule_does_not_have_is_told() -> None:
    found = injuries.parse(payload_of(made((*HEAD, "San Antonio Spurs", *MAN))), context(), inputs())

    assert (found.rows, [reject.reason for reject in found.rejects]) == (
        [],
        ["no game MIL at SAS stands on 2024-01-04"],
    )


@pytest.mark.parametrize(
    ("body", "reason"),
    [
        (b"%PDF-1.4\nnothing", "no PDF that can be read"),
        (b"%PDF-" + b" " * injuries.LARGEST, "bytes"),
        (made(*[(*HEAD, "San Antonio Spurs", *MAN)] * 30 * (injuries.MOST_PAGES + 1)), "pages"),
        (made((*HEAD, "San Antonio Spurs", "A, B" + " C" * injuries.LARGEST, "Out", "Rest")), "bytes"),
        (made().replace(b"Matchup", b"Meeting"), "no line that names its columns"),
        (made(), "nothing stands under its columns"),
    ],
)
def test_what_is_no_report_or_larger_than_any_is_the_sources_error(body: bytes, reason: str) -> None:
    with pytest.raises(SourceError, match=reason):
        read_report(payload_of(body))


def test_the_newest_report_is_asked_for_and_the_one_before_where_it_is_not_there() -> None:
    at = datetime(2026, 1, 8, 5, 3, tzinfo=UTC)  # three minutes after midnight in New York

    [asked] = injuries.requests(context(at), {})

    assert asked.url.endswith("/Injury-Report_2026-01-07_11_30PM.pdf")
    assert asked.instead is not None
    assert asked.instead.url.endswith("/Injury-Report_2026-01-07_11_00PM.pdf")
    assert dataclasses.replace(asked.instead, url="") == dataclasses.replace(asked, url="", instead=None)
