"""The thirty clubs: ids, codes and names as each provider writes them."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Team:
    """A club. `odds_name` is the-odds-api's spelling."""

    team_id: int
    name: str
    odds_name: str


def _clubs() -> dict[str, Team]:
    names = (
        "ATL Atlanta Hawks|BOS Boston Celtics|CLE Cleveland Cavaliers|NOP New Orleans Pelicans|CHI Chicago Bulls|"
        "DAL Dallas Mavericks|DEN Denver Nuggets|GSW Golden State Warriors|HOU Houston Rockets|LAC LA Clippers|"
        "LAL Los Angeles Lakers|MIA Miami Heat|MIL Milwaukee Bucks|MIN Minnesota Timberwolves|BKN Brooklyn Nets|"
        "NYK New York Knicks|ORL Orlando Magic|IND Indiana Pacers|PHI Philadelphia 76ers|PHX Phoenix Suns|"
        "POR Portland Trail Blazers|SAC Sacramento Kings|SAS San Antonio Spurs|OKC Oklahoma City Thunder|"
        "TOR Toronto Raptors|UTA Utah Jazz|MEM Memphis Grizzlies|WAS Washington Wizards|DET Detroit Pistons|"
        "CHA Charlotte Hornets"
    )
    clubs = {}
    for number, entry in enumerate(names.split("|")):
        code, _, name = entry.partition(" ")
        odds_name = "Los Angeles Clippers" if code == "LAC" else name
        clubs[code] = Team(1610612737 + number, name, odds_name)
    return clubs


TEAMS = _clubs()
BY_ODDS_NAME = {team.odds_name: code for code, team in TEAMS.items()} | {"LA Clippers": "LAC"}
BY_TEAM_ID = {team.team_id: code for code, team in TEAMS.items()}
OTHER_CODES = {
    "BRK": "BKN",
    "CHO": "CHA",
    "PHO": "PHX",
    "GS": "GSW",
    "NO": "NOP",
    "NOR": "NOP",
    "NY": "NYK",
    "SA": "SAS",
    "UTAH": "UTA",
    "UTH": "UTA",
    "WSH": "WAS",
}


def tricode(code: str) -> str | None:
    """Return the league's own code for a provider's, or None: no club is known by it."""
    own = OTHER_CODES.get(code, code)
    return own if own in TEAMS else None
