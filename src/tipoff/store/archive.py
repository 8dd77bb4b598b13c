"""The archive: every payload as received, before anything looks at it, under the hash of its bytes."""

import gzip
import hashlib
import os
import zlib
from pathlib import Path

from tipoff.core.errors import ErrorKind, PipelineError, WarehouseError
from tipoff.core.profile import Profile

MAX_BYTES = 64 * 1024 * 1024


class Archive:
    """A folder of `.json.gz` files, each named by the sha256 of what it holds; writing the same twice is writing once."""

    def __init__(self, root: Path, *, profile: Profile = Profile.LIVE) -> None:
        self._root = root
        self._fsync = profile is Profile.LIVE
        self._known: set[str] = set()

    def put(self, body: bytes) -> str:
        """Keep `body` and return its sha256.

        Raises:
            WarehouseError: The disk refused it.
        """
        sha = hashlib.sha256(body).hexdigest()
        if sha in self._known:
            return sha
        path = self._path(sha)
        if not path.exists():
            try:
                path.parent.mkdir(parents=True, exist_ok=True)
                write_whole(path, gzip.compress(body, compresslevel=1, mtime=0), fsync=self._fsync)
            except OSError as error:
                msg = f"the archive cannot keep a payload of {len(body)} bytes: {error.strerror}"
                raise WarehouseError(msg, kind=ErrorKind.TRANSIENT, hint="is the disk full?") from error
        self._known.add(sha)
        return sha

    def get(self, sha: str) -> bytes:
        """Return the bytes kept under `sha`.

        Raises:
            PipelineError: There are none, or they are not what their name says.
        """
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

    def _path(self, sha: str) -> Path:
        return self._root / sha[:2] / f"{sha}.json.gz"


def write_whole(path: Path, content: bytes, *, fsync: bool) -> None:
    """Leave `path` with `content`, or as it was: written beside it, then renamed."""
    beside = path.with_name(f".{path.name}.{os.getpid()}")
    with beside.open("wb") as file:
        file.write(content)
        if fsync:
            file.flush()
            os.fsync(file.fileno())
    beside.replace(path)
    if fsync:
        folder = os.open(path.parent, os.O_RDONLY)
        try:
            os.fsync(folder)
        finally:
            os.close(folder)
