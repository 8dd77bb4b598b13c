"""The thirty clubs: statsapi's ids and codes, names over the years, and the codes of Retrosheet."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Team:
    """A club. `names` are those that it has had, the newest first; `retrosheet` its codes there."""

    team_id: int
    names: tuple[str, ...]
    retrosheet: tuple[str, ...]

    @property
    def name(self) -> str:
        """The name that it has now."""
        return self.names[0]


# code, statsapi's id, names, Retrosheet's codes. Source: statsapi.mlb.com /teams; the Lahman database's teams.
_CLUBS = """
LAA 108 Los Angeles Angels/Los Angeles Angels of Anaheim ANA
AZ 109 Arizona Diamondbacks ARI
BAL 110 Baltimore Orioles BAL
BOS 111 Boston Red Sox BOS
CHC 112 Chicago Cubs CHN
CIN 113 Cincinnati Reds CIN
CLE 114 Cleveland Guardians/Cleveland Indians CLE
COL 115 Colorado Rockies COL
DET 116 Detroit Tigers DET
HOU 117 Houston Astros HOU
KC 118 Kansas City Royals KCA
LAD 119 Los Angeles Dodgers LAN
WSH 120 Washington Nationals WAS
NYM 121 New York Mets NYN
ATH 133 Athletics/Oakland Athletics OAK/ATH
PIT 134 Pittsburgh Pirates PIT
SD 135 San Diego Padres SDN
SEA 136 Seattle Mariners SEA
SF 137 San Francisco Giants SFN
STL 138 St. Louis Cardinals/St Louis Cardinals SLN
TB 139 Tampa Bay Rays TBA
TEX 140 Texas Rangers TEX
TOR 141 Toronto Blue Jays TOR
MIN 142 Minnesota Twins MIN
PHI 143 Philadelphia Phillies PHI
ATL 144 Atlanta Braves ATL
CWS 145 Chicago White Sox CHA
MIA 146 Miami Marlins MIA/FLO
NYY 147 New York Yankees NYA
MIL 158 Milwaukee Brewers MIL
"""


def _clubs() -> dict[str, Team]:
    clubs = {}
    for line in _CLUBS.strip().splitlines():
        code, number, *names, retrosheet = line.split(" ")
        clubs[code] = Team(int(number), tuple(" ".join(names).split("/")), tuple(retrosheet.split("/")))
    return clubs


TEAMS = _clubs()
BY_ID = {team.team_id: code for code, team in TEAMS.items()}
BY_NAME = {name: code for code, team in TEAMS.items() for name in team.names}
BY_RETROSHEET = {theirs: code for code, team in TEAMS.items() for theirs in team.retrosheet}
