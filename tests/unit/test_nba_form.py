"""A candidate's form, computed by hand in a second way: plain loops over the games."""

from datetime import date, timedelta
from typing import Any

import numpy as np
import pyarrow as pa
import pytest

from tipoff.leagues.nba import form, markets
from tipoff.leagues.nba.checks import careers
from tipoff.leagues.nba.features import CONTRACT, FEATURES, NAMES
from tipoff.leagues.nba.memory import NO_MEMORY, Memory
from tipoff.leagues.nba.models.features import Feature, contract

FIRST = date(2024, 1, 1)
TODAY = FIRST + timedelta(days=30)
Row = dict[str, Any]


def game(n: int, player: int, *, team: str = "AAA", minutes: int = 30, points: int = 10, **more: int) -> Row:
    counts = dict.fromkeys(form.COUNTED, 4) | {"minutes": minutes, "points": points} | more
    other = {"AAA": "BBB", "BBB": "AAA"}[team]
    at = {"day": FIRST + timedelta(days=2 * n), "game_id": f"g{n:02}", "player_id": player}
    return at | {"team": team, "opponent": other} | counts


def who(player: int) -> Row:
    return {"player_id": player, "team": "AAA", "opponent": "BBB", "is_home": True}


def told(games: list[Row], players: tuple[int, ...] = (1,), memory: Memory = NO_MEMORY) -> dict[str, np.ndarray]:
    candidates = pa.Table.from_pylist([who(player) for player in players])
    history, asked = form.read(pa.Table.from_pylist(games), candidates)
    found = form.features(history, asked, (TODAY - date(1970, 1, 1)).days, memory)
    return dict(zip(NAMES, found.T, strict=True))


def test_a_mean_weighs_a_game_half_as_much_for_every_half_life_back() -> None:
    points = [10, 20, 30, 8, 15, 22, 4]
    games = [game(n, 1, points=p) for n, p in enumerate(points)] + [game(n, 9, team="BBB") for n in range(7)]

    found = told(games)["points_h5"][0]

    weights = [0.5 ** (back / 5) for back in range(len(points))]
    assert found == pytest.approx(sum(w * p for w, p in zip(weights, reversed(points), strict=True)) / sum(weights))


def test_rate_by_minutes_is_the_slow_rate_over_the_quick_minutes() -> None:
    played = [(10, 20), (20, 30), (5, 12), (30, 36)]
    games = [game(n, 1, points=p, minutes=m) for n, (p, m) in enumerate(played)] + [
        game(n, 9, team="BBB") for n in range(4)
    ]

    found = told(games)["points_rate40_h5"][0]

    slow = [0.5 ** (back / 40) for back in range(4)]
    quick = [0.5 ** (back / 5) for back in range(4)]
    rate = sum(w * p for w, (p, _) in zip(slow, reversed(played), strict=True)) / sum(
        w * m for w, (_, m) in zip(slow, reversed(played), strict=True)
    )
    minutes = sum(w * m for w, (_, m) in zip(quick, reversed(played), strict=True)) / sum(quick)
    assert found == pytest.approx(rate * minutes)


def test_a_career_goes_on_where_the_season_before_ended() -> None:
    minutes, points = [20, 30, 36, 12, 24, 33], [10, 22, 30, 3, 11, 25]
    games = [game(n, 1, minutes=m, points=p) for n, (m, p) in enumerate(zip(minutes, points, strict=True))]
    others = [game(n, 9, team="BBB") for n in range(6)]
    before, _ = form.read(pa.Table.from_pylist(games[:4] + others[:4]), pa.Table.from_pylist([who(1)]))
    season = [row | {"day": row["day"] + timedelta(days=15)} for row in games[4:] + others[4:]]

    memory = form.remember(before, NO_MEMORY)
    remembered, new = told(season, memory=memory), told(season, memory=memory.only(np.array([9])))

    for life in (40, 150):
        weights = [0.5 ** (back / life) for back in range(6)]
        sums = [sum(w * one for w, one in zip(weights, reversed(what), strict=True)) for what in (minutes, points)]
        assert remembered[f"minutes_career_h{life}"][0] == pytest.approx(sums[0] / sum(weights))
        assert remembered[f"points_career_h{life}"][0] == pytest.approx(sums[1] / sums[0])
    assert remembered["games_career_log"][0] == pytest.approx(np.log(7))
    assert remembered["points_h5"][0] == new["points_h5"][0]
    assert new["minutes_career_h40"][0] == pytest.approx(new["minutes_h40"][0])
    assert new["games_career_log"][0] == pytest.approx(np.log(3))


def test_where_nobody_is_remembered_how_long_a_career_is_is_unknown_and_not_short() -> None:
    games = [game(n, player, team=team) for n in range(3) for player, team in ((1, "AAA"), (2, "AAA"), (9, "BBB"))]
    of_one = Memory(np.array([2]), np.ones((1, 2, 6)), np.array([70.0]))

    alone = told(games, (1, 2))["games_career_log"]
    beside = told(games, (1, 2), memory=of_one)["games_career_log"]

    assert np.isnan(alone).all()
    assert beside == pytest.approx(np.log1p([3, 73]))


def test_a_memory_fades_by_sixty_games_for_each_season_of_which_it_knows_nothing() -> None:
    memory = Memory(np.array([1]), np.ones((1, 2, 6)), np.array([82.0]))

    (sums,), (games,) = memory.aged(1).of(np.array([1]))

    assert sums[:, 0].tolist() == pytest.approx([0.5 ** (60 / 40), 0.5 ** (60 / 150)])
    assert games == 82
    assert memory.of(np.array([2]))[0].sum() == 0
    assert len(memory.only(np.array([2])).ids) == 0


def test_a_lopsided_game_says_less_of_minutes_than_a_close_one() -> None:
    games = [game(0, 1, minutes=40, points=30), game(1, 1, minutes=16, points=10)]
    close = [game(0, 9, team="BBB", points=28), game(1, 9, team="BBB", points=12)]
    lost = [game(0, 9, team="BBB", points=28), game(1, 9, team="BBB", points=50)]

    even, lopsided = told(games + close), told(games + lost)

    assert lopsided["minutes_h5"][0] == even["minutes_h5"][0]
    assert lopsided["minutes_close_h5"][0] > even["minutes_close_h5"][0]
    assert (even["last_margin_size"][0], lopsided["last_margin_size"][0]) == (2, 40)
    assert (even["team_last_margin"][0], lopsided["team_last_margin"][0]) == (-2, -40)
    assert even["team_won"][0] == pytest.approx((1 + 2) / (2 + 4))
    assert even["team_games"][0] == 2


def test_a_mate_who_stays_away_is_missing_in_proportion_to_his_chance_to_stay_away() -> None:
    both = [game(n, who, points=20) for n in range(8) for who in (1, 2, 3)]
    one_away = [row for row in both if (row["player_id"], row["game_id"]) not in {(2, "g06"), (2, "g07")}]
    others = [game(n, 9, team="BBB") for n in range(8)]

    there, away = told(both + others), told(one_away + others)

    assert away["missing_points"][0] > there["missing_points"][0] + 10
    assert away["missing_points_less_h40"][0] > 0
    assert away["team_minutes"][0] < there["team_minutes"][0] - 15


def test_who_missed_games_is_less_likely_to_play() -> None:
    games = [game(n, who) for n in range(8) for who in (1, 2) if who == 1 or n < 6]
    games += [game(n, 9, team="BBB") for n in range(8)]

    found = told(games, (1, 2))

    assert list(found["games_missed"]) == [0, 2]
    assert found["play_probability"][0] > 0.85
    assert found["play_probability"][1] < 0.4


def test_games_of_which_a_count_is_unknown_are_no_history() -> None:
    games = [game(n, 1, points=10) for n in range(3)] + [game(n, 9, team="BBB") for n in range(3)]
    unknown = game(3, 1) | {"points": None}

    assert told([*games, unknown])["games"][0] == 3


def test_a_player_without_a_game_has_no_form() -> None:
    games = [game(n, who, team=team) for n in range(3) for who, team in ((1, "AAA"), (9, "BBB"))]

    found = told(games, (1, 77))

    assert np.isnan(found["points_h5"][1])
    assert not np.isnan(found["opponent_pace"][1])


def test_the_order_in_which_rows_come_changes_nothing() -> None:
    games = [
        game(n, who, points=who + n, team=team) for n in range(6) for who, team in ((1, "AAA"), (2, "AAA"), (9, "BBB"))
    ]

    one, other = told(games, (1, 2)), told(games[::-1], (1, 2))

    for name in NAMES:
        np.testing.assert_array_equal(one[name], other[name])


def test_a_contract_changes_with_any_declared_part_of_a_feature() -> None:
    changed = (*FEATURES[:-1], Feature(name="points_last", measure="points", window="other", low=0, high=100))

    assert contract(changed) != CONTRACT
    assert contract(FEATURES[::-1]) != CONTRACT


def test_before_the_first_model_the_second_formula_remembers_nobody() -> None:
    assert careers.remembered(date(2016, 11, 2)) == {}
    assert careers.remembered(date(2023, 11, 2))


def test_before_the_first_model_the_less_is_known_of_a_player_the_wider_is_what_he_may_make() -> None:
    model, widths = markets.serving(date(2016, 10, 25)), []
    for n in (1, 3, 12):
        found = np.column_stack([*told([game(at, 1, points=10) for at in range(n)]).values()])
        [quantiles] = model.quantiles("points", found, model.middles(found)["points"])
        widths.append(quantiles[-3] - quantiles[2])  # 90 % less 10 %

    assert model.digest.startswith("rule of thumb")
    assert widths == sorted(widths, reverse=True)
    assert widths[0] > 12  # whose first game was of 10 points makes 0 to 22 in the next, four times of five
