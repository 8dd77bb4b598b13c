"""Every kind of check in SQL: quiet on a good slate, failing by name on a spoiled one, and no pass where it cannot look."""

# ruff: noqa: S608 -- a test writes its own statements

import dataclasses
import json
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest
from tests.checked import AWAY, GAME, HOME, KNOWN, TIP, YESTERDAY, Slate, checked, game, owed, proven
from tests.nba import TODAY

from tipoff.core.check import Cadence, Check, CheckStatus, Measured
from tipoff.core.obligation import NOT_KEPT_YET
from tipoff.core.proof import read_units, units_text
from tipoff.core.severity import Severity
from tipoff.leagues.checks import kinds, rowwise
from tipoff.leagues.checks import probes as looks
from tipoff.leagues.checks.generic import generic
from tipoff.leagues.nba import tables as nba
from tipoff.leagues.nba.league import NBA
from tipoff.leagues.nba.words import WORDS

PLAYERS, CLUBS, SECOND = nba.NBA_PLAYER_BOXSCORES, nba.NBA_TEAM_BOXSCORES, nba.BDL_PLAYER_BOXSCORES
PLAYED = "= 'final'"
FAILS = Measured(value=0.0, failing=(f"{GAME}|1",))


@pytest.fixture
def slate(tmp_path: Path) -> Iterator[Slate]:
    with checked(tmp_path, "game", game()) as made:
        yield made


def test_a_new_step_has_the_generic_checks_without_being_named() -> None:
    old = NBA.step("team_games")
    table = dataclasses.replace(old.table, name="brand_new")
    new = dataclasses.replace(old, table=table)

    found = {
        check.name.partition(".")[2]: check
        for check in generic((*NBA.steps, new), WORDS, {})
        if check.name.startswith(f"{table.name}.")
    }

    every = {
        "columns_are_declared",
        "keys_are_unique",
        "values_are_as_declared",
        "has_run",
        "zero_is_signed",
        "is_still_there",
    }
    every |= {
        "columns_say_something",
        "nulls_are_usual",
        "zeros_are_usual",
        "values_vary",
        "means_are_usual",
        "rows_are_usual",
    }
    every |= {"game_ids_have_their_form", "games_are_scheduled", "games_are_there", "is_what_its_inputs_give"}
    assert found.keys() >= every | {"copies_nba_team_boxscores"}
    assert all(check.claim and check.do for check in found.values())


KINDS: dict[str, tuple[Check, str, tuple[str, ...]]] = {
    "set coverage: a game without rows": (
        rowwise.covers(PLAYERS, WORDS, played=PLAYED, cadence=Cadence.MORNING),
        "DELETE FROM nba_raw.nba_player_boxscores",
        (GAME,),
    ),
    "set coverage: rows of a game that nobody scheduled": (
        rowwise.only_scheduled(PLAYERS, "schedule"),
        "UPDATE nba_raw.nba_player_boxscores SET game_id = '0022300999' WHERE player_id = 1",
        ("0022300999|1",),
    ),
    "duplicate key": (
        rowwise.unique(PLAYERS),
        "INSERT INTO nba_raw.nba_player_boxscores SELECT * FROM nba_raw.nba_player_boxscores WHERE player_id = 2",
        (f"{GAME}|2",),
    ),
    "required value: NULL": (
        rowwise.declared(PLAYERS),
        "UPDATE nba_raw.nba_player_boxscores SET team = NULL WHERE player_id = 3",
        (f"{GAME}|3",),
    ),
    "required value: a column that should be filled": (
        rowwise.declared(PLAYERS, filled=("minutes",)),
        "UPDATE nba_raw.nba_player_boxscores SET minutes = NULL WHERE player_id = 3",
        (f"{GAME}|3",),
    ),
    "range: too much": (
        rowwise.declared(PLAYERS),
        "UPDATE nba_raw.nba_player_boxscores SET points = points * 100 WHERE player_id = 4",
        (f"{GAME}|4",),
    ),
    "range: too little": (
        rowwise.declared(PLAYERS),
        "UPDATE nba_raw.nba_player_boxscores SET points = -1 WHERE player_id = 4",
        (f"{GAME}|4",),
    ),
    "a condition on rows": (
        kinds.holds(PLAYERS, "adds_up", "points add up", "t.points = 2 * t.fgm + t.fg3m + t.ftm"),
        "UPDATE nba_raw.nba_player_boxscores SET points = points + 1 WHERE player_id = 1",
        (f"{GAME}|1",),
    ),
    "a condition on rows: NULL is not in order": (
        kinds.holds(PLAYERS, "adds_up", "points add up", "t.points = 2 * t.fgm + t.fg3m + t.ftm"),
        "UPDATE nba_raw.nba_player_boxscores SET points = NULL WHERE player_id = 1",
        (f"{GAME}|1",),
    ),
    "cross-source agreement: another value": (
        rowwise.agrees(
            SECOND, PLAYERS, on=("game_id", "player_key"), columns=("points",), name="agree", claim="sources agree"
        ),
        "UPDATE nba_raw.nba_player_boxscores SET points = 30 WHERE player_id = 1",
        (f"{GAME}|101",),
    ),
    "join-match rate: nobody to meet": (
        rowwise.agrees(SECOND, PLAYERS, on=("game_id", "player_key"), columns=(), name="meet", claim="sources meet"),
        "UPDATE nba_raw.nba_player_boxscores SET player_key = 'other' WHERE player_id = 2",
        (f"{GAME}|102",),
    ),
    "sums: a row is missing": (
        rowwise.sums(PLAYERS, CLUBS, by=("game_id", "team"), columns=("points", "reb"), name="add_up"),
        "DELETE FROM nba_raw.nba_player_boxscores WHERE player_id = 3",
        (f"{GAME}|{AWAY}",),
    ),
    "sums: a column is empty": (
        rowwise.sums(PLAYERS, CLUBS, by=("game_id", "team"), columns=("points", "reb"), name="add_up"),
        f"UPDATE nba_raw.nba_player_boxscores SET reb = NULL WHERE team = '{HOME}'",
        (f"{GAME}|{HOME}",),
    ),
    "sides: home and away swapped": (
        rowwise.sides(PLAYERS, WORDS),
        f"UPDATE nba_raw.nba_player_boxscores SET is_home = NOT is_home WHERE team = '{AWAY}'",
        (f"{GAME}|3", f"{GAME}|4"),
    ),
    "sides: a club of another game": (
        rowwise.sides(SECOND, WORDS),
        "UPDATE nba_raw.bdl_player_boxscores SET team = 'LAL' WHERE player_key = 'playera'",
        (f"{GAME}|101",),
    ),
    "timing: known after its game began": (
        kinds.timed(nba.ODDS_EVENTS, "schedule", "known_before", "known before", "t.known_at < s.tipoff_at"),
        f"UPDATE nba_raw.odds_events SET known_at = TIMESTAMPTZ '{TIP + timedelta(minutes=1)}'",
        (GAME,),
    ),
    "a check written out": (
        kinds.asks(
            "schedule.scores",
            "scores differ",
            "SELECT t.game_id AS key, t.home_score > t.away_score AS ok FROM slate.schedule AS t",
            ["schedule"],
        ),
        "UPDATE nba_raw.schedule SET home_score = 3",
        (GAME,),
    ),
    "window completeness since the season began": (
        kinds.history_is_whole(PLAYERS, "schedule", played=PLAYED),
        (
            f"INSERT INTO nba_raw.schedule SELECT * REPLACE (DATE '{YESTERDAY}' AS day, '0022300490' AS game_id) "
            "FROM nba_raw.schedule"
        ),
        ("0022300490",),
    ),
    "identity: called otherwise than before": (
        looks.as_before(PLAYERS, "player_id", ("player_name",)),
        (
            f"INSERT INTO nba_raw.nba_player_boxscores SELECT * REPLACE (DATE '{YESTERDAY}' AS day, '0022300490' AS game_id, "
            "'Somebody Else' AS player_name) FROM nba_raw.nba_player_boxscores WHERE player_id = 1"
        ),
        (f"{GAME}|1",),
    ),
}
_FROM_BEFORE = {
    "window completeness since the season began": (
        "INSERT INTO nba_raw.schedule SELECT * REPLACE (DATE '2024-01-18' AS day, '0022300480' AS game_id) "
        "FROM nba_raw.schedule; INSERT INTO nba_raw.nba_player_boxscores SELECT * REPLACE (DATE '2024-01-18' AS day, "
        "'0022300480' AS game_id) FROM nba_raw.nba_player_boxscores"
    ),
    "identity: called otherwise than before": (
        "INSERT INTO nba_raw.nba_player_boxscores SELECT * REPLACE (DATE '2024-01-18' AS day, '0022300480' AS game_id) "
        "FROM nba_raw.nba_player_boxscores"
    ),
}


@pytest.mark.parametrize("kind", KINDS)
def test_a_kind_is_quiet_on_the_good_slate_and_names_what_is_spoiled(kind: str, slate: Slate) -> None:
    check, statement, keys = KINDS[kind]
    if kind in _FROM_BEFORE:
        slate.spoil(_FROM_BEFORE[kind])

    good = slate.measure(check)
    slate.spoil(statement)
    bad = slate.measure(check)

    assert (good.status, good.measured.failing) == (CheckStatus.OK, ())
    assert bad.measured.failing == keys
    if check.required == 1:
        assert bad.status is CheckStatus.FAILED


@pytest.mark.parametrize("kind", KINDS)
def test_a_kind_that_has_nothing_to_look_at_has_not_passed(kind: str, tmp_path: Path) -> None:
    with checked(tmp_path) as empty:
        found = empty.measure(KINDS[kind][0])

    assert found.status is CheckStatus.NOT_MEASURABLE
    assert found.measured.note == "nothing to look at"


@pytest.mark.parametrize("kind", KINDS)
def test_a_kind_whose_table_is_gone_has_not_passed_and_says_so(kind: str, slate: Slate) -> None:
    check, _, _ = KINDS[kind]
    for name in check.tables:
        slate.spoil(f"DROP TABLE nba_raw.{name}")

    found = slate.measure(check)

    assert found.status is CheckStatus.NOT_MEASURABLE
    assert found.error.startswith("WarehouseError")


def test_an_optional_output_that_has_nothing_at_all_is_not_measurable_and_one_with_a_hole_fails(slate: Slate) -> None:
    check = rowwise.covers(SECOND, WORDS, played=PLAYED, optional=True, cadence=Cadence.MORNING)
    slate.spoil("INSERT INTO nba_raw.schedule SELECT * REPLACE ('0022300501' AS game_id) FROM nba_raw.schedule")

    holed = slate.measure(check)
    slate.spoil("DELETE FROM nba_raw.bdl_player_boxscores")
    bare = slate.measure(check)

    assert (holed.status, holed.measured.failing) == (CheckStatus.FAILED, ("0022300501",))
    assert bare.status is CheckStatus.NOT_MEASURABLE


def test_rows_of_a_game_that_is_off_need_not_meet_any_and_those_of_one_that_stands_do(slate: Slate) -> None:
    check = rowwise.agrees(
        SECOND, PLAYERS, on=("game_id", "player_key"), columns=(), name="meet", claim="they meet", schedule="schedule"
    )
    slate.spoil("UPDATE nba_raw.nba_player_boxscores SET player_key = 'other' WHERE player_id = 2")

    stands = slate.measure(check)
    slate.spoil("UPDATE nba_raw.schedule SET status = 'postponed'")
    off = slate.measure(check)

    assert stands.status is CheckStatus.FAILED
    assert stands.measured.failing == (f"{GAME}|102",)
    assert off.status is CheckStatus.NOT_MEASURABLE


def test_of_what_closed_before_its_input_changed_no_copy_is_asked_and_of_all_else_it_is(slate: Slate) -> None:
    copy = rowwise.agrees(
        SECOND, PLAYERS, on=("game_id", "player_key"), columns=("points",), name="n", claim="a copy", both=False
    )
    version = slate.examiner.loaded[SECOND.name].version
    slate.write("proofs", proven(SECOND.name, {GAME: 2}) | {"step_version": version})
    slate.spoil("UPDATE nba_raw.nba_player_boxscores SET points = 30 WHERE player_id = 1")
    mark = {"league": "nba", "output": SECOND.name, "day": TODAY, "kind": "overtaken", "at": TIP, "note": ""}

    slate.write("marks", mark | {"unit": "another"})
    assert slate.measure(copy).measured.failing == (f"{GAME}|101",)

    slate.write("marks", mark | {"unit": GAME})
    assert slate.measure(copy).status is CheckStatus.NOT_MEASURABLE


@pytest.mark.parametrize(
    "name",
    [
        "candidates.have_features",  # 2016-01-22: a game was put off after its candidates were named
        "candidates.have_form",
        "candidates.are_predicted_by_moving_average",
        "candidates.are_predicted_by_quantile_regression",
        "main_lines.players_are_predicted",
        "moving_average.are_published",
    ],
)
def test_what_each_row_must_meet_is_asked_of_games_that_stand_alone(name: str) -> None:
    [check] = [check for check in NBA.checks if check.name == name]

    assert "schedule" in check.tables


def test_a_game_whose_clubs_have_no_history_owes_no_features(slate: Slate) -> None:
    check = rowwise.covers(nba.CANDIDATES, WORDS, played=PLAYED, cadence=Cadence.PREGAME, history="team_games")

    assert slate.measure(check).status is CheckStatus.NOT_MEASURABLE


def test_a_game_that_closed_before_its_output_was_kept_here_owes_no_rows(slate: Slate) -> None:
    check = rowwise.covers(nba.CANDIDATES, WORDS, played=PLAYED, cadence=Cadence.MORNING)
    missing = slate.measure(check)

    slate.write("obligations", owed(nba.CANDIDATES.name, "excused", excused=json.dumps({GAME: NOT_KEPT_YET})))

    assert missing.status is CheckStatus.FAILED
    assert slate.measure(check).status is CheckStatus.NOT_MEASURABLE


@pytest.mark.parametrize("both", [False, True])
def test_a_game_of_which_one_club_has_a_history_owes_rows_but_of_what_rests_on_both(
    *, both: bool, slate: Slate
) -> None:
    slate.spoil(
        f"INSERT INTO nba_raw.nba_team_boxscores SELECT * REPLACE (DATE '{YESTERDAY}' AS day, '0022300401' AS game_id) "
        f"FROM nba_raw.nba_team_boxscores WHERE team = '{HOME}'"
    )

    check = rowwise.covers(nba.CANDIDATES, WORDS, played=PLAYED, cadence=Cadence.PREGAME, history=CLUBS.name, both=both)

    assert slate.measure(check).status is (CheckStatus.NOT_MEASURABLE if both else CheckStatus.FAILED)


def test_an_answer_of_null_is_not_in_order(slate: Slate) -> None:
    check = kinds.asks(
        "x.y", "claim", "SELECT t.game_id AS key, CAST(NULL AS BOOL) AS ok FROM slate.schedule AS t", ["schedule"]
    )

    found = slate.measure(check)

    assert (found.status, found.measured.failing) == (CheckStatus.FAILED, (GAME,))


def test_a_statement_that_cannot_be_read_is_told_and_is_no_pass(slate: Slate) -> None:
    check = kinds.asks("x.y", "claim", "SELECT t.nothing AS key, TRUE AS ok FROM slate.schedule AS t", ["schedule"])

    found = slate.measure(check)

    assert found.status is CheckStatus.NOT_MEASURABLE
    assert "could not be measured" in found.measured.note


def test_a_check_with_nothing_to_measure_with_is_no_pass(slate: Slate) -> None:
    check = Check(name="x", claim="c", severity=kinds.ERROR, tables=("schedule",), do="nothing")

    assert slate.measure(check).status is CheckStatus.NOT_MEASURABLE


def test_a_share_is_held_against_what_is_required() -> None:
    least = kinds.holds(PLAYERS, "x", "c", "TRUE", required=0.8)
    most = looks.accuracy(nba.GRADES, "quantile_regression", at_most=7.5, measure="points")

    assert [least.status(_share(v)) for v in (0.8, 0.79)] == [CheckStatus.OK, CheckStatus.FAILED]
    assert [most.status(_share(v)) for v in (7.5, 7.6)] == [CheckStatus.OK, CheckStatus.FAILED]
    assert [check.status(_share(float("nan"))) for check in (least, most)] == [CheckStatus.FAILED, CheckStatus.FAILED]


def _share(value: float) -> Measured:
    return Measured(value=value)


def test_the_slate_is_todays() -> None:
    assert {row["day"] for rows in game().values() for row in rows} == {TODAY}


@pytest.mark.parametrize(("n_games", "status"), [(1, CheckStatus.NOT_MEASURABLE), (2, CheckStatus.FAILED)])
def test_a_system_may_give_what_the_baseline_gives_of_who_has_played_once(
    n_games: int, status: CheckStatus, tmp_path: Path
) -> None:
    check = next(one for one in NBA.checks if one.name == "moving_average.differ_from_quantile_regression")
    one = {"day": TODAY, "game_id": GAME, "player_id": 1}
    club = {"team": HOME, "opponent": AWAY, "is_home": True, "tipoff_at": TIP}
    times = {"tipoff_at": TIP, "made_at": TIP, "calibration_day": TODAY}
    numbers = dict.fromkeys(("mean", "median", "low_80", "high_80"), 20.0) | {"quantiles": "[]", "form_model": "m"}
    said = one | times | numbers | {"market": "points"}
    rows = {
        "moving_average": [said],
        "quantile_regression": [said],
        "player_features": [one | club | {"n_games": n_games}],
    }

    with checked(tmp_path, f"played {n_games}", rows) as slate:
        assert slate.measure(check).status is status


def test_what_fails_beside_inputs_that_changed_since_it_closed_or_came_of_an_earlier_build_says_nothing(
    slate: Slate,
) -> None:
    output, game_id = nba.CANDIDATES.name, GAME
    one = Check(
        name="x.y", claim="", severity=Severity.ERROR, tables=("schedule", output), look=lambda _view: FAILS, do=""
    )
    alone = dataclasses.replace(one, tables=(output,))
    version = slate.examiner.loaded[output].version
    mark = {
        "league": "nba",
        "output": output,
        "day": TODAY,
        "unit": game_id,
        "kind": "overtaken",
        "at": KNOWN,
        "note": "",
    }

    slate.write("proofs", proven(output, {game_id: 2}) | {"step_version": version})
    found = [slate.measure(one).status]
    slate.write("marks", mark)
    found += [slate.measure(one).status, slate.measure(alone).status]
    slate.spoil_ledger("DELETE FROM marks")
    slate.write("proofs", proven(output, {game_id: 2}))
    found += [slate.measure(one).status, slate.measure(alone).status]

    said, nothing = CheckStatus.FAILED, CheckStatus.NOT_MEASURABLE
    assert found == [said, nothing, said, nothing, said]


def test_of_a_slate_of_two_builds_only_what_the_present_one_made_is_told_where_it_fails(slate: Slate) -> None:
    output, own, failing = nba.CANDIDATES.name, "another", [f"{GAME}|101"]
    one = Check(
        name="x.y",
        claim="",
        severity=Severity.ERROR,
        tables=("schedule", output),
        look=lambda _view: Measured(value=0.5, failing=tuple(failing)),
        do="",
    )
    row = proven(output, {GAME: 2, own: 2}) | {"step_version": slate.examiner.loaded[output].version}
    units = read_units(row["units"])
    units[GAME] = dataclasses.replace(units[GAME], step_version="of-before")

    slate.write("proofs", row | {"units": units_text(units)})
    found = [slate.measure(one).status]
    failing.append(f"{own}|102")
    found.append(slate.measure(one).status)
    slate.write(
        "marks",
        {"league": "nba", "output": output, "day": TODAY, "unit": own, "kind": "overtaken", "at": KNOWN, "note": ""},
    )
    found.append(slate.measure(one).status)

    assert found == [CheckStatus.NOT_MEASURABLE, CheckStatus.FAILED, CheckStatus.NOT_MEASURABLE]


def test_what_came_of_a_build_that_made_the_same_is_told_where_it_fails(slate: Slate) -> None:
    output = nba.CANDIDATES.name
    one = Check(
        name="x.y", claim="", severity=Severity.ERROR, tables=("schedule", output), look=lambda _view: FAILS, do=""
    )
    compiled = slate.examiner.loaded[output]
    same = dataclasses.replace(compiled, step=dataclasses.replace(compiled.step, same_as=("of-before",)))
    slate.examiner.loaded = {**slate.examiner.loaded, output: same}

    slate.write("proofs", proven(output, {GAME: 2}) | {"step_version": "of-before"})

    assert slate.measure(one).status is CheckStatus.FAILED
