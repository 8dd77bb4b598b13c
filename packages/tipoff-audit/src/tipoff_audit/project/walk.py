"""Which files are read: below the given paths, without what git ignores or others wrote, and never one twice."""

import os
import re
import stat
import subprocess
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from fnmatch import fnmatchcase
from pathlib import Path

from tipoff_audit.errors import UsageError
from tipoff_audit.project.git import git
from tipoff_audit.reading.source import kind_of

VENDORED = {  # folders that hold what others wrote, or what a tool made
    *(".git", ".hg", ".svn", ".tox", ".nox", ".venv", "venv", "node_modules", "__pycache__", "site-packages"),
    *(".mypy_cache", ".ruff_cache", ".pytest_cache", ".hypothesis", ".eggs", ".ipynb_checkpoints"),
    *("vendor", "vendored", "_vendor", "_vendored", "third_party", "thirdparty", "third-party", "3rdparty", ".tipoff"),
}
_OF_DBT = frozenset({"target", "dbt_packages", "dbt_modules"})  # beside its project: what it has made, or fetched
_STARTS = re.compile(  # files that start programs, or name them
    r"\.(toml|cfg|ini|ya?ml|bat|cmd|ps1|service|timer|tf|json|mk|plist|conf|cron|sh|bash|zsh|ksh|dockerfile)$"
    r"|(^|/)((Docker|Container|Make|Proc|just|Jenkins)file[^/]*|crontab[^/]*|README[^/]*\.md|setup\.py)$",
    re.IGNORECASE,
)
_BESIDE = re.compile(  # files in other languages, which may read the same tables and call the same names
    r"\.(js|jsx|ts|tsx|mjs|cjs|vue|svelte|php|go|java|kt|rb|r|rs|cs|scala|ipynb|html?|jinja2?|prisma|graphql|lkml|hql|ddl|pl|exs?|swift|dart)$",
    re.IGNORECASE,
)
HEAD_BYTES = 200  # in them stands the line that says what a script is written in


@dataclass(frozen=True, slots=True)
class Entry:
    """One file: where it lies, and its name relative to the root, with `/`.

    `refused`: why it cannot be read, where that is known without opening it.
    """

    place: str
    name: str
    refused: str = ""
    n_bytes: int = 0


@dataclass(slots=True)
class Walked:
    """The files in the order of their names, and what was left out and why, by reason.

    `starters`: files that start programs or name them; whatever their kind, for the words in them alone.
    `beside`: files of other languages, likewise.
    """

    entries: list[Entry] = field(default_factory=list)
    starters: list[Entry] = field(default_factory=list)
    beside: list[Entry] = field(default_factory=list)
    left_out: Counter[str] = field(default_factory=Counter)
    notes: list[str] = field(default_factory=list)


def root_of(paths: Sequence[Path], cwd: Path) -> Path:
    """Return the folder that findings are named from: the version-controlled folder that holds all of `paths`, else `cwd`.

    Where `cwd` does not hold them either, it is the nearest folder that does.
    """
    folders = [path if path.is_dir() else path.parent for path in paths]
    common = Path(os.path.commonpath(folders))
    kept = next((place for place in (common, *common.parents) if (place / ".git").exists()), None)
    if kept is not None:
        return kept
    return cwd if common.is_relative_to(cwd) else common


def walk(paths: Sequence[Path], root: Path, *, exclude: Sequence[str] = (), max_bytes: int) -> Walked:
    """Return every file to be read below `paths`.

    The paths are absolute. One that is given is entered even where git ignores it. Links are followed after everything else, so
    that a file is named by its real place where it has one here; each file and folder is met once, so circles end.
    """
    walker = _Walker(root=root, exclude=tuple(exclude), max_bytes=max_bytes)
    for path in paths:
        walker.begin(str(path))
    walker.follow_links()
    walker.walked.entries.sort(key=lambda entry: entry.name)
    return walker.walked


def place_of(path: Path, base: Path) -> Path:
    """Return `path` absolute and without `..`; links are not resolved, so that the name that was given is the name that is told.

    Raises:
        UsageError: There is nothing there.
    """
    place = Path(os.path.normpath(base / path))
    if not os.path.lexists(place):
        msg = f"there is no {path}"
        raise UsageError(msg, hint="name files or folders that exist; without any, the current folder is read")
    return place


def is_read(name: str) -> bool | None:
    """Whether a file of this name is of a kind that the rules read; None where only its first line can tell."""
    if kind_of(name):
        return True
    return None if "." not in name.rpartition("/")[2] else False


@dataclass(slots=True)
class _Walker:
    root: Path
    exclude: tuple[str, ...]
    max_bytes: int
    walked: Walked = field(default_factory=Walked)
    seen: set[tuple[int, int]] = field(default_factory=set)
    links: list[str] = field(default_factory=list)
    git_hangs: bool = False  # asked once, git did not come back: it is not asked again

    def begin(self, place: str) -> None:
        if os.path.isdir(place):  # noqa: PTH112 -- strings throughout: a million paths are not made objects
            self._folder(place, self._ignored(place))
        else:
            self._file(place, given=True)

    def follow_links(self) -> None:
        while self.links:
            place = self.links.pop()
            try:
                is_folder = stat.S_ISDIR(os.stat(place).st_mode)  # noqa: PTH116
            except OSError as error:
                if is_read(self._name(place)):
                    self._refuse(place, f"the link leads nowhere: {error.strerror}")
                else:
                    self.walked.left_out["links that lead nowhere"] += 1
                continue
            if is_folder:
                self._folder(place, frozenset())
            else:
                self._file(place)

    def _folder(self, top: str, ignored: frozenset[str]) -> None:
        waiting = [(top, ignored)]
        while waiting:
            place, ignored_here = waiting.pop()
            try:
                found = os.stat(place)  # noqa: PTH116
                with os.scandir(place) as listing:
                    inside = sorted(listing, key=lambda one: one.name)
            except OSError as error:
                self._refuse(place, f"the folder cannot be listed: {error.strerror}")
                continue
            if (found.st_dev, found.st_ino) in self.seen:
                continue
            self.seen.add((found.st_dev, found.st_ino))
            if place != top and any(one.name == ".git" for one in inside):
                ignored_here = self._ignored(place)
            waiting.extend(reversed([(one, ignored_here) for one in self._enter(inside, ignored_here)]))

    def _enter(self, inside: list["os.DirEntry[str]"], ignored: frozenset[str]) -> Iterator[str]:
        """Take up the files of one folder, and yield the folders to go into."""
        for one in inside:
            reason = self._left_out(one, ignored)
            if reason:
                self.walked.left_out[reason] += 1
            elif one.is_symlink():
                self.links.append(one.path)
            elif one.is_dir(follow_symlinks=False):
                yield one.path
            else:
                self._file(one.path)

    def _left_out(self, one: "os.DirEntry[str]", ignored: frozenset[str]) -> str:
        if one.path in ignored:
            return "ignored by git"
        if self.exclude and matches(self._name(one.path), self.exclude):
            return "excluded by the settings"
        if one.name in VENDORED and one.is_dir(follow_symlinks=False):
            return f"folders named {one.name}"
        if one.is_dir(follow_symlinks=False) and os.path.lexists(f"{one.path}/pyvenv.cfg"):
            return "virtual environments"
        if one.name in _OF_DBT and os.path.lexists(f"{one.path.rpartition('/')[0]}/dbt_project.yml"):
            return "what dbt has made or fetched"
        return ""

    def _ignored(self, place: str) -> frozenset[str]:
        """Return the files and folders below `place` that git ignores and does not track; none where git does not keep it."""
        notes = self.walked.notes
        if self.git_hangs:
            return frozenset()
        try:
            done = git(place, "ls-files", "--others", "--ignored", "--exclude-standard", "--directory", "-z")
        except (OSError, subprocess.TimeoutExpired) as error:
            self.git_hangs = isinstance(error, subprocess.TimeoutExpired)
            notes.append(f"git could not be asked what it ignores in {place}, so nothing is left out for it: {error}")
            return frozenset()
        if done.returncode:
            if b"not a git repository" not in done.stderr:
                why = done.stderr.decode(errors="replace").strip().splitlines()[:1]
                notes.append(
                    f"git does not say what it ignores in {place}, so nothing is left out for it: {' '.join(why)}"
                )
            return frozenset()
        names = [os.fsdecode(name).rstrip("/") for name in done.stdout.split(b"\0") if name]
        if {".", "", "./"} & set(names):  # the folder that was asked for is itself ignored: it was meant
            return frozenset()
        return frozenset(f"{place}/{name}" for name in names)

    def _file(self, place: str, *, given: bool = False) -> None:
        name = self._name(place)
        wanted = True if given else is_read(name)
        starts = _STARTS.search(name) is not None
        is_beside = wanted is False and not starts and _BESIDE.search(name) is not None
        if wanted is False and not starts and not is_beside:
            return
        found = self._looked_up(place, wanted=wanted, given=given)
        if found is None:
            return
        if is_beside:
            self.walked.beside.append(Entry(place, name, n_bytes=found.st_size))
        if starts:
            self.walked.starters.append(Entry(place, name, n_bytes=found.st_size))
        if wanted is False or (wanted is None and not _is_script(place, name)):
            return
        if found.st_nlink == 1 or given:  # two names of one file, both real, are two files: copies
            self.seen.add((found.st_dev, found.st_ino))
        if found.st_size > self.max_bytes:
            size = f"{found.st_size / 1e6:.1f} MB"
            self._refuse(place, f"it has {size}, more than the {self.max_bytes / 1e6:g} MB that are read (max-bytes)")
            return
        self.walked.entries.append(Entry(place, name, n_bytes=found.st_size))

    def _looked_up(self, place: str, *, wanted: bool | None, given: bool) -> os.stat_result | None:
        """Return what the file system says of a file, None where it cannot be read or has been met; what was wanted is told."""
        try:
            found = os.stat(place)  # noqa: PTH116
        except OSError as error:
            if wanted is not False:
                self._refuse(place, f"it cannot be looked at: {error.strerror}")
            return None
        if (found.st_dev, found.st_ino) in self.seen and not given:
            return None
        if not stat.S_ISREG(found.st_mode):
            if wanted:
                self._refuse(place, "it is no regular file")
            return None
        return found

    def _refuse(self, place: str, why: str) -> None:
        self.walked.entries.append(Entry(place, self._name(place), refused=why))

    def _name(self, place: str) -> str:
        start = str(self.root).rstrip("/") + "/"
        return place[len(start) :] if place.startswith(start) else os.path.relpath(place, self.root)


def matches(name: str, patterns: Sequence[str]) -> bool:
    """Whether `name`, or a folder that it lies in, is named by one of `patterns` (`*` stands for anything, `/` too)."""
    parts = name.split("/")
    heads = ["/".join(parts[:n]) for n in range(1, len(parts) + 1)]
    return any(fnmatchcase(head, pattern.rstrip("/")) for head in heads for pattern in patterns)


def _is_script(place: str, name: str) -> bool:
    try:
        with open(place, "rb") as file:  # noqa: PTH123
            return kind_of(name, file.read(HEAD_BYTES)) is not None
    except OSError:
        return True  # it cannot be opened: reading it says so
