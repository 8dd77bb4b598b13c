"""Once a season: what it begins with, and what is learnt from the seasons before it."""

from datetime import date

import numpy as np
import pyarrow as pa

from tipoff.core.rows import arrow_schema
from tipoff.core.step import Context, Made
from tipoff.leagues.mlb import tables
from tipoff.leagues.mlb.models import form, history, strikeouts
from tipoff.leagues.mlb.models.batters import Rates, rates_before
from tipoff.leagues.mlb.models.features import NAMES, Features, features, past_of, starts_of
from tipoff.leagues.mlb.models.history import NOBODY, Numbers
from tipoff.leagues.mlb.steps.arrays import CLUBS, WIDTH, Entities, Inputs, counted, entity_table
from tipoff.leagues.mlb.tables import BATTER_NUMBERS
from tipoff.leagues.predict import boosting

_LEARNT_SEASONS = 3


def _season_history(inputs: Inputs) -> tuple[form.History, history.Splits, Numbers]:
    numbers = Numbers.empty()
    sides = dict(zip(inputs["players"]["player_id"].to_pylist(), inputs["players"]["bats"].to_pylist(), strict=True))
    splits = inputs["batter_splits"]
    bats = pa.array([sides.get(batter) for batter in splits["batter_id"].to_pylist()], pa.string())
    read = history.read_splits(splits.append_column("bats", bats))
    appearances = history.read_appearances(counted(inputs["pitcher_boxscores"]), numbers)
    at_bat = history.read_at_bat(counted(inputs["team_boxscores"]), numbers)
    if not len(appearances.day) or not len(at_bat.day):
        nothing = np.zeros(0)
        return form.History(appearances, at_bat, nothing, nothing, nothing), read, numbers
    return form.history(appearances, at_bat, read), read, numbers


def make_season_form(context: Context, inputs: Inputs) -> Made:
    """Sum up the seasons before, for everyone in them."""
    past, splits, numbers = _season_history(inputs)
    day = context.slate.day.toordinal()
    clubs = {number: code for code, number in numbers.clubs.items()}
    found: list[Entities] = []
    for kind in form.KINDS if len(past.appearances.day) else ():
        if kind == "league":
            found.append(Entities(kind, ["all"], form.league_sums(past, np.array([day]))))
            continue
        groups, *_ = form.events(past, kind)
        asked = np.unique(groups[groups != NOBODY])
        sums = form.sums_before(past, kind, asked, np.full(len(asked), day))
        names = [clubs[int(one)] if kind in CLUBS else str(one) for one in asked]
        extra = {}
        if kind == "pitcher":
            extra = {"career_starts": form.starts_before(past.appearances, asked, np.full(len(asked), day))}
        found.append(Entities(kind, names, sums, extra))
    rates = rates_before(splits, context.slate.day.year)
    rows = entity_table(tables.SEASON_FORM, context.slate.day, _with_rates(found, rates))
    return Made(
        rows=rows, excused={} if rows.num_rows else dict.fromkeys(context.units, "nothing is known of earlier seasons")
    )


def _with_rates(found: list[Entities], rates: Rates) -> list[Entities]:
    """Return the entities with every batter of earlier seasons among them, and his rates."""
    others = [entities for entities in found if entities.kind != "batter"]
    mine = next((entities for entities in found if entities.kind == "batter"), None)
    seen = np.array([int(name) for name in mine.names] if mine else [], dtype=np.int64)
    batters = np.union1d(seen, rates.batters[rates.batters != NOBODY])
    sums = np.zeros((len(batters), *WIDTH))
    if mine:
        sums[np.searchsorted(batters, seen)] = mine.sums
    extra = {name: np.full(len(batters), np.nan) for name in BATTER_NUMBERS}
    place = np.searchsorted(batters, rates.batters[rates.batters != NOBODY])
    has = rates.batters != NOBODY
    for name, values in zip(
        BATTER_NUMBERS,
        (rates.by_hand[:, 0], rates.by_hand[:, 1], rates.on_base, rates.known, rates.side.astype(np.float64)),
        strict=True,
    ):
        extra[name][place] = values[has]
    return [*others, Entities("batter", [str(one) for one in batters], sums, extra)]


def train_strikeouts(context: Context, inputs: Inputs) -> Made:
    """Learn from the three seasons before this one; the one before them is only history for their first starts."""
    past, splits, _ = _season_history(inputs)
    model_text, n_starts, through = "", 0, None
    if len(past.appearances.day):
        starts, rows = starts_of(past)
        found = features(past_of(past, starts), form.rates_by_season(splits, starts.day), starts)
        season = form.season_of(starts.day)
        oldest = int(season.min()) + (1 if len(np.unique(season)) > _LEARNT_SEASONS else 0)
        use = (found.columns["career_starts"] > 0) & (season >= oldest)
        used = Features({name: values[use] for name, values in found.columns.items()}, found.chances[use])
        seen = past.appearances
        model = strikeouts.train(used, seen.strikeouts[rows][use], seen.faced[rows][use], season[use])
        model_text, n_starts = model.dump(), model.n_starts
        through = date.fromordinal(int(starts.day.max()))
    row = {
        "day": context.slate.day,
        "name": strikeouts.SERVED,
        "model_text": model_text,
        "n_starts": n_starts,
        "trained_through": through,
        "features": boosting.contract(NAMES),
        "library": boosting.library(),
        "seed": boosting.SEED,
    }
    return Made(rows=pa.Table.from_pylist([row], schema=arrow_schema(tables.STRIKEOUT_MODEL)))
