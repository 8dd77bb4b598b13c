"""One file, examined by every rule that needs no other file."""

import re
from collections.abc import Callable
from dataclasses import replace
from typing import Any

from tipoff_audit.finding import Finding, Level
from tipoff_audit.reading import classes, copies, facts, reach, requests
from tipoff_audit.reading.context import MAKES_FEATURES, MONITORS, TESTS, File, Use
from tipoff_audit.reading.effects import Effects
from tipoff_audit.reading.index import index
from tipoff_audit.reading.names import Names
from tipoff_audit.reading.source import COMPOSE, Source
from tipoff_audit.reading.sqltext import called_in, procedure_at, procedures, verbs, without_data
from tipoff_audit.reading.try_blocks import try_blocks
from tipoff_audit.rules import (
    aborted,
    cleared_state,
    clocks,
    coerced,
    context_managers,
    coroutines,
    cut_short,
    defaults,
    deleted,
    dropped,
    gates,
    let_pass,
    loads,
    lookahead,
    made_once,
    made_up,
    marked_done,
    no_effect,
    orchestration,
    overwritten,
    raising,
    results,
    retries,
    same_answer,
    strings,
    thrown_away,
    unchecked,
    unread,
    values,
    wrong_time,
    zeros,
)
from tipoff_audit.rules.ci_tests import called_workflows, tested
from tipoff_audit.rules.shell import examine_lines
from tipoff_audit.rules.shell_data import lost_backups, sql_runs, stops, wiped_settings, writes
from tipoff_audit.rules.shell_steps import healthy, steps
from tipoff_audit.rules.sqlrules import examine_sql
from tipoff_audit.rules.verdicts import judge

NO_NAMES = facts.Names()
_RULES: tuple[Callable[[File], None], ...] = (
    raising.raising_handlers,
    raising.returns_in_finally,
    aborted.aborted_writes,
    deleted.lost_after_delete,
    deleted.lost_between_helpers,
    deleted.replaced_by_a_day,
    cleared_state.cleared_before_io,
    marked_done.marked_before_done,
    loads.streaming_by_another_name,
    loads.loads_per_row,
    loads.loads_of_one_row,
    loads.appends,
    loads.appends_by_default,
    strings.missing_f,
    strings.missing_f_in_joined,
    values.sql_from_values,
    strings.sql_in_strings,
    clocks.naive_now,
    clocks.current_dates,
    clocks.gmtime_days,
    zeros.zero_for_missing,
    lookahead.inclusive_cutoffs,
    lookahead.current_rows,
    lookahead.future_rows,
    lookahead.whole_groups,
    retries.retries,
    retries.ended_empty,
    unread.unread_results,
    unread.refused_rows,
    unread.unasked_refusals,
    results.unasked_completed,
    coroutines.unawaited,
    coroutines.returned_unawaited,
    context_managers.swallowing_managers,
    context_managers.swallowing_exits,
    gates.open_gates,
    gates.nothing_expected,
    let_pass.asserted,
    let_pass.errors_returned,
    let_pass.statuses,
    let_pass.filters_left_out,
    let_pass.refusals,
    coerced.coerced_rows,
    cut_short.cut_short,
    cut_short.refused_pages,
    orchestration.orchestration,
    defaults.defaults_of_others,
    thrown_away.dropped_values,
    thrown_away.never_called,
    thrown_away.changed_copies,
    thrown_away.keys_given_twice,
    thrown_away.skipped_rows,
    no_effect.made_and_not_raised,
    no_effect.shortened,
    overwritten.overwritten,
    unchecked.saved_answers,
    unchecked.excused_commands,
    same_answer.same_answers,
    made_once.made_once,
    made_once.made_once_in_signatures,
    made_up.changing_hashes,
    made_up.made_up,
    wrong_time.wrong_times,
)


def examine(source: Source, names: facts.Names = NO_NAMES) -> facts.FileFacts:
    """Return what the file shows by itself and what it tells the project-wide pass; the tree is walked once.

    `names`: what the settings add to the names by which calls are known.
    """
    n_lines = source.text.count("\n") + (not source.text.endswith("\n") and bool(source.text))
    if source.kind == "sql":
        findings, shared = _sql(source)
    elif source.tree is None:
        findings, shared = (
            _of_lines(source),
            {
                "copies": copies.copied_text(source.path, source.text.split("\n")),
                "starts": sorted(_started(source.text)),
                "paths": reach.paths([source.text]),
                "called": called_in(source.text),
                "tested": tested(source),
                "calls": called_workflows(source),
                "sql_runs": [[line, *row, _line(source, line)] for line, *row in sql_runs(source.text)],
            },
        )
    else:
        findings, shared = _python(source, names)
    kept = tuple(sorted(set(_softened(source.path, findings))))
    return facts.FileFacts(path=source.path, n_lines=n_lines, findings=kept, shared=shared)


def _of_lines(source: Source) -> list[Finding]:
    """Return what is wrong in a script or a CI file; a step of which something is told already is not told again."""
    if COMPOSE.search(source.path):
        return healthy(source)
    found = [*examine_lines(source), *lost_backups(source), *wiped_settings(source)]
    told = {one.line for one in found}
    return [*found, *(one for one in steps(source) if one.line not in told)]


def _line(source: Source, number: int) -> str:
    return source.text.splitlines()[number - 1].strip()


def _softened(path: str, findings: list[Finding]) -> list[Finding]:
    """Return notes where nobody's data can be lost: in tests, examples and documents."""
    if not TESTS.search(path):
        return findings
    return [replace(finding, level=Level.NOTE) for finding in findings]


def _python(source: Source, given: facts.Names) -> tuple[list[Finding], dict[str, list[Any]]]:
    if source.tree is None:
        return [], {}
    found = index(source, source.tree)
    names = Names(found)
    file = File(found, names, Effects(found, names, given))
    streamed = loads.streaming_inserts(file)
    for rule in _RULES:
        rule(file)
    ignored = results.ignored_results(file)
    unread_rows = dropped.dropped_rows(file)
    guarded = try_blocks(found, file.effects)
    started = _programs(file)
    file.findings += [finding for guard in guarded if (finding := judge(guard)) is not None]
    shared: dict[str, list[Any]] = {
        "streamed": streamed,
        "mutated": loads.mutated_tables(file),
        "ignored": ignored,
        "unread_rows": unread_rows,
        "passed_over": dropped.passed_over(file),
        "telling": results.telling_functions(file),
        "guards": [guard.to_json() for guard in guarded if not guard.raised and not _settled(guard.effects)],
        "functions": _functions(file),
        "classes": classes.classes(file),
        "properties": classes.properties(file),
        "named": thrown_away.named_of_self(file),
        "defined": coroutines.defined(file),
        "let_go": coroutines.let_go(file),
        "request_calls": requests.request_calls(file),
        "sleeping": requests.sleeping_functions(file),
        "uses": classes.uses(file),
        "by_hand": [found.is_script],
        "reach": reach.reach(file),
        "imports": reach.imports(file, started),
        "offers": reach.offers(file),
        "canned": [True] if made_up.is_canned(file) else [],
        "runs": reach.runs(file),
        "exported": [True] if _EXPORTED.search(source.text) else [],
        "broken": [why] if (why := reach.broken(file)) else [],
        "starts": _starts(file, started),
        "dispatched": classes.dispatched(file),
        "copies": copies.copies(file),
        "previews": thrown_away.previews(file),
        "sql_runs": unchecked.commands_of_sql(file),
        "of_one_day": thrown_away.of_one_day(file),
        "guarded": reach.guarded(file),
        "dead": reach.dead(file),
        "paths": reach.paths(one.value for one in found.strings if isinstance(one.value, str)),
        "called": called_in(source.text) if _may_call(source.text) else [],
    }
    return _without_doubles(file.findings), {kind: rows for kind, rows in shared.items() if rows}


def _may_call(text: str) -> bool:
    return any(word in text for word in ("CALL ", "EXEC", "PERFORM ", "call ", "exec ", ".call(", "callproc("))


_EXPORTED = re.compile(r"^# In ?\[[\d ]*\]:", re.MULTILINE)  # by Jupyter, from a notebook
_PROGRAM = re.compile(r"([\w-]+)\.py\b|-m\s+[\w.]*?(\w+)(?=\s|$|[\"'])|[\w.]*?(\w+):\w+[\"']")


def _starts(file: File, started: set[str]) -> list[str]:
    """Return the names of the modules that the file imports, or starts by their file's name."""
    return sorted(started | {part for origin in file.index.imports.values() for part in origin.split(".")[-2:]})


def _programs(file: File) -> set[str]:
    """Return the names of the modules that the file starts by their file's name."""
    texts = (node.value for node in file.index.strings if isinstance(node.value, str) and len(node.value) < _A_PATH)
    return set().union(*(_started(text) for text in texts if _COMMAND.match(text)))


_COMMAND = re.compile(r"\S*\.py$|\S*python\S*\s|[\w.]+:\w+$|-m\s")  # a path or a command, no sentence
_A_PATH = 200  # characters: longer strings tell whoever reads them how to start it
_A_LINE = 2_000  # characters: of a command that somebody wrote


def _started(text: str) -> set[str]:
    lines = (line[:_A_LINE] for line in text.splitlines())
    return {name for line in lines for found in _PROGRAM.finditer(line) for name in found.groups() if name}


def _settled(effects: dict[str, tuple[str, bool, bool]]) -> bool:
    """Whether no other file can make the guard more than it is: it writes for certain."""
    return "write" in effects and effects["write"][1]


def _functions(file: File) -> list[list[Any]]:
    """Return the functions that matter elsewhere: (name, what they do for certain, what they call).

    What stands in the file outside of functions is one more, under the file's name.
    """
    found = []
    for scope in file.index.scopes:
        if scope.kind == "class":
            continue
        kinds: dict[str, str] = {}
        calls: list[str] = []
        for call in scope.calls:
            effect = file.effects.of(call)
            if effect.kind in {"write", "gate", "notice", "read"} and effect.sure:
                kept = effect.kind == "write" and file.effects.is_kept_within(call)
                kinds.setdefault("kept" if kept else effect.kind, effect.what)
            full = file.names.callee(call).full
            if "." in full and effect.kind not in {"log", "clean-up"} and full not in calls:
                calls.append(full)
        if kinds or calls:
            found.append([scope.name, kinds, calls])
    return found


def _without_doubles(findings: list[Finding]) -> list[Finding]:
    """Where a stronger rule speaks of a line already, a result that is ignored there is the same news, but for an error."""
    louder = {
        finding.line
        for finding in findings
        if finding.rule in {"streaming-insert", "load-per-row", "lost-after-delete"}
    }
    return [
        finding
        for finding in findings
        if finding.rule != "ignored-result" or finding.level is Level.ERROR or finding.line not in louder
    ]


def _use(path: str) -> Use:
    return Use.FEATURES if MAKES_FEATURES.search(path) else Use.MONITORING if MONITORS.search(path) else Use.UNKNOWN


def _sql(source: Source) -> tuple[list[Finding], dict[str, list[Any]]]:
    lines = source.text.split("\n")
    without = without_data(source.text)
    findings = []
    for said in examine_sql(without, use=_use(source.path), script=True):
        line = without.count("\n", 0, said.at) + 1
        findings.append(
            Finding(
                rule=said.rule,
                path=source.path,
                line=line,
                column=said.at - without.rfind("\n", 0, said.at),
                end_line=line,
                level=said.level,
                message=said.message,
                guards=said.guards,
                symbol=procedure_at(without, said.at),
                text=lines[line - 1].strip(),
            )
        )
    mutated = []
    for kind, table, at in verbs(without):
        if kind in {"update", "delete", "merge"} and table:
            line = without.count("\n", 0, at) + 1
            mutated.append([table, kind.upper(), line, 1, line, re.sub(r"\s+", " ", lines[line - 1]).strip(), ""])
    return findings, {
        "mutated": mutated,
        "copies": copies.copied_text(source.path, lines),
        "procedures": procedures(without),
        "called": called_in(source.text),
        "changes": [what] if not stops(source.text) and (what := writes(source.text)) else [],
    }
