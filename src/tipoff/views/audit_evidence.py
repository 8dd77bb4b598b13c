"""What a ledger knows of the code behind a finding: the runs, tables and incidents that each file took part in."""

import ast
import inspect
from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from tipoff.core.league import League
from tipoff.core.step import PublishWork, PythonWork, SourceWork, SqlWork, Step
from tipoff.ledger import Ledger
from tipoff.ledger.home_reader import incident_causes

PACKAGE = __name__.partition(".")[0]
ROOT = Path(__file__).resolve().parents[1]  # the package's folder
MACHINE = ("engine", "store")  # their code takes part in every run


@dataclass(frozen=True, slots=True, kw_only=True)
class CodeHistory:
    """What the code of a file took part in, as `tipoff_audit.report.Evidence` has it."""

    outputs: tuple[str, ...]
    n_runs: int
    n_failed: int
    n_incidents: int


def audit_evidence(ledger: Ledger, leagues: Sequence[League]) -> dict[str, CodeHistory]:
    """Return, by file (`tipoff/leagues/…`, relative to the folder that holds the package), what its code took part in."""
    outputs: dict[str, set[tuple[str, str]]] = defaultdict(set)
    sources: dict[tuple[str, str], str] = {}
    machine = [_named(file) for floor in MACHINE for file in sorted((ROOT / floor).rglob("*.py"))]
    for league in leagues:
        for step in league.steps:
            output = (league.name, step.name)
            if isinstance(step.work, SourceWork):
                sources[output] = step.work.source
            for name in {*_code_of(step, league), *machine}:
                outputs[name].add(output)
    runs, failed = Counter[tuple[str, str]](), Counter[tuple[str, str]]()
    for league in leagues:
        records = ledger.of(league.name)
        runs.update({(league.name, name): n for name, n in records.counts("runs", "output").items()})
        for state in ("failed", "expired"):
            ended = records.counts("runs", "output", state=state)
            failed.update({(league.name, name): n for name, n in ended.items()})
    incidents = list(_incidents(ledger, sources))
    return {
        name: CodeHistory(
            outputs=tuple(sorted({output for _, output in made})),
            n_runs=sum(runs[output] for output in made),
            n_failed=sum(failed[output] for output in made),
            n_incidents=sum(bool(made & touched) for touched in incidents),
        )
        for name, made in outputs.items()
    }


def _incidents(ledger: Ledger, sources: Mapping[tuple[str, str], str]) -> Iterator[set[tuple[str, str]]]:
    """Yield the outputs that each incident began at: those of its cause, or of what showed it where the cause is no output's."""
    for league, cause, effects in incident_causes(ledger.rows):
        kind, _, name = cause.partition(":")
        shown = {(league, effect.split("|", 1)[0]) for effect in effects}
        of_source = {output for output, source in sources.items() if output[0] == league and source == name}
        yield {"step": {(league, name)}, "table": {(league, name)}, "source": of_source}.get(kind) or shown


def _code_of(step: Step, league: League) -> set[str]:
    """Return the files that make a step's output: its functions' modules, what these import, its SQL."""
    work = step.work
    functions: list[object] = list(step.parsers)
    if isinstance(work, PythonWork | PublishWork):
        functions.append(work.transform)
    elif isinstance(work, SourceWork):
        functions += [work.requests, work.parse]
    modules = {name for one in functions if (found := inspect.getmodule(one)) and (name := found.__name__)}
    names = set().union(*(_reached(module) for module in sorted(modules))) if modules else set()
    if isinstance(work, SqlWork):
        names |= {name for name, text in _sql_of(league.name).items() if text == work.sql}
    return names


@cache
def _sql_of(league: str) -> Mapping[str, str]:
    return {_named(file): file.read_text("utf-8") for file in sorted((ROOT / "leagues" / league).rglob("*.sql"))}


@cache
def _reached(module: str) -> frozenset[str]:
    """Return the files of a module and of what it imports of this package, however far."""
    seen: set[str] = set()
    names: set[str] = set()
    waiting = [module]
    while waiting:
        one = waiting.pop()
        if one in seen or one.partition(".")[0] != PACKAGE:
            continue
        seen.add(one)
        file = _file(one)
        if file is None:  # a name inside a module, not a module
            continue
        names.add(_named(file))
        for node in ast.walk(ast.parse(file.read_text("utf-8"))):
            if isinstance(node, ast.ImportFrom) and node.module:
                waiting += [node.module, *(f"{node.module}.{alias.name}" for alias in node.names)]
            elif isinstance(node, ast.Import):
                waiting += [alias.name for alias in node.names]
    return frozenset(names)


def _file(module: str) -> Path | None:
    place = ROOT.joinpath(*module.split(".")[1:])
    return next((file for file in (place.with_suffix(".py"), place / "__init__.py") if file.is_file()), None)


def _named(file: Path) -> str:
    return file.relative_to(ROOT.parent).as_posix()
