"""Putting an asker together over a world's transport."""

from collections.abc import Callable, Mapping, Sequence

import httpx

from tipoff.core.provider import Provider, known_by_host
from tipoff.sources.ask import Asker
from tipoff.sources.exchange import Exchange
from tipoff.sources.memory import InProcess, Memory
from tipoff.sources.proxies import DIRECT
from tipoff.sources.routes import Pool
from tipoff.store.archive import Archive


def asker_of_world(  # noqa: PLR0913 -- what asking touches
    transport: httpx.BaseTransport,
    archive: Archive,
    *,
    secret: Callable[[str], str],
    providers: Sequence[Provider] = (),
    budgets: Mapping[str, int] | None = None,
    memory: Memory | None = None,
) -> Asker:
    """Return an asker whose answers come from `transport`, at the instants of its clock: nothing waits for a turn."""
    client = httpx.Client(transport=transport, timeout=30.0)
    memory = memory or InProcess()
    return Asker(
        exchange=Exchange(clients={DIRECT: client}, secret=secret),
        archive=archive,
        memory=memory,
        pool=Pool((), memory=memory, dice=lambda: 0.0),
        providers=known_by_host(tuple(providers)),
        pause=lambda _length: None,
        budgets=budgets,
    )
