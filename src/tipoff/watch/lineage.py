"""Which open incident explains wrong data: that of a provider or a step that failed on the same slate, or on what it reads."""

from collections.abc import Callable
from collections.abc import Set as AbstractSet

from tipoff.core.finding import Severity
from tipoff.core.incident import Incident, Trouble

Inputs = Callable[[str], AbstractSet[str]]
"""Returns the outputs of the same day that an output reads."""

_MAKERS = frozenset({"source", "step"})


def nothing_known(_output: str) -> AbstractSet[str]:
    """Return no inputs: only the same slate explains anything."""
    return frozenset()


def is_of_table(check: str) -> bool:
    """Whether a check is one of a table's data; the engine's own and the watchers' have names without a dot."""
    return "." in check


def is_left_with_data(incident: Incident) -> bool:
    """Whether only wrong data keep an incident open: what its own cause had broken is in order."""
    own = [met_at for effect, met_at in incident.effects.items() if not is_of_table(effect.split("|", 2)[2])]
    return bool(own) and None not in own and bool(incident.unmet)


def explains(incident: Incident, trouble: Trouble, inputs: Inputs) -> bool:
    """Whether wrong data belong to an open incident of another cause: its provider or step failed on what they were made from.

    Only what it names itself counts, no wrong data that it has taken in; what is in doubt has an incident of its own.
    """
    kind, _, table = trouble.cause.partition(":")
    is_data = kind == "data" and is_of_table(trouble.check) and trouble.severity >= Severity.ERROR
    if not is_data or incident.league != trouble.league or incident.cause.partition(":")[0] not in _MAKERS:
        return False
    of = {table, *inputs(table)}
    own = [effect.split("|", 2) for effect in incident.effects]
    return any(output in of and day == str(trouble.day) for output, day, check in own if not is_of_table(check))
