"""ESPN's scoreboard of a day: a second list of its games, which tells of one that the schedule lacks."""

from collections.abc import Mapping, Sequence

import pyarrow as pa

from tipoff.core.parsing import Aside, Record, Tally, UnexpectedGame, Use, part, read_json, shaped
from tipoff.core.payload import Parsed, Payload, Request
from tipoff.core.schema import WHOLE_SLATE
from tipoff.core.step import Context
from tipoff.identity.games import GameIndex, ListedGame
from tipoff.leagues.nba.sources import games

SOURCE = "espn"
URL = "https://site.api.espn.com/apis/site/v2/sports/basketball/nba/scoreboard"
NO_GAME = "no game is listed"


def requests(context: Context, _inputs: Mapping[str, pa.Table]) -> Sequence[Request]:
    """Ask for the scoreboard of the day."""
    return [Request(source=SOURCE, url=URL, params=(("dates", f"{context.slate.day:%Y%m%d}"),))]


def parse(payload: Payload, context: Context, inputs: Mapping[str, pa.Table]) -> Parsed:
    """Return the games that the schedule has too, whatever it says of them; on neutral ground the sides may be swapped.

    A game yet to begin that the schedule lacks is told as such. One without a game of the league says that there is none.
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
            if game["status"] == "scheduled" and start > context.as_of:
                raise UnexpectedGame(msg)
            raise Aside(Use.NO_GAME, msg)
        told = {name: game[name] for name in ("home_team", "away_team", "tipoff_at", "status")}
        return {"day": day, "game_id": found.game.game_id, "espn_id": game["provider_game_id"]} | told

    listed, tally = games.espn(payload, document), Tally()
    tally.each(listed.rows, row)
    if listed.rows and tally.uses[Use.OTHER_DAY] == len(listed.rows):
        raise shaped(payload, f"its games are of {listed.rows[0]['day']}, asked for was {day}")
    is_none = not listed.rows and not listed.rejects
    for use in listed.uses.keys() - {Use.USED}:
        tally.aside(use, listed.uses[use])
    tally.rejects = [*listed.rejects, *tally.rejects]
    return tally.parsed(excused={WHOLE_SLATE: NO_GAME} if is_none else {})
