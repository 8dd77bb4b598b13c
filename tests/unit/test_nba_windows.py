"""Who is predicted and what is known of him, computed by hand."""

from collections.abc import Iterator
from datetime import date, timedelta
from typing import Any

import pytest
from tests.nba import NOW, TODAY, Bench, Row, benched, club, clubs_of, day_of, played, quoted, scheduled

from tipoff.core.step import Context, PythonWork
from tipoff.leagues.nba.league import NBA


@pytest.fixture
def bench() -> Iterator[Bench]:
    with benched() as made:
        yield made


def filled(bench: Bench, games: list[Row], *, today: tuple[str, str] = ("AAA", "BBB")) -> Bench:
    bench.put("player_games", games)
    bench.put("team_games", clubs_of(games))
    bench.put("schedule", [scheduled("today", *today)])
    candidates = bench.make("candidates")
    if candidates:
        bench.put("candidates", candidates)
    return bench


def features(bench: Bench) -> dict[int, Row]:
    return {row["player_id"]: row for row in bench.make("player_features")}


def test_means_are_over_games_played_and_a_game_he_sat_out_does_not_count(bench: Bench) -> None:
    games = [played(day_of(n), "AAA", "CCC", 1, points) for n, points in ((2, 10), (4, 20), (8, 30))]
    games += [played(day_of(n), "AAA", "CCC", 2, 5) for n in (2, 4, 6, 8)]

    found = features(filled(bench, games))

    assert found[1]["n_games"] == 3
    assert found[1]["points_avg_5"] == pytest.approx(20)
    assert found[1]["points_avg_season"] == pytest.approx(20)
    assert found[1]["games_share_10"] == pytest.approx(3 / 4)
    assert found[2]["games_share_10"] == 1.0


def test_the_last_five_are_the_newest_five(bench: Bench) -> None:
    games = [played(day_of(n), "AAA", "CCC", 1, n) for n in range(1, 9)]

    found = features(filled(bench, games))[1]

    assert found["points_avg_5"] == pytest.approx((4 + 5 + 6 + 7 + 8) / 5)
    assert found["points_avg_10"] == pytest.approx(sum(range(1, 9)) / 8)
    assert found["n_games"] == 8


def test_neither_the_day_itself_nor_a_later_one_is_seen(bench: Bench) -> None:
    games = [
        played(day_of(5), "AAA", "CCC", 1, 10),
        played(TODAY, "AAA", "BBB", 1, 60),
        played(day_of(22), "AAA", "CCC", 1, 60),
    ]

    assert features(filled(bench, games))[1]["points_avg_season"] == 10


def test_a_traded_player_belongs_to_the_club_that_he_last_played_for(bench: Bench) -> None:
    games = [played(day_of(n), "AAA", "CCC", 1, 10) for n in (3, 5)] + [played(day_of(9), "BBB", "CCC", 1, 22)]
    games += [played(day_of(9), "AAA", "DDD", 2, 8)]

    bench = filled(bench, games)

    assert [(row["player_id"], row["team"]) for row in bench.make("candidates")] == [(1, "BBB"), (2, "AAA")]
    assert features(bench)[1]["points_avg_season"] == pytest.approx(14)


def test_two_games_in_two_days_are_back_to_back_for_the_club(bench: Bench) -> None:
    games = [played(day_of(19), "AAA", "CCC", 1, 10), played(day_of(15), "BBB", "CCC", 2, 10)]

    found = features(filled(bench, games))

    assert (found[1]["back_to_back"], found[1]["days_rest"], found[1]["games_last_7"]) == (True, 1, 1)
    assert (found[2]["back_to_back"], found[2]["days_rest"]) == (False, 5)


def test_at_the_seasons_start_nobody_is_a_candidate(bench: Bench) -> None:
    bench.put("schedule", [scheduled("today", "AAA", "BBB")])

    assert bench.make("candidates") == []


def test_last_seasons_games_are_not_history(bench: Bench) -> None:
    bench = filled(bench, [played(date(2023, 12, 30), "AAA", "CCC", 1, 10)])

    assert bench.make("candidates") == []


def test_with_one_game_a_spread_is_unknown_and_not_nought(bench: Bench) -> None:
    found = features(filled(bench, [played(day_of(5), "AAA", "CCC", 1, 10)]))[1]

    assert found["points_std_10"] is None
    assert found["opponent_def_rating_10"] is None
    assert found["n_opponent_games"] == 0


def test_the_opponents_last_ten_games_make_its_defence(bench: Bench) -> None:
    games = [played(day_of(5), "AAA", "CCC", 1, 10)]
    bench.put("player_games", games)
    bench.put(
        "team_games", [*clubs_of(games), *(club(day_of(n), "BBB", "DDD", def_rating=90.0 + n) for n in range(1, 13))]
    )
    bench.put("schedule", [scheduled("today", "AAA", "BBB")])
    bench.put("candidates", bench.make("candidates"))

    found = features(bench)[1]

    assert found["opponent_def_rating_10"] == pytest.approx(90 + sum(range(3, 13)) / 10)
    assert found["n_opponent_games"] == 10


def test_who_missed_his_clubs_last_five_is_a_candidate_only_with_a_line(bench: Bench) -> None:
    games = [played(day_of(1), "AAA", "CCC", 1, 10)] + [played(day_of(n), "AAA", "CCC", 2, 10) for n in range(2, 8)]
    filled(bench, games)
    line = quote(1, "one", 9.5)

    without = [row["player_id"] for row in bench.make("candidates")]
    quoted(bench, [line])
    with_line = [(row["player_id"], row["because"]) for row in bench.make("candidates")]

    assert without == [2]
    assert with_line == [(1, "line"), (2, "played")]


def quote(  # noqa: PLR0913 -- the columns of a quote
    who: int, book: str, line: float, *, over: int = -110, under: int = -110, minute: int = 0, **more: object
) -> Row:
    at = NOW - timedelta(hours=2) + timedelta(minutes=minute)
    return {
        "day": TODAY,
        "game_id": "today",
        "event_id": "e",
        "book": book,
        "player_name": f"Player {who}",
        "player_key": f"player{who}",
        "line": line,
        "over_price": over,
        "under_price": under,
        "quoted_at": at,
        "known_at": at,
    } | more


def test_of_a_books_lines_the_balanced_one_is_its_own_and_of_the_books_the_lower_median(bench: Bench) -> None:
    filled(bench, [played(day_of(5), "AAA", "CCC", 1, 10)])
    quotes = [
        quote(1, "one", 9.5),
        quote(1, "one", 14.5, over=300, under=-400),
        quote(1, "two", 10.5),
        quote(1, "three", 11.5),
    ]
    quoted(bench, [*quotes, quote(1, "four", 30.5)])

    [line] = bench.make("main_lines")

    assert (line["line"], line["n_books"], line["n_quotes"], line["n_dropped"]) == (10.5, 4, 5, 4)
    assert line["player_id"] == 1


def test_the_newest_quote_of_a_book_counts(bench: Bench) -> None:
    filled(bench, [played(day_of(5), "AAA", "CCC", 1, 10)])
    quoted(bench, [quote(1, "one", 9.5), quote(1, "one", 12.5, minute=30)])

    assert [line["line"] for line in bench.make("main_lines")] == [12.5]


def test_a_line_that_arrives_after_the_instant_is_not_seen(bench: Bench) -> None:
    filled(bench, [played(day_of(5), "AAA", "CCC", 1, 10)])
    later = scheduled("today", "AAA", "BBB")["tipoff_at"]
    quoted(bench, [quote(1, "one", 9.5), quote(1, "two", 20.5, known_at=later, quoted_at=later)])

    assert [(line["line"], line["n_books"]) for line in bench.make("main_lines")] == [(9.5, 1)]


def test_a_name_that_nobody_answers_to_keeps_its_line_without_an_id(bench: Bench) -> None:
    filled(bench, [played(day_of(5), "AAA", "CCC", 1, 10)])
    quoted(bench, [quote(1, "one", 9.5), quote(7, "one", 20.5)])

    assert [(line["player_key"], line["player_id"]) for line in bench.make("main_lines")] == [
        ("player1", 1),
        ("player7", None),
    ]


def test_two_spellings_of_one_man_are_one_line_of_both_books(bench: Bench) -> None:
    filled(bench, [played(day_of(5), "AAA", "CCC", 1, 10, player_name="Greg Otto", player_key="gregotto")])
    quoted(
        bench,
        [
            quote(1, "one", 9.5, player_name="Greg Otto Jr.", player_key="gregottojr"),
            quote(1, "two", 9.5, player_name="Greg Otto", player_key="gregotto"),
        ],
    )

    assert [(line["player_id"], line["n_books"]) for line in bench.make("main_lines")] == [(1, 2)]


def test_namesakes_on_both_sides_keep_their_lines_and_everybody_else_his(bench: Bench) -> None:
    named: dict[str, Any] = {"player_name": "John Smith", "player_key": "johnsmith"}
    filled(
        bench,
        [
            played(day_of(5), "AAA", "CCC", 1, 10, **named),
            played(day_of(5), "BBB", "DDD", 2, 10, **named),
            played(day_of(5), "AAA", "CCC", 3, 10),
        ],
    )
    quoted(bench, [quote(1, "one", 15.5, **named), quote(3, "one", 20.5)])

    assert [(line["player_key"], line["player_id"], line["line"]) for line in bench.make("main_lines")] == [
        ("johnsmith", None, 15.5),
        ("player3", 3, 20.5),
    ]


def test_usage_is_the_share_of_the_clubs_plays_and_an_unknown_club_gives_no_row(bench: Bench) -> None:
    box = played(TODAY, "AAA", "BBB", 1, 20, fga=15, tov=3, fta=5, source="stats.nba.com")
    bench.put("player_boxscores", [{name: box.get(name) for name in NBA.table("player_boxscores").names}])
    bench.put("team_games", [club(TODAY, "AAA", "BBB", plays_used=101.0)])

    [found] = bench.make("player_games")

    assert found["usage_ratio"] == pytest.approx((15 + 3 + 0.44 * 5) / 101)


def test_possessions_are_the_mean_of_both_sides(bench: Bench) -> None:
    def side(team: str, other: str, fga: int, points: int) -> Row:
        base = scheduled("today", "AAA", "BBB")
        counts = {"fga": fga, "oreb": 10, "tov": 12, "fta": 20, "points": points, "minutes": 240}
        return {
            "day": TODAY,
            "game_id": "today",
            "team": team,
            "opponent": other,
            "is_home": team == "AAA",
            "known_at": base["known_at"],
        } | counts

    bench.put("nba_team_boxscores", [side("AAA", "BBB", 90, 115), side("BBB", "AAA", 80, 100)])

    home, away = bench.make("team_games")

    possessions = 0.96 * ((90 - 10 + 12 + 8.8) + (80 - 10 + 12 + 8.8)) / 2
    assert home["possessions"] == pytest.approx(possessions)
    assert home["pace"] == pytest.approx(possessions)
    assert home["off_rating"] == away["def_rating"] == pytest.approx(115 * 100 / possessions)


def test_the_moving_average_is_the_mean_of_his_games_and_rests_on_nothing_else(bench: Bench) -> None:
    filled(bench, [played(day_of(5), "AAA", "CCC", 1, 10)])
    bench.put("player_features", bench.make("player_features"))
    work = NBA.step("moving_average").work
    assert isinstance(work, PythonWork)
    slate = Context(slate=None, units=frozenset(), as_of=scheduled("today", "AAA", "BBB")["known_at"])  # type: ignore[arg-type]

    [row] = work.transform(slate, bench.inputs("moving_average")).rows.to_pylist()

    assert (row["player_id"], row["market"], row["median"]) == (1, "points", 10.0)
    assert {read.table for read in work.inputs} == {"player_features", "schedule"}
