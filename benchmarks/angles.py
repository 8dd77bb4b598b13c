"""The angles from which a day's data and work are looked at, by number; each check names those that it covers.

Twenty-five stood in an earlier system's manual; eight are what its incidents showed that it lacked. A league's checks must cover
them all. `also` is what looks from the same angle all the time: a finding of the engine, or a rule of the watchers.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from tipoff.core.check import Check


@dataclass(frozen=True, slots=True, kw_only=True)
class Category:
    """One angle: what it is called, what it asks, and what else looks from it."""

    number: int
    name: str
    asks: str
    also: tuple[str, ...] = ()


ANGLES = tuple(
    Category(number=number, name=name, asks=asks, also=also)
    for number, name, asks, also in (
        (1, "end-to-end flow", "does every game cross every phase", ("obligation_is_met",)),
        (2, "cross validation", "do two tables that say the same thing agree", ()),
        (3, "lines against predictions", "is who has a line predicted", ()),
        (4, "decision audit", "was it decided, and why not", ("controller_is_alive",)),
        (5, "one game's trace", "is one game in every table", ()),
        (6, "schedule", "is the schedule final, and fresh", ("source_is_consistent", "season_is_known")),
        (7, "steps completed", "did every step that was due run with success", ("obligation_is_met", "run_ends_well")),
        (8, "event log", "did what began end", ("run_ends_well", "decisions_are_executed")),
        (9, "failed queue", "does anything wait for hours", ("obligation_is_told",)),
        (10, "phase timing", "was it there when it was due", ("run_is_in_time", "obligation_is_met")),
        (11, "prediction timing", "was it made, and known, before tip-off", ()),
        (12, "grading lag", "is every prediction graded", ("obligation_is_met",)),
        (13, "quality", "is what features rest on whole, and usual", ("values_are_known",)),
        (14, "export", "is what was predicted published", ("obligation_is_met",)),
        (15, "state against data", "is what the ledger says is there, there", ()),
        (16, "decision gaps", "how long did nobody decide; is an empty result signed", ("controller_is_alive",)),
        (17, "prediction and result", "is who was predicted found in the results", ()),
        (18, "systems are even", "does every system predict the same", ()),
        (19, "line sanity", "are lines and prices believable", ()),
        (20, "distribution of predictions", "are predictions constant, or shifted", ()),
        (21, "accuracy drift", "is the error growing", ()),
        (22, "registry", "is who is named known", ("values_are_known",)),
        (23, "balance of games", "is each club predicted in a usual number", ()),
        (24, "balance of sides", "is one side of the line chosen nearly always", ()),
        (25, "void rate", "how many of the predicted did not play", ()),
        (26, "execution against decision", "was what was decided also run", ("decisions_are_executed",)),
        (27, "NULLs by column", "is a column emptier than it was, at once or slowly", ("units_are_accepted",)),
        (28, "duplicates", "does a key stand twice", ("units_are_accepted",)),
        (29, "historical windows", "is the past that features rest on whole since the season began", ()),
        (30, "look-ahead", "did anything see what was not yet known", ()),
        (
            31,
            "monitors",
            "do the watchers look, and do rules ever fire",
            ("monitor_is_alive", "sentinel_is_alive", "digest_is_sent"),
        ),
        (32, "cost and quota", "is a provider asked, or work done, far more than usual", ("run_ends_well",)),
        (
            33,
            "drift of build, settings, columns",
            "is it the same build on the declared columns",
            ("same_build_and_settings",),
        ),
    )
)


def by_angle(checks: Iterable[Check]) -> Mapping[int, list[Check]]:
    """Return the checks that look from each angle, by its number."""
    found: dict[int, list[Check]] = {angle.number: [] for angle in ANGLES}
    for check in checks:
        for number in check.angles:
            found[number].append(check)
    return found
