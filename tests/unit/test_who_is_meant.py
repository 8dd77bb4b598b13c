"""Names: how a spelling is taken apart, and who of those present is meant by it."""

from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tipoff.leagues.identity.games import GameIndex, ListedGame
from tipoff.leagues.identity.names import name_key, read_name
from tipoff.leagues.identity.resolve import Certainty, Person, resolve


def people(*names: str) -> list[Person]:
    return [Person(n, name, "AAA") for n, name in enumerate(names, 1)]


@pytest.mark.parametrize(
    ("spelling", "name", "rule"),
    [
        ("Niko Djuric", "Niko Đurić", "exact"),
        ("Niko Duric", "Niko Đurić", "exact"),
        ("Lukasz Zmuda", "Łukasz Żmuda", "exact"),
        ("Jonas Bjorn", "Jonas Bjørn", "exact"),
        ("Aegir Thor", "Ægir Þór", "exact"),
        ("Jan Poettl", "Jan Pöttl", "exact"),
        ("Jan Pottl", "Jan Pöttl", "exact"),
        ("Li Wen", "李文", "exact"),
        ("Тимофей Орлов", "Timofey Orlov", "exact"),
        ("Ann Payne Ⅱ", "Ann Payne II", "exact"),
        ("Ann Lee Third", "Ann Lee III", "exact"),
        ("Ann Lee 3rd", "Ann Lee III", "exact"),
        ("De’Von Alder", "De'Von Alder", "exact"),
        ("Al-Amin Dar", "Al Amin Dar", "exact"),
        ("Ann Stone (IND)", "Ann Stone", "exact"),
        ("Stone, Ann", "Ann Stone", "exact"),
        ("Stone Ann", "Ann Stone", "family name first"),
        ("Ann Stone Jr", "Ann Stone", "without its suffix"),
        ("Ann Stone", "Ann Stone III", "without its suffix"),
        ("Ann Mary Stone", "Ann Stone", "with further names"),
        ("Ann Mary Stone Gomez", "Ann Stone", "with further names"),
        ("Cam Stone", "Cameron Stone", "short for a given name"),
        ("Bob Stone", "Robert Stone", "short for a given name"),
        ("Sasha Petrov", "Aleksandar Petrov", "short for a given name"),
        ("Thomas James Stone", "TJ Stone", "short for a given name"),
        ("Thomas Stone", "T.J. Stone", "short for a given name"),
        ("Kim Stone Jr.", "KJ Stone", "short for a given name"),
        ("Ann Stonebrige", "Ann Stonebridge", "one letter off"),
        ("Nicholas Stone", "Nicolas Stone", "one letter off"),
        ("A. Stone", "Ann Stone", "initial"),
    ],
)
def test_one_person_is_known_by_each_spelling(spelling: str, name: str, rule: str) -> None:
    found = resolve(spelling, people("Bea Other", name, "Cyd Third"))

    assert (found.person and found.person.name, found.rule) == (name, rule)


@pytest.mark.parametrize(
    ("spelling", "name"),
    [
        ("王小明", "李文"),  # neither has a Latin letter: not alike for that
        ("Ann Third", "Ann III"),
        ("Ann Stone Jr.", "Ann Stone III"),  # father and son
        ("Ben Stone", "Ann Stone"),
        ("Ann Stine", "Ann Stone"),  # a short word with another letter is another name
        ("", "Ann Stone"),
        ("🙂", "Ann Stone"),
    ],
)
def test_another_persons_name_is_nobody_s_here(spelling: str, name: str) -> None:
    assert resolve(spelling, people(name, "Bea Other")).person is None


def test_two_who_fit_are_ambiguous_and_both_are_suggested() -> None:
    found = resolve("J. Stone", people("Jan Stone", "Jo Stone", "Bea Other"))

    assert found.certainty is Certainty.AMBIGUOUS
    assert [person.name for person in found.suggestions] == ["Jan Stone", "Jo Stone"]


def test_the_exact_name_decides_before_anything_looser() -> None:
    found = resolve("Ann Stone Jr.", people("Ann Stone", "Ann Stone Jr."))

    assert found.person == Person(2, "Ann Stone Jr.", "AAA")


def test_namesakes_on_both_sides_are_ambiguous_and_nobody_else_is() -> None:
    both = [Person(1, "John Smith", "AAA"), Person(2, "John Smith", "BBB"), Person(3, "Alpha", "AAA")]

    assert resolve("John Smith", both).certainty is Certainty.AMBIGUOUS
    assert resolve("Alpha", both).person == both[2]
    assert resolve("John Smith", both, here=2).person == both[1]


def test_an_unknown_spelling_is_nobody_and_the_nearest_are_suggested() -> None:
    found = resolve("Edward Femi Stone", people("Bam Stone", "Cy Other"))

    assert found.certainty is Certainty.UNKNOWN
    assert found.suggestions[0].name == "Bam Stone"


def test_whom_people_named_is_meant_where_he_is_present_and_nothing_exact_says_otherwise() -> None:
    present = people("Bam Stone", "Eddy Cole")

    assert resolve("Ed F. Stone", present, told=[1]).rule == "told"
    assert resolve("Ed F. Stone", present, told=[7]).person is None
    assert resolve("Eddy Cole", present, told=[1]).person == present[1]


def test_an_exact_name_of_one_man_elsewhere_is_his_for_a_roster_may_lag_behind() -> None:
    elsewhere = [Person(9, "Zed Mover", "CCC")]

    assert resolve("Zed Mover", people("Bea Other"), elsewhere).person == elsewhere[0]
    assert resolve("Zed Mover", people("Bea Other"), [*elsewhere, Person(8, "Zed Mover", "DDD")]).person is None


@given(st.text(max_size=40))
def test_every_text_has_a_key_of_its_own_or_that_of_its_letters(text: str) -> None:
    key = name_key(text)

    assert key == key.casefold()
    assert bool(key) == bool(text.split())
    assert read_name(text) == read_name(text)


@given(st.text(max_size=30), st.lists(st.text(min_size=1, max_size=20), max_size=4))
def test_whatever_is_written_names_one_of_those_present_or_nobody(spelling: str, names: list[str]) -> None:
    present = people(*names)

    assert resolve(spelling, present).person in [*present, None]


def listed(game_id: str, day: int, *other_days: int) -> ListedGame:
    days = tuple(date(2024, 1, other) for other in other_days)
    return ListedGame(game_id=game_id, day=date(2024, 1, day), home="AAA", away="BBB", other_days=days)


@pytest.mark.parametrize(
    ("home", "away", "day", "around", "rule"),
    [
        ("AAA", "BBB", 9, False, "as written"),
        ("BBB", "AAA", 9, False, "sides swapped"),
        ("AAA", "BBB", 3, False, "on the day first drawn"),
        ("AAA", "BBB", 10, True, "as written, the day before"),
        ("AAA", "BBB", 8, True, "as written, the day after"),
        ("AAA", "BBB", 10, False, None),
        ("AAA", "CCC", 9, True, None),
    ],
)
def test_a_game_is_found_however_its_day_and_sides_are_told(
    home: str, away: str, day: int, *, around: bool, rule: str | None
) -> None:
    found = GameIndex.of([listed("g", 9, 3)]).find(home, away, date(2024, 1, day), around=around)

    assert (found.rule if found else None) == rule
    assert found is None or found.game.game_id == "g"


def test_of_two_games_of_one_day_the_number_says_which() -> None:
    index = GameIndex.of([listed("first", 9), listed("second", 9)])

    assert index.find("AAA", "BBB", date(2024, 1, 9)) is None
    second = index.find("AAA", "BBB", date(2024, 1, 9), number=2)
    assert second
    assert second.game.game_id == "second"
    assert index.find("AAA", "BBB", date(2024, 1, 9), number=3) is None
