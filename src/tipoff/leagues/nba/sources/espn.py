"""ESPN's scoreboard of a day: a second list of its games, which tells of one that the schedule lacks."""

from collections.abc import Mapping, Sequence

import pyarrow as pa

from tipoff.core.parsing import Aside, Use, shaped
from tipoff.core.payload import Parsed, Payload, Request
from tipoff.core.schema import WHOLE_SLATE
from tipoff.core.slate import GameStatus
from tipoff.core.step import Context
from tipoff.leagues.entries import Record, Tally, UnexpectedGame, empty, part, read_json
from tipoff.leagues.identity.games import GameIndex, ListedGame
from tipoff.leagues.nba.sources import games

SOURCE = "espn"
URL = "https://site.api.espn.com/apis/site/v2/sports/basketball/nba/scoreboard"
NO_GAME = "no game is listed"
UNDECIDED = "no game is listed yet: a slot is undecided"


def requests(context: Context, _inputs: Mapping[str, pa.Table]) -> Sequence[Request]:
    """Ask for the scoreboard of the day."""
    return [Request(source=SOURCE, url=URL, params=(("dates", f"{context.slate.day:%Y%m%d}"),), unit=WHOLE_SLATE)]


def parse(payload: Payload, context: Context, inputs: Mapping[str, pa.Table]) -> Parsed:
    """Return the games that the schedule has too, whatever it says of them; on neutral ground the sides may be swapped.

    A game yet to begin that the schedule lacks is told as such. One without a game of the league says that there is none,
    and is believed where the schedule has none either. Of a game under two ids the first counts, of those that are not off.

    Raises:
        SourceError: It is of another league or day, or without any event on a day with games.
    """
    document, day = read_json(payload), context.slate.day
    named = part(payload, document, "leagues", 0, kind=dict).get("slug")
    if named != "nba":
        raise shaped(payload, f"it is of the league {named!r}")
    known = inputs["schedule"].to_pylist()
    index = GameIndex.of(
        ListedGame(game_id=row["game_id"], day=day, home=row["home_team"], away=row["away_team"]) for row in known
    )

    def row(game: Record) -> Record:
        home, away, start = game["home_team"], game["away_team"], game["tipoff_at"]
        if game["day"] != day:
            raise Aside(Use.OTHER_DAY)
        found = index.find(home, away, day)
        if found is None:
            msg = f"no game {away} at {home} stands on {day}"
            if game["status"] == "scheduled" and (start is None or start > context.as_of):
                raise UnexpectedGame(msg)
            raise Aside(Use.NO_GAME, msg)
        told = {name: game[name] for name in ("home_team", "away_team", "tipoff_at", "status")}
        return {"day": day, "game_id": found.game.game_id, "espn_id": game["provider_game_id"]} | told

    listed, tally = games.espn(payload, document), Tally()
    tally.each(listed.rows, row)
    if listed.rows and tally.uses[Use.OTHER_DAY] == len(listed.rows):
        raise shaped(payload, f"its games are of {listed.rows[0]['day']}, asked for was {day}")
    tally.rows.sort(key=lambda row: row["status"] == "postponed")
    tally.once("game_id", by="espn_id")
    is_none = not listed.rows and not listed.rejects
    n_on = sum(not GameStatus(row["status"]).is_off for row in known)
    if is_none and n_on and not listed.uses[Use.LEFT_OUT]:
        raise empty(payload, f"it names no game of {day}, on which the schedule has {n_on}")
    for use in listed.uses.keys() - {Use.USED}:
        tally.aside(use, listed.uses[use])
    tally.rejects = [*listed.rejects, *tally.rejects]
    no_game = UNDECIDED if listed.uses[Use.LEFT_OUT] else NO_GAME
    return tally.parsed(excused={WHOLE_SLATE: no_game} if is_none and not n_on else {})
