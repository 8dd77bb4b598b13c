"""What a tick decides for an obligation, and why."""

from enum import Enum


class Verb(Enum):
    """The decision."""

    RUN = "RUN"
    WAIT = "WAIT"  # until an instant
    HOLD = "HOLD"  # a gate holds it
    SKIP = "SKIP"  # nothing is owed any more
    ABORT = "ABORT"  # repeating cannot help; a person or new input must
