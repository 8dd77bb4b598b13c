"""Rows as they are hashed: numbers at their declared places, which two engines may give otherwise, and rows in order."""

import math
import random

import pyarrow as pa

from tipoff.core.schema import DAY, Phase, Table, text
from tipoff.store.rows import by_key, in_order, rounded


def test_numbers_that_differ_in_their_last_bit_are_the_same_at_their_places() -> None:
    dice = random.Random(1)  # noqa: S311 -- seeded
    for places in (1, 2, 3, 6):
        exact = [dice.randint(-(10**9), 10**9) / 10**places for _ in range(5000)]
        above = [math.nextafter(value, math.inf) for value in exact]
        below = [math.nextafter(value, -math.inf) for value in exact]

        assert [rounded(pa.array(values), places).to_pylist() for values in (exact, above, below)] == [exact] * 3


def test_nothing_stays_nothing_and_unknown_stays_unknown() -> None:
    found = rounded(pa.array([-0.0, None, 95.28960000000001]), 6).to_pylist()

    assert found == [0.0, None, 95.2896]
    assert math.copysign(1, found[0]) == 1


def test_rows_that_stand_in_order_are_not_moved_and_others_are() -> None:
    table = Table(
        league="x", phase=Phase.RAW, name="t", columns=(DAY, text("game_id"), text("who")), key=("who", "game_id")
    )
    rows = pa.table({"game_id": ["1", "1", "2"], "who": ["b", "c", "a"]})

    assert in_order(table, rows) is rows
    assert by_key(table, rows).to_pydict() == {"game_id": ["2", "1", "1"], "who": ["a", "b", "c"]}
    assert in_order(table, by_key(table, rows)) == rows
