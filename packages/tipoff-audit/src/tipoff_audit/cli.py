"""`tipoff-audit`: find, in any code base, what fails in silence."""

import os
import sys
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import click

from tipoff_audit.baseline import entries_of, read_baseline, write_baseline
from tipoff_audit.errors import UsageError
from tipoff_audit.finding import Level
from tipoff_audit.fix.autofix import autofix, write_fixed
from tipoff_audit.output import FORMATS
from tipoff_audit.output.text import shown as printable
from tipoff_audit.output.text import summary_lines
from tipoff_audit.project.git import changed_since, origins
from tipoff_audit.project.walk import place_of, root_of
from tipoff_audit.ranking import GROUPS, first_notes, ranked, sums
from tipoff_audit.reading.source import is_aside
from tipoff_audit.report import Evidence, Report, with_evidence
from tipoff_audit.rules.explain import explained
from tipoff_audit.run import Task, all_rules, audit
from tipoff_audit.settings import AuditSettings, known_rule, level_named, read_settings

EXIT_FINDINGS, EXIT_USAGE = 1, 2
_READ_NO_FURTHER = 141  # as a shell says of what SIGPIPE has ended
LEVELS = ("note", "warning", "error")
WHOLE = frozenset({"json", "sarif", "html"})  # forms that hold the notes too, where nothing else is asked for
MOST_BLAMED = 200  # lines whose writer is asked for: git takes its time


def _explain(_ctx: click.Context, _param: click.Parameter, slug: str | None) -> None:
    if slug is None:
        return
    rules = {rule.slug: rule for rule in all_rules()}
    click.echo(explained(rules[known_rule(slug, rules)]), nl=False)
    sys.exit(0)


class _Command(click.Command):
    """Ends as SIGPIPE would end it where its reader has seen enough: by click's own 1 something would have been found."""

    def invoke(self, ctx: click.Context) -> object:
        try:
            return super().invoke(ctx)
        except BrokenPipeError:
            os.dup2(os.open(os.devnull, os.O_WRONLY), 1)  # or the interpreter tries once more to write what is left
            sys.exit(_READ_NO_FURTHER)


@click.command("tipoff-audit", cls=_Command)
@click.version_option(package_name="tipoff-audit", prog_name="tipoff-audit", message="%(prog)s %(version)s")
@click.pass_obj
@click.argument("paths", nargs=-1, type=click.Path(path_type=Path))
@click.option("--json", "form", flag_value="json", help="Print one JSON document instead of text.")
@click.option("--sarif", "form", flag_value="sarif", help="Print SARIF 2.1.0, for code-scanning views.")
@click.option("--github", "form", flag_value="github", help="Print annotations, which GitHub shows beside the lines.")
@click.option("--markdown", "form", flag_value="markdown", help="Print a page of Markdown, for a build's summary.")
@click.option(
    "--output", "outputs", multiple=True, metavar="FORM=FILE", help="Also write it to a file: sarif=audit.sarif."
)
@click.option("--html", "form", flag_value="html", help="Print one page of HTML that needs nothing else.")
@click.option("--top", type=click.IntRange(1), help="Show the first so many: what to fix first.")
@click.option(
    "--min-level",
    type=click.Choice(LEVELS),
    help="Show nothing below it (without: ten notes; JSON, SARIF and HTML: all); --write-baseline leaves the rest out.",
)
@click.option("--by", type=click.Choice(tuple(GROUPS)), help="Show sums instead: by folder, rule or function.")
@click.option("--since", metavar="COMMIT", help="Only what stands in files that have changed since.")
@click.option("--owners", is_flag=True, help="Say who wrote each line last, and when; --top does so too.")
@click.option("--tests", is_flag=True, help="Also tell of tests, examples and documents.")
@click.option("--fail-on", type=click.Choice(LEVELS), help="The least level that makes it exit with 1 (error).")
@click.option("--rule", "only", multiple=True, metavar="RULE", help="Only this rule; may be given again.")
@click.option(
    "--baseline", type=click.Path(path_type=Path), help="Findings that were there before, which do not count."
)
@click.option("--write-baseline", is_flag=True, help="Write it: a new one whole, one that is there only ever smaller.")
@click.option("--fix", is_flag=True, help="Show, as a diff, what can be fixed safely.")
@click.option("--write", is_flag=True, help="With --fix: do it.")
@click.option("--jobs", type=click.IntRange(0), default=0, help="Processes; as many as there are cores without.")
@click.option(
    "--cache-dir", type=click.Path(path_type=Path), envvar="TIPOFF_AUDIT_CACHE", help="Where what was seen is kept."
)
@click.option("--no-cache", is_flag=True, help="Begin from nothing, and leave nothing.")
@click.option(
    "--explain", metavar="RULE", is_eager=True, expose_value=False, callback=_explain, help="Say why a rule is there."
)
def audit_command(evidence: Mapping[str, Evidence] | None, /, paths: tuple[Path, ...], **said: Any) -> None:  # noqa: ANN401 -- the options
    """Find, in any code base, the patterns by which pipelines fail in silence.

    Exit codes: 0 nothing at or above the level of --fail-on, 1 something, or a file that cannot be read, 2 usage.
    """
    asked = Asked(**said)
    slugs = {rule.slug for rule in all_rules()}
    settings, where, places = _settings(paths, slugs)
    settings = replace(
        settings, only=frozenset(known_rule(rule, slugs) for rule in asked.only), tests=asked.tests or settings.tests
    )
    least = level_named(asked.fail_on) if asked.fail_on else settings.fail_on
    files = [_output(one) for one in asked.outputs]
    old = asked.baseline or (where / settings.baseline if settings.baseline else None)
    asked.check(old)
    begins = asked.write_baseline and old is not None and not old.exists()
    task = Task(
        root=root_of(places, Path.cwd()),
        paths=places,
        today=datetime.now(UTC).date(),  # noqa: TID251 -- the program's edge: a waiver's last day is held against it
        settings=settings,
        cache=None if asked.no_cache else asked.cache_dir or _cache_folder(),
        baseline=read_baseline(old) if old is not None and not begins else None,
        jobs=asked.jobs,
    )
    report = audit(task)
    if asked.fix:
        report = _fixed(report, task, write=asked.write)
    if asked.write_baseline and old is not None:
        report = _rewritten(report, old, asked.least_shown(least))
    if evidence is not None:  # handed in by a program that has a ledger
        report = with_evidence(report, evidence)
    is_unread = any(one.rule == "unreadable" and not is_aside(one) for one in report.findings)
    if asked.since is not None:
        changed = changed_since(task.root, asked.since, {one.path for one in report.findings})
        report = replace(report, findings=tuple(one for one in report.findings if one.path in changed))
    is_wrong = bool(report.failing(least) or report.gone or is_unread)
    report = ranked(report)
    form = asked.form or "text"
    first = _shown(report, least, replace(asked, top=None) if asked.by else asked, form)  # sums are of all there are
    click.echo(_sums(first, asked.by, asked.top) if asked.by else FORMATS[form](first), nl=False)
    for name, file in files:
        _write(file, FORMATS[name](_shown(report, least, asked, name)))
    sys.exit(EXIT_FINDINGS if is_wrong else 0)


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """The command's options."""

    form: str | None
    outputs: tuple[str, ...]
    fail_on: str | None
    only: tuple[str, ...]
    baseline: Path | None
    write_baseline: bool
    fix: bool
    write: bool
    jobs: int
    cache_dir: Path | None
    no_cache: bool
    top: int | None
    min_level: str | None
    by: str | None
    since: str | None
    owners: bool
    tests: bool

    def least_shown(self, fails: Level, form: str = "") -> Level:
        """Return the least level that a form shows: notes are for programs, and for who asks for a rule, sums or the first."""
        if self.min_level is not None:
            return level_named(self.min_level)
        whole = {form, self.form} & WHOLE or self.only or self.by or self.write_baseline or self.top
        return Level.NOTE if whole else min(Level.WARNING, fails)

    def check(self, baseline: Path | None) -> None:
        """Raise unless the options fit together."""
        if self.write_baseline and baseline is None:
            msg = "there is no baseline to write"
            raise UsageError(msg, hint="name one: --baseline FILE")
        if self.write_baseline and self.only:
            msg = "a baseline of some rules only would let the others' findings in later"
            raise UsageError(msg, hint="leave out --rule")
        if self.write and not self.fix:
            msg = "--write says what to do with --fix"
            raise UsageError(msg, hint="give both; or --write-baseline, if that was meant")
        if self.fix and self.form not in {None, "text"}:
            msg = "--fix shows a diff, and no other form"
            raise UsageError(msg, hint="leave out the form, or write it to a file: --output FORM=FILE")


def _settings(paths: tuple[Path, ...], slugs: set[str]) -> tuple[AuditSettings, Path, tuple[Path, ...]]:
    """Return the settings, the folder that they are relative to, and the absolute paths."""
    cwd = Path.cwd()
    if paths:
        places = tuple(place_of(path, cwd) for path in paths)
        settings, where = read_settings(root_of(places, cwd), slugs)
    else:
        settings, where = read_settings(cwd, slugs)
        places = tuple(place_of(Path(path), where) for path in settings.paths)
    return settings, where, places


def _shown(report: Report, fails: Level, asked: Asked, form: str) -> Report:
    """Return the report with what a form is to show, and who wrote it where that is asked for."""
    least = asked.least_shown(fails, form)
    found = [one for one in report.findings if one.level >= least]
    if asked.top:
        found = found[: asked.top]
    elif asked.min_level is None and form == "text":
        found += first_notes([one for one in report.findings if one.level < least])
    hidden = Counter(one.level for one in report.findings) - Counter(one.level for one in found)
    report = replace(report, findings=tuple(found), hidden=hidden)
    if not (asked.owners or asked.top):
        return report
    lines: dict[str, list[int]] = {}
    for one in found[:MOST_BLAMED]:
        lines.setdefault(one.path, []).append(one.line)
    known = origins(Path(report.root), lines)
    told = {
        one: f"{who.author} wrote it on {who.at:%Y-%m-%d}" for one in found if (who := known.get((one.path, one.line)))
    }
    return replace(report, origins=told)


def _sums(report: Report, by: str, top: int | None) -> str:
    """Return a table of counts: all of them, or the first so many."""
    rows = [(name, *(counts[level] for level in reversed(Level))) for name, counts in sums(report, by)[:top]]
    head = (by, *(level.name.lower() for level in reversed(Level)))
    lines = [f"{head[1]:>8} {head[2]:>8} {head[3]:>8}  {head[0]}"]
    lines += [f"{row[1] or '':>8} {row[2] or '':>8} {row[3] or '':>8}  {printable(str(row[0]))}" for row in rows]
    return "\n".join([*lines, "", *summary_lines(report)]) + "\n"


def _rewritten(report: Report, file: Path, least: Level) -> Report:
    """Write the baseline: whole where there was none, else without what is gone; nothing new ever comes in."""
    if file.exists():
        write_baseline(file, report.kept)
        return replace(report, gone=())
    write_baseline(file, entries_of(report.findings, report.names, least))
    taken = [one for one in report.findings if one.rule != "unreadable" and one.level >= least]
    kept = set(taken)
    return replace(report, findings=tuple(one for one in report.findings if one not in kept), baselined=tuple(taken))


def _fixed(report: Report, task: Task, *, write: bool) -> Report:
    """Show what can be fixed, and do it if that is asked for; return the report of what is there then."""
    n_fixed = 0
    for file in autofix(report):
        click.echo(file.diff(), nl=False)
        for finding, why in file.left:
            click.echo(f"left: {file.path}:{finding.line} {finding.rule}: {why}")
        if write and file.fixed:
            write_fixed(report.root, file)
        n_fixed += len(file.fixed)
    click.echo(f"{n_fixed} {'fixed' if write else 'can be fixed: --fix --write'}\n")
    return audit(task) if write and n_fixed else report


def _output(said: str) -> tuple[str, Path]:
    name, _, file = said.partition("=")
    if name not in FORMATS or not file:
        msg = f"--output {said!r} cannot be understood"
        raise UsageError(msg, hint="write it as FORM=FILE; forms: " + ", ".join(FORMATS))
    return name, Path(file)


def _write(file: Path, text: str) -> None:
    new = file.with_name(f".{file.name}.new")
    try:
        new.write_text(text, "utf-8", "backslashreplace")
        new.replace(file)
    except OSError as error:
        msg = f"{file} cannot be written: {error}"
        raise UsageError(msg, hint="is the folder there, and may it be written to?") from error


def _cache_folder() -> Path:
    """Return where programs keep what they can make again."""
    base = os.environ.get("XDG_CACHE_HOME", "")
    return (Path(base) if base else Path.home() / ".cache") / "tipoff-audit"


def main() -> None:
    """Run the command; an error is one sentence and a hint on standard error."""
    try:
        audit_command(standalone_mode=False)
    except click.ClickException as error:
        error.show()
        sys.exit(EXIT_USAGE)
    except click.Abort:
        sys.exit(EXIT_USAGE)
    except UsageError as error:
        click.secho(f"tipoff-audit: {error}", fg="red", err=True)
        if error.hint:
            click.echo(f"  {error.hint}", err=True)
        sys.exit(EXIT_USAGE)
