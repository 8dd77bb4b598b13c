"""One file from its bytes to what was seen of it; what a worker process does."""

import gc
import json
import os
import stat
from collections.abc import Sequence
from dataclasses import dataclass

from tipoff_audit.finding import Finding
from tipoff_audit.project.cache import Kept, digest_of
from tipoff_audit.project.walk import Entry
from tipoff_audit.reading.facts import FileFacts, Names
from tipoff_audit.reading.source import read_source, unreadable
from tipoff_audit.rules.examine import examine
from tipoff_audit.rules.waivers import Waiver, read_waivers

MOST_GROWN = 1_000_000  # bytes by which a file may grow while it is read


@dataclass(frozen=True, slots=True)
class Seen:
    """What came of one file: what is kept of it, or the finding that it could not be read.

    `crashed`: not by its own fault, but by the auditor's.
    """

    name: str
    kept: Kept | None = None
    finding: Finding | None = None
    crashed: bool = False


def read_bytes(entry: Entry) -> bytes | Finding:
    """Return the file's content, or the finding that there is none to be had."""
    if entry.refused:
        return unreadable(entry.name, entry.refused)
    try:
        # a pipe without a writer must not hang
        descriptor = os.open(entry.place, os.O_RDONLY | getattr(os, "O_NONBLOCK", 0))
        with os.fdopen(descriptor, "rb") as file:
            if not stat.S_ISREG(os.fstat(descriptor).st_mode):
                return unreadable(entry.name, "it is no regular file")
            return file.read(entry.n_bytes + MOST_GROWN) if entry.n_bytes else file.read(MOST_GROWN)
    except OSError as error:
        return unreadable(entry.name, f"it cannot be opened: {error.strerror}")


NO_NAMES = Names()


def look(entry: Entry, names: Names = NO_NAMES) -> Seen:
    """Read, parse and examine one file; whatever its bytes are, this returns. `names`: what the settings add."""
    data = read_bytes(entry)
    if isinstance(data, Finding):
        return Seen(entry.name, finding=data)
    try:
        source = read_source(entry.name, data)
        if isinstance(source, Finding):
            return Seen(entry.name, finding=source)
        waivers = [waiver.to_json() for waiver in read_waivers(source.kind, source.text)]
        seen = json.dumps([examine(source, names).to_json(), waivers], separators=(",", ":"))
    except (RecursionError, MemoryError):
        return Seen(entry.name, finding=unreadable(entry.name, "it is nested too deeply to be examined"))
    return Seen(entry.name, kept=Kept(digest_of(data), seen))


def look_at(entries: Sequence[Entry], names: Names = NO_NAMES) -> list[Seen]:
    """Look at a chunk of files.

    A syntax tree holds no circles, so it goes when it is let go of; searching a million of its nodes for circles meanwhile
    would cost a quarter of the time.
    """
    was_on = gc.isenabled()
    gc.disable()
    try:
        return [look(entry, names) for entry in entries]
    finally:
        if was_on:
            gc.enable()


def unpack(kept: Kept) -> tuple[FileFacts, list[Waiver]]:
    """Return what was seen of a file, from the cache's text."""
    facts, waivers = json.loads(kept.seen)
    return FileFacts.from_json(facts), [Waiver.from_json(waiver) for waiver in waivers]
