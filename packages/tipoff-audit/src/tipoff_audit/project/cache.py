"""What was seen of each file, kept by the hash of its content and of the rules: a file that is as it was is not parsed again."""

import hashlib
import os
import tempfile
import zlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

FORMAT = 1
DIGEST_BYTES = 20


@dataclass(frozen=True, slots=True)
class Kept:
    """One file's line in the cache: the hash of what was read, and what was seen of it, as text."""

    digest: str
    seen: str


@dataclass(slots=True)
class Cache:
    """The cache of one root: one file, read whole, replaced whole."""

    path: Path
    stamp: str  # what else the content rests on: the rules, the settings that change them, the parser
    kept: dict[str, Kept] = field(default_factory=dict)
    note: str = ""

    @classmethod
    def open(cls, folder: Path, root: Path, stamp: str) -> "Cache":
        """Read the cache of `root`; one of other rules is empty, one that is damaged is empty and says so in `note`."""
        name = hashlib.sha256(os.fsencode(root)).hexdigest()[:24]
        cache = cls(path=folder / f"{name}.cache", stamp=stamp)
        try:
            lines = cache.path.read_bytes().decode().split("\n")
        except FileNotFoundError:
            return cache
        except (OSError, UnicodeDecodeError) as error:
            cache.note = f"the cache {cache.path} cannot be read and is made anew: {error}"
            return cache
        if lines[0] != cache._head:
            return cache
        if lines[-1] != "end":
            cache.note = f"the cache {cache.path} was cut off and is made anew"
            return cache
        for line in lines[1:-1]:
            parts = line.split("\t")
            if len(parts) != 4 or parts[0] != _checksum(parts[1:]):  # noqa: PLR2004 -- checksum, name, digest, what was seen
                cache.kept.clear()
                cache.note = f"the cache {cache.path} is damaged and is made anew"
                return cache
            cache.kept[_read_name(parts[1])] = Kept(parts[2], parts[3])
        return cache

    @property
    def _head(self) -> str:
        return f"tipoff audit {FORMAT} {self.stamp}"

    def write(self, fresh: Mapping[str, Kept], *, below: Iterable[str]) -> str:
        """Keep `fresh`, and what is kept of files that lie in none of `below`; return why it could not be, or nothing.

        The file is replaced at once: two audits at the same time leave the one or the other, never a mixture.
        """
        heads = tuple(below)
        others = {name: kept for name, kept in self.kept.items() if name not in fresh and not _is_below(name, heads)}
        whole = {**others, **fresh}
        if whole == self.kept and not self.note and self.path.exists():
            return ""
        lines = [self._head]
        for name, kept in sorted(whole.items()):
            parts = [_written_name(name), kept.digest, kept.seen]
            lines.append("\t".join([_checksum(parts), *parts]))
        lines.append("end")
        try:
            self.path.parent.mkdir(parents=True, exist_ok=True)
            with tempfile.NamedTemporaryFile(dir=self.path.parent, prefix=".", suffix=".new", delete=False) as file:
                file.write("\n".join(lines).encode())
            os.replace(file.name, self.path)  # noqa: PTH105 -- the name is a string
        except OSError as error:
            return f"the cache could not be written, so the next audit begins from nothing: {error}"
        return ""


def digest_of(data: bytes) -> str:
    """Return the hash by which a file's content is known."""
    return hashlib.blake2b(data, digest_size=DIGEST_BYTES).hexdigest()


def _checksum(parts: list[str]) -> str:
    return f"{zlib.crc32(chr(9).join(parts).encode()):08x}"


def _is_below(name: str, heads: tuple[str, ...]) -> bool:
    return any(head in {"", "."} or name == head or name.startswith(f"{head}/") for head in heads)


def _written_name(name: str) -> str:
    """Write a file's name in one line of UTF-8, whatever bytes it is made of."""
    return os.fsencode(name).hex() if any(ch in name for ch in "\t\n\r") or not name.isprintable() else f"={name}"


def _read_name(written: str) -> str:
    return written[1:] if written.startswith("=") else os.fsdecode(bytes.fromhex(written))
