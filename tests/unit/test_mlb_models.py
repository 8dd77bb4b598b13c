"""The strikeout models: what they may know, and that each number is what its name says; by second formulas."""

import dataclasses
from datetime import UTC, date, datetime

import numpy as np
import pyarrow as pa
import pytest
from benchmarks import mlb_accuracy
from hypothesis import given
from hypothesis import strategies as st

from tipoff.core.rows import table_from_records
from tipoff.core.slate import Season, Slate
from tipoff.core.step import Context
from tipoff.leagues.mlb import tables
from tipoff.leagues.mlb.models import features, form, history, strikeouts
from tipoff.leagues.mlb.models.batters import LEAGUE, line_up, rates_before
from tipoff.leagues.mlb.models.decay import decayed_before, last_before
from tipoff.leagues.mlb.models.features import NAMES
from tipoff.leagues.mlb.steps import predictions
from tipoff.leagues.mlb.steps.arrays import numbers_of, once_a_table
from tipoff.leagues.predict import boosting, counts, metrics
from tipoff.leagues.predict.arrays import Ints

_FIRST = date(2021, 4, 1).toordinal()
_CHANCES = [f"chance_{spot}" for spot in range(1, 10)]


@pytest.mark.parametrize("at", [(20, 41, 41), (20, 20, 20)], ids=["as of several days", "as of one day"])
@given(events=st.lists(st.tuples(st.integers(0, 3), st.integers(0, 40), st.integers(0, 9)), max_size=30))
def test_a_decayed_sum_is_the_sum_of_earlier_days_each_halved_by_its_age(
    at: tuple[int, int, int], events: list[tuple[int, int, int]]
) -> None:
    groups, days = np.array([e[0] for e in events], dtype=np.int64), np.array([e[1] for e in events], dtype=np.int64)
    values = np.array([[float(e[2])] for e in events]).reshape(len(events), 1)
    asked = np.array([0, 1, 9])

    found = decayed_before(groups, days, values, asked, np.array(at), (5.0, 30.0))

    for row, (group, day) in enumerate(zip(asked, at, strict=True)):
        for place, half_life in enumerate((5.0, 30.0)):
            plain = sum(v * 0.5 ** ((day - d) / half_life) for g, d, v in events if g == group and d < day)
            assert abs(found[row, place, 0] - plain) < 1e-9


def test_the_last_values_are_those_of_strictly_earlier_days_newest_first() -> None:
    groups, days = np.array([1, 1, 2, 1]), np.array([3, 5, 4, 9])

    values = np.array([[30.0, 3.0], [50.0, 5.0], [40.0, 4.0], [90.0, 9.0]])

    found, tenths = last_before(groups, days, values, np.array([1, 2, 7]), np.array([9, 9, 9]), 2)

    assert np.array_equal(found, tenths * 10, equal_nan=True)
    assert found[0].tolist() == [50.0, 30.0]
    assert found[1, 0] == 40.0
    assert np.isnan(found[1, 1])
    assert np.isnan(found[2]).all()


def test_successes_of_nine_in_turn_are_those_of_a_plain_enumeration() -> None:
    chances = np.array([[0.1, 0.5, 0.3]])
    trials = np.zeros((1, counts.MOST_TRIALS + 1))
    trials[0, 2], trials[0, 4] = 0.25, 0.75

    found = counts.successes(chances, trials, shake=0.0)

    plain = np.zeros(counts.MOST_SUCCESSES + 1)
    for n, weight in ((2, 0.25), (4, 0.75)):
        for outcome in range(2**n):
            bits = [(outcome >> turn) & 1 for turn in range(n)]
            odds = [chances[0, turn % 3] if bit else 1 - chances[0, turn % 3] for turn, bit in enumerate(bits)]
            plain[sum(bits)] += weight * float(np.prod(odds))
    assert np.allclose(found[0], plain)
    assert np.allclose(counts.expectation(chances, trials)[0], plain @ np.arange(len(plain)))


def test_a_distribution_moved_to_a_mean_has_that_mean_and_adds_up_to_one() -> None:
    chances = np.full((2, 9), 0.22)
    trials = counts.Trials.learn(np.full(400, 22.0), np.random.default_rng(3).normal(22, 4, 400)).at(
        np.array([20.0, 24.0])
    )

    found = counts.successes(counts.moved_to(chances, trials, np.array([3.0, 8.0])), trials, shake=0.0)

    mean, variance = counts.moments(found)
    assert np.allclose(mean, [3.0, 8.0], atol=1e-3)
    assert np.allclose(found.sum(axis=1), 1.0)
    assert (variance > 0).all()


@pytest.mark.parametrize(("chance", "wanted"), [(0.0, 3.0), (1.0, 3.0), (0.2, 60.0), (0.2, 1e-9)])
def test_chances_of_never_and_always_are_moved_without_leaving_numbers(chance: float, wanted: float) -> None:
    trials = counts.Trials.learn(np.full(400, 5.0), np.random.default_rng(3).normal(5, 1, 400)).at(np.array([5.0]))

    with np.errstate(all="raise", under="ignore"):
        moved = counts.moved_to(np.full((1, 9), chance), trials, np.array([wanted]))
        found = counts.successes(moved, trials, shake=0.0)

    mean, _ = counts.moments(found)
    assert found.sum() == pytest.approx(1.0)
    assert mean[0] == pytest.approx(min(wanted, float(trials[0] @ np.arange(trials.shape[1]))), abs=0.01)


def test_the_median_lies_where_half_of_the_spread_out_counts_lie_below() -> None:
    distribution = np.array([[0.25, 0.5, 0.25], [0.5, 0.5, 0.0]])

    assert counts.median(distribution).tolist() == [1.0, 0.5]


def test_over_leaves_a_push_out() -> None:
    distribution = np.array([[0.2, 0.5, 0.3]])

    assert counts.over(distribution, 1.0)[0] == 0.6
    assert np.isclose(counts.over(distribution, 0.5)[0], 0.8)


def test_the_crps_of_a_certain_prediction_is_its_absolute_error() -> None:
    certain = np.eye(10)[[3, 3]]

    assert mlb_accuracy.crps(certain, np.array([5, 3])).tolist() == [2.0, 0.0]


def test_the_pit_of_a_calibrated_prediction_is_uniform() -> None:
    rng = np.random.default_rng(5)
    distribution = np.tile([0.1, 0.2, 0.3, 0.4], (20_000, 1))
    happened = rng.choice(4, size=20_000, p=[0.1, 0.2, 0.3, 0.4])

    pit = mlb_accuracy.randomised_pit(distribution, happened, rng.random(20_000))

    assert np.allclose(np.histogram(pit, bins=10, range=(0, 1))[0] / 20_000, 0.1, atol=0.01)


def test_chances_that_are_right_have_no_calibration_error_and_shifted_ones_their_shift() -> None:
    rng = np.random.default_rng(5)
    chances = rng.random(50_000) * 0.8
    happened = (rng.random(50_000) < chances).astype(np.float64)

    assert metrics.calibration_error(chances, happened) < 0.01
    assert abs(metrics.calibration_error(chances + 0.1, happened) - 0.1) < 0.01


def test_a_batters_season_is_known_only_from_the_next_season_on() -> None:
    splits = _splits([(2020, 7, 300, 90), (2021, 7, 300, 10)])

    before_2021 = rates_before(splits, 2021)
    without_2021 = rates_before(_splits([(2020, 7, 300, 90)]), 2021)

    assert np.allclose(before_2021.by_hand, without_2021.by_hand)
    assert rates_before(splits, 2022).by_hand[0, 0] < before_2021.by_hand[0, 0]


def test_a_newcomer_is_nobodys_zero() -> None:
    rates = rates_before(_splits([(2020, 7, 300, 66)]), 2021)

    found = line_up(rates, np.full((1, 9), 999), np.zeros(1), np.full(1, -2), designated=np.ones(1))

    assert (counts.chance_of(counts.log_odds(np.asarray(LEAGUE)) + found.odds) > 0.2).all()


def test_what_happens_on_a_day_and_later_changes_no_feature_of_that_day() -> None:
    games, at_bat, splits = _league(days=40)
    day = _FIRST + 20
    changed = games.set_column(
        games.schema.get_field_index("strikeouts"),
        "strikeouts",
        pa.array(
            [
                k if d.toordinal() < day else 19
                for d, k in zip(games["day"].to_pylist(), games["strikeouts"].to_pylist(), strict=True)
            ]
        ),
    )

    one, other = (_features(rows, at_bat, splits) for rows in (games, changed))

    until = one[1] <= day
    assert np.allclose(one[0].matrix()[until], other[0].matrix()[until], equal_nan=True)
    assert not np.allclose(one[0].matrix(), other[0].matrix(), equal_nan=True)


def test_what_a_season_begins_with_may_be_carried_as_sums() -> None:
    games, at_bat, splits = _league(days=40)
    past = _history(games, at_bat, splits)
    asked, begin = np.array([100, 101]), _FIRST + 25
    late = past.appearances.day >= begin
    carried = form.Carried(
        begin, {"pitcher": asked}, {"pitcher": form.sums_before(past, "pitcher", asked, np.full(2, begin))}
    )
    season = history.read_appearances(games.filter(pa.array(late)), history.Numbers.empty())
    rest = form.History(season, past.at_bat, past.expected[late], past.club_expected, past.more_faced[late])

    at = np.full(2, _FIRST + 39)

    assert np.allclose(
        form.sums_before(rest, "pitcher", asked, at, carried), form.sums_before(past, "pitcher", asked, at)
    )


def test_a_model_is_the_same_after_it_was_written_down_and_without_training_it_is_bottom_up() -> None:
    found, _ = _features(*_league(days=40))
    model = strikeouts.train(
        found, np.full(len(found.chances), 5.0), np.full(len(found.chances), 22.0), np.full(len(found.chances), 2021)
    )

    again = strikeouts.Model.load(model.dump())
    made = strikeouts.predict(again, found, strikeouts.trials_of(again, found), {})

    assert again.n_starts == 0
    assert np.allclose(made["lightgbm"].mean, made["bottom_up"].mean)
    assert np.allclose(made["blend"].distribution.sum(axis=1), 1.0, atol=1e-6)
    assert np.isfinite(made["rolling"].median).all()


def test_a_seasons_level_follows_what_happened_on_earlier_days_alone() -> None:
    days, raw = np.arange(100), np.full(100, 50.0)

    assert strikeouts.season_level(100, days, raw * 1.1, raw) > 1.05
    assert strikeouts.season_level(0, days, raw * 1.1, raw) == 1.0


def _splits(rows: list[tuple[int, int, int, int]]) -> history.Splits:
    table = pa.table(
        {
            "season": [row[0] for row in rows],
            "batter_id": [row[1] for row in rows],
            "bats": ["R"] * len(rows),
            "against": ["R"] * len(rows),
            "plate_appearances": [row[2] for row in rows],
            "strikeouts": [row[3] for row in rows],
            "on_base": [row[2] // 3 for row in rows],
        }
    )
    return history.read_splits(table)


def _league(days: int) -> tuple[pa.Table, pa.Table, history.Splits]:
    """Return two clubs that play each other every day, each with five starters and one reliever."""
    rng = np.random.default_rng(1)
    games: list[dict[str, object]] = []
    at_bat: list[dict[str, object]] = []
    for number in range(days):
        day = date.fromordinal(_FIRST + number)
        for club, other in (("BOS", "NYY"), ("NYY", "BOS")):
            first = 100 if club == "BOS" else 200
            common = {"day": day, "game_id": f"g{number}", "throws": "R", "birth_date": date(1995, 1, 1)}
            for pitcher, faced in ((first + number % 5, 22), (first + 50, 14)):
                games.append(
                    common
                    | {"pitcher_id": pitcher, "team": club, "is_starter": faced == 22, "outs": faced - 5}
                    | {
                        "batters_faced": faced,
                        "strikeouts": int(rng.binomial(faced, 0.22)),
                        "walks": 1,
                        "hits": 4,
                        "runs": 2,
                    }
                )
            at_bat.append(
                {"day": day, "game_id": f"g{number}", "team": club, "opponent": other, "is_home": club == "BOS"}
                | {"venue_id": 3, "umpire_id": 4, "opposing_catcher_id": 5, "plate_appearances": 36, "strikeouts": 8}
                | {"opposing_starter_id": (300 - first) + number % 5, "runs": 4, "on_base": 11, "game_number": 1}
                | {"has_designated_hitter": True, "scheduled_innings": 9, "is_night": True, "temperature": 70.0}
                | {f"batter_{spot}_id": first * 10 + spot for spot in range(1, 10)}
            )
    splits = _splits([(2020, 1000 + spot, 400, 80 + 5 * spot) for spot in range(1, 10)])
    return pa.Table.from_pylist(games), pa.Table.from_pylist(at_bat), splits


def _history(games: pa.Table, at_bat: pa.Table, splits: history.Splits) -> form.History:
    numbers = history.Numbers.empty()
    return form.history(history.read_appearances(games, numbers), history.read_at_bat(at_bat, numbers), splits)


def _features(games: pa.Table, at_bat: pa.Table, splits: history.Splits) -> tuple[features.Features, Ints]:
    past = _history(games, at_bat, splits)
    starts, _ = features.starts_of(past)
    rates = form.rates_by_season(splits, starts.day)
    return features.features(features.past_of(past, starts), rates, starts), starts.day


BROKEN = dataclasses.replace(strikeouts.untrained(), strikeouts="no tree").dump()


@pytest.mark.parametrize(
    ("other", "why"),
    [
        ({"features": "others"}, "was trained on"),
        ({"library": "lightgbm 1.0.0"}, "was trained with"),
        ({"model_text": "{}"}, "cannot be read"),
        ({"model_text": BROKEN}, "the trees cannot be read"),
    ],
    ids=["other features", "another library", "another form", "broken trees"],
)
def test_a_model_that_fits_not_what_is_here_leaves_its_trees_out_and_says_why(other: dict[str, str], why: str) -> None:
    row = {"day": date(2023, 4, 1), "name": "blend", "model_text": strikeouts.untrained().dump(), "n_starts": 0}
    row |= {"features": boosting.contract(NAMES), "library": boosting.library(), "seed": 7}

    _, day, doubt = predictions.fitting(table_from_records(tables.STRIKEOUT_MODEL, [row]))
    _, no_day, said = predictions.fitting(table_from_records(tables.STRIKEOUT_MODEL, [row | other]))

    assert (day, doubt) == (date(2023, 4, 1), "")
    assert no_day is None
    assert why in said


def test_what_a_table_tells_is_worked_out_once_and_anew_for_another() -> None:
    asked: list[pa.Table] = []

    def count(rows: pa.Table) -> int:
        asked.append(rows)
        return int(rows.num_rows)

    told, one, two = once_a_table(count), pa.table({"n": [1]}), pa.table({"n": [1, 2]})

    assert [told(one), told(one), told(two), told(one)] == [1, 1, 2, 1]
    assert len(asked) == 3


def test_columns_of_numbers_are_read_at_once_as_one_by_one() -> None:
    parts = [([1, None], [0.5, -0.0]), ([3], [None])]
    schema = pa.schema([("b", pa.float64()), ("a", pa.int64())])
    rows = pa.concat_tables([pa.table({"b": b, "a": a}, schema=schema) for a, b in parts])

    for some in (rows, rows.slice(0, 0)):
        one_by_one = np.array([history.floats(some.column(name)) for name in ("a", "b")])
        assert np.array_equal(numbers_of(some, ["a", "b"]), one_by_one, equal_nan=True)


def test_what_is_made_for_some_games_is_made_of_these_alone() -> None:
    day = date(2023, 4, 1)
    game = {"day": day, "pitcher_id": 7, "team": "A", "opponent": "B"}
    made = {"system": "blend", "expected_batters": 20.0, "predicted_strikeouts": 5.0}
    inputs = {
        "pitcher_features": table_from_records(
            tables.PITCHER_FEATURES, [game | {"game_id": name} | dict.fromkeys(_CHANCES, 0.2) for name in ("1", "2")]
        ),
        "predictions": table_from_records(tables.PREDICTIONS, [game | made | {"game_id": name} for name in ("1", "2")]),
        "projected_predictions": table_from_records(tables.PROJECTED_PREDICTIONS, []),
    }
    slate = Slate("mlb", Season("2023", day, day), day)
    context = Context(slate=slate, units=frozenset({"2"}), as_of=datetime(2023, 4, 1, 20, tzinfo=UTC))

    for rows in (predictions.analyse_line_up(context, inputs).rows, predictions.publish(context, inputs).rows):
        assert set(rows["game_id"].to_pylist()) == {"2"}


@pytest.mark.parametrize("of_late", [6.0, 14.0, 22.0, 27.0])
def test_a_model_that_was_never_trained_expects_about_as_many_batters_as_he_faced_of_late(of_late: float) -> None:
    [trials] = strikeouts.untrained().trials.at(np.array([of_late]))

    assert abs(float(trials @ np.arange(len(trials))) - of_late) < 1


def test_far_from_every_start_that_was_learnt_from_trials_are_about_what_is_expected() -> None:
    expected = np.full(3000, 22.0)
    happened = expected + np.tile([-2.0, -1.0, 0.0, 0.0, 1.0, 2.0], 500)

    [trials] = counts.Trials.learn(expected, happened).at(np.array([6.0]))

    assert abs(float(trials @ np.arange(len(trials))) - 6.0) < 0.5


def test_the_batters_that_are_expected_are_the_mean_of_the_chances_of_each_number(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    few = np.concatenate([np.full(900, 22.0), np.full(100, 15.0)])
    happened = np.concatenate([np.full(900, 22.0), np.full(100, 8.0)])  # of whom fifteen are expected, eight come
    model = dataclasses.replace(strikeouts.untrained(), trials=counts.Trials.learn(few, happened))
    monkeypatch.setattr(features.Features, "matrix", lambda _self: np.zeros((2, len(NAMES))))
    found = features.Features({"bf_60": np.array([22.0, 15.0])}, np.full((2, 9), 0.2))

    assert np.allclose(strikeouts.expected_faced(strikeouts.trials_of(model, found)), [22.0, 8.0], atol=0.2)


def test_of_nothing_that_was_learnt_from_every_number_of_trials_is_as_likely_as_any() -> None:
    [trials] = counts.Trials.learn(np.zeros(0), np.zeros(0)).at(np.array([22.0]))

    assert abs(float(trials.sum()) - 1) < 1e-9


def test_the_chances_of_a_man_who_strikes_out_nearly_all_add_up_to_one() -> None:
    trials = np.zeros((1, counts.MOST_TRIALS + 1))
    trials[0, [20, counts.MOST_TRIALS]] = 0.5

    [chances] = counts.successes(np.full((1, 9), 0.95), trials, shake=0.2)

    assert chances.sum() == pytest.approx(1)
    assert chances[-1] == pytest.approx(0.5, abs=0.01)  # so many or more
