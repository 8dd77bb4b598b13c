"""Asking git about a tree that may be anybody's: nothing that its configuration names is run, and nothing is fetched."""

import hashlib
import os
import re
import subprocess
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from tipoff_audit.errors import UsageError

SECONDS = 30.0
_OF_OTHERS = ("GIT_DIR", "GIT_WORK_TREE", "GIT_INDEX_FILE", "GIT_PREFIX")  # set in a hook, and of another folder there
_NOTHING_RUN = (
    *("-c", "core.fsmonitor=false", "-c", "core.hooksPath=/dev/null", "-c", "protocol.allow=never"),
    *("-c", "log.showSignature=false", "-c", "core.pager=cat", "-c", "diff.external="),
)
_COMMIT = re.compile(r"[\w./~^@{}-]+")


def git(place: str, *arguments: str) -> subprocess.CompletedProcess[bytes]:
    """Run git in `place`.

    Only commands that read commits, the index and the ignore rules may be asked for: whatever compares files of the work
    tree would
    run the filters that the tree's own configuration names.

    Raises:
        OSError: git is not there.
        subprocess.TimeoutExpired: It does not come back.
    """
    known = {name: value for name, value in os.environ.items() if name not in _OF_OTHERS}
    quiet = {
        "GIT_OPTIONAL_LOCKS": "0",
        "GIT_TERMINAL_PROMPT": "0",
        "GIT_NO_LAZY_FETCH": "1",
        "GIT_CONFIG_NOSYSTEM": "1",
    }
    command = ["git", "-C", place, *_NOTHING_RUN, *arguments]
    return subprocess.run(  # noqa: S603 -- a fixed command
        command, env=known | quiet, capture_output=True, stdin=subprocess.DEVNULL, timeout=SECONDS, check=False
    )


def changed_since(root: Path, commit: str, names: Iterable[str]) -> frozenset[str]:
    """Return which of the files are not as they were in `commit`; their bytes are hashed here, and no filter is run.

    Raises:
        UsageError: There is no such commit, or git cannot be asked.
    """
    if not _COMMIT.fullmatch(commit) or commit.startswith("-"):
        msg = f"{commit!r} names no commit"
        raise UsageError(msg, hint="name a branch, a tag or a hash: --since main")
    try:
        top = git(str(root), "rev-parse", "--show-prefix")
        done = git(str(root), "ls-tree", "-r", "-z", "--full-tree", commit)
    except (OSError, subprocess.TimeoutExpired) as error:
        msg = f"git cannot be asked what has changed since {commit}: {error}"
        raise UsageError(msg, hint="leave out --since") from error
    if done.returncode or top.returncode:
        why = (done.stderr or top.stderr).decode(errors="replace").strip()
        msg = f"there is no {commit} in {root}: {why}"
        raise UsageError(msg, hint="name a branch, a tag or a hash that git knows here")
    prefix = top.stdout.decode(errors="replace").strip()
    before = {}
    for row in done.stdout.split(b"\0"):
        head, _, name = row.partition(b"\t")
        if head:
            before[os.fsdecode(name)] = head.split()[2].decode()
    return frozenset(name for name in names if before.get(prefix + name) != _blob(root / name))


def _blob(file: Path) -> str:
    try:
        data = file.read_bytes()
    except OSError:
        return "not read"
    return hashlib.sha1(b"blob %d\0" % len(data) + data, usedforsecurity=False).hexdigest()


@dataclass(frozen=True, slots=True, kw_only=True)
class Origin:
    """Who wrote a line last, and when."""

    author: str
    at: datetime


def origins(root: Path, lines: Mapping[str, Iterable[int]]) -> dict[tuple[str, int], Origin]:
    """Return who wrote each line of each file, as far as the file is as it was committed."""
    found: dict[tuple[str, int], Origin] = {}
    for name, numbers in lines.items():
        wanted = sorted(set(numbers))
        ranges = [part for number in wanted for part in ("-L", f"{number},{number}")]
        try:
            kept = git(str(root), "rev-parse", f"HEAD:./{name}")
            if kept.returncode or kept.stdout.decode().strip() != _blob(root / name):
                continue
            done = git(str(root), "blame", "--line-porcelain", "--no-textconv", *ranges, "HEAD", "--", name)
        except subprocess.TimeoutExpired:
            return found  # it would not come back for the next file either
        except (OSError, ValueError):
            continue
        if not done.returncode:
            found |= {(name, number): origin for number, origin in _told(done.stdout.decode(errors="replace"))}
    return found


def _told(text: str) -> Iterable[tuple[int, Origin]]:
    number, author = 0, ""
    for line in text.split("\n"):
        head = re.match(r"[0-9a-f]{40} \d+ (\d+)", line)
        if head:
            number = int(head[1])
        elif line.startswith("author "):
            author = line.removeprefix("author ")
        elif line.startswith("author-time "):
            yield number, Origin(author=author, at=datetime.fromtimestamp(int(line.split()[1]), UTC))
