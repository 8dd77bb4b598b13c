"""How hard the stores try to survive a loss of power."""

from enum import Enum


class Profile(Enum):
    """Live work is durable; a replay survives kill -9, not power loss. Both give the same hashes."""

    LIVE = "live"
    REPLAY = "replay"
