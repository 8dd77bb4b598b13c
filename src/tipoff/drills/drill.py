"""What a drill's file says: the faults, what must be noticed and when, what cannot be had back, what the control switches off."""

import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from importlib.resources import files
from typing import Any

from tipoff.core.errors import UsageError
from tipoff.core.fault import Fault
from tipoff.drills.controls import CONTROLS
from tipoff.drills.faults.files import moment, read_faults
from tipoff.drills.refusals import REFUSALS
from tipoff.engine.findings import CLOCK, CONTROLLER, EXECUTOR, STORE, WAREHOUSE
from tipoff.leagues.catalog import CONTENTS, league_named, sample_of

OF_THE_MACHINE = "nba"  # the league whose sample world shows what the machine does when something goes wrong
_DIGEST = "digest"  # an output of the watch
_OTHER_CAUSES = frozenset({CONTROLLER, EXECUTOR, WAREHOUSE, STORE, CLOCK, "ledger", "build"})
_KNOWN = frozenset(
    [
        "name",
        "fault",
        "rows",
        "days",
        "first_day",
        "detectable_at",
        "check",
        "cause",
        "quiet",
        "storm",
        "heals",
        "beside",
        "stops_it",
        "control",
        "faults",
        "unavoidable",
        "differs",
        "refused",
        "checks",
    ]
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Unavoidable:
    """What nobody could have made: units of `outputs` whose games tip off from `begin` to `end`."""

    outputs: frozenset[str]
    begin: datetime
    end: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Drill:
    """One drill.

    `rows`: of the catalogue of faults. `check` and `cause`: the finding that must be the first to tell; none where the fault
    must cause no finding at all (`quiet`). `storm`: how many times the quiet twin's runs are too many. `differs`: outputs whose
    content may differ from the twin's. `refused`: a change of the league that must not load, with a part of the sentence that
    says why. `checks`: the slates are examined, as a watched day's are.
    """

    name: str
    fault: str
    rows: tuple[int, ...]
    first_day: date
    league: str = OF_THE_MACHINE
    days: int = 4
    faults: tuple[Fault, ...] = ()
    detectable_at: datetime | None = None
    check: str = ""
    cause: str = ""
    quiet: bool = False
    storm: float = 3.0
    heals: bool = True
    # causes that may be told beside the fault's own: what it left wrong, seen another way
    beside: frozenset[str] = frozenset()
    stops_it: str = ""
    control: str = ""
    unavoidable: Unavoidable | None = None
    differs: frozenset[str] = frozenset()
    refused: Mapping[str, str] = field(default_factory=dict)
    checks: bool = False
    fuzzed: bool = False  # by dice: what is noticed is told from the ledger's own troubles
    evening: bool = False  # a fault lies where something closes: what closes unmade is lost


def catalogue() -> dict[str, Drill]:
    """Return every drill by name, in the order of their files: those of the machine, then those of each league's folder."""
    found: dict[str, Drill] = {}
    folders = [(files("tipoff.drills").joinpath("catalogue"), OF_THE_MACHINE)]
    folders += [(content.drills, name) for name, content in CONTENTS.items() if content.drills is not None]
    for folder, league in folders:
        for path in sorted(folder.iterdir(), key=lambda path: path.name):
            if path.name.endswith(".toml"):
                for said in tomllib.loads(path.read_text("utf-8"))["drill"]:
                    drill = read_drill(said, league)
                    if drill.name in found:
                        msg = f"two drills are named {drill.name}"
                        raise UsageError(msg, hint="give one of them another name")
                    found[drill.name] = drill
    return found


def read_drill(said: Mapping[str, Any], league: str) -> Drill:
    """Read one drill, which plays in the sample world of a league.

    Raises:
        UsageError: A name in it is not known.
    """
    strange = said.keys() - _KNOWN
    control = said.get("control", "")
    refused = said.get("refused", {})
    if strange or (control and control not in CONTROLS) or (refused and refused["change"] not in REFUSALS):
        msg = f"drill {said.get('name')}: not known: {', '.join(strange) or control or refused['change']}"
        raise UsageError(msg, hint=f"names: {', '.join(sorted(_KNOWN))}; controls: {', '.join(sorted(CONTROLS))}")
    _names_must_exist(said, league)
    first_day = said.get("first_day", sample_of(league).season.first_day)
    lost = said.get("unavoidable")
    return Drill(
        name=said["name"],
        fault=said["fault"],
        rows=tuple(said.get("rows", ())),
        first_day=first_day,
        league=league,
        days=said.get("days", 4),
        faults=read_faults(said.get("faults", ()), first_day),
        detectable_at=moment(said["detectable_at"], first_day) if "detectable_at" in said else None,
        check=said.get("check", ""),
        cause=said.get("cause", ""),
        quiet=said.get("quiet", False),
        storm=said.get("storm", 3.0),
        heals=said.get("heals", True),
        beside=frozenset(said.get("beside", ())),
        stops_it=said.get("stops_it", ""),
        control=control,
        unavoidable=_unavoidable(lost, first_day) if lost else None,
        differs=frozenset(said.get("differs", ())),
        refused=refused,
        checks=said.get("checks", False),
    )


def _names_must_exist(said: Mapping[str, Any], league: str) -> None:
    """Refuse outputs and causes that there are not: what is excepted under a wrong name is excepted by nobody's word.

    Raises:
        UsageError: One is not there.
    """
    steps = league_named(league).steps
    outputs = {step.name for step in steps} | {_DIGEST}
    causes = {step.own_cause for step in steps} | {f"table:{step.table.full_name}" for step in steps} | _OTHER_CAUSES
    causes |= {f"{kind}:{name}" for kind in ("data", "step") for name in outputs}
    named = {*said.get("differs", ()), *said.get("unavoidable", {}).get("outputs", ())} - outputs
    named |= {*said.get("beside", ()), *([said["cause"]] if said.get("cause") else ())} - causes
    if named:
        msg = f"drill {said.get('name')}: {league} has no {', '.join(sorted(named))}"
        raise UsageError(msg, hint=f"outputs: {', '.join(sorted(outputs))}")


def _unavoidable(said: Mapping[str, Any], first_day: date) -> Unavoidable:
    outputs: Sequence[str] = said["outputs"]
    return Unavoidable(
        outputs=frozenset(outputs), begin=moment(said["from"], first_day), end=moment(said["to"], first_day)
    )
