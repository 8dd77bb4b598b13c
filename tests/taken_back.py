"""Warehouses in memory whose tables stand already: declared and filled once in a process, and what a test does is taken back."""

from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from tipoff.core.home import Profile
from tipoff.core.step import Step
from tipoff.store.dialect import CompiledStep
from tipoff.store.duck import DuckWarehouse

Opened = tuple[DuckWarehouse, dict[str, CompiledStep]]
_KEPT: dict[str, DuckWarehouse] = {}


class _TakenBack(Exception):
    """The test is over."""


@contextmanager
def opened(
    name: str, steps: Iterable[Step], fill: Callable[[DuckWarehouse], object] = lambda _warehouse: None
) -> Iterator[Opened]:
    """Open the database of this name, filled by `fill` for whoever came first; what is done in it is rolled back at the end.

    It is one transaction: another thread sees nothing of it, and after a statement that fails while it runs it takes no other.
    """
    steps, place = tuple(steps), Path(f":memory:{name}")
    if name not in _KEPT:
        _KEPT[name] = DuckWarehouse(place, profile=Profile.REPLAY)
        _KEPT[name].prepare(steps)
        fill(_KEPT[name])
    warehouse = DuckWarehouse(place, profile=Profile.REPLAY)
    loaded = warehouse.prepare(steps)
    with suppress(_TakenBack), warehouse.together():
        yield warehouse, loaded
        raise _TakenBack
    warehouse.close()
