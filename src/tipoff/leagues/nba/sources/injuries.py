"""The league's injury report, a PDF of its own each half hour: who is out, doubtful or questionable for which game, and why.

Its words stand at places on a page, under the names of seven columns. What stands in the first four goes on downwards until the
next; a cell of several lines stands about the middle of its row, which is where its status stands.
"""

import io
import logging
import re
import struct
import zlib
from bisect import bisect
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pyarrow as pa

from tipoff.core.clock import LEAGUE_ZONE
from tipoff.core.door import LONGEST_TEXT, Unfit
from tipoff.core.errors import ErrorKind, SourceError
from tipoff.core.parsing import BROKEN, Aside, Use, shaped
from tipoff.core.payload import Parsed, Payload, Request
from tipoff.core.step import Context
from tipoff.leagues.entries import Record, Tally, empty
from tipoff.leagues.identity.names import name_key
from tipoff.leagues.nba.sources.reading import full_name, games_by_sides, team_code, text
from tipoff.leagues.nba.sources.teams import BY_ODDS_NAME

SOURCE = "nba injury report"
URL = "https://ak-static.cms.nba.com/referee/injury/Injury-Report_{at:%Y-%m-%d_%I_%M%p}.pdf"
EVERY, READY = timedelta(minutes=30), timedelta(minutes=5)  # from one report to the next, and until it is there
LARGEST, LARGEST_PAGE = 2_000_000, 200_000  # bytes of a file, and of a page unpacked: far more than a real one's
MOST_PAGES = 20
COLUMNS = ("Game Date", "Game Time", "Matchup", "Team", "Player Name", "Current Status", "Reason")
NOT_YET = "NOT YET SUBMITTED"
_DOWNWARDS = COLUMNS[:4]
_STATUSES = frozenset({"Out", "Doubtful", "Questionable", "Probable", "Available"})
_BESIDE = re.compile(r"Injury Report: .*|Page \d+ of \d+")
_SAME_LINE = 2.0  # points
_NEAR = 16.0  # points from the middle of a row to its outer lines: rows are 22 apart

Row = dict[str, str]


@dataclass(frozen=True, slots=True)
class Word:
    """A piece of text and where on a page it begins; `y` rises downwards."""

    x: float
    y: float
    text: str


def requests(context: Context, _inputs: Mapping[str, pa.Table]) -> Sequence[Request]:
    """Ask for the newest report; where it is not there yet for the one before."""
    ready = (context.as_of - READY).astimezone(LEAGUE_ZONE)
    newest = ready.replace(minute=ready.minute // 30 * 30, second=0, microsecond=0).astimezone(UTC)
    asked = [Request(source=SOURCE, url=URL.format(at=at.astimezone(LEAGUE_ZONE))) for at in (newest, newest - EVERY)]
    return [replace(asked[0], instead=asked[1])]


def parse(payload: Payload, context: Context, inputs: Mapping[str, pa.Table]) -> Parsed:
    """Return who is listed for the slate's games.

    Raises:
        SourceError: Nothing in it is of the day. It is no failure, since clubs that list nobody are not named, and no excuse
            either, since a later report may name somebody: not yet.
    """
    scheduled, read, tally = games_by_sides(inputs), read_report(payload), Tally()

    def row(entry: Record) -> Record:
        if entry["date"] != context.slate.day:
            raise Aside(Use.OTHER_DAY)
        known = scheduled.get((entry["home"], entry["away"]))
        if known is None:
            msg = f"no game {entry['away']} at {entry['home']} stands on {context.slate.day}"
            raise Aside(Use.NO_GAME, msg)
        names = ("player_name", "player_key", "team", "status", "reason")
        return {"day": context.slate.day, "game_id": known["game_id"]} | {name: entry[name] for name in names}

    tally.each(read.rows, row)
    for use in (Use.NOT_YET, Use.UNREADABLE):
        tally.aside(use, read.uses[use])
    tally.rejects = [*read.rejects, *tally.rejects]
    if not (tally.rows or tally.rejects or read.uses[Use.NOT_YET]):
        msg = f"{SOURCE} names nobody of {context.slate.day} (archived as {payload.sha256[:12]})"
        raise SourceError(msg, kind=ErrorKind.NOT_YET, hint="it is asked again at the next poll")
    return tally.parsed()


def read_report(payload: Payload) -> Tally:
    """Return every entry of a report, of whichever day; of a club that has sent nothing in yet there is none.

    Raises:
        SourceError: It is no injury report, or larger than any.
    """
    tally, places = Tally(), dict[str, float]()
    shown = dict.fromkeys(_DOWNWARDS, "")  # from page to page
    for words in words_of(payload):
        lines = [line for line in _lines(words) if not _BESIDE.fullmatch(" ".join(word.text for word in line))]
        heads = [places_of for line in lines if (places_of := _heads(line))]
        places = heads[0] if heads else places
        if not places:
            raise shaped(payload, "it has no line that names its columns")
        rows, strays = _rows([line for line in lines if not _heads(line)], places)
        for word in strays:
            tally.reject(Unfit("it stands beside every row"), word.text)
        for row in rows:
            shown |= {name: row[name] for name in _DOWNWARDS if row[name]}
            tally.each([row | shown], _entry)
    if not tally.n_entries:
        raise empty(payload, "nothing stands under its columns")
    tally.must_be_recognised(payload)
    return tally


def _entry(row: Mapping[str, str]) -> Record:
    if row["Reason"] == NOT_YET and not row["Player Name"]:
        raise Aside(Use.NOT_YET)
    away, _, home = row["Matchup"].partition("@")
    if row["Team"] not in BY_ODDS_NAME or row["Current Status"] not in _STATUSES:
        msg = f"{row['Team']!r} and {row['Current Status']!r} are not a club and a status that are known"
        raise Unfit(msg)
    team, sides = BY_ODDS_NAME[row["Team"]], (team_code(away), team_code(home))
    if team not in sides:  # its own game was not read, and the one above went on downwards
        msg = f"{team} does not play in {row['Matchup']}"
        raise Unfit(msg)
    family, _, given = row["Player Name"].partition(",")
    name = full_name(given.strip(), family.strip())
    return {
        "date": datetime.strptime(row["Game Date"], "%m/%d/%Y").replace(tzinfo=UTC).date(),
        "away": sides[0],
        "home": sides[1],
        "team": team,
        "player_name": name,
        "player_key": name_key(name),
        "status": row["Current Status"].lower(),
        "reason": text(row["Reason"], "the reason", longest=LONGEST_TEXT) if row["Reason"] else "",
    }


# --- lines, columns and rows of words


def _lines(words: Sequence[Word]) -> list[list[Word]]:
    """Return the words by line, from above, each line from the left."""
    found: list[list[Word]] = []
    for word in sorted(words, key=lambda word: word.y):
        if found and word.y - found[-1][0].y <= _SAME_LINE:
            found[-1].append(word)
        else:
            found.append([word])
    return [sorted(line, key=lambda word: word.x) for line in found]


def _heads(line: Sequence[Word]) -> dict[str, float]:
    """Return where each column begins; nothing where the line does not name them."""
    if " ".join(word.text for word in line) != " ".join(COLUMNS):
        return {}
    named = " ".join(word.text for word in line)
    begins, found = 0, dict[str, float]()
    for word in line:
        column = next((name for name in COLUMNS if name not in found and named.startswith(name, begins)), "")
        if column and word.text == column[: len(word.text)]:
            found[column] = word.x
        begins += len(word.text) + 1
    return found


def _rows(lines: Sequence[Sequence[Word]], places: Mapping[str, float]) -> tuple[list[Row], list[Word]]:
    """Return the rows, from above, and the words that belong to none.

    A row is where a status stands, or the word that a club has sent nothing in.
    """
    cells = [(line[0].y, _column(word, places), word) for line in lines for word in line]
    reasons = [" ".join(word.text for word in line if _column(word, places) == "Reason") for line in lines]
    middles = [
        line[0].y
        for line, reason in zip(lines, reasons, strict=True)
        if reason == NOT_YET or any(_column(word, places) == "Current Status" for word in line)
    ]
    found: list[dict[str, list[str]]] = [{name: [] for name in COLUMNS} for _ in middles]
    strays = []
    for y, column, word in cells:
        below = bisect(middles, y)
        nearest = min(
            range(max(0, below - 1), min(below + 1, len(middles))), key=lambda n: abs(middles[n] - y), default=-1
        )
        if nearest < 0 or abs(middles[nearest] - y) > _NEAR:
            strays.append(word)
        else:
            found[nearest][column].append(word.text)
    return [{name: " ".join(texts) for name, texts in row.items()} for row in found], strays


def _column(word: Word, places: Mapping[str, float]) -> str:
    return max(
        (name for name in COLUMNS if places[name] <= word.x + _SAME_LINE), key=places.__getitem__, default=COLUMNS[0]
    )


# --- the file


def words_of(payload: Payload) -> Iterator[list[Word]]:
    """Yield each page's words with their places.

    Raises:
        SourceError: The file cannot be read, or is larger than any report.
    """
    import pypdf  # noqa: PLC0415 -- only where a report is read
    from pypdf.errors import PyPdfError  # noqa: PLC0415

    logging.getLogger("pypdf").setLevel(logging.CRITICAL)  # what is wrong with a file is raised, or shows in its rows
    if len(payload.body) > LARGEST:
        raise shaped(payload, f"it is of {len(payload.body)} bytes")
    try:
        pages = pypdf.PdfReader(io.BytesIO(payload.body)).pages
        if len(pages) > MOST_PAGES:
            raise shaped(payload, f"it is of {len(pages)} pages")
        for page in pages:
            contents = page.get_contents()
            if contents is not None and len(contents.get_data()) > LARGEST_PAGE:
                raise shaped(payload, "a page of it is too large")
            yield _words(page)
    except (
        *BROKEN,
        PyPdfError,
        EOFError,
        NotImplementedError,  # as pypdf says of a filter or cipher that it does not know
        OSError,
        struct.error,
        zlib.error,
    ) as error:
        raise shaped(payload, f"no PDF that can be read: {type(error).__name__}: {error}") from error


def _words(page: Any) -> list[Word]:  # noqa: ANN401 -- pypdf's page
    found: list[Word] = []

    def take(said: str, outer: Sequence[float], inner: Sequence[float], *_font: object) -> None:
        x, y = inner[4], inner[5]
        right, up = x * outer[0] + y * outer[2] + outer[4], x * outer[1] + y * outer[3] + outer[5]
        found.extend(Word(right, -up, part) for part in [" ".join(said.split())] if part)

    page.extract_text(visitor_text=take)
    return found
