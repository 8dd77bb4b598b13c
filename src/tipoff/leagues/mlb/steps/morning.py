"""Each morning: form, as what the season began with and its own days; and after a game, its expectation as known that morning."""

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from tipoff.core.rows import arrow_schema
from tipoff.core.step import Context, Made
from tipoff.leagues.mlb import tables
from tipoff.leagues.mlb.models import form, history
from tipoff.leagues.mlb.models.batters import Rates
from tipoff.leagues.mlb.models.history import NOBODY, Appearances, Numbers, floats
from tipoff.leagues.mlb.steps.arrays import (
    CLUBS,
    Entities,
    Inputs,
    carried_of,
    carried_rates,
    counted,
    entity_table,
    known_of,
)
from tipoff.leagues.mlb.tables import BATTER_NUMBERS
from tipoff.leagues.predict.arrays import Floats, Ints

_SEEN = 1.0  # expected strikeouts (200 days) below which a batter's form says nothing, and is not kept


def make_form(context: Context, inputs: Inputs) -> Made:
    """Add the season's own days to what it began with, for everyone who may have to do with today."""
    numbers = Numbers.empty()
    day = context.slate.day.toordinal()
    carried = carried_of(inputs["season_form"], numbers)
    past = _season_past(inputs, numbers)
    recent = history.read_outings(counted(inputs["pitcher_boxscores"]))
    clubs = {number: code for code, number in numbers.clubs.items()}
    rates = carried_rates(inputs["season_form"])
    found: list[Entities] = []
    for kind in form.KINDS:
        if kind == "league":
            found.append(Entities(kind, ["all"], form.league_sums(past, np.array([day]), carried)))
            continue
        groups, *_ = form.events(past, kind)
        asked = np.union1d(groups[groups != NOBODY], carried.ids.get(kind, np.zeros(0, dtype=np.int64)))
        if kind == "pitcher":
            asked = np.union1d(np.intersect1d(asked, recent.pitcher), recent.pitcher)
        at = np.full(len(asked), day)
        sums = form.sums_before(past, kind, asked, at, carried)
        extra = _pitcher_numbers(recent, past, inputs["season_form"], asked, at) if kind == "pitcher" else {}
        if kind == "batter":
            known = np.isin(asked, rates.batters)
            keep = known | (form.column(sums, "expected", 200) >= _SEEN)
            keep &= (
                ~known
                | (form.column(sums, "expected", 600) > 0)
                | (rates.known[np.minimum(np.searchsorted(rates.batters, asked), len(rates.batters) - 1)] > 0)
            )
            asked, sums = asked[keep], sums[keep]
            extra = _rate_columns(rates, asked)
        names = [clubs[int(one)] if kind in CLUBS else str(one) for one in asked]
        found.append(Entities(kind, names, sums, extra))
    return Made(rows=entity_table(tables.FORM, context.slate.day, found))


def _season_past(inputs: Inputs, numbers: Numbers) -> form.History:
    games, at_bat = counted(inputs["pitcher_games"]), counted(inputs["team_games"])
    appearances = history.read_appearances(games, numbers)
    expected = np.nan_to_num(floats(games.column("expected_strikeouts")))
    more = np.nan_to_num(floats(games.column("more_faced")))
    club_expected = np.nan_to_num(floats(at_bat.column("expected_strikeouts")))
    return form.History(appearances, history.read_at_bat(at_bat, numbers), expected, club_expected, more)


def _rate_columns(rates: Rates, asked: Ints) -> dict[str, Floats]:
    place = np.minimum(np.searchsorted(rates.batters, asked), len(rates.batters) - 1)
    has = rates.batters[place] == asked
    told = (rates.by_hand[:, 0], rates.by_hand[:, 1], rates.on_base, rates.known, rates.side.astype(np.float64))
    return {name: np.where(has, values[place], np.nan) for name, values in zip(BATTER_NUMBERS, told, strict=True)}


def _pitcher_numbers(
    recent: Appearances, past: form.History, carried: pa.Table, asked: Ints, at: Ints
) -> dict[str, Floats]:
    numbers = form.recent(recent, asked, at) | form.season_counts(past.appearances, asked, at)
    mine = carried.filter(pc.equal(carried.column("kind"), "pitcher"))
    earlier = dict(zip(mine["entity"].to_pylist(), mine["career_starts"].to_pylist(), strict=True))
    before = np.array([float(earlier.get(str(one)) or 0) for one in asked])
    return {**numbers, "career_starts": before + numbers["season_starts"]}


def make_pitcher_games(context: Context, inputs: Inputs) -> Made:
    """Lay each pitcher's game beside its expectation, as known that morning."""
    rows, at_bat_rows = inputs["pitcher_boxscores"], inputs["team_boxscores"]
    rows = rows.filter(pc.is_in(rows.column("game_id"), value_set=at_bat_rows.column("game_id").combine_chunks()))
    schema = arrow_schema(tables.PITCHER_GAMES)
    if not rows.num_rows:
        return Made(rows=schema.empty_table())
    known = known_of(inputs["form"])
    seen, at_bat = history.read_appearances(rows, known.numbers), history.read_at_bat(at_bat_rows, known.numbers)
    expected = form.expected_of(seen, at_bat, form.facing_row(seen, at_bat), {context.slate.day.year: known.rates})
    pitchers = known.sums("pitcher", seen.pitcher)
    league = known.sums("league", np.zeros(len(seen.pitcher), dtype=np.int64))
    own = expected * form.relative(pitchers, league) * form.level(league)
    made = {
        "expected_strikeouts": expected,
        "own_expected_strikeouts": own,
        "more_faced": seen.faced - form.usual_faced(league),
    }
    columns = [
        pa.array(made[name], pa.float64(), from_pandas=True) if name in made else rows.column(name).combine_chunks()
        for name in schema.names
    ]
    return Made(rows=pa.table(columns, schema=schema))
