from benchmarks.content_hashes import differences

BEFORE = {"x.games": {"2024-01-01": [3, "aa"], "2024-01-02": [4, "bb"]}, "x.grades": {"2024-01-01": [1, "cc"]}}


def test_equal_homes_differ_in_nothing() -> None:
    assert differences(BEFORE, BEFORE) == []


def test_each_table_that_differs_is_named_with_its_days_and_in_what() -> None:
    after = {"x.games": {"2024-01-01": [3, "ab"], "2024-01-03": [4, "bb"]}, "x.grades": {"2024-01-01": [2, "cc"]}}

    [games, grades] = differences(BEFORE, after)

    assert games == "x.games: 3 of 3 days (1 content, 1 gone, 1 new): 2024-01-01, 2024-01-02, 2024-01-03"
    assert grades == "x.grades: 1 of 1 days (1 rows): 2024-01-01"


def test_a_table_that_may_differ_is_left_out() -> None:
    assert differences(BEFORE, {"x.games": BEFORE["x.games"]}, ["grades"]) == []
