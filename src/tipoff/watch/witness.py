"""When somebody was last alive, judged by his signs of life changing: an instant that is written down may be a wrong clock's."""

from datetime import datetime, timedelta

Signs = tuple[datetime | None, ...]


class Witness:
    """Remembers when signs of life last changed before its eyes, by its own clock."""

    def __init__(self) -> None:
        self._changed: dict[str, tuple[Signs, datetime]] = {}

    def alive_at(self, name: str, signs: Signs, said: datetime | None, now: datetime) -> datetime | None:
        """Return when `name` was last alive; `said` is what its signs say themselves, where that is believed.

        Signs that do not change are no life, whatever instants they name; those that change are, though their clock is wrong.
        """
        known = self._changed.get(name)
        if known is None:
            self._changed[name] = signs, now
            return said
        if known[0] != signs:
            self._changed[name] = signs, now
            return said or now
        return min(at for at in (said, known[1]) if at is not None)

    def go_back(self, by: timedelta) -> None:
        """Move what is remembered back, as the clock was."""
        self._changed = {name: (signs, at - by) for name, (signs, at) in self._changed.items()}
