"""What each step of a league reads, told from its SQL or its signature, for the views that show edges."""

from collections.abc import Mapping, Sequence

from tipoff.core.league import League
from tipoff.core.window import Input
from tipoff.store import dialect


def inputs_of(league: League) -> Mapping[str, Sequence[Input]]:
    """Return the inputs of each output."""
    tables = {step.name: step.table for step in league.steps}
    return {step.name: dialect.load(step, tables).inputs for step in league.steps}
