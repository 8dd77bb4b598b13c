"""The `tipoff` command. Exit codes: 0 fine, 1 something is wrong with the data or the work, 2 usage, 3 a gate holds."""

import errno
import gc
import importlib
import os
import sys
from collections.abc import Mapping, Sequence
from io import TextIOWrapper
from textwrap import shorten
from types import ModuleType
from typing import NamedTuple

import click

from tipoff.core.errors import PipelineError, UsageError

EXIT_WRONG, EXIT_USAGE = 1, 2
_NO_ROOM = {errno.ENOSPC, errno.EDQUOT, errno.EIO, errno.EPIPE}


class Place(NamedTuple):
    """Where a command lives, and the line that the list of commands shows of it: its own help's first sentence."""

    where: str
    help: str


COMMANDS: Mapping[str, Place] = {  # only the one that is asked for is imported
    "demo": Place(
        "work:demo_command", "Replay the sample league (synthetic, all names invented) and show how its days went."
    ),
    "replay": Place(
        "work:replay_command", "Replay a season, or some of its days, on a simulated clock; several leagues on one."
    ),
    "record": Place(
        "work:record_command",
        "Fetch a season, or some days of one, from the live providers into TIPOFF_DATA, to be replayed.",
    ),
    "backfill": Place(
        "work:backfill_command",
        "Make what is missing or outdated of past days, in order; what is not made is listed with its reason.",
    ),
    "reparse": Place(
        "work:reparse_command", "Make raw rows anew from the archive, with today's parsers; nobody is asked."
    ),
    "status": Place(
        "show:status_command",
        "Say whether anything is at work, whether today is complete, what is wrong, and what waits for you.",
    ),
    "grid": Place("show:grid_command", "Show days × outputs: what is proven, excused, late."),
    "why": Place("why:why_command", "Walk from what is missing or low to its cause."),
    "trace": Place("show:trace_command", "Follow one game through every table and file."),
    "predictions": Place("show:predictions_command", "Show what was published for a day."),
    "report": Place(
        "report:report_command",
        "Say how good a season's predictions were: by system, market, week and group, against the line, and signs of a leak.",
    ),
    "models": Place(
        "report:models_command",
        "List a season's models, the newest first, and the build's: what each was trained on, which serves, why one does not.",
    ),
    "explain": Place("report:explain_command", "Say what the prediction of one man rests on, part by part."),
    "boundary": Place(
        "gates:boundary_command",
        "Show, for each edge of a slate, what was expected, what came, what is missing by name, excused, quarantined.",
    ),
    "check": Place("check:check_group", "See whether a day's data are right, and whether the work itself is well."),
    "incident": Place(
        "incidents:incident_group", "See what is wrong, and take it on: acknowledge, snooze, write down what was done."
    ),
    "digest": Place("watch:digest_command", "Show the morning's digest as it is sent."),
    "scorecard": Place(
        "watch:scorecard_command",
        "Show how the days went: complete, on time, incidents, accuracy, streak, error budget.",
    ),
    "gate": Place("gates:gate_group", "See what holds, and waive it with a name, a reason and an end."),
    "halt": Place(
        "gates:halt_command",
        "Stop the publication of OUTPUT, or of everything, until an instant; with --end let it go on; else show what is halted.",
    ),
    "names": Place(
        "names:names_command", "List the spellings that wait for a person, with whom they may be; say who is meant."
    ),
    "drill": Place(
        "drills:drill_group", "Make real faults happen again, under an oracle that knows what should have come of it."
    ),
    "up": Place(
        "watch:up_command", "Run the leagues' controllers on the real clock until they are stopped, in one process."
    ),
    "monitor": Place("watch:monitor_command", "Run the monitor as a process of its own until it is stopped."),
    "sentinel": Place(
        "sentinel:sentinel_command",
        "Run the sentinel until it is stopped: it reads the ledger from outside, and tells when nothing happens.",
    ),
    "sources": Place(
        "sources:sources_command",
        "Show who is asked, with what keys, how it went: requests, credits, proxies, lateness.",
    ),
    "set-aside": Place(
        "sources:set_aside_command",
        "Let nobody use an archived PAYLOAD, and have what was made of it made anew; else show what is set aside.",
    ),
    "audit": Place(
        "audit:audit_command",
        "Find, in any code base, what fails in silence: `tipoff-audit`, ranked by a home's runs with --ledger HOME.",
    ),
    "prove-alive": Place(
        "watch:prove_alive_command", "Stop one side, measure how long until another tells of it, let it go on."
    ),
    "notify": Place("sentinel:notify_group", "Messages to people."),
    "replay-incident": Place(
        "watch:replay_incident_command",
        "Hold a RECORD against these rules: when would one have been told, how often, how often in vain.",
    ),
    "backup": Place("backup:backup_command", "Copy the home into a new folder, also while it is worked in."),
    "restore": Place("backup:restore_command", "Make a new home of a copy that `tipoff backup` made."),
    "web": Place(
        "serve:web_command", "Serve /health and /ready until it is stopped; on loopback, or beyond it with a token."
    ),
    "cost": Place(
        "cost:cost_command",
        "Estimate by dry runs what each step would read on BigQuery for a day, beside what it may bill.",
    ),
    "doctor": Place(
        "serve:doctor_command", "Compare what runs with what is declared, and this machine with what the work needs."
    ),
    "new": Place("new:new_group", "Write the skeleton of something new into this checkout."),
}


class Commands(click.Group):
    """The commands, each imported when it is asked for: the sentinel must stay small, and `tipoff status` fast."""

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002 -- click's signature
        """Return every command's name."""
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:  # noqa: ARG002 -- click's signature
        """Import a command."""
        if cmd_name not in COMMANDS:
            return None
        module, _, name = COMMANDS[cmd_name].where.partition(":")
        command: click.Command = getattr(_imported(f"tipoff.cli.{module}"), name)
        return command

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:  # noqa: ARG002 -- click's signature
        """List the commands without importing them."""
        limit = formatter.width - 6 - max(map(len, COMMANDS))
        with formatter.section("Commands"):
            formatter.write_dl(
                [(name, shorten(place.help, limit, placeholder="...")) for name, place in COMMANDS.items()]
            )


def _imported(name: str) -> ModuleType:
    """Import a module without looking for garbage: there is none in it, and the looking takes a sixth of the time."""
    if name not in sys.modules:
        gc.disable()
        try:
            importlib.import_module(name)
            gc.freeze()
        finally:
            gc.enable()
    return sys.modules[name]


def _version(ctx: click.Context, _param: click.Parameter, value: bool) -> None:  # noqa: FBT001 -- click's signature
    if value:
        from tipoff.core.build import build  # noqa: PLC0415 -- only who asks waits for it

        click.echo(f"tipoff {build()}")
        ctx.exit()


@click.group(cls=Commands, context_settings={"help_option_names": ["-h", "--help"]})
@click.option("--version", is_flag=True, expose_value=False, is_eager=True, callback=_version, help="Show the version.")
def cli() -> None:
    """Tipoff makes a sports-prediction day run without errors, and proves it."""


def main() -> None:
    """Run the command; an error is one sentence and a hint on standard error."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, TextIOWrapper):
            stream.reconfigure(
                errors="backslashreplace"
            )  # what was typed, or a name, may hold what no terminal can show
    try:
        _refuse_bytes(sys.argv[1:])
        cli(standalone_mode=False, color=False if os.environ.get("NO_COLOR") else None)  # https://no-color.org
        sys.stdout.flush()
    except click.ClickException as error:
        error.show()
        sys.exit(EXIT_USAGE)
    except click.Abort:
        click.echo("stopped; run the same command again to go on from here", err=True)
        sys.exit(EXIT_WRONG)
    except OSError as error:
        if error.errno not in _NO_ROOM:
            raise
        os.dup2(os.open(os.devnull, os.O_WRONLY), 1)  # or the interpreter tries once more to write what is left
        click.echo(f"tipoff: standard output took no more: {os.strerror(error.errno or 0)}", err=True)
        sys.exit(EXIT_WRONG)
    except PipelineError as error:
        click.secho(f"tipoff: {error}", fg="red", err=True)
        if error.hint:
            click.echo(f"  {error.hint}", err=True)
        sys.exit(EXIT_USAGE if isinstance(error, UsageError) else EXIT_WRONG)


def _refuse_bytes(arguments: Sequence[str]) -> None:
    """Refuse what is no text: no store could be asked for it. Paths of a code base to be audited may be anything."""
    for number, argument in enumerate(arguments, 1):
        try:
            argument.encode()
        except UnicodeEncodeError as error:
            if arguments[0] == "audit":
                return
            msg = f"argument {number} is no text in UTF-8"
            raise UsageError(msg, hint="is the terminal set to another encoding?") from error
