"""What the tests share: sample worlds replayed in process or as the command, and what is left behind."""

import dataclasses
import hashlib
import json
import os
import random
import subprocess
import sys
from collections.abc import Callable, Mapping
from datetime import date
from pathlib import Path
from typing import Any, Protocol

from sqlalchemy import select
from tests.forks import ForkedProcess, Forks

from tipoff.app import replay as app
from tipoff.app.instance import ReplaySpec
from tipoff.config import Settings
from tipoff.core.league import League
from tipoff.core.slate import Season
from tipoff.core.step import Step
from tipoff.drills.faults.hooks import POINTS
from tipoff.leagues.nba.league import NBA, sample_season
from tipoff.leagues.nba.world.data import Alter
from tipoff.leagues.nba.world.sample import SampleNba
from tipoff.ledger import Ledger, schema
from tipoff.sources.world import World

_SET = os.environ.get("TIPOFF_DATA")
DATA = Path(_SET) if _SET else None
FORKS: Forks | None = None  # what starts the command while tests run


def sample_spec(days: int, *, alter: Alter | None = None, league: League = NBA) -> ReplaySpec:
    """Return a replay of the sample league's first days."""
    season = sample_season(days)
    world = SampleNba(first_day=season.first_day, days=days, alter=alter)
    asked = f"sample:{days}, seed 7, no faults"
    return ReplaySpec(league=league, season=season, days=(season.first_day, season.last_day), world=world, asked=asked)


class OfASeason(World, Protocol):
    season: Season


def recorded_spec(world: OfASeason, days: tuple[date, date], *, league: League = NBA) -> ReplaySpec:
    """Return a replay of some days of a recorded season."""
    return ReplaySpec(league=league, season=world.season, days=days, world=world)


def replayed(home: Path, spec: ReplaySpec) -> dict[str, Any]:
    """Replay in this process and return the report."""
    return app.together_report(Settings(home=home), [spec], progress=lambda _: None)[0]


def with_step(name: str, change: Callable[[Step], Step], *, league: League = NBA) -> League:
    """Return the league with one step changed."""
    steps = tuple(change(step) if step.name == name else step for step in league.steps)
    return dataclasses.replace(league, steps=steps)


def proofs(home: Path, league: str = NBA.name) -> dict[tuple[str, date, str], tuple[int, str]]:
    """Return (rows, content hash) by output, day and unit, as the ledger's copy of the proofs has them."""
    ledger = Ledger(home / "ledger.db", read_only=True)
    found = ledger.load(league).proofs
    ledger.close()
    return {
        (proof.output, proof.day, unit.unit): (unit.n_rows, unit.content_hash)
        for proof in found
        for unit in proof.units.values()
    }


def published(home: Path) -> dict[str, str]:
    """Return what readers read: the rows of each document, hashed, by file."""
    return {
        path.name: hashlib.sha256(json.dumps(json.loads(path.read_text())["rows"]).encode()).hexdigest()
        for path in sorted((home / "published").glob("*/*/[!.]*.json"))
    }


def ledger_rows(home: Path, table: str) -> list[dict[str, Any]]:
    """Return the rows of one of the ledger's tables."""
    ledger = Ledger(home / "ledger.db", read_only=True)
    rows = ledger.rows(select(schema.metadata.tables[table]))
    ledger.close()
    return rows


def tipoff(*arguments: str, home: Path, **environment: str) -> subprocess.CompletedProcess[str]:
    """Run the command as a user would."""
    known = {name: value for name, value in os.environ.items() if not name.startswith("TIPOFF_")}
    variables = known | {"TIPOFF_HOME": str(home), "TIPOFF_WORLD": "sample"} | environment
    return called("tipoff", *arguments, environment=variables, cwd=Path.cwd())


def called(
    program: str, *arguments: str, environment: Mapping[str, str], cwd: Path
) -> subprocess.CompletedProcess[str]:
    """Run `tipoff`, `tipoff_audit` or the main of a module in a process of its own, to its end."""
    if FORKS is not None:
        return FORKS.run([program, *arguments], environment, cwd, timeout_s=1800)
    command = [sys.executable, "-m", program, *arguments]
    return subprocess.run(
        command, env=dict(environment), cwd=cwd, capture_output=True, text=True, timeout=1800, check=False
    )


def files_of(blocks: int) -> str:
    """Return what lets no file grow beyond so many blocks of 512 bytes, in a line of shell before a command.

    It compiles nothing: Python keeps the half of what it compiled that found room, and no process can read it any more.
    """
    return f"export PYTHONDONTWRITEBYTECODE=1; ulimit -f {blocks};"


def begun(
    program: str, *arguments: str, environment: Mapping[str, str], cwd: Path, log: Path | None = None
) -> ForkedProcess:
    """Begin what `called` runs, with all that it says at the end of a log, or nowhere."""
    assert FORKS is not None
    with (log or Path(os.devnull)).open("ab") as said:
        return FORKS.start([program, *arguments], environment, cwd, said.fileno(), said.fileno())


_KILLED_MIGRATION = """
import os, signal, sys
from pathlib import Path
from sqlalchemy import Engine, event
from tipoff.ledger import Ledger
left = int(sys.argv[2])
@event.listens_for(Engine, "before_cursor_execute")
def count(*_given):
    global left
    left -= 1
    if left == 0:
        os.kill(os.getpid(), signal.SIGKILL)
Ledger(Path(sys.argv[1]))
"""


def killed_while_migrating(ledger: Path, nth: int) -> bool:
    """Open a ledger, and so upgrade it, in a process that is killed before its n-th statement; False if there are fewer."""
    command = [sys.executable, "-c", _KILLED_MIGRATION, str(ledger), str(nth)]
    return subprocess.run(command, capture_output=True, timeout=120, check=False).returncode == -9


def killed_home(home: Path, span: str, dice: random.Random, *, at_most: int) -> list[str]:
    """Replay in processes that are killed at random points, until one is not; returns what killed them.

    The ledger's upgrade is killed first, on nothing and then on what that left.
    """
    command = ("replay", "nba", span, "--world", "sample", "--json")
    upgrades = [f"statement of the upgrade:{n}" for n in (dice.randint(1, 30), dice.randint(1, 12))][:at_most]
    moments = [m for m in upgrades if killed_while_migrating(home / "ledger.db", int(m.rpartition(":")[2]))]
    code = -9
    while code == -9 and len(moments) < at_most:
        moment = f"{dice.choice((*POINTS, 'any', 'any', 'any'))}:{dice.randint(1, 15)}"
        code = tipoff(*command, "--crash-at", moment, home=home).returncode
        moments += [moment] if code == -9 else []
    ended = tipoff(*command, home=home)
    assert ended.returncode == 0, (moments, ended.stderr)
    return moments
