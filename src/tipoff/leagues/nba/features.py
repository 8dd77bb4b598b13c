"""What is told of a player's form, each number declared: its unit, the games that it rests on, its bounds."""

from tipoff.leagues.nba.models.features import Feature, contract

STATS = ("points", "reb", "ast", "fg3m")
MISSING = ("minutes", "points", "reb", "ast")


def _feature(name: str, measure: str, window: str, low: float, high: float) -> Feature:
    return Feature(name=name, measure=measure, window=window, low=low, high=high, required=name == "minutes_h5")


def _of_stat(stat: str, measure: str) -> list[Feature]:
    top = {"points": 90.0}.get(stat, 40.0)
    games = "his games, half-life {} games"
    return [
        *(_feature(f"{stat}_h{life}", measure, games.format(life), 0, top) for life in (5, 12, 40)),
        *(
            _feature(
                f"{stat}_rate{rate}_h{life}", measure, f"rate of half-life {rate} × minutes of half-life {life}", 0, top
            )
            for rate, life in ((40, 5), (40, 2), (12, 5))
        ),
        _feature(f"{stat}_median_10", measure, "his last 10 games", 0, top),
        _feature(f"{stat}_sd_20", measure, "his last 20 games", 0, top),
        _feature(
            f"opponent_{stat}_to_role", measure, "above their means, to his kind of player; half-life 20 games", -30, 30
        ),
    ]


_TEAM = "games of the team, half-life 20"
FEATURES: tuple[Feature, ...] = (
    _feature("games", "games played", "his season", 0, 100),
    *(_feature(f"minutes_h{life}", "minutes", f"his games, half-life {life} games", 0, 70) for life in (2, 5, 12, 40)),
    _feature("minutes_last", "minutes", "his last game", 0, 70),
    _feature("minutes_last_2", "minutes", "his last game but one", 0, 70),
    *(
        _feature(
            f"minutes_close_h{life}", "minutes of 48", f"his games, half-life {life}; lopsided ones weigh less", 0, 60
        )
        for life in (2, 5, 12)
    ),
    _feature("last_margin_size", "points", "his last game", 0, 100),
    _feature("minutes_sd_20", "minutes", "his last 20 games", 0, 40),
    _feature("rest_days", "days", "since his last game, 60 at most", 0, 60),
    _feature("games_7_days", "games played", "seven days", 0, 8),
    _feature("minutes_7_days", "minutes", "seven days", 0, 400),
    _feature("team_rest_days", "days", "since his team's last game, 10 at most", 0, 10),
    _feature("opponent_rest_days", "days", "since the opponent's last game, 10 at most", 0, 10),
    _feature("at_home", "0 or 1", "the game", 0, 1),
    _feature("expected_margin", "points", f"both teams' ratings: {_TEAM}", -60, 60),
    _feature("expected_margin_size", "points", f"both teams' ratings: {_TEAM}", 0, 60),
    *(
        _feature(f"{side}_{what}", measure, f"less the league's: {_TEAM}", -40, 40)
        for side in ("team", "opponent")
        for what, measure in (
            ("pace", "possessions per 48 minutes"),
            ("offence", "points per 100 possessions"),
            ("defence", "points per 100 possessions"),
        )
    ),
    *(
        _feature(f"opponent_{stat}_allowed", stat, f"less the league's: {_TEAM}", -40, 40)
        for stat in ("points", "reb", "ast", "fg3m")
    ),
    _feature("team_last_margin", "points", "the team's last game", -100, 100),
    _feature("team_games", "games", "the team's season", 0, 100),
    *(
        _feature(f"{side}_won", "ratio", "games of its season, and two of four before it", 0, 1)
        for side in ("team", "opponent")
    ),
    _feature("games_missed", "games", "his team's last games, six at most", 0, 6),
    _feature("presence", "ratio", "his team's games, half-life 6", 0, 1),
    _feature("play_probability", "ratio", "his team's games", 0, 1),
    _feature("team_minutes", "minutes", "mates' minutes × their chance to play, and his own", 0, 600),
    _feature("mates_points", "points", "mates' points × their chance to play", 0, 300),
    _feature("guard_ratio", "ratio", "assists of assists and rebounds, half-life 12 games", 0, 1),
    *(
        _feature(f"missing_{what}{name}", what, f"means of mates × their chance to be away{window}", -400, 400)
        for what in MISSING
        for name, window in (
            ("", ""),
            ("_less_h5", ", less what was missing in his own last games (half-life 5)"),
            ("_less_h40", ", less what was missing in his own games (half-life 40)"),
        )
    ),
    *_of_stat("points", "points"),
    *_of_stat("reb", "rebounds"),
    *_of_stat("ast", "assists"),
    *_of_stat("fg3m", "threes"),
    *(
        _feature(f"{name}_h{life}", name, f"his games, half-life {life} games", 0, 80)
        for name, life in (
            ("fga", 5),
            ("fga", 12),
            ("fta", 12),
            ("fg3a", 5),
            ("fg3a", 12),
            ("plays", 5),
            ("plays", 12),
            ("oreb", 12),
            ("tov", 12),
        )
    ),
    _feature("plays_rate40_h5", "plays", "rate of half-life 40 × minutes of half-life 5", 0, 80),
    _feature("plays_rate40_h2", "plays", "rate of half-life 40 × minutes of half-life 2", 0, 80),
    _feature("points_per_play", "points", "his games, half-life 40 games", 0, 6),
    _feature("points_last", "points", "his last game", 0, 100),
    _feature("games_career_log", "log of 1 + games", "his seasons, as far as the model remembers them", 0, 8),
    *(
        _feature(
            f"{name}_career_h{life}", measure, f"his seasons, as far as remembered; half-life {life} games", 0, top
        )
        for life in (40, 150)
        for name, measure, top in (("minutes", "minutes", 60), *((stat, f"{stat} a minute", 4) for stat in STATS))
    ),
)
NAMES = tuple(feature.name for feature in FEATURES)
CONTRACT = contract(FEATURES)
