"""A recount: rows of this version of a step are held by their hash, rows of an earlier one by their count."""

import pytest

from tipoff.app.recounts import stands
from tipoff.core.proof import UnitProof

UNIT = UnitProof(unit="g1", n_rows=2, content_hash="a", made_from="m")


@pytest.mark.parametrize(
    ("n_rows", "content_hash", "by_hash", "as_proven"),
    [(2, "a", True, True), (2, "b", True, False), (2, "b", False, True), (1, "a", False, False), (0, "", False, False)],
)
def test_rows_are_held_by_hash_or_by_count(n_rows: int, content_hash: str, *, by_hash: bool, as_proven: bool) -> None:
    assert stands(UNIT, n_rows, content_hash, by_hash=by_hash) is as_proven
