"""What is archived of answers, by what was asked: for making rows anew without asking again."""

import threading
from collections.abc import Sequence
from datetime import datetime

from tipoff.core.errors import PipelineError
from tipoff.core.payload import Payload, Request
from tipoff.core.provider import request_key
from tipoff.store.archive import Archive, KeptAnswer

_OK = 200


class KeptAnswers:
    """See `tipoff.engine.run.Kept`. The notes are read once, and again when there are more."""

    def __init__(self, archive: Archive) -> None:
        self._archive = archive
        self._answers: dict[str, list[KeptAnswer]] = {}
        self._size = 0
        self._lock = threading.Lock()

    def __call__(self, request: Request, until: datetime) -> Sequence[Payload]:
        """Return the answers to a request up to an instant; one whose bytes are lost is passed over."""
        with self._lock:
            self._read()
        found = []
        for answer in self._answers.get(request_key(request), ()):
            if answer.at <= until:
                try:
                    body = self._archive.get(answer.sha256)
                except PipelineError:
                    continue
                found.append(
                    Payload(request=request, body=body, sha256=answer.sha256, status=_OK, fetched_at=answer.at)
                )
        return found

    def _read(self) -> None:
        size = self._archive.size_of_answers()
        if size == self._size:
            return
        self._size, self._answers = size, {}
        for answer in self._archive.answers():
            if answer.status == _OK:
                self._answers.setdefault(request_key(answer.request), []).append(answer)
