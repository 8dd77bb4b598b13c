"""Folding: one incident for each broken cause, and what of it people are told."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tipoff.core.finding import Severity
from tipoff.core.incident import NOT_TOLD, Incident, Trouble
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
    fold,
)
from tipoff.watch.lineage import UNKNOWN, Lineage

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

    def __init__(
        self, *, settle: timedelta = SETTLE, lost: Callable[[Incident], list[str]] = lambda _incident: []
    ) -> None:
        self.lost = lost
        self.known: list[Incident] = []
        self.told: list[tuple[datetime, Change]] = []
        self.settle = settle
        self.elsewhere: dict[tuple[str, str], Incident] = {}
        self.lineage = UNKNOWN

    def look(
        self, *troubles: Trouble, at: datetime = NOW, met: Callable[[str], bool] = lambda _effect: False
    ) -> list[Change]:
        known = [i for i in self.known if i.closed_at is None or at - i.closed_at < 2 * DAY]
        changes = fold(
            known,
            troubles,
            is_met=lambda _incident, effect: met(effect),
            elsewhere=self.elsewhere,
            now=at,
            by=ME,
            settle=self.settle,
            lost=self.lost,
            lineage=self.lineage,
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

    assert watcher.kinds == ["opened", "spread", "spread", "spread"]
    assert [len(change.incident.days) for _, change in watcher.told][-1] == 8


# --- the same again


def test_the_same_cause_within_a_day_is_the_same_incident_again() -> None:
    watcher = Watcher()
    watcher.look(trouble())
    nothing(watcher, hours=[3], met=met)
    at = NOW + 3 * HOUR + REOPENS - timedelta(minutes=1)

    watcher.look(trouble(day=11, at=at), at=at)

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


def left_behind(hours: int) -> Trouble:
    return replace(trouble("executor", at=NOW + hours * HOUR), check="grades.is_still_there")


def test_what_a_check_finds_missing_of_a_stop_that_is_over_is_open_and_wakes_nobody() -> None:
    watcher = Watcher()
    watcher.look(trouble("executor", output=""))
    nothing(watcher, hours=[4], met=met)

    watcher.look(left_behind(10), at=NOW + 10 * HOUR)
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


# --- what always holds

# --- wrong data and what left them


READS = {"scores": {"games"}, "grades": {"scores"}, "picks": {"grades"}}  # games is a source's


def related() -> Watcher:
    """Return a watcher that knows what reads what on each day; a run of games on the 10th was cut off at NOW."""
    watcher = Watcher()
    watcher.lineage = Lineage(
        inputs=lambda output, _day: READS.get(output, set()),
        cut_off=lambda begin, end: {("games", "2024-01-10")} if begin <= NOW <= end else set(),
    )
    return watcher


def wrong(table: str = "scores", *, day: int = 10, severity: Severity = Severity.ERROR, at: datetime = NOW) -> Trouble:
    return trouble(f"data:{table}", output=table, day=day, severity=severity, at=at, check=f"{table}.add_up")


MADE_IT_WRONG = [
    trouble("source:feed"),  # of an input
    trouble("step:games"),
    trouble("step:scores", output="scores"),  # of itself
    trouble("table:scores", output="scores"),
    trouble("store", output="games"),
    trouble("warehouse", output="scores"),
]


@pytest.mark.parametrize("cause", MADE_IT_WRONG, ids=lambda cause: str(cause.cause))
@pytest.mark.parametrize("data_first", [False, True])
def test_wrong_data_belong_to_the_trouble_of_what_made_them_whichever_came_first(
    cause: Trouble, *, data_first: bool
) -> None:
    watcher, later = related(), NOW + HOUR

    watcher.look(wrong() if data_first else cause)
    watcher.look(replace(cause, at=later) if data_first else wrong(at=later), at=later)

    [incident] = watcher.known
    assert incident.cause == cause.cause
    assert set(incident.effects) == {cause.effect, wrong().effect}
    assert watcher.kinds == (["opened", "renamed"] if data_first else ["opened"])


@pytest.mark.parametrize("data_first", [False, True])
def test_a_step_that_refuses_wrong_data_is_their_incident_whichever_came_first(*, data_first: bool) -> None:
    watcher, later = related(), NOW + HOUR
    refused = trouble("step:grades", output="grades")

    watcher.look(wrong() if data_first else refused)
    watcher.look(replace(refused, at=later) if data_first else wrong(at=later), at=later)

    assert [incident.cause for incident in watcher.known] == ["data:scores"]


@pytest.mark.parametrize("data_first", [False, True])
@pytest.mark.parametrize(
    ("data", "other"),
    [
        (wrong(), trouble("source:feed", day=11)),  # of another slate
        (wrong("games"), trouble("source:lines", output="lines")),  # nothing of the two reads the other
        (wrong("games"), trouble("source:feed", output="scores")),  # a provider does not read the table
        (wrong("picks"), trouble("source:feed")),  # what lies between them is in order
        (
            wrong(severity=Severity.WARNING),
            trouble("step:grades", output="grades"),
        ),  # a lesser trouble explains no greater
        (wrong(), trouble("check:all_is_counted", output="scores")),
        (wrong(), trouble("build", output="scores")),
        (wrong(), wrong("games")),  # the checks themselves say which of two tables is first
        (wrong(), trouble("source:feed", output="")),
        (wrong(), replace(trouble("source:feed"), league="west")),
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
    assert watcher.kinds.count("opened") == sum(one.severity >= Severity.ERROR for one in (data, other))


def test_a_step_that_fails_on_several_days_is_not_explained_by_the_wrong_data_of_one() -> None:
    watcher = related()
    watcher.look(trouble("step:grades", output="grades"), trouble("step:grades", output="grades", day=11))

    watcher.look(wrong(at=NOW + HOUR), at=NOW + HOUR)

    assert {incident.cause for incident in watcher.open} == {"step:grades", "data:scores"}


@pytest.mark.parametrize(("day", "n"), [(10, 1), (11, 2)])
def test_wrong_data_of_a_run_that_a_stop_cut_off_belong_to_the_stop(day: int, n: int) -> None:
    watcher = related()
    watcher.look(trouble("controller", output="", check="controller_ends_well"))
    nothing(watcher, hours=[4], met=met)

    watcher.look(wrong("games", day=day, at=NOW + 10 * HOUR), at=NOW + 10 * HOUR)

    assert len(watcher.known) == n
    assert watcher.kinds == ["opened", "closed", *["opened"] * (n - 1)]


def test_a_stop_explains_no_data_that_were_wrong_before_it() -> None:
    watcher = related()
    watcher.look(wrong("games"))

    watcher.look(trouble("controller", output="", at=NOW + HOUR), at=NOW + HOUR)

    assert {incident.cause for incident in watcher.open} == {"controller", "data:games"}


def test_wrong_data_found_after_the_end_of_what_left_them_stand_in_the_digest_and_wake_nobody() -> None:
    watcher = related()
    watcher.look(trouble("source:feed"))
    nothing(watcher, hours=[4], met=met)

    watcher.look(wrong(at=NOW + 15 * HOUR), at=NOW + 15 * HOUR)
    stands = [incident.unmet for incident in watcher.open]
    nothing(watcher, hours=[18], met=met)

    assert stands == [[wrong().effect]]
    assert watcher.open == []
    assert watcher.kinds == ["opened", "closed"]


def test_wrong_data_that_are_worse_than_what_was_told_of_their_cause_are_told() -> None:
    watcher = related()
    watcher.look(trouble("source:feed", severity=Severity.WARNING))
    nothing(watcher, hours=[4], met=met)

    watcher.look(wrong(at=NOW + 5 * HOUR), at=NOW + 5 * HOUR)
    watcher.look(wrong(severity=Severity.CRITICAL, at=NOW + 6 * HOUR), at=NOW + 6 * HOUR)

    assert len(watcher.known) == 1
    assert watcher.kinds == ["opened", "worsened"]


def test_wrong_data_that_nobody_puts_right_in_a_day_are_told_though_their_cause_is_over() -> None:
    watcher = related()
    watcher.look(trouble("source:feed"))
    nothing(watcher, hours=[4], met=met)
    watcher.look(wrong(at=NOW + 15 * HOUR), at=NOW + 15 * HOUR)

    nothing(watcher, hours=range(16, 45), met=lambda effect: effect.startswith("games"))

    assert watcher.kinds == ["opened", "closed", "opened"]


def test_an_incident_of_wrong_data_ends_in_that_of_the_cause_that_is_open_already() -> None:
    watcher = related()
    watcher.look(trouble("source:feed", day=9), trouble("source:feed", day=11), wrong())

    watcher.look(trouble("source:feed", at=NOW + HOUR), at=NOW + HOUR)

    [incident] = watcher.open
    assert (incident.cause, wrong().effect in incident.effects) == ("source:feed", True)
    assert watcher.kinds == ["opened", "opened", "closed"]


CAUSES = ("source:feed", "step:games", "data:games", "controller")
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
        troubles = [trouble(cause, output=o, day=d, severity=s, at=at) for cause, o, d, s in found]

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
            begun += {"opened": 1, "reopened": 1, "closed": -1}.get(kind, 0)
            assert begun in {0, 1}
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
    watcher = Watcher(lost=lambda _incident: [f"publication of day {n}" for n in range(8)])
    watcher.look(trouble())

    nothing(watcher, hours=[3], met=met)

    [_, (_, over)] = watcher.told
    assert "in order" not in over.note
    assert over.note.startswith("it is over, after 3 h; LOST for good: publication of day 0, ")
    assert over.note.endswith("publication of day 5 and 2 more")


def test_what_was_all_made_good_is_told_as_in_order_again() -> None:
    watcher = Watcher()
    watcher.look(trouble())

    nothing(watcher, hours=[3], met=met)

    assert watcher.told[-1][1].note == "all that it touched is in order again, after 3 h"
