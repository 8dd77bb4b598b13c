"""The door: whatever comes from outside is bounded to what every store can hold, or refused with a reason."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tipoff.core import door
from tipoff.core.door import Unfit

ANYTHING = st.recursive(
    st.one_of(st.none(), st.booleans(), st.integers(), st.floats(), st.text(), st.just(10**400), st.just("\ud83d")),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3), inner, max_size=3),
)


@given(ANYTHING)
def test_nothing_that_comes_out_of_the_door_is_larger_or_rawer_than_a_store_can_hold(value: Any) -> None:
    assert len(door.shown(value)) <= door.LONGEST_TEXT
    door.shown(value).encode()
    for read in (door.text, door.identifier, door.number, door.whole, door.instant, door.calendar_date):
        try:
            found = read(value, "the field")
        except Unfit as error:
            str(error).encode()
            continue
        if isinstance(found, str):
            assert found == door.clean(found)
            assert 0 < len(found) <= door.LONGEST_TEXT
        elif isinstance(found, float | int):
            assert abs(found) <= door.LARGEST_NUMBER
        elif isinstance(found, datetime):
            assert door.FIRST_YEAR < found.year < door.LAST_YEAR


@given(st.text())
def test_cleaning_twice_is_cleaning_once(text: str) -> None:
    assert door.clean(door.clean(text)) == door.clean(text)


@pytest.mark.parametrize("name", ["Nikola Đurišić", "Łukasz Nowak", "周琦", "Ægir Þór", "Jakob Pöltl"])
def test_names_of_every_script_pass_as_they_are(name: str) -> None:
    assert door.text(name, "the name") == name


def test_two_identifiers_never_become_one() -> None:
    with pytest.raises(Unfit):
        door.identifier("a b", "id")
    with pytest.raises(Unfit):
        door.identifier("a" * 65, "id")
    with pytest.raises(Unfit):
        door.identifier("a\x00b", "id")


def test_an_instant_far_from_where_it_should_be_is_refused() -> None:
    near = datetime(2024, 1, 1, tzinfo=UTC)

    assert door.instant("2024-01-01T12:00:00Z", "at", near=near, within=timedelta(days=1)).hour == 12
    with pytest.raises(Unfit, match="more than 1 days"):
        door.instant("2025-01-01T12:00:00Z", "at", near=near, within=timedelta(days=1))


@pytest.mark.parametrize(
    "text", ["1_000", "\uff11\uff12", "1,000", "0x10", "nan", "Infinity", "1e5", "5.3", "--1", "."]
)
def test_a_text_that_only_a_computer_takes_for_a_whole_number_is_none(text: str) -> None:
    with pytest.raises(door.Unfit):
        door.whole(text, "a count")


@pytest.mark.parametrize(("text", "found"), [(" 12 ", 12), ("-3", -3), ("37.0", 37), ("+5", 5)])
def test_a_whole_number_may_stand_as_a_text(text: str, found: int) -> None:
    assert door.whole(text, "a count") == found
