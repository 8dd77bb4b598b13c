"""Checks that look at rows and at the ledger: instants of arrival, tip-offs, names, columns, freshness, the three looks."""

import dataclasses
import json
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest
from tests.checked import GAME, KNOWN, MORNING, TIP, Slate, checked, every, game, on_schedule, owed, proven, ran, tick
from tests.nba import SEASON, TODAY

from tipoff.core.check import Cadence, Check, CheckStatus, Measured
from tipoff.core.clock import midnight
from tipoff.core.rows import table_from_records
from tipoff.core.severity import Severity
from tipoff.leagues.checks import probes as looks
from tipoff.leagues.checks import rests
from tipoff.leagues.identity.names import name_key
from tipoff.leagues.nba import tables as nba
from tipoff.leagues.nba.systems.quantile_regression import QUANTILE_REGRESSION

PLAYERS = nba.NBA_PLAYER_BOXSCORES
MADE = {"tipoff_at": TIP, "made_at": TIP - timedelta(hours=2), "market": "points"}
PREDICTED = [{"day": TODAY, "game_id": GAME, "player_id": who, "median": 20.0 + who} | MADE for who in (1, 2)]
UNIT = GAME


@pytest.fixture
def slate(tmp_path: Path) -> Iterator[Slate]:
    with checked(tmp_path, "predicted", game() | {"quantile_regression": PREDICTED}) as made:
        yield made


def arrived(output: str, unit: str = GAME) -> dict[str, object]:
    return {"league": "nba", "output": output, "day": TODAY, "unit": unit, "first_at": KNOWN, "run_id": 1}


# --- when it was known, and made


@pytest.mark.parametrize("hours", [-1, 2])
def test_a_row_known_before_it_arrived_or_after_the_last_look_is_named(slate: Slate, hours: int) -> None:
    slate.write("arrivals", arrived(PLAYERS.name))
    slate.write("proofs", proven(PLAYERS.name, {GAME: 4}, as_of=KNOWN + timedelta(hours=1)))
    check = looks.known_when_it_came(PLAYERS)

    good = slate.measure(check)
    slate.spoil(
        f"UPDATE nba_raw.nba_player_boxscores SET known_at = known_at + INTERVAL ({hours}) HOUR WHERE player_id = 1"  # noqa: S608
    )
    bad = slate.measure(check)

    assert good.status is CheckStatus.OK
    assert (bad.status, bad.measured.failing) == (CheckStatus.FAILED, (GAME,))


@pytest.mark.parametrize(("minutes", "status"), [(4, CheckStatus.OK), (7, CheckStatus.FAILED)])
def test_a_row_known_while_its_run_went_on_is_in_order_also_after_another_units_look(
    slate: Slate, minutes: int, status: CheckStatus
) -> None:
    looked_at = KNOWN - timedelta(minutes=minutes)
    slate.write("arrivals", arrived(PLAYERS.name) | {"first_at": looked_at})
    mine, other = (
        proven(PLAYERS.name, {unit: 4}, as_of=at) for unit, at in ((GAME, looked_at), ("0022300501", MORNING))
    )
    units = json.dumps([*json.loads(mine["units"]), *json.loads(other["units"])])
    slate.write("proofs", mine | {"units": units, "made_at": MORNING})
    slate.write("runs", ran(1, PLAYERS.name, "finished", looked_at))  # five minutes long

    assert slate.measure(looks.known_when_it_came(PLAYERS)).status is status


@pytest.mark.parametrize(("hours", "status"), [(1, CheckStatus.OK), (-1, CheckStatus.FAILED)])
def test_a_row_whose_arrival_nobody_wrote_down_is_known_once_somebody_has_asked(
    slate: Slate, hours: int, status: CheckStatus
) -> None:
    slate.write("arrivals", arrived(PLAYERS.name, "0022300501"))  # another unit's
    slate.write("proofs", proven(PLAYERS.name, {GAME: 4}, as_of=KNOWN + timedelta(hours=2)))
    slate.write("runs", ran(1, PLAYERS.name, "expired", KNOWN - timedelta(hours=hours)))

    assert slate.measure(looks.known_when_it_came(PLAYERS)).status is status


def test_a_row_that_neither_arrived_nor_is_proven_is_named(slate: Slate) -> None:
    slate.write("arrivals", arrived(PLAYERS.name, "0022300501"))
    slate.write("runs", ran(1, PLAYERS.name, "finished", KNOWN - timedelta(hours=1)))

    assert slate.measure(looks.known_when_it_came(PLAYERS)).measured.failing == (GAME,)


def test_rows_without_an_arrival_are_not_measurable(slate: Slate) -> None:
    assert slate.measure(looks.known_when_it_came(PLAYERS)).status is CheckStatus.NOT_MEASURABLE


@pytest.mark.parametrize(
    "made_at", [TIP + timedelta(minutes=1), TIP - timedelta(days=2), TIP - timedelta(hours=1), None], ids=str
)
def test_a_prediction_made_after_tip_off_or_on_another_day_or_after_its_proof_is_named(
    slate: Slate, made_at: object
) -> None:
    slate.write("games", on_schedule())
    slate.write("proofs", proven("quantile_regression", {UNIT: 2}, as_of=MADE["made_at"]))  # type: ignore[arg-type]
    check = looks.made_before_tipoff(QUANTILE_REGRESSION.table, "made_at")

    good = slate.measure(check)
    value = "NULL" if made_at is None else f"TIMESTAMPTZ '{made_at}'"
    slate.spoil(f"UPDATE nba_predictions.quantile_regression SET made_at = {value} WHERE player_id = 2")  # noqa: S608
    bad = slate.measure(check)

    assert good.status is CheckStatus.OK
    assert (bad.status, bad.measured.failing) == (CheckStatus.FAILED, (UNIT,))


def test_a_prediction_of_a_game_that_nobody_knows_is_named(slate: Slate) -> None:
    found = slate.measure(looks.made_before_tipoff(QUANTILE_REGRESSION.table, "made_at"))

    assert (found.status, found.measured.failing) == (CheckStatus.FAILED, (UNIT,))


# --- names and columns


@pytest.mark.parametrize("value", ["'somebodyelse'", "NULL"])
def test_a_key_that_is_not_its_names_is_named(slate: Slate, value: str) -> None:
    check = looks.names_have_keys(PLAYERS, "player_name", "player_key", name_key)

    good = slate.measure(check)
    slate.spoil(f"UPDATE nba_raw.nba_player_boxscores SET player_key = {value} WHERE player_id = 1")  # noqa: S608
    bad = slate.measure(check)

    assert good.status is CheckStatus.OK
    assert bad.status is CheckStatus.FAILED
    assert bad.measured.failing[0].startswith("Player A: ")


@pytest.mark.parametrize(
    ("statement", "failing"),
    [
        ("ALTER TABLE nba_raw.nba_player_boxscores ALTER points TYPE VARCHAR", "points is string, declared as int64"),
        ("ALTER TABLE nba_raw.nba_player_boxscores DROP COLUMN points", "nba_player_boxscores cannot be read"),
        ("DROP TABLE nba_raw.nba_player_boxscores", "nba_player_boxscores cannot be read"),
    ],
)
def test_a_column_of_another_type_or_gone_is_schema_drift(slate: Slate, statement: str, failing: str) -> None:
    check = looks.columns_are_declared(PLAYERS)

    good = slate.measure(check)
    slate.spoil(statement)
    bad = slate.measure(check)

    assert good.status is CheckStatus.OK
    assert bad.status is CheckStatus.FAILED
    assert bad.measured.failing[0].startswith(failing)


def graded(who: int, error: float | None, *, is_void: bool = False) -> dict[str, object]:
    fixed = {
        "day": TODAY,
        "game_id": GAME,
        "system": "quantile_regression",
        "predicted_points": 20.0,
        "is_retrospective": False,
    }
    return fixed | {"player_id": who, "abs_error": error, "is_void": is_void}


def test_the_days_accuracy_is_its_mean_error_of_what_was_played_and_too_large_a_one_fails(slate: Slate) -> None:
    check = looks.accuracy(nba.GRADES, "quantile_regression", at_most=7.5, measure="points")

    none = slate.measure(check)
    slate.bench.put("grades", [graded(1, 4.0), graded(2, 6.0), graded(3, None, is_void=True)])
    good = slate.measure(check)
    slate.spoil("UPDATE nba_grades.grades SET abs_error = abs_error * 100")
    bad = slate.measure(check)

    assert none.status is CheckStatus.NOT_MEASURABLE
    assert (good.status, good.measured.value, good.measured.note) == (CheckStatus.OK, 5.0, "2 graded")
    assert bad.status is CheckStatus.FAILED


@pytest.mark.parametrize(("n", "status"), [(2, CheckStatus.NOT_MEASURABLE), (3, CheckStatus.FAILED)])
def test_the_mean_error_of_too_few_says_nothing(slate: Slate, n: int, status: CheckStatus) -> None:
    check = looks.accuracy(nba.GRADES, "quantile_regression", at_most=7.5, measure="points", least=3)
    slate.bench.put("grades", [*(graded(who, 9.0) for who in range(1, n + 1)), graded(9, None, is_void=True)])

    assert slate.measure(check).status is status


# --- freshness


def fresh(*, within: float = 3.0) -> Check:
    return looks.is_fresh(nba.PLAYER_LINES, within=timedelta(hours=within))


def looked(slate: Slate, hours_before: float, state: str = "finished", number: int = 1) -> None:
    at = TIP - timedelta(hours=hours_before, minutes=5)
    slate.write("runs", ran(number, "player_lines", state, at))


def test_a_source_looked_at_shortly_before_the_game_is_fresh_and_hours_before_it_is_not(slate: Slate) -> None:
    slate.write("games", on_schedule())
    slate.write("ticks", *(tick(n, at) for n, at in enumerate(every(0.5, 60), 1)))
    looked(slate, 5)

    stale = slate.measure(fresh())
    looked(slate, 2, number=2)
    good = slate.measure(fresh())

    assert (stale.status, stale.measured.value) == (CheckStatus.FAILED, 5.0)
    assert (good.status, good.measured.value) == (CheckStatus.OK, 2.0)


def test_before_the_game_freshness_is_held_against_now(slate: Slate) -> None:
    slate.write("games", on_schedule())
    slate.write("ticks", *(tick(n, at) for n, at in enumerate(every(0.5, 60), 1)))
    looked(slate, 5)

    found = slate.measure(fresh(), now=TIP - timedelta(hours=4))

    assert (found.status, found.measured.value) == (CheckStatus.OK, 1.0)


@pytest.mark.parametrize("why", ["nobody decided", "the looks failed", "no look", "no game"])
def test_what_others_tell_is_not_told_again_as_staleness_nor_passed(slate: Slate, why: str) -> None:
    slate.write("games", on_schedule(status="postponed" if why == "no game" else "final"))
    if why != "nobody decided":
        slate.write("ticks", *(tick(n, at) for n, at in enumerate(every(0.5, 60), 1)))
    if why != "no look":
        looked(slate, 5)
    if why == "the looks failed":
        looked(slate, 2, "failed", 2)

    assert slate.measure(fresh()).status is CheckStatus.NOT_MEASURABLE


# --- the three silences


def test_what_was_due_and_never_ran_is_the_first_silence(slate: Slate) -> None:
    check = looks.has_run(PLAYERS)

    early = slate.measure(check)
    slate.write("obligations", owed(PLAYERS.name, "late"))
    never = slate.measure(check)
    slate.write("runs", ran(1, PLAYERS.name, "failed", KNOWN))
    tried = slate.measure(check)

    assert early.status is CheckStatus.NOT_MEASURABLE
    assert (never.status, never.measured.note) == (CheckStatus.FAILED, "never ran: its gate is shut")
    assert tried.status is CheckStatus.OK


def test_what_is_not_due_yet_is_no_silence(slate: Slate) -> None:
    slate.write("obligations", owed(PLAYERS.name, "waiting", due_at=MORNING + timedelta(hours=1)))

    assert slate.measure(looks.has_run(PLAYERS)).status is CheckStatus.NOT_MEASURABLE


def test_nothing_found_without_anybodys_word_is_the_second_silence(slate: Slate) -> None:
    check = looks.zero_is_signed(PLAYERS)
    slate.write("games", on_schedule())

    unmade = slate.measure(check)
    slate.write("proofs", proven(PLAYERS.name, {GAME: 0}))
    unsigned = slate.measure(check)
    slate.write("proofs", proven(PLAYERS.name, {GAME: 0}, excuse="not offered"))
    signed = slate.measure(check)

    assert unmade.status is CheckStatus.NOT_MEASURABLE
    assert (unsigned.status, unsigned.measured.failing) == (CheckStatus.FAILED, (GAME,))
    assert (signed.status, signed.measured.note) == (CheckStatus.OK, "0 rows of 1, and not offered")


def test_a_game_that_is_off_signs_its_own_zero(slate: Slate) -> None:
    slate.write("games", on_schedule(status="postponed"))
    slate.write("proofs", proven(PLAYERS.name, {GAME: 0}))

    found = slate.measure(looks.zero_is_signed(PLAYERS))

    assert (found.status, found.measured.note) == (CheckStatus.OK, "0 rows of 1, and the schedule says 0 games")


@pytest.mark.parametrize(("n_slates", "n_games", "rows"), [(4, 2, 0), (5, 1, 0), (5, 2, 1)])
def test_one_excuse_or_one_without_a_history_of_rows_is_believed(
    slate: Slate, n_slates: int, n_games: int, rows: int
) -> None:
    excused_slate(slate, n_slates, n_games, rows)

    found = slate.measure(looks.not_all_is_excused(PLAYERS, optional=False))

    assert not found.measured.failing
    assert found.status is (CheckStatus.OK if rows else CheckStatus.NOT_MEASURABLE)


@pytest.mark.parametrize(("optional", "severity"), [(False, Severity.ERROR), (True, Severity.WARNING)])
def test_an_excuse_for_all_games_of_an_output_that_earlier_days_had_is_told(
    slate: Slate, severity: Severity, *, optional: bool
) -> None:
    excused_slate(slate, 5, 2, 0)

    found = slate.measure(looks.not_all_is_excused(PLAYERS, optional=optional))

    assert found.status is CheckStatus.FAILED
    assert found.measured.failing == (GAME, OTHER)
    assert (found.check.severity, found.check.cadence) == (severity, Cadence.PREGAME)


OTHER = "0022300501"


def excused_slate(slate: Slate, n_slates: int, n_games: int, rows: int) -> None:
    """Let the slate's first game have so many rows and the others an excuse, after slates that had rows."""
    games = [GAME, OTHER][:n_games]
    slate.write("games", *(on_schedule(game_id) for game_id in games))
    slate.write("proofs", proven(PLAYERS.name, dict.fromkeys(games, 0) | {GAME: rows}, excuse="not offered"))
    for n in range(n_slates):
        day = {"league": "nba", "output": PLAYERS.name, "day": TODAY - timedelta(days=n + 1)}
        slate.write("profiles", day | {"at": KNOWN, "profile": '{"*": {"n": 4.0}}'})


FIRST = SEASON.first_day
BREAK = set(range(60, 66))  # days of the season


@pytest.mark.parametrize(
    ("n_before", "n_empty", "off", "n_more"),
    [
        (30, 2, set(), 0),  # two days in a row are nothing
        (30, 3, set(), 1),  # three are, before the first third of the season is over
        (70, 6, set(), 0),  # the break of a season
        (70, 8, set(), 1),
        (80, 3, BREAK, 1),  # a season has one
        (4, 9, set(), None),  # with so few days nothing is usual
    ],
)
def test_days_in_a_row_that_are_said_to_be_without_games_are_told_once_they_are_more_than_so_far(
    slate: Slate, n_before: int, n_empty: int, off: set[int], n_more: int | None
) -> None:
    played = [FIRST + timedelta(days=n) for n in range(n_before) if n not in off]
    games = game()["schedule"]
    rows = [{**row, "day": day, "game_id": f"{day:%Y%m%d}{n}"} for day in played for row in games for n in range(4)]
    empty = [FIRST + timedelta(days=n_before + n) for n in range(n_empty)]
    slate.bench.warehouse._insert(nba.SCHEDULE, table_from_records(nba.SCHEDULE, rows), 0)  # noqa: SLF001 -- months at once
    for day in empty:
        slate.write("proofs", proven("schedule", {"slate": 0}, excuse="no games scheduled") | {"day": day})

    check = rests.days_have_games(nba.SCHEDULE)
    [found] = slate.examiner.measure([check], empty[-1], MORNING)

    assert (check.severity, check.cadence) == (Severity.ERROR, Cadence.PREGAME)
    assert found.measured.value == n_more
    if n_more:
        assert found.measured.failing == tuple(map(str, empty))


def test_a_stop_of_the_season_that_is_known_is_no_break_too_long(slate: Slate) -> None:
    found = slate.measure(rests.days_have_games(nba.SCHEDULE, stops={(TODAY, TODAY): "stopped"}))

    assert (found.status, found.measured.note) == (CheckStatus.NOT_MEASURABLE, "stopped")


@pytest.mark.parametrize("change", ["DELETE FROM {} WHERE player_id = 1", "INSERT INTO {} SELECT * FROM {}"])
def test_what_was_proven_and_is_gone_or_doubled_is_the_third_silence(slate: Slate, change: str) -> None:
    check = looks.is_still_there(PLAYERS)

    unmade = slate.measure(check)
    slate.write("proofs", proven(PLAYERS.name, {GAME: 4}))
    good = slate.measure(check)
    slate.spoil(change.format(PLAYERS.full_name, PLAYERS.full_name))
    bad = slate.measure(check)

    assert (unmade.status, good.status) == (CheckStatus.NOT_MEASURABLE, CheckStatus.OK)
    assert (bad.status, bad.measured.failing) == (CheckStatus.FAILED, (GAME,))


def test_rows_of_a_unit_that_was_never_proven_are_named(slate: Slate) -> None:
    slate.write("proofs", proven(PLAYERS.name, {GAME: 4}))
    slate.spoil("UPDATE nba_raw.nba_player_boxscores SET game_id = '0022300999' WHERE player_id = 1")

    found = slate.measure(looks.is_still_there(PLAYERS))

    assert found.measured.failing == (GAME, "0022300999")


def test_a_look_that_stumbles_over_what_it_finds_is_told_and_is_no_pass(slate: Slate) -> None:
    stumbling = dataclasses.replace(fresh(), look=lambda view: Measured(value=1 / (view.day - TODAY).days))

    found = slate.measure(stumbling)

    assert found.status is CheckStatus.NOT_MEASURABLE
    assert found.error == "ZeroDivisionError: division by zero"
    assert midnight(TODAY) < MORNING
