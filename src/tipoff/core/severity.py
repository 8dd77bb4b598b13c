"""How bad what was found is."""

from enum import IntEnum


class Severity(IntEnum):
    """How bad; ordered."""

    INFO = 0
    WARNING = 1
    ERROR = 2
    CRITICAL = 3
