"""`make reference`: the reference page, from the code: commands, settings, the catalog's steps, tables and columns."""

import inspect
from collections.abc import Iterator

import click
from msgspec import structs

from tipoff.cli.main import cli
from tipoff.config import PREFIX, Settings
from tipoff.core.errors import ErrorKind
from tipoff.core.retry import POLICIES
from tipoff.core.schema import Column, Table
from tipoff.core.secret import Secret
from tipoff.core.step import PublishWork, PythonWork, SourceWork, SqlWork, Step
from tipoff.leagues.catalog import LEAGUES
from tipoff.store.portable import CASTS, FUNCTIONS
from tipoff_audit.cli import audit_command

_WORK = {SqlWork: "SQL", PythonWork: "Python", SourceWork: "fetching", PublishWork: "publication"}


def lines() -> Iterator[str]:
    """Yield the page."""
    yield "# Reference"
    yield ""
    yield "Generated from the code by `make reference`; a test holds it to the code."
    yield from _commands()
    yield from _settings()
    yield from _retries()
    yield from _sql()
    for league in LEAGUES.values():
        yield from _catalog(league.name, league.steps)


def _commands() -> Iterator[str]:
    yield from (
        "",
        "## Commands",
        "",
        "Exit codes: 0 fine · 1 wrong data or work · 2 usage or settings · 3 a gate holds.",
        "With `--json` a refusal is JSON: `ok`, `error`, `hint`.",
    )
    auditor = click.Context(audit_command, info_name="tipoff-audit")
    for context in [*_contexts(click.Context(cli, info_name="tipoff", **cli.context_settings)), auditor]:
        yield from (
            "",
            f"### {context.command_path}",
            "",
            "```",
            *context.command.get_help(context).splitlines(),
            "```",
        )


def _contexts(above: click.Context) -> Iterator[click.Context]:
    """Yield every command below a group, each after its own group."""
    if not isinstance(above.command, click.Group):
        return
    for name in sorted(above.command.list_commands(above)):
        command = above.command.get_command(above, name)
        if command is None:
            continue
        context = click.Context(command, info_name=name, parent=above)
        yield context
        yield from _contexts(context)


def _settings() -> Iterator[str]:
    where = f"From `tipoff.toml` or `{PREFIX}*`; unknown names are refused."
    files = f"A secret may stand in a file instead: `{PREFIX}LEDGER_URL_FILE` names it."
    yield from ("", "## Settings", "", f"{where} {files}", "")
    yield from ("| name | default |", "|---|---|")
    for name, default in structs.asdict(Settings()).items():
        yield f"| `{PREFIX}{name.upper()}` | {'(secret)' if isinstance(default, Secret) else f'`{default}`'} |"


def _retries() -> Iterator[str]:
    yield from ("", "## How failures are treated", "", "| kind | what is done |", "|---|---|")
    for kind in ErrorKind:
        policy = POLICIES.get(kind)
        if policy is None:
            yield f"| {kind.value} | {'polled, doubling' if kind is ErrorKind.NOT_YET else 'held, and told'} |"
            continue
        first, most = policy.first_wait.total_seconds() / 60, policy.max_wait.total_seconds() / 60
        ladder = f"after {first:g} min, doubling to {most:g} min, {policy.attempts} attempts in all"
        yield f"| {kind.value} | {ladder if policy.attempts > 1 else 'not by itself'} |"


def _sql() -> Iterator[str]:
    yield from ("", "## What SQL may hold", "")
    yield "In steps, checks and views. Beside operators, `CASE`, `IF`, windows that count rows, and joins:"
    yield from ("", ", ".join(f"`{name}`" for name in sorted(FUNCTIONS.values())) + ".")
    casts = ", ".join(f"{given} to {wanted}" for given, wanted in sorted(CASTS))
    yield from (
        "",
        f"Casts: {casts} (FLOAT64 to INT64 of a value rounded to no places). No type becomes another unasked.",
    )


def _catalog(league: str, steps: tuple[Step, ...]) -> Iterator[str]:
    yield from ("", f"## The catalog of {league}, in order")
    for step in steps:
        table = step.table
        yield from ("", f"### {table.full_name}", "")
        yield f"{table.about} Made by {_WORK[type(step.work)]}; key {', '.join(table.key) or 'the slate'}."
        yield from ("", *_edges(step), "| column | type | range | in |", "|---|---|---|---|")
        yield from (_column(column, table) for column in table.columns)


def _edges(step: Step) -> Iterator[str]:
    for edge in step.edges:
        how = "optional" if edge.optional else f"{edge.minimum:.0%} at least"
        yield f"- waits for `{edge.table}`: {how}, patient for {edge.patience}"
    if step.edges:
        yield ""


def _column(column: Column, table: Table) -> str:
    bounds = "" if column.minimum is None and column.maximum is None else f"{column.minimum} to {column.maximum}"
    name = f"**{column.name}**" if column.name in table.key else column.name
    kind = column.type.value + (" NOT NULL" if column.required else "")
    return f"| {name} | {kind} | {bounds} | {column.measure} |"


def page() -> str:
    """Return the whole page."""
    return inspect.cleandoc("\n".join(line.rstrip() for line in lines())) + "\n"


if __name__ == "__main__":
    print(page(), end="")
