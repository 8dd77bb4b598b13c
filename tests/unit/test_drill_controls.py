"""What a control switches off is there to be switched off, and is on again afterwards."""

import pytest

from tipoff.drills.controls import CONTROLS, switched_off
from tipoff.drills.drill import catalogue


@pytest.mark.parametrize("name", CONTROLS)
def test_a_control_switches_off_what_there_is_and_puts_it_back(name: str) -> None:
    before = [getattr(target, attribute) for target, attribute, _ in CONTROLS[name]]

    with switched_off(name):
        off = [getattr(target, attribute) for target, attribute, _ in CONTROLS[name]]

    assert off == [stand_in for _, _, stand_in in CONTROLS[name]]
    assert [getattr(target, attribute) for target, attribute, _ in CONTROLS[name]] == before


def test_every_control_is_some_drills() -> None:
    assert CONTROLS.keys() == {drill.control for drill in catalogue().values()}
