"""The units of systemd: what can be held against the code, and what systemd itself says of them where it is at hand."""

import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tipoff.cli.main import COMMANDS, cli
from tipoff.config import PREFIX, Settings
from tipoff.leagues.catalog import LEAGUES

UNITS = sorted((Path(__file__).parents[2] / "deploy" / "systemd").glob("*.service"))
ANALYZE = shutil.which("systemd-analyze") or ""
EXECUTABLE = "/opt/tipoff/bin/tipoff"


def said(unit: Path) -> dict[str, str]:
    """Return what a unit says: by key, the last of each, for none is said twice."""
    lines = [line for line in unit.read_text().splitlines() if "=" in line and not line.startswith("#")]
    found = dict(line.split("=", 1) for line in lines)
    assert len(found) == len(lines)
    return found


@pytest.mark.parametrize("unit", UNITS, ids=lambda unit: unit.name)
def test_a_unit_begins_a_command_that_exists_for_leagues_that_exist(unit: Path) -> None:
    executable, name, leagues = said(unit)["ExecStart"].split()
    environment = dict(one.split("=") for one in said(unit)["Environment"].split())

    assert (executable, leagues) == (EXECUTABLE, "$LEAGUES")
    assert name in COMMANDS
    assert cli.get_command(cli.make_context("tipoff", [name, "--help"], resilient_parsing=True), name)
    assert environment["LEAGUES"] in LEAGUES
    settings = {f"{PREFIX}{one.upper()}" for one in Settings.__struct_fields__}
    assert {one for one in environment if one.startswith(PREFIX)} <= settings | {"TIPOFF_HOME"}
    assert environment["TIPOFF_HOME"] == f"/var/lib/{said(unit)['StateDirectory']}"


def test_the_sentinel_is_a_unit_of_its_own_that_differs_in_what_it_does_alone() -> None:
    controller, sentinel = (said(unit) for unit in reversed(UNITS))

    assert {name for name in controller | sentinel if controller.get(name) != sentinel.get(name)} == {
        "Description",
        "ExecStart",
        "TimeoutStopSec",
    }
    assert not {"Requires", "BindsTo", "PartOf"} & sentinel.keys()  # it must outlive what it looks at


@pytest.mark.parametrize("unit", UNITS, ids=lambda unit: unit.name)
def test_whatever_ends_a_part_it_is_tried_anew_and_never_so_often_that_systemd_gives_up(unit: Path) -> None:
    assert said(unit)["Restart"] == "on-failure"
    assert "RestartPreventExitStatus" not in said(unit)  # a database that is not up yet is a refusal too
    assert int(said(unit)["RestartSec"]) > 10  # the seconds in which it counts five starts


@pytest.mark.skipif(not ANALYZE, reason="systemd is not at hand")
def test_systemd_reads_the_units_and_finds_nothing_wrong_nor_much_exposed(tmp_path: Path) -> None:
    for unit in UNITS:
        text = unit.read_text().replace(EXECUTABLE, sys.executable)
        (tmp_path / unit.name).write_text(text)
    copies = [tmp_path / unit.name for unit in UNITS]

    read = subprocess.run([ANALYZE, "verify", *copies], capture_output=True, text=True, check=False)
    assert (read.returncode, read.stdout + read.stderr) == (0, "")
    for copy in copies:
        done = subprocess.run([ANALYZE, "security", "--offline=true", copy], capture_output=True, text=True, check=True)
        [exposed] = re.findall(r"Overall exposure level for \S+: (\d+\.\d+)", done.stdout)
        assert float(exposed) < 4, done.stdout
