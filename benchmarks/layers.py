"""Which layer takes the time: each named function's own seconds, without those of the layers that it calls."""

from collections import Counter, defaultdict
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from tipoff.core.clock import stopwatch


class Layers:
    """Seconds and calls by layer; what no layer claims is the engine's."""

    def __init__(self) -> None:
        self.seconds: defaultdict[str, float] = defaultdict(float)
        self.calls: Counter[str] = Counter()
        self._stack: list[str] = []
        self._since = 0.0

    @contextmanager
    def measured(self, owners: dict[str, list[tuple[Any, str]]]) -> Iterator[None]:
        """Count the named functions' time while the block runs; afterwards all is as it was."""
        kept = [(owner, name, owner.__dict__[name]) for pairs in owners.values() for owner, name in pairs]
        for layer, pairs in owners.items():
            for owner, name in pairs:
                setattr(owner, name, self._wrapped(layer, owner.__dict__[name]))
        try:
            yield
        finally:
            for owner, name, honest in kept:
                setattr(owner, name, honest)

    def _wrapped(self, layer: str, honest: Callable[..., Any]) -> Callable[..., Any]:
        def counted(*args: Any, **kwargs: Any) -> Any:  # noqa: ANN401 -- any function of any layer
            self._turn()
            self._stack.append(layer)
            self.calls[layer] += 1
            try:
                return honest(*args, **kwargs)
            finally:
                self._turn()
                self._stack.pop()

        return counted

    def _turn(self) -> None:
        """Give the time since the last turn to the layer that is on top."""
        now = stopwatch()
        if self._stack:
            self.seconds[self._stack[-1]] += now - self._since
        self._since = now
