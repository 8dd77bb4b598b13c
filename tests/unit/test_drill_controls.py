"""What a control switches off is there to be switched off, and is on again afterwards."""

from typing import Any

import pytest
from benchmarks.rehearsals import shows_nothing
from benchmarks.trying_page import without_it

from tipoff.core.errors import UsageError
from tipoff.drills.controls import CONTROLS, switched_off
from tipoff.drills.drill import catalogue, read_drill


@pytest.mark.parametrize("name", CONTROLS)
def test_a_control_switches_off_what_there_is_and_puts_it_back(name: str) -> None:
    before = [getattr(target, attribute) for target, attribute, _ in CONTROLS[name]]

    with switched_off(name):
        off = [getattr(target, attribute) for target, attribute, _ in CONTROLS[name]]

    assert off == [stand_in for _, _, stand_in in CONTROLS[name]]
    assert [getattr(target, attribute) for target, attribute, _ in CONTROLS[name]] == before


@pytest.mark.parametrize(
    "named",
    [
        {"differs": ["player_line"]},
        {"unavoidable": {"outputs": ["predictions"], "from": "day 1 00:00", "to": "day 2 00:00"}},
        {"beside": ["data:player_line"]},
        {"cause": "source:nowhere"},
    ],
)
def test_a_drill_that_excepts_what_there_is_not_is_refused(named: dict[str, Any]) -> None:
    said = {"name": "d", "fault": "f", "check": "run_ends_well", "cause": "controller", "stops_it": "s"} | named

    with pytest.raises(UsageError, match="nba has no"):
        read_drill(said, "nba")


@pytest.mark.parametrize(
    ("why", "name", "is_proof"),
    [
        ((), "delivered-twice", False),
        (("it ended with AttributeError: no such attribute",), "two-controllers", False),
        (("it ended with LedgerError: UNIQUE",), "delivered-twice", False),
        (("never noticed", "the quiet twin itself owes 3"), "delivered-twice", False),
        (("it ended with LedgerError: UNIQUE",), "two-controllers", True),
        (("never noticed by run_ends_well",), "delivered-twice", True),
    ],
)
def test_a_control_that_could_not_run_or_passes_is_never_printed_as_a_proof(
    why: tuple[str, ...], name: str, *, is_proof: bool
) -> None:
    control = {"name": name, "failed": bool(why), "why": list(why)}

    assert bool(shows_nothing(control)) is not is_proof
    assert without_it({"passed": True}, control).startswith("**shows nothing**") is not is_proof
    assert without_it({"passed": False}, control).startswith("**shows nothing**")
    assert without_it({"passed": True}, None) == "not measured yet"


def test_every_control_is_some_drills() -> None:
    assert CONTROLS.keys() == {drill.control for drill in catalogue().values()}
