"""Status, told from 30 homes: the first three lines say what is wrong and since when, and the exit code follows."""

import dataclasses
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest

from tipoff.core.incident import Incident
from tipoff.core.records import ObligationRecord, WaiverRecord
from tipoff.core.severity import Severity
from tipoff.ledger import Lease
from tipoff.ledger.facts import NoSeason
from tipoff.views.flow import Flow
from tipoff.views.status import HomeView, status_lines, status_of
from tipoff.watch.sentinel import LIVE, Facts

NOW = datetime(2024, 3, 9, 20, tzinfo=UTC)
TODAY, YESTERDAY = date(2024, 3, 9), date(2024, 3, 8)
MINUTE, HOUR = timedelta(minutes=1), timedelta(hours=1)
NO_FLOW = Flow(is_kept=False, n_waiting=0, n_unsent=0, oldest_at=None, error="", fullest="", quotas=())


def owed(
    output: str, state: str, *, day: date = TODAY, due: timedelta = HOUR, missing: tuple[str, ...] = ()
) -> ObligationRecord:
    return ObligationRecord(
        output=output,
        day=day,
        state=state,
        since=NOW - HOUR,
        due_at=NOW + due,
        not_before=None,
        failures=0,
        n_units=3,
        n_proven=3 - len(missing),
        n_excused=0,
        missing=missing,
        excused={},
        verb="skip",
        reason="a reason",
    )


WAIVER = WaiverRecord(
    id=1,
    league="x",
    output="cards",
    day=TODAY,
    input="boxes",
    by="ada",
    reason="known",
    made_at=NOW,
    until=NOW + HOUR,
    revoked_at=None,
)


def silences(**more: Any) -> Facts:
    alive_at = more.pop("alive_at", NOW - MINUTE)
    known: dict[str, Any] = {
        "league": "x",
        "lease": Lease(name="controller x", holder="host", epoch=1, until=NOW + MINUTE),
        "alive_at": alive_at,
        "unexecuted": 0,
        "unexecuted_since": None,
        "overdue": (),
        "digest_due": None,
        "monitor_at": NOW - MINUTE,
        "started_at": NOW - 48 * HOUR,
    }
    return Facts(**known | more)


def incident(
    cause: str = "source:s", *, severity: Severity = Severity.ERROR, effect: str = "a|2024-03-09|c"
) -> Incident:
    return Incident(
        id=3,
        league="x",
        cause=cause,
        check="c",
        what="it answered 503",
        severity=severity,
        opened_at=NOW - 2 * HOUR,
        changed_at=NOW - HOUR,
        effects={effect: None},
    )


def home(**more: Any) -> HomeView:
    known: dict[str, Any] = {
        "league": "x",
        "is_live": True,
        "world": "live",
        "now": NOW,
        "silences": silences(),
        "sentinel_at": NOW - MINUTE,
        "is_over": False,
        "today": TODAY,
        "outputs": (owed("schedule", "proven"), owed("boxes", "proven"), owed("cards", "excused")),
        "missed": (),
        "incidents": (),
        "waivers": (),
        "running": 0,
        "history": NO_FLOW,
    }
    return HomeView(**known | more)


LATE = owed("boxes", "late", due=-3 * HOUR, missing=("g1", "g2"))
LOST_YESTERDAY = owed("cards", "lost", day=YESTERDAY, due=-20 * HOUR)
UNDUE = (owed("schedule", "proven"), owed("boxes", "waiting"), owed("cards", "open", due=2 * HOUR))
REPLAY: dict[str, Any] = {"is_live": False, "world": "recorded"}

# what stands in the home, whether it is in order, and words that its first three lines must hold
HOMES: list[tuple[str, dict[str, Any], bool, tuple[str, ...]]] = [
    ("quiet and complete", {}, True, ("alive", "is complete: 3 of 3", "nothing is wrong")),
    (
        "no game is on",
        {"is_free": True},
        True,
        ("alive", "is complete: 3 of 3 outputs; no game is on", "nothing is wrong"),
    ),
    ("quiet, some not yet due", {"outputs": UNDUE}, True, ("alive", "on course: 1 of 3", "next due boxes")),
    (
        "first minutes",
        {"today": None, "outputs": (), "silences": silences(started_at=NOW)},
        True,
        ("nothing is planned yet",),
    ),
    ("between seasons", {"is_over": True}, True, ("nothing more is owed",)),
    (
        "late",
        {"outputs": (LATE,), "missed": (LATE,)},
        False,
        ("NOT complete since 03-09 17:00", "boxes late", "2 units missing"),
    ),
    (
        "what is lost before what is late",
        {"outputs": (*(owed(f"o{n}", "late", due=-HOUR) for n in range(9)), owed("cards", "lost", due=-HOUR))},
        True,
        ("NOT complete since 03-09 19:00 UTC: 0 of 10 outputs; cards lost, o0 late, o1 late, o2 late …",),
    ),
    ("lost yesterday", {"missed": (LOST_YESTERDAY,)}, False, ("cards of 2024-03-08 is lost", "since 03-09 00:00")),
    (
        "late, told",
        {"outputs": (LATE,), "missed": (LATE,), "incidents": (("", incident(effect=f"boxes|{TODAY}|met")),)},
        False,
        ("s gives no usable answers", "since 03-09 18:00", "tipoff incident show 3"),
    ),
    ("a warning only", {"incidents": (("", incident(severity=Severity.WARNING)),)}, True, ("WARNING since",)),
    (
        "critical",
        {"incidents": (("", incident("warehouse", severity=Severity.CRITICAL)),)},
        False,
        ("CRITICAL since 03-09 18:00",),
    ),
    ("the sentinel's incident", {"incidents": (("s", incident("controller")),)}, False, ("tipoff incident show s3",)),
    (
        "dead controller, minutes",
        {"silences": silences(alive_at=NOW - 20 * MINUTE)},
        False,
        ("NOT ALIVE", "controller seen|controller last seen"),
    ),
    (
        "dead controller, 3 h",
        {"silences": silences(alive_at=NOW - 3 * HOUR)},
        False,
        ("NOT ALIVE", "controller last seen 03-09 17:00 UTC", "ERROR since 03-09 17:00"),
    ),
    (
        "dead controller, 45 h",
        {"silences": silences(alive_at=NOW - 45 * HOUR)},
        False,
        ("NOT ALIVE", "CRITICAL since 03-07 23:00", "45 h"),
    ),
    (
        "dead controller, complete day",
        {"silences": silences(alive_at=NOW - 7 * HOUR)},
        False,
        ("NOT ALIVE", "is complete"),
    ),
    ("never started", {"silences": None, "now": NOW}, False, ("NOT ALIVE", "controller never seen")),
    (
        "never started, with a ledger",
        {
            "silences": silences(lease=None, alive_at=None, monitor_at=None, started_at=None),
            "today": None,
            "outputs": (),
        },
        False,
        ("NOT ALIVE", "no controller has ever worked here -> tipoff up x"),
    ),
    (
        "the schedule does not answer",
        {
            "silences": silences(no_season=NoSeason(since=NOW - HOUR, why="boxes.example cannot be reached")),
            "today": None,
            "outputs": (),
        },
        False,
        (
            "alive",
            "ERROR since 03-09 19:00 UTC: which season it is cannot be learned",
            "boxes.example cannot be reached",
        ),
    ),
    (
        "dead monitor",
        {"silences": silences(monitor_at=NOW - 9 * HOUR)},
        False,
        ("monitor last seen 03-09 11:00", "the monitor has not looked"),
    ),
    (
        "no monitor ever",
        {"silences": silences(monitor_at=None)},
        False,
        ("monitor never seen", "the monitor has never looked"),
    ),
    ("no sentinel", {"sentinel_at": None}, True, ("sentinel never seen",)),
    (
        "dead executor",
        {"silences": silences(unexecuted=4, unexecuted_since=NOW - 5 * HOUR)},
        False,
        ("4 decisions to run since 2024-03-09 15:00",),
    ),
    (
        "no digest",
        {"silences": silences(digest_due=(YESTERDAY, NOW - 2 * HOUR))},
        False,
        ("the digest of 2024-03-08 was due",),
    ),
    (
        "a sign of life ahead of the clock",
        {"silences": silences(monitor_at=NOW + 3 * HOUR)},
        True,
        ("ahead of this clock",),
    ),
    (
        "two problems, the worst first",
        {
            "incidents": (
                ("", incident(severity=Severity.WARNING)),
                ("", incident("warehouse", severity=Severity.CRITICAL)),
            )
        },
        False,
        ("CRITICAL",),
    ),
    (
        "an incident of which all is in order again, until it ends",
        {"incidents": (("", dataclasses.replace(incident(), effects={"a|2024-03-09|c": NOW - HOUR})),)},
        False,
        ("answered 503; in order again since", "ends by itself"),
    ),
    ("waiver", {"waivers": (WAIVER,)}, True, ("nothing is wrong",)),
    (
        "a home that began after some of the day was due",
        {"outputs": (owed("form", "held", due=-HOUR), owed("cards", "waiting"), owed("schedule", "proven"))},
        True,
        ("is on course: 1 of 3 outputs, next due cards at 03-09 21:00 UTC; 1 output due before now",),
    ),
    ("replay at its end", REPLAY | {"is_over": True}, True, ("a replay of the recorded world, ended", "is complete")),
    ("replay in the middle", REPLAY, True, ("not at its end",)),
    (
        "replay, long ago by any clock",
        REPLAY | {"silences": silences(alive_at=NOW - 90 * HOUR)},
        True,
        ("a replay", "nothing is wrong"),
    ),
    ("replay with something lost", REPLAY | {"missed": (LOST_YESTERDAY,)}, False, ("is lost",)),
    (
        "a home in which nothing ran",
        REPLAY | {"now": None, "silences": None, "today": None, "outputs": ()},
        True,
        ("nothing has run", "nothing is planned"),
    ),
    (
        "a replay that loads earlier seasons first",
        REPLAY | {"now": None, "silences": None, "today": None, "outputs": (), "loads": "2017-03-01 to 2023-03-29"},
        True,
        ("loads earlier seasons first: the days from 2017-03-01 to 2023-03-29", "nothing is planned"),
    ),
    (
        "an empty slate",
        {"outputs": (owed("schedule", "proven"), owed("boxes", "excused"), owed("cards", "excused"))},
        True,
        ("is complete",),
    ),
    (
        "many problems",
        {"missed": tuple(owed(f"o{n}", "late", day=date(2024, 2, n), due=-n * HOUR) for n in range(1, 30))},
        False,
        ("o29 of",),
    ),
    (
        "many of one day",
        {"missed": tuple(owed(f"o{n}", "lost", due=-n * HOUR) for n in range(1, 30))},
        False,
        ("since 03-08 15:00", f"29 outputs of {TODAY} are lost: o1, o2, o3, o4 and 25 more", f"grid x --from {TODAY}"),
    ),
]


@pytest.mark.parametrize(("about", "stands", "ok", "words"), HOMES, ids=[one[0] for one in HOMES])
def test_the_first_three_lines_say_what_is_wrong_and_since_when(
    about: str,
    stands: dict[str, Any],
    ok: bool,  # noqa: FBT001 -- a row of the table
    words: tuple[str, ...],
) -> None:
    status = status_of(home(**stands), LIVE)
    lines = status_lines(status)

    assert about
    assert status.ok is ok
    first = "\n".join(lines[:3])
    assert all(any(one in first for one in word.split("|")) for word in words), first
    assert len(lines) < 15


@pytest.mark.parametrize("state", ["excused", "waiting"])
def test_a_day_of_which_only_the_digest_is_known_is_not_planned_and_never_complete(state: str) -> None:
    waits = NoSeason(since=NOW - HOUR, why="boxes.example cannot be reached")

    status = status_of(home(silences=silences(no_season=waits), outputs=(owed("digest", state),)), LIVE)

    assert (status.complete, status.today, status.ok) == (None, "nothing is planned yet", False)


def test_a_replay_that_nobody_watched_says_that_no_check_has_looked() -> None:
    unwatched = status_of(home(**REPLAY, silences=silences(monitor_at=None)), LIVE)

    assert "  nothing is late or lost; no check has looked (replay with --watch)" in status_lines(unwatched)
    assert "  nothing is wrong" in status_lines(status_of(home(**REPLAY), LIVE))


def test_what_is_off_for_want_of_a_key_is_said() -> None:
    lines = status_lines(status_of(home(off=("lines: off, A_KEY is not set",)), LIVE))

    assert "  lines: off, A_KEY is not set" in lines


def test_what_waits_for_a_person_is_said() -> None:
    lines = status_lines(status_of(home(incidents=(("", incident()),)), LIVE))

    assert any("1 incident that nobody has taken on" in line for line in lines)
