"""Reading a body that may be packed: bounded as it comes and as it is unpacked, so that no few bytes fill the memory."""

import zlib
from collections.abc import Callable, Iterable

_WINDOWS = {"gzip": 16 + zlib.MAX_WBITS, "x-gzip": 16 + zlib.MAX_WBITS, "deflate": zlib.MAX_WBITS}
_RAW_DEFLATE = -zlib.MAX_WBITS
ACCEPTED = "gzip, deflate"  # what is asked for; nothing else is unpacked


class TooMuch(Exception):
    """More bytes than are believed; nothing of it is kept."""


class BadlyPacked(Exception):
    """A body that is not packed as its headers say, or was cut."""


def read_bounded(
    pieces: Iterable[bytes], coding: str, *, most: int, most_on_wire: int, look: Callable[[], None] = lambda: None
) -> bytes:
    """Return the body, unpacked.

    `coding` is the header Content-Encoding: one packing is undone, a body packed twice is refused. `look` is called after each
    piece, and may raise when the time is over.

    Raises:
        TooMuch: It is longer than `most` unpacked, or than `most_on_wire` as it comes.
        BadlyPacked: It cannot be unpacked.
    """
    codings = [name for part in coding.lower().split(",") if (name := part.strip()) not in {"", "identity"}]
    if len(codings) > 1 or any(name not in _WINDOWS for name in codings):
        msg = f"it is packed as {coding[:60]!r}, which was not asked for"
        raise BadlyPacked(msg)
    unpack = _Unpacker(codings[0], most) if codings else None
    parts: list[bytes] = []
    size = wire = 0
    for piece in pieces:
        wire += len(piece)
        if wire > most_on_wire:
            msg = f"more than {most_on_wire} bytes"
            raise TooMuch(msg)
        part = unpack.more(piece, most - size) if unpack else piece
        size += len(part)
        if size > most:
            msg = f"more than {most} bytes"
            raise TooMuch(msg)
        parts.append(part)
        look()
    if unpack and wire:
        unpack.end()
    return b"".join(parts)


class _Unpacker:
    """Undoes one packing, never more than it is allowed to at a time."""

    def __init__(self, coding: str, most: int) -> None:
        self._coding, self._most = coding, most
        self._inner = zlib.decompressobj(_WINDOWS[coding])
        self._begun = False

    def more(self, piece: bytes, allowed: int) -> bytes:
        """Return what `piece` adds; raises `TooMuch` where that is more than `allowed` bytes."""
        parts: list[bytes] = []
        while piece:
            if self._inner.eof:
                if self._coding == "deflate" or not piece.startswith(b"\x1f\x8b"):
                    break  # what stands behind the end is no part of the body
                self._inner = zlib.decompressobj(_WINDOWS[self._coding])
            part = self._part(piece, allowed)
            allowed -= len(part)
            parts.append(part)
            if allowed < 0 or self._inner.unconsumed_tail:
                msg = f"more than {self._most} bytes unpacked"
                raise TooMuch(msg)
            piece = self._inner.unused_data
        return b"".join(parts)

    def _part(self, piece: bytes, allowed: int) -> bytes:
        try:
            return self._inner.decompress(piece, allowed + 1)
        except zlib.error as error:
            if self._coding == "deflate" and not self._begun:  # some servers leave out the frame
                self._inner = zlib.decompressobj(_RAW_DEFLATE)
                try:
                    return self._inner.decompress(piece, allowed + 1)
                except zlib.error:
                    pass
            raise BadlyPacked("its bytes are not packed as its headers say") from error
        finally:
            self._begun = True

    def end(self) -> None:
        """Refuse a body that has no end with `BadlyPacked`: it was cut."""
        if not self._inner.eof:
            raise BadlyPacked("it was cut before its end")
