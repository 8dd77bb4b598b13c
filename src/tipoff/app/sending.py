"""Sending beside the looks: each channel in a thread of its own, so that one that drips delays no look and no other channel."""

from collections.abc import Sequence
from datetime import datetime
from functools import partial
from pathlib import Path
from threading import Event

from tipoff.app.chores import InThread
from tipoff.core.errors import LedgerError, PipelineError
from tipoff.ledger.alerts import AlertStore
from tipoff.watch.notices import Channel, Row, Send, flush_channel, for_channels


class ByChannel:
    """Hands notices over to channels; `target` is the store that the threads open for themselves."""

    def __init__(self, target: Path | str) -> None:
        self._target = target
        self._threads: dict[str, InThread[str]] = {}

    def flush(self, store: AlertStore, channels: Sequence[Channel], send: Send, now: datetime) -> None:
        """Have sent what waits in `store`, without waiting for it; raises `LedgerError` once every channel was served."""
        failed: list[PipelineError] = []
        waiting = for_channels(store, channels, now)
        for channel in channels:
            thread = self._threads.get(channel.name)
            failed += [error for _, error in (thread.done() if thread else ()) if error is not None]
            if channel.name in waiting:
                if thread is None:
                    thread = self._threads[channel.name] = InThread(channel.name, Event())
                work = partial(self._hand_over, channel, send, waiting[channel.name], now)
                thread.hand_out(channel.name, work, due_at=now)
        if failed:
            raise LedgerError("; ".join(map(str, failed)), hint=failed[0].hint) from failed[0]

    def _hand_over(self, channel: Channel, send: Send, waiting: Sequence[Row], now: datetime) -> None:
        with AlertStore(self._target) as store:
            flush_channel(store, channel, send, waiting, now)

    def close(self) -> None:
        """Wait a little for what is being sent; what is not is sent by whoever looks next."""
        for thread in self._threads.values():
            thread.close()
