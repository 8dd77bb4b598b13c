"""The archive: every payload as received, before anything looks at it, under the hash of its bytes; and who was asked for it."""

import errno
import gzip
import hashlib
import json
import os
import re
import threading
import zlib
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, date, datetime
from pathlib import Path

from tipoff.core.door import shown
from tipoff.core.errors import ErrorKind, PipelineError, WarehouseError
from tipoff.core.home import ASIDE, Profile
from tipoff.core.payload import Payload, Request, SetAside
from tipoff.core.provider import request_key

_SUFFIX = ".json.gz"
_GONE = ".gone"  # in place of .gz
_ANSWERS = "answers"
_NEVER = datetime.min.replace(tzinfo=UTC)
_HASH = re.compile(rb"(?<![0-9a-f])[0-9a-f]{64}(?![0-9a-f])")


@dataclass(frozen=True, slots=True, kw_only=True)
class KeptAnswer:
    """One answer that is kept: to what, with which status, and when its last byte came. Secrets are not in it."""

    request: Request
    status: int
    sha256: str
    at: datetime


class Archive:
    """A folder of `.json.gz` files, each named by the sha256 of what it holds; writing the same twice is writing once.

    Beside them, in `answers`, a file for each UTC day has a line for each answer; `aside.jsonl` has what is not to be used.
    """

    def __init__(self, root: Path, *, profile: Profile = Profile.LIVE) -> None:
        self._root = root
        self._fsync = profile is Profile.LIVE
        self._lock = threading.Lock()
        self._aside: tuple[tuple[int, int] | None, dict[str, SetAside]] = (None, {})

    def put(self, body: bytes) -> str:
        """Keep `body` and return its sha256; raises `WarehouseError` where the disk refuses."""
        sha = hashlib.sha256(body).hexdigest()
        path = self._path(sha)
        if not path.exists():  # what was known may have been let go of since
            try:
                path.parent.mkdir(parents=True, exist_ok=True)
                write_whole(path, gzip.compress(body, compresslevel=1, mtime=0), fsync=self._fsync)
            except OSError as error:
                msg = f"the archive cannot keep a payload of {len(body)} bytes: {error.strerror}"
                raise WarehouseError(msg, kind=ErrorKind.TRANSIENT, hint="is the disk full?") from error
        return sha

    def get(self, sha: str) -> bytes:
        """Return the bytes kept under `sha`; raises `PipelineError` where there are none, or others, or they were set aside."""
        aside = self.aside().get(sha)
        if aside is not None:
            raise PipelineError(aside.text, hint="an older answer is used, or the provider asked anew")
        return self._whole(sha)

    def damaged(self) -> tuple[int, list[str]]:
        """Return how many payloads there are, and the hashes of those that cannot be read back as they were kept."""
        hashes, found = self.named(""), []
        for sha in hashes:
            try:
                self._whole(sha)
            except PipelineError:
                if self._path(sha).exists():  # or it was let go of meanwhile
                    found.append(sha)
        return len(hashes), found

    def _whole(self, sha: str) -> bytes:
        path = self._path(sha)
        try:
            body = gzip.decompress(path.read_bytes())
        except (OSError, EOFError, zlib.error) as error:
            msg = f"the archive has no readable payload {sha[:12]} ({path.name})"
            raise PipelineError(msg, hint="restore the file from a copy, or fetch the payload anew") from error
        if hashlib.sha256(body).hexdigest() != sha:
            msg = f"the archived payload {path.name} is not what its name says"
            raise PipelineError(msg, hint="restore the file from a copy, or fetch the payload anew")
        return body

    def note(self, answer: KeptAnswer) -> None:
        """Note what was answered to whom; its bytes are kept already. Raises `WarehouseError` where the disk refuses."""
        path = self._root / _ANSWERS / f"{answer.at.astimezone(UTC):%Y-%m-%d}.jsonl"
        try:
            with self._lock:
                path.parent.mkdir(parents=True, exist_ok=True)
                file = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o644)
                try:
                    line = f"\n{_line(answer)}\n".encode()  # of its own, however the one before ends
                    if os.write(file, line) < len(line):  # the disk became full on the way
                        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
                    if self._fsync:
                        os.fsync(file)
                finally:
                    os.close(file)
        except OSError as error:
            msg = f"the archive cannot note an answer of {answer.request.source}: {error.strerror}"
            raise WarehouseError(msg, kind=ErrorKind.TRANSIENT, hint="is the disk full?") from error

    def answers(self, first: date = date.min, last: date = date.max) -> Iterator[KeptAnswer]:
        """Yield what was answered from `first` to `last`, UTC, as it came; a line that was cut off is passed over."""
        for path in sorted((self._root / _ANSWERS).glob("*.jsonl")):
            if first <= date.fromisoformat(path.stem) <= last:
                found = (_read(line) for line in path.read_bytes().split(b"\n") if line.endswith(b"}"))
                yield from (answer for answer in found if answer is not None)

    def named(self, beginning: str) -> list[str]:
        """Return the hashes of what is kept that begin so."""
        return sorted(
            path.name.removesuffix(_SUFFIX)
            for path in self._root.glob(f"{beginning[:2] or '??'}/{beginning}*{_SUFFIX}")
        )

    def set_aside(self, aside: SetAside) -> None:
        """Let nobody use a payload from now on; its bytes stay. Raises `WarehouseError` where the disk refuses."""
        line = {**asdict(aside), "at": aside.at.isoformat()}
        try:
            with (self._root / ASIDE).open("a", encoding="utf-8") as file:
                file.write(f"\n{json.dumps(line)}\n")  # a line of its own, however the one before ends
                file.flush()
                os.fsync(file.fileno())
        except OSError as error:
            msg = f"the archive cannot note what is set aside: {error.strerror}"
            raise WarehouseError(msg, kind=ErrorKind.TRANSIENT, hint="is the disk full?") from error

    def aside(self) -> Mapping[str, SetAside]:
        """Return what was set aside, by its hash; each payload that a line names which cannot be read is, too."""
        path = self._root / ASIDE
        stands = path.stat() if path.exists() else None
        state = (stands.st_mtime_ns, stands.st_size) if stands else None
        if state != self._aside[0]:
            lines = enumerate(path.read_bytes().split(b"\n") if stands else (), 1)
            at = datetime.fromtimestamp(stands.st_mtime, UTC) if stands else _NEVER
            asides = [aside for n, line in lines if line.strip() for aside in _aside(line, n, at)]
            self._aside = state, {aside.sha256: aside for aside in asides}
        return self._aside[1]

    def forget_before(self, day: date, but: Collection[str] = ()) -> int:
        """Let go of what was answered before a UTC day, and of what no later answer nor `but` names; returns the bytes freed."""
        files = sorted((self._root / _ANSWERS).glob("*.jsonl"))
        old = [path for path in files if date.fromisoformat(path.stem) < day]
        if not old:
            return 0
        kept = {answer.sha256 for answer in self.answers(day)} | set(but)
        gone = {answer.sha256 for path in old for answer in self.answers(*[date.fromisoformat(path.stem)] * 2)} - kept
        for path in (self._path(sha) for sha in sorted(gone)):
            if path.exists():
                path.rename(path.with_suffix(_GONE))
        kept |= {answer.sha256 for answer in self.answers(day)}  # of an answer that came in just now
        freed = 0
        for path in self._root.glob(f"??/*{_GONE}"):  # also what whoever was killed here had laid aside
            whole = path.with_suffix(".gz")
            if whole.name.removesuffix(_SUFFIX) in kept and not whole.exists():
                path.rename(whole)
            else:
                freed += path.stat().st_size
                path.unlink()
        for path in old:  # last: what was cut off is done again by the next
            freed += path.stat().st_size
            path.unlink()
        return freed

    def size_of_answers(self) -> int:
        """Return how much is noted of answers: it grows with each."""
        return sum(path.stat().st_size for path in (self._root / _ANSWERS).glob("*.jsonl"))

    def _path(self, sha: str) -> Path:
        return self._root / sha[:2] / f"{sha}{_SUFFIX}"


def _line(answer: KeptAnswer) -> str:
    asked = {name: getattr(answer.request, name) for name in ("source", "url", "params", "headers", "unit")}
    said = {"at": answer.at.isoformat(), "status": answer.status, "sha256": answer.sha256}
    return json.dumps(said | asked, separators=(",", ":"))


def _aside(line: bytes, n: int, at: datetime) -> list[SetAside]:
    """Return what line `n` sets aside.

    One that cannot be read was written for a reason: all that it names is set aside, as of `at`, when the file was changed.
    Where it names nothing it stands for itself, under its own hash, so that it is shown among what is set aside.
    """
    aside = _read_aside(line)
    if aside is not None:
        return [aside]
    named = [sha.decode() for sha in _HASH.findall(line)]
    what = "it" if named else "it names no payload, and"
    reason = f"{what} cannot be read ({shown(line.decode('utf-8', 'replace'))}): mend it, or delete it"
    named = named or [hashlib.sha256(line).hexdigest()]
    return [SetAside(sha256=sha, at=at, by=f"line {n} of {ASIDE}", reason=reason) for sha in named]


def _read_aside(line: bytes) -> SetAside | None:
    try:
        found = json.loads(line)
        aside = SetAside(**{**found, "at": datetime.fromisoformat(found["at"])})
    except (ValueError, TypeError, LookupError, RecursionError):
        return None
    texts = (aside.sha256, aside.by, aside.reason)
    return aside if aside.at.tzinfo is not None and all(isinstance(text, str) for text in texts) else None


def _read(line: bytes) -> KeptAnswer | None:
    """Return the answer that a line notes; None where it was cut off, or somebody else wrote it."""
    try:
        found = json.loads(line)
        request = Request(
            source=found["source"],
            url=found["url"],
            params=tuple((name, value) for name, value in found["params"]),
            headers=tuple((name, value) for name, value in found["headers"]),
            unit=found["unit"],
        )
        status, sha, at = int(found["status"]), str(found["sha256"]), datetime.fromisoformat(found["at"])
    except (ValueError, TypeError, LookupError, RecursionError):
        return None
    return KeptAnswer(request=request, status=status, sha256=sha, at=at) if at.tzinfo is not None else None


def write_whole(path: Path, content: bytes, *, fsync: bool, last_look: Callable[[], None] = lambda: None) -> None:
    """Leave `path` with `content`, or as it was: written beside it, then renamed, unless the `last_look` before that raises."""
    beside = path.with_name(f".{path.name}.{os.getpid()}.{threading.get_ident()}")  # several threads may keep the same
    is_placed = False
    try:
        with beside.open("wb") as file:
            file.write(content)
            if fsync:
                file.flush()
                os.fsync(file.fileno())
        last_look()
        beside.replace(path)
        is_placed = True
    finally:
        if not is_placed:
            beside.unlink(missing_ok=True)
    if fsync:
        folder = os.open(path.parent, os.O_RDONLY)
        try:
            os.fsync(folder)
        finally:
            os.close(folder)


_OK = 200


class KeptAnswers:
    """See `tipoff.engine.pages.Kept`. The notes are read once, and again when there are more."""

    def __init__(self, archive: Archive) -> None:
        self._archive = archive
        self._answers: dict[str, list[tuple[datetime, str]]] = {}  # no more of each: a season has 100,000
        self._size = 0
        self._lock = threading.Lock()

    def __call__(self, request: Request, until: datetime) -> Sequence[Payload]:
        """Return the answers to a request up to an instant; one whose bytes are lost is passed over."""
        with self._lock:
            self._read()
        found = []
        for at, sha in self._answers.get(request_key(request), ()):
            if at <= until:
                try:
                    body = self._archive.get(sha)
                except PipelineError:
                    continue
                found.append(Payload(request=request, body=body, sha256=sha, status=_OK, fetched_at=at))
        return found

    def _read(self) -> None:
        size = self._archive.size_of_answers()
        if size == self._size:
            return
        self._size, self._answers = size, {}
        for answer in self._archive.answers():
            if answer.status == _OK:
                self._answers.setdefault(request_key(answer.request), []).append((answer.at, answer.sha256))
