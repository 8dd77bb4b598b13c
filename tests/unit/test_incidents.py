"""Folding: one incident for each broken cause, and what of it people are told."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tipoff.core.incident import NOT_TOLD, Incident, Trouble
from tipoff.core.severity import Severity
from tipoff.watch.incidents import (
    CRITICAL_FROM,
    DIGEST,
    FADES,
    GROWS_UP,
    LADDER,
    REOPENS,
    SETTLE,
    STANDS,
    STEEP_LADDER,
    Change,
    Inputs,
    fold,
    nothing_known,
)

NOW = datetime(2024, 1, 10, 12, tzinfo=UTC)
HOUR, DAY = timedelta(hours=1), timedelta(days=1)
ME, OTHER = "monitor", "sentinel"
MOST_OF_A_LADDER = max(len(LADDER), len(STEEP_LADDER))


def trouble(  # noqa: PLR0913 -- the parts of one finding
    cause: str = "source:feed",
    *,
    output: str = "games",
    day: int = 10,
    severity: Severity = Severity.ERROR,
    at: datetime = NOW,
    check: str = "obligation_is_met",
) -> Trouble:
    return Trouble(
        league="east",
        cause=cause,
        check=check,
        output=output,
        day=date(2024, 1, day),
        severity=severity,
        note=f"{output} does not come",
        at=at,
    )


class Watcher:
    """Folds look after look, and keeps what was told."""

    def __init__(self, *, settle: timedelta = SETTLE, left: Callable[[Incident], str] = lambda _incident: "") -> None:
        self.left = left
        self.known: list[Incident] = []
        self.told: list[tuple[datetime, Change]] = []
        self.settle = settle
        self.elsewhere: dict[tuple[str, str], Incident] = {}
        self.inputs: Inputs = nothing_known
        self.may_end = True

    def look(
        self, *troubles: Trouble, at: datetime = NOW, met: Callable[[str], bool] = lambda _effect: False
    ) -> list[Change]:
        known = [i for i in self.known if i.closed_at is None or at - i.closed_at < 2 * DAY]
        changes = fold(
            known,
            troubles,
            is_met=lambda _league, effect: met(effect),
            elsewhere=self.elsewhere,
            now=at,
            by=ME,
            settle=self.settle,
            left=self.left,
            may_end=lambda _incident: self.may_end,
            inputs=self.inputs,
        )
        for change in changes:
            if change.incident not in self.known:
                self.known.append(change.incident)
                change.incident.id = len(self.known)
            if change.is_told:
                self.told.append((at, change))
        return changes

    @property
    def kinds(self) -> list[str]:
        return [change.kind for _, change in self.told]

    @property
    def open(self) -> list[Incident]:
        return [incident for incident in self.known if incident.is_open]


def met(_effect: str) -> bool:
    return True


def nothing(watcher: Watcher, *, hours: Iterable[int], met: Callable[[str], bool] = lambda _effect: False) -> None:
    """Look each of these hours after the beginning, and find nothing new."""
    for hour in hours:
        watcher.look(at=NOW + hour * HOUR, met=met)


# --- opening and closing


def test_findings_of_one_cause_are_one_incident_and_one_message() -> None:
    watcher = Watcher()

    watcher.look(trouble(), trouble(output="scores"), trouble(output="grades", day=11))

    [incident] = watcher.known
    assert incident.outputs() == {"games": ["2024-01-10"], "scores": ["2024-01-10"], "grades": ["2024-01-11"]}
    assert watcher.kinds == ["opened"]


def test_two_causes_are_two_incidents() -> None:
    watcher = Watcher()

    watcher.look(trouble(), trouble("step:games", output="scores"))

    assert {incident.cause for incident in watcher.open} == {"source:feed", "step:games"}


def test_what_is_informative_opens_nothing() -> None:
    assert Watcher().look(trouble(severity=Severity.INFO)) == []


def test_a_warning_is_kept_and_nobody_is_told() -> None:
    watcher = Watcher()

    [change] = watcher.look(trouble(severity=Severity.WARNING))

    assert (change.kind, change.is_told, change.incident.told) == ("opened", False, NOT_TOLD)


def test_it_ends_when_all_is_met_and_nothing_new_came_for_a_while() -> None:
    watcher = Watcher()
    watcher.look(trouble())

    nothing(watcher, hours=[1, 2], met=met)
    assert watcher.kinds == ["opened"]
    nothing(watcher, hours=[3], met=met)

    assert watcher.kinds == ["opened", "closed"]
    assert watcher.open == []


def test_what_is_not_met_stays_open_however_quiet_it_is() -> None:
    watcher = Watcher()
    watcher.look(trouble(), trouble(output="scores"))

    nothing(watcher, hours=range(1, 23), met=lambda effect: effect.startswith("games"))

    [incident] = watcher.open
    assert incident.unmet == ["scores|2024-01-10|obligation_is_met"]


def test_a_warning_that_ends_says_nothing() -> None:
    watcher = Watcher()
    watcher.look(trouble(severity=Severity.WARNING))

    [change] = watcher.look(at=NOW + SETTLE, met=met)

    assert (change.kind, change.is_told) == ("closed", False)


# --- worsening


def test_it_is_told_again_when_it_becomes_worse_and_not_when_it_becomes_better() -> None:
    watcher = Watcher()
    watcher.look(trouble())

    watcher.look(trouble(severity=Severity.CRITICAL, at=NOW + HOUR), at=NOW + HOUR)
    watcher.look(trouble(severity=Severity.WARNING, at=NOW + 2 * HOUR), at=NOW + 2 * HOUR)

    assert watcher.kinds == ["opened", "worsened"]
    assert watcher.known[0].severity is Severity.CRITICAL


def test_a_warning_that_becomes_an_error_is_told_as_opened() -> None:
    watcher = Watcher()
    watcher.look(trouble(severity=Severity.WARNING))

    watcher.look(trouble(at=NOW + HOUR), at=NOW + HOUR)

    assert watcher.kinds == ["opened"]


def test_a_warning_about_data_fades_after_days_without_anything_new() -> None:
    watcher = Watcher()
    watcher.look(trouble("data:games", severity=Severity.WARNING))

    watcher.look(at=NOW + FADES - HOUR)
    assert watcher.open
    watcher.look(at=NOW + FADES)

    assert watcher.open == []
    assert watcher.kinds == []


def test_a_warning_that_lasts_grows_to_an_error_and_is_told() -> None:
    watcher = Watcher()
    watcher.look(trouble("source:feed", severity=Severity.WARNING))

    watcher.look(at=NOW + GROWS_UP)

    assert watcher.kinds[0] == "opened"
    assert watcher.known[0].severity >= Severity.ERROR


@pytest.mark.parametrize(("n_slates", "kinds"), [(STANDS - 1, []), (STANDS, ["opened"])])
def test_a_warning_about_data_grows_to_an_error_where_it_was_found_on_several_slates(
    n_slates: int, kinds: list[str]
) -> None:
    watcher, every = Watcher(), (GROWS_UP - timedelta(days=1)) / (n_slates - 1)
    for n in range(n_slates):
        at = NOW + n * every
        watcher.look(trouble("data:games", day=10 + n, at=at, severity=Severity.WARNING), at=at)

    watcher.look(at=NOW + GROWS_UP)

    assert watcher.kinds == kinds


def test_it_is_told_again_when_it_touches_twice_as_many_days() -> None:
    watcher = Watcher()
    for n in range(8):
        at = NOW + n * timedelta(minutes=30)
        watcher.look(trouble(day=10 + n, at=at), at=at)

    assert watcher.kinds == ["opened", "spread", "spread"], "a night touches two days by itself"
    assert [len(change.incident.days) for _, change in watcher.told][-1] == 8


# --- the same again


@pytest.mark.parametrize("looked_after", [timedelta(0), HOUR], ids=["at once", "a look later"])
def test_the_same_cause_within_a_day_is_the_same_incident_again(looked_after: timedelta) -> None:
    watcher = Watcher()
    watcher.look(trouble())
    nothing(watcher, hours=[3], met=met)
    at = NOW + 3 * HOUR + REOPENS - timedelta(minutes=1)

    watcher.look(trouble(day=11, at=at), at=at + looked_after)

    assert len(watcher.known) == 1
    assert watcher.kinds == ["opened", "closed", "reopened"]


def test_the_same_cause_after_a_day_is_a_new_incident() -> None:
    watcher = Watcher()
    watcher.look(trouble())
    nothing(watcher, hours=[3], met=met)
    at = NOW + 3 * HOUR + REOPENS

    watcher.look(trouble(day=11, at=at), at=at)

    assert len(watcher.known) == 2
    assert watcher.kinds == ["opened", "closed", "opened"]


def test_an_old_incident_that_comes_back_is_not_raised_by_its_age_in_the_same_breath() -> None:
    watcher = Watcher()
    watcher.look(trouble())
    nothing(watcher, hours=[20], met=met)
    at = NOW + 40 * HOUR

    watcher.look(trouble(at=at), at=at)

    assert watcher.kinds == ["opened", "closed", "reopened"]


def test_what_comes_back_milder_may_worsen_again() -> None:
    watcher = Watcher()
    watcher.look(trouble(severity=Severity.CRITICAL))
    nothing(watcher, hours=[4], met=met)

    watcher.look(trouble(at=NOW + 5 * HOUR), at=NOW + 5 * HOUR)
    watcher.look(trouble(severity=Severity.CRITICAL, at=NOW + 6 * HOUR), at=NOW + 6 * HOUR)

    assert watcher.kinds == ["opened", "closed", "reopened", "worsened"]


# --- the cause turns out to be another


def test_a_cause_that_turns_out_to_be_another_renames_the_incident() -> None:
    watcher = Watcher()
    watcher.look(trouble("source:feed"))

    watcher.look(trouble("step:games", at=NOW + HOUR), at=NOW + HOUR)

    [incident] = watcher.open
    assert incident.cause == "step:games"
    assert watcher.kinds == ["opened", "renamed"]


def test_an_effect_of_another_cause_leaves_the_incident_it_was_in() -> None:
    watcher = Watcher()
    watcher.look(trouble(), trouble(output="scores"))

    watcher.look(trouble("step:scores", output="scores", at=NOW + HOUR), at=NOW + HOUR)

    by_cause = {incident.cause: list(incident.outputs()) for incident in watcher.open}
    assert by_cause == {"source:feed": ["games"], "step:scores": ["scores"]}


# --- the ladder of age


def test_nobody_answers_and_it_is_raised_step_by_step_until_it_is_critical() -> None:
    watcher = Watcher()
    watcher.look(trouble())

    nothing(watcher, hours=range(1, 17 * 24))

    assert watcher.kinds == ["opened", *["escalated"] * len(LADDER)]
    told = [(at - NOW, change.incident.severity) for at, change in watcher.told[1:]]
    assert [age for age, _ in told] == list(LADDER)
    assert watcher.known[0].severity is Severity.CRITICAL


def test_a_stopped_side_has_a_steeper_ladder() -> None:
    watcher = Watcher()
    watcher.look(trouble("controller", output="", check="controller_is_alive"))

    nothing(watcher, hours=range(1, 8))

    assert watcher.kinds == ["opened", "escalated"]
    assert watcher.known[0].severity is Severity.CRITICAL


def test_who_takes_it_on_is_not_reminded_until_that_is_over() -> None:
    watcher = Watcher()
    watcher.look(trouble())
    [incident] = watcher.known
    incident.acked_by, incident.acked_until = "ada", NOW + 4 * DAY

    nothing(watcher, hours=range(1, 96))
    assert watcher.kinds == ["opened"]
    nothing(watcher, hours=[96])

    assert watcher.kinds == ["opened", "escalated"]
    assert "ada took it on" in watcher.told[-1][1].note
    assert incident.step == 2


def test_what_was_snoozed_is_raised_when_the_silence_is_over() -> None:
    watcher = Watcher()
    watcher.look(trouble())
    watcher.known[0].snoozed_until = NOW + 30 * HOUR

    nothing(watcher, hours=range(1, 30))
    assert watcher.kinds == ["opened"]
    nothing(watcher, hours=[30])

    assert watcher.kinds == ["opened", "escalated"]


def test_what_becomes_worse_in_a_silence_is_told_when_it_is_over() -> None:
    watcher = Watcher()
    watcher.look(trouble())
    watcher.known[0].snoozed_until = NOW + 2 * HOUR

    watcher.look(trouble(severity=Severity.CRITICAL, at=NOW + HOUR), at=NOW + HOUR)
    assert watcher.kinds == ["opened"]
    nothing(watcher, hours=[2])

    assert watcher.kinds == ["opened", "worsened"]


def test_what_is_in_order_again_is_not_raised_while_it_settles() -> None:
    watcher = Watcher()
    watcher.look(trouble())
    nothing(watcher, hours=range(1, 23))
    watcher.look(trouble(at=NOW + 23 * HOUR), at=NOW + 23 * HOUR)

    nothing(watcher, hours=[24, 25, 26], met=met)

    assert watcher.kinds == ["opened", "closed"]


@pytest.mark.parametrize("hand", ["acked", "snoozed"])
def test_its_end_is_told_whoever_has_taken_it_on_or_silenced_it(hand: str) -> None:
    watcher = Watcher()
    watcher.look(trouble())
    [incident] = watcher.known
    incident.acked_by, incident.acked_until = ("ada", NOW + DAY) if hand == "acked" else (None, None)
    incident.snoozed_until = NOW + DAY if hand == "snoozed" else None

    nothing(watcher, hours=[4], met=met)

    assert watcher.kinds == ["opened", "closed"]


# --- two watchers


def of_other(cause: str, *, closed_at: datetime | None = None) -> Incident:
    return Incident(
        league="east",
        cause=cause,
        check="controller_is_alive",
        what="it is silent",
        severity=Severity.CRITICAL,
        told=int(Severity.CRITICAL),
        told_by=OTHER,
        opened_at=NOW - HOUR,
        changed_at=NOW,
        closed_at=closed_at,
    )


def test_what_the_other_watcher_has_told_is_not_told_twice() -> None:
    watcher = Watcher()
    watcher.elsewhere = {("east", "controller"): of_other("controller", closed_at=NOW - timedelta(minutes=5))}

    watcher.look(trouble("controller", output=""))
    nothing(watcher, hours=[4], met=met)

    assert watcher.kinds == []
    assert watcher.known[0].told_by == OTHER


def test_who_says_that_it_is_back_says_that_it_is_over() -> None:
    watcher = Watcher()
    watcher.elsewhere = {("east", "controller"): of_other("controller", closed_at=NOW - timedelta(minutes=5))}
    watcher.look(trouble("controller", output=""))
    nothing(watcher, hours=[4], met=met)

    watcher.look(trouble("controller", at=NOW + 10 * HOUR), at=NOW + 10 * HOUR)
    nothing(watcher, hours=[14], met=met)

    assert watcher.kinds == ["reopened", "closed"]


@pytest.mark.parametrize(("ended_after", "kinds"), [(11, []), (9, ["reopened", "closed"])])
def test_what_comes_back_is_told_by_the_watcher_that_tells_of_it_and_by_no_other(
    ended_after: int, kinds: list[str]
) -> None:
    watcher, theirs = Watcher(), of_other("controller", closed_at=NOW + HOUR)
    watcher.elsewhere = {("east", "controller"): theirs}
    watcher.look(trouble("controller", output=""))
    nothing(watcher, hours=[4], met=met)
    theirs.closed_at = NOW + ended_after * HOUR  # begun again there, and ended

    watcher.look(trouble("controller", at=NOW + 10 * HOUR), at=NOW + 11 * HOUR)
    nothing(watcher, hours=[15], met=met)

    assert watcher.kinds == kinds


def left_behind(hours: int, cause: str = "executor") -> Trouble:
    return replace(trouble(cause, at=NOW + hours * HOUR), check="grades.is_still_there")


def accuracy(hours: int, cause: str) -> Trouble:
    return replace(left_behind(hours, cause), check="accuracy", severity=Severity.WARNING)


@pytest.mark.parametrize("cause", ["executor", "source:feed"])
def test_what_a_check_finds_missing_of_a_stop_that_is_over_is_open_and_wakes_nobody(cause: str) -> None:
    watcher = Watcher()
    watcher.look(trouble(cause, output=""))
    nothing(watcher, hours=[4], met=met)

    found = [
        left_behind(10, cause),
        replace(left_behind(10, cause), check="picks.games_are_there"),
        accuracy(10, cause),
    ]
    found[0] = replace(found[0], severity=Severity.WARNING)
    watcher.look(*found, at=NOW + 10 * HOUR)
    is_open = watcher.known[0].is_open
    nothing(watcher, hours=[14], met=met)

    assert is_open
    assert not watcher.known[0].is_open
    assert watcher.kinds == ["opened", "closed"]


def test_a_side_that_fails_again_is_told_though_what_it_left_behind_was_not() -> None:
    watcher = Watcher()
    watcher.look(trouble("executor", output=""))
    nothing(watcher, hours=[4], met=met)
    watcher.look(left_behind(10), at=NOW + 10 * HOUR)

    watcher.look(trouble("executor", output="", at=NOW + 11 * HOUR), at=NOW + 11 * HOUR)
    nothing(watcher, hours=[15], met=met)

    assert watcher.kinds == ["opened", "closed", "opened", "closed"]


def test_what_a_stop_left_behind_and_is_not_in_order_after_a_day_is_told() -> None:
    watcher = Watcher()
    watcher.look(trouble("executor", output=""))
    nothing(watcher, hours=[4], met=met)
    watcher.look(left_behind(10), at=NOW + 10 * HOUR)

    nothing(watcher, hours=range(11, 80))

    assert watcher.kinds[:2] == ["opened", "closed"]
    assert "escalated" in watcher.kinds[2:]


def test_what_the_other_watcher_calls_over_and_is_not_is_raised_again_here() -> None:
    watcher = Watcher()
    watcher.elsewhere = {("east", "controller"): of_other("controller", closed_at=NOW - timedelta(minutes=5))}
    watcher.look(trouble("controller"))

    nothing(watcher, hours=range(1, 30))

    assert watcher.kinds == ["escalated"]
    assert watcher.known[0].told_by == ME


def test_what_the_other_watcher_told_long_ago_is_told_here() -> None:
    watcher = Watcher()
    watcher.elsewhere = {("east", "controller"): of_other("controller", closed_at=NOW - REOPENS)}

    watcher.look(trouble("controller"))

    assert watcher.kinds == ["opened"]


@pytest.mark.parametrize("other", ["left with data", "in the digest"])
def test_a_cause_that_fails_is_told_though_the_other_watcher_still_has_what_it_left_behind(other: str) -> None:
    watcher = Watcher()
    theirs = of_other("store")
    theirs.effects = {"games|2024-01-09|run_ends_well": NOW - DAY, "scores|2024-01-09|scores.add_up": None}
    if other == "in the digest":
        theirs.effects, theirs.told_by = {"scores|2024-01-09|scores.add_up": None}, f"{DIGEST}{OTHER}"
    watcher.elsewhere = {("east", "store"): theirs}

    watcher.look(trouble("store", severity=Severity.CRITICAL))

    assert watcher.kinds == ["opened"]


def test_what_is_silenced_and_due_to_be_told_after_a_day_is_no_act_of_each_look() -> None:
    watcher = Watcher()
    watcher.look(trouble("executor", output=""))
    nothing(watcher, hours=[4], met=met)
    watcher.look(left_behind(10), at=NOW + 10 * HOUR)
    watcher.known[0].snoozed_until = NOW + 40 * HOUR

    silent = [watcher.look(at=NOW + hour * HOUR) for hour in range(34, 40)]
    watcher.look(at=NOW + 40 * HOUR)

    assert silent == [[]] * 6
    assert watcher.kinds == ["opened", "closed", "opened"]


def test_what_may_not_end_yet_is_not_raised_by_its_age_once_all_of_it_is_met() -> None:
    watcher = Watcher()
    watcher.look(trouble())
    watcher.may_end = False

    nothing(watcher, hours=range(1, 30), met=met)
    stands = len(watcher.open)
    watcher.may_end = True
    nothing(watcher, hours=[30], met=met)

    assert stands == 1
    assert watcher.kinds == ["opened", "closed"]


# --- wrong data and what left them


READS = {"scores": {"games"}, "grades": {"scores"}, "picks": {"grades"}}  # games is a source's


def related() -> Watcher:
    """Return a watcher that knows what reads what of the same day."""
    watcher = Watcher()
    watcher.inputs = lambda output: READS.get(output, set())
    return watcher


def wrong(table: str = "scores", *, day: int = 10, severity: Severity = Severity.ERROR, at: datetime = NOW) -> Trouble:
    return trouble(f"data:{table}", output=table, day=day, severity=severity, at=at, check=f"{table}.add_up")


MADE_IT_WRONG = [
    trouble("source:feed"),  # of an input
    trouble("step:games"),
    trouble("step:scores", output="scores"),  # of itself
]


@pytest.mark.parametrize("cause", MADE_IT_WRONG, ids=lambda cause: str(cause.cause))
def test_wrong_data_belong_to_the_open_trouble_of_what_made_them(cause: Trouble) -> None:
    watcher, later = related(), NOW + HOUR

    watcher.look(cause)
    watcher.look(wrong(at=later), at=later)

    [incident] = watcher.known
    assert incident.cause == cause.cause
    assert set(incident.effects) == {cause.effect, wrong().effect}
    assert watcher.kinds == ["opened"]


@pytest.mark.parametrize("data_first", [False, True])
@pytest.mark.parametrize(
    ("data", "other"),
    [
        (wrong(), trouble("source:feed", day=11)),  # of another slate
        (wrong("games"), trouble("source:lines", output="lines")),  # nothing of the two reads the other
        (wrong("games"), trouble("source:feed", output="scores")),  # a provider does not read the table
        (wrong("picks"), trouble("source:feed")),  # what lies between them is in order
        (wrong(), trouble("step:grades", output="grades")),  # what refuses them has not made them
        (wrong(), trouble("controller", output="games")),  # a stop stays no longer open for data's sake
        (wrong(), trouble("store", output="games")),
        (wrong(), trouble("check:all_is_counted", output="scores")),
        (wrong(), trouble("build", output="scores")),
        (wrong(), wrong("games")),  # the checks themselves say which of two tables is first
        (wrong(), trouble("source:feed", output="")),
        (wrong(), replace(trouble("source:feed"), league="west")),
        (wrong(), trouble("source:feed", check="games.are_there")),  # itself a check's
        (replace(wrong(), check="documents_are_readable"), trouble("source:feed")),  # damaged, not wrong
    ],
    ids=lambda one: f"{one.cause}-{one.output}-{one.day.day}",
)
def test_what_has_a_cause_of_its_own_has_an_incident_of_its_own(
    data: Trouble, other: Trouble, *, data_first: bool
) -> None:
    watcher, later = related(), NOW + HOUR
    first, second = (data, other) if data_first else (other, data)

    watcher.look(first)
    watcher.look(replace(second, at=later), at=later)

    assert {incident.cause for incident in watcher.open} == {data.cause, other.cause}
    assert watcher.kinds == ["opened", "opened"]


@pytest.mark.parametrize("severity", [Severity.WARNING, Severity.ERROR])
def test_trouble_after_wrong_data_were_found_does_not_explain_them(severity: Severity) -> None:
    watcher = related()
    watcher.look(wrong())

    watcher.look(trouble(severity=severity, at=NOW + HOUR), at=NOW + HOUR)

    assert {incident.cause: incident.what for incident in watcher.open} == {
        "data:scores": "scores does not come",
        "source:feed": "games does not come",
    }


def test_a_damaged_document_stands_until_it_can_be_read_though_its_source_is_in_order_again() -> None:
    watcher = related()
    damaged = replace(wrong(), check="documents_are_readable")
    watcher.look(trouble(), damaged)

    nothing(watcher, hours=[4], met=lambda effect: effect.startswith("games"))

    assert [incident.cause for incident in watcher.open] == ["data:scores"]


def test_a_cause_that_is_over_explains_no_wrong_data() -> None:
    watcher = related()
    watcher.look(trouble())
    nothing(watcher, hours=[4], met=met)

    watcher.look(wrong(at=NOW + 5 * HOUR), at=NOW + 5 * HOUR)

    assert watcher.kinds == ["opened", "closed", "opened"]


def test_wrong_data_that_are_worse_than_their_cause_are_told() -> None:
    watcher = related()
    watcher.look(trouble())

    watcher.look(wrong(severity=Severity.CRITICAL, at=NOW + HOUR), at=NOW + HOUR)

    assert len(watcher.known) == 1
    assert watcher.kinds == ["opened", "worsened"]


def test_what_it_has_taken_in_explains_no_further_wrong_data() -> None:
    watcher = related()
    watcher.look(trouble(), wrong())

    watcher.look(wrong("grades", at=NOW + HOUR), at=NOW + HOUR)

    assert {incident.cause for incident in watcher.open} == {"source:feed", "data:grades"}


@pytest.mark.parametrize("cause", ["source:feed", "step:games"])
def test_a_cause_that_fails_anew_is_told_though_wrong_data_have_kept_its_incident_open(cause: str) -> None:
    watcher = related()
    watcher.look(trouble(cause), wrong())
    nothing(watcher, hours=[4], met=lambda effect: effect.startswith("games"))

    watcher.look(trouble(cause, day=12, at=NOW + 20 * HOUR), at=NOW + 20 * HOUR)
    watcher.look(trouble(cause, day=13, at=NOW + 21 * HOUR), at=NOW + 21 * HOUR)

    assert watcher.kinds == ["opened", "opened"]


def test_trouble_that_a_check_of_data_saw_first_is_told_once() -> None:
    watcher = Watcher()
    watcher.look(trouble(check="games.are_there"))

    watcher.look(trouble(output="scores", at=NOW + HOUR), at=NOW + HOUR)

    assert watcher.kinds == ["opened"]


# --- what always holds


DATA = {"data:games", "data:scores"}
CAUSES = ("source:feed", "step:games", "controller", *sorted(DATA))
ROUNDS = st.lists(
    st.tuples(
        st.integers(1, 40),  # hours since the round before
        st.lists(
            st.tuples(
                st.sampled_from(CAUSES),
                st.sampled_from(("games", "scores")),
                st.integers(10, 13),
                st.sampled_from(list(Severity)),
            ),
            max_size=4,
        ),
        st.sets(st.sampled_from(("games", "scores"))),  # what is met in this look
    ),
    max_size=12,
)
Rounds = Sequence[tuple[int, Sequence[tuple[str, str, int, Severity]], set[str]]]


def run(rounds: Rounds, each: Callable[[Watcher, list[Trouble], list[Change]], None]) -> Watcher:
    watcher, at = related(), NOW
    for hours, found, met_now in rounds:
        at += hours * HOUR
        troubles = [
            trouble(
                cause, output=o, day=d, severity=s, at=at, check=f"{o}.add_up" if cause in DATA else "run_ends_well"
            )
            for cause, o, d, s in found
        ]

        def is_met(effect: str, met_now: set[str] = met_now) -> bool:
            return effect.split("|", maxsplit=1)[0] in met_now

        changes = watcher.look(*troubles, at=at, met=is_met)
        each(watcher, troubles, changes)
    return watcher


@given(ROUNDS)
def test_there_are_never_two_open_incidents_of_one_cause(rounds: Rounds) -> None:
    def look(watcher: Watcher, _troubles: list[Trouble], _changes: list[Change]) -> None:
        causes = [(incident.league, incident.cause) for incident in watcher.open]
        assert len(causes) == len(set(causes))

    run(rounds, look)


@given(ROUNDS)
def test_everything_found_stands_in_an_open_incident(rounds: Rounds) -> None:
    """More findings close nothing: what was found in a look is open after it, under one cause or another."""

    def look(watcher: Watcher, troubles: list[Trouble], _changes: list[Change]) -> None:
        effects = {effect for incident in watcher.open for effect in incident.effects}
        assert {t.effect for t in troubles if t.severity >= Severity.WARNING} <= effects

    run(rounds, look)


@given(ROUNDS)
def test_a_look_makes_one_message_of_an_incident_at_most_and_its_end_comes_after_its_beginning(rounds: Rounds) -> None:
    def look(_watcher: Watcher, _troubles: list[Trouble], changes: list[Change]) -> None:
        for incident in {id(change.incident): change.incident for change in changes}.values():
            kinds = [change.kind for change in changes if change.incident is incident and change.is_told]
            assert len(kinds) <= 1 or kinds in (["opened", "closed"], ["reopened", "closed"])

    watcher = run(rounds, look)

    for incident in watcher.known:
        kinds = [change.kind for _, change in watcher.told if change.incident is incident]
        begun = 0
        for kind in kinds:
            assert begun or kind != "closed"
            begun = {"opened": 1, "reopened": 1, "closed": 0}.get(kind, begun)
        is_loud = incident.told != NOT_TOLD and not incident.told_by.startswith(DIGEST)
        assert (begun == 1) == (incident.is_open and is_loud)


@given(ROUNDS)
def test_the_messages_of_an_incident_are_bounded(rounds: Rounds) -> None:
    """Beyond its beginnings, ends and other names: each severity once, each doubling of its days, each rung of its ladder."""
    watcher = run(rounds, lambda *_: None)

    for incident in watcher.known:
        kinds = [change.kind for _, change in watcher.told if change.incident is incident]
        episodes = kinds.count("opened") + kinds.count("reopened")
        assert kinds.count("worsened") <= 2 * episodes
        assert kinds.count("escalated") <= MOST_OF_A_LADDER
        assert kinds.count("spread") <= 2
        assert kinds.count("closed") <= episodes


@given(ROUNDS, st.integers(0, 11))
def test_taking_it_on_never_loses_the_message_of_its_end(rounds: Rounds, nth: int) -> None:
    place = iter(range(len(rounds) + 1))

    def look(watcher: Watcher, _troubles: list[Trouble], _changes: list[Change]) -> None:
        if next(place) == nth:
            for incident in watcher.open:
                incident.acked_by, incident.acked_until = "ada", None

    watcher = run(rounds, look)
    told = [i for i in watcher.open if i.told != NOT_TOLD]
    watcher.look(at=NOW + 60 * DAY, met=met)

    closed = [change.incident for at, change in watcher.told if change.kind == "closed" and at == NOW + 60 * DAY]
    assert [i.id for i in closed] == [i.id for i in told if i.told_by in {"", ME}]


def test_the_ladders_reach_what_is_critical() -> None:
    assert all(step <= len(ladder) for ladder, step in CRITICAL_FROM.items())


def test_what_is_lost_for_good_is_not_told_as_in_order_again() -> None:
    watcher = Watcher(left=lambda _incident: "LOST for good: publication of day 0")
    watcher.look(trouble())

    nothing(watcher, hours=[3], met=met)

    [_, (_, over)] = watcher.told
    assert "in order" not in over.note
    assert over.note == "it is over, after 3 h; LOST for good: publication of day 0"


def test_what_was_all_made_good_is_told_as_in_order_again() -> None:
    watcher = Watcher()
    watcher.look(trouble())

    nothing(watcher, hours=[3], met=met)

    assert watcher.told[-1][1].note == "all that it touched is in order again, after 3 h"


def test_what_a_clock_that_was_ahead_has_opened_ends_as_if_it_had_not_been() -> None:
    watcher = Watcher()
    watcher.look(trouble(at=NOW + 3 * DAY), at=NOW + 3 * DAY)

    changes = watcher.look(met=met)
    again = watcher.look(at=NOW + HOUR, met=met)
    nothing(watcher, hours=[4], met=met)

    assert [change.kind for change in changes] == ["put back"]  # or it would not be written down
    assert again == []
    assert watcher.open == []
    assert watcher.kinds == ["opened", "closed"]
