"""Steps that end badly; run as a program, `tipoff up` with a league that has them."""

import dataclasses
import os
import sys
import threading
from collections.abc import Mapping
from datetime import timedelta

import pyarrow as pa
from tests.support import with_step

from tipoff.cli import watch
from tipoff.cli.main import main as command
from tipoff.core.league import League
from tipoff.core.payload import Parsed, Payload
from tipoff.core.step import Context, Made, PythonWork, SourceWork, Step
from tipoff.leagues.nba.league import NBA

BAD = ("bdl_player_boxscores", "calibration", "quantile_regression")
LIMIT = timedelta(seconds=2)
Inputs = Mapping[str, pa.Table]


def hangs(_context: Context, _inputs: Inputs) -> Made:
    """Never come back."""
    while True:
        threading.Event().wait()


def ends_the_process(_context: Context, _inputs: Inputs) -> Made:
    """End the process without a word."""
    os._exit(3)


def leaves(_payload: Payload, _context: Context, _inputs: Inputs) -> Parsed:
    """Leave, as a script does."""
    sys.exit("nothing to read")


def is_interrupted(_context: Context, _inputs: Inputs) -> Made:
    """Raise what a person's Ctrl-C raises."""
    raise KeyboardInterrupt


def bad(step: Step) -> Step:
    """Return a step that ends badly, in its own way."""
    match step.work:
        case SourceWork():
            return dataclasses.replace(step, work=dataclasses.replace(step.work, parse=leaves), time_limit=LIMIT)
        case PythonWork():
            how = ends_the_process if step.name == "calibration" else hangs
            return dataclasses.replace(step, work=dataclasses.replace(step.work, transform=how), time_limit=LIMIT)
    raise TypeError(step.name)


def league() -> League:
    """Return the NBA with three steps that end badly."""
    made = NBA
    for name in BAD:
        made = with_step(name, bad, league=made)
    return made


def main() -> None:
    """Run the command with that league."""
    changed = league()
    vars(watch)["league_named"] = lambda name: changed if name == NBA.name else NBA
    sys.argv = ["tipoff", "up", NBA.name, "--no-web"]
    command()
