"""One audit from paths to a report: walk, look at what has changed, conclude, waive, hold against the baseline."""

import glob
import hashlib
import platform
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import date
from functools import partial
from pathlib import Path

from tipoff_audit.baseline import Old, compare, fingerprints
from tipoff_audit.finding import Finding
from tipoff_audit.project.cache import Cache, Kept, digest_of
from tipoff_audit.project.conclude import conclude
from tipoff_audit.project.look import Seen, look_at, read_bytes, unpack
from tipoff_audit.project.pool import cores, look_at_all
from tipoff_audit.project.reach import Surroundings
from tipoff_audit.project.starters import distributions, paths_of, words_of
from tipoff_audit.project.texts import texts_of
from tipoff_audit.project.walk import Entry, Walked, walk
from tipoff_audit.reading.context import ARCHIVED, TESTS
from tipoff_audit.reading.facts import FileFacts, Names
from tipoff_audit.reading.source import unread
from tipoff_audit.report import Report, rank
from tipoff_audit.rules.catalog import RULES, RULES_VERSION
from tipoff_audit.rules.rule import Rule
from tipoff_audit.rules.waivers import WAIVER_RULES, Waiver, apply
from tipoff_audit.settings import AuditSettings


def all_rules() -> tuple[Rule, ...]:
    """Return every rule by which a finding can be named."""
    return (*RULES, *WAIVER_RULES)


@dataclass(frozen=True, slots=True, kw_only=True)
class Task:
    """What is to be audited, and how.

    `paths` are absolute and lie below `root`, the folder that findings are named from. `cache`: the folder of caches, or None to
    begin from nothing and leave nothing. `baseline`: its entries, or None where there is none. `jobs`: processes; 0 for as many
    as there are cores.
    """

    root: Path
    paths: tuple[Path, ...]
    today: date
    settings: AuditSettings = field(default_factory=AuditSettings)
    cache: Path | None = None
    baseline: tuple[Old, ...] | None = None
    jobs: int = 0


def audit(task: Task) -> Report:
    """Read everything below the paths and return what stands."""
    settings = task.settings
    walked = walk(task.paths, task.root, exclude=settings.exclude, max_bytes=settings.max_bytes)
    looked = _look(task, walked)
    facts, waivers = _unpacked(looked.seen)
    refused = [one.finding for one in looked.seen if one.finding is not None]
    found = [
        _levelled(one, settings)
        for one in (*refused, *conclude(facts, _around(task, walked)))
        if settings.speaks(one.rule)
    ]
    silent = [] if settings.tests else [one for one in found if TESTS.search(one.path) and one.rule != "unreadable"]
    if silent:
        unheard = set(silent)
        found = [one for one in found if one not in unheard]
    slugs = {rule.slug for rule in all_rules()}
    asked = {slug for slug in slugs if settings.speaks(slug)}
    standing, waived = apply(found, waivers, today=task.today, rules=slugs, asked=asked)
    heard = {one.name for one in looked.seen if settings.tests or not TESTS.search(one.name)}
    standing = [
        one for one in standing if settings.speaks(one.rule) and (one.path in heard or one.rule == "unreadable")
    ]
    report = Report(
        root=str(task.root),
        findings=tuple(sorted(standing, key=rank)),
        names=fingerprints([*standing, *(one.finding for one in waived)]),
        waived=tuple(waived),
        n_read=len(facts),
        n_unreadable=len(refused),
        n_crashed=sum(one.crashed for one in looked.seen),
        n_lines=sum(one.n_lines for one in facts),
        n_remembered=looked.n_remembered,
        left_out=dict(walked.left_out),
        n_in_tests=len(silent),
        notes=(*settings.notes, *walked.notes, *looked.notes, *unread(refused)),
    )
    return report if task.baseline is None else _compared(report, task)


def _around(task: Task, walked: Walked) -> Surroundings:
    """Return what else the tree holds beside the files that were examined."""

    def is_there(name: str) -> bool:
        place = task.root / name
        return place.exists() or any(place.parent.glob(f"{glob.escape(place.name)}.*"))

    starters = [one for one in walked.starters if not ARCHIVED.search(one.name)]  # what is put away starts nothing
    return Surroundings(
        words=partial(words_of, starters),
        paths=partial(paths_of, starters),
        distributions=distributions(walked.starters),
        is_whole=task.root in task.paths,
        is_there=is_there,
        texts=partial(texts_of, [*walked.entries, *walked.starters, *walked.beside]),
    )


@dataclass(frozen=True, slots=True)
class _Looked:
    seen: list[Seen]
    n_remembered: int
    notes: tuple[str, ...]


def _look(task: Task, walked: Walked) -> _Looked:
    said = task.settings
    names = Names(writes=frozenset(said.writes), gates=frozenset(said.gates), notices=frozenset(said.notices))
    look = partial(look_at, names=names)
    if task.cache is None:
        return _Looked(list(look_at_all(walked.entries, task.jobs or cores(), look)), 0, ())
    cache = Cache.open(task.cache, task.root, _stamp(task.settings))
    seen, changed = [], []
    for entry in walked.entries:
        known = cache.kept.get(entry.name)
        if known is not None and _is_same(entry, known):
            seen.append(Seen(entry.name, kept=known))
        else:
            changed.append(entry)
    n_remembered = len(seen)
    seen += look_at_all(changed, task.jobs or cores(), look)
    seen.sort(key=lambda one: one.name)
    fresh = {one.name: one.kept for one in seen if one.kept is not None}
    note = cache.write(fresh, below=_heads(task))
    return _Looked(seen, n_remembered, tuple(note for note in (cache.note, note) if note))


def _is_same(entry: Entry, known: Kept) -> bool:
    data = read_bytes(entry)
    return not isinstance(data, Finding) and digest_of(data) == known.digest


def _stamp(settings: AuditSettings) -> str:
    """Return what a file's facts rest on beside its content: the rules, the names that are added to them, the parser."""
    parts = (RULES_VERSION, platform.python_version(), settings.writes, settings.gates, settings.notices)
    return hashlib.sha256(repr(parts).encode()).hexdigest()[:16]


def _unpacked(seen: Sequence[Seen]) -> tuple[list[FileFacts], list[tuple[str, Waiver]]]:
    facts: list[FileFacts] = []
    waivers: list[tuple[str, Waiver]] = []
    for one in seen:
        if one.kept is not None:
            file, allowed = unpack(one.kept)
            facts.append(file)
            waivers += [(one.name, waiver) for waiver in allowed]
    return facts, waivers


def _levelled(finding: Finding, settings: AuditSettings) -> Finding:
    level = settings.levels.get(finding.rule)
    return finding if level is None else replace(finding, level=level)


def _compared(report: Report, task: Task) -> Report:
    """Hold a report against the baseline; only what this audit looked at can be gone from it."""
    heads = _heads(task)
    failed = {one.path for one in report.findings if one.rule == "unreadable"}

    def judged(entry: Old) -> bool:
        below = any(head in {".", entry.path} or entry.path.startswith(f"{head}/") for head in heads)
        return below and entry.path not in failed and task.settings.speaks(entry.rule)

    held = compare(report.findings, report.names, task.baseline or (), judged=judged)
    return replace(report, findings=held.new, baselined=held.old, kept=held.kept, gone=held.gone)


def _heads(task: Task) -> list[str]:
    return [path.relative_to(task.root).as_posix() for path in task.paths]
