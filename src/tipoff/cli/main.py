"""The `tipoff` command. Exit codes: 0 fine, 1 something is wrong with the data or the work, 2 usage, 3 a gate holds."""

import errno
import gc
import importlib
import json
import os
import re
import sys
from collections.abc import Mapping, Sequence
from io import TextIOWrapper
from pathlib import Path
from textwrap import shorten
from types import ModuleType

import click

from tipoff.core.errors import PipelineError, UsageError, what_of
from tipoff.store.ctrl_c import ctrl_c

EXIT_WRONG, EXIT_USAGE = 1, 2
_READ_NO_FURTHER = 141  # as a shell says of what SIGPIPE has ended
_NO_ROOM = {errno.ENOSPC, errno.EDQUOT, errno.EIO, errno.EPIPE}


COMMANDS: Mapping[str, str] = {  # where each lives; only the one that is asked for is imported
    "demo": "work:demo_command",
    "replay": "work:replay_command",
    "record": "work:record_command",
    "backfill": "work:backfill_command",
    "reparse": "work:reparse_command",
    "status": "show:status_command",
    "grid": "show:grid_command",
    "why": "why:why_command",
    "trace": "show:trace_command",
    "predictions": "show:predictions_command",
    "report": "report:report_command",
    "models": "report:models_command",
    "explain": "report:explain_command",
    "boundary": "gates:boundary_command",
    "check": "check:check_group",
    "incident": "incidents:incident_group",
    "digest": "watch:digest_command",
    "scorecard": "watch:scorecard_command",
    "gate": "gates:gate_group",
    "halt": "gates:halt_command",
    "names": "names:names_command",
    "drill": "drills:drill_group",
    "up": "watch:up_command",
    "monitor": "watch:monitor_command",
    "sentinel": "sentinel:sentinel_command",
    "sources": "sources:sources_command",
    "set-aside": "sources:set_aside_command",
    "audit": "audit:audit_command",
    "prove-alive": "watch:prove_alive_command",
    "notify": "sentinel:notify_group",
    "replay-incident": "watch:replay_incident_command",
    "backup": "home:backup_command",
    "restore": "home:restore_command",
    "web": "home:web_command",
    "cost": "home:cost_command",
    "doctor": "home:doctor_command",
    "new": "new:new_group",
}


class Commands(click.Group):
    """The commands, each imported when it is asked for: the sentinel must stay small, and `tipoff status` fast."""

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002 -- click's signature
        """Return every command's name."""
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command:
        """Import a command; raises `NoSuchCommand` with the nearest there are."""
        if cmd_name not in COMMANDS:
            raise click.NoSuchCommand(cmd_name, possibilities=COMMANDS, ctx=ctx)
        module, _, name = COMMANDS[cmd_name].partition(":")
        command: click.Command = getattr(_imported(f"tipoff.cli.{module}"), name)
        return command

    def invoke(self, ctx: click.Context) -> object:
        """Run the command; who reads it and has seen enough ends it as SIGPIPE would: nothing is wrong, and nothing is said."""
        try:
            with ctrl_c:
                return super().invoke(ctx)
        except BrokenPipeError:
            os.dup2(os.open(os.devnull, os.O_WRONLY), 1)  # or the interpreter tries once more to write what is left
            sys.exit(_READ_NO_FURTHER)

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:  # noqa: ARG002 -- click's signature
        """List the commands without importing them."""
        limit = formatter.width - 6 - max(map(len, COMMANDS))
        with formatter.section("Commands"):
            formatter.write_dl([(name, shorten(sentence_of(name), limit, placeholder="...")) for name in COMMANDS])


def sentence_of(command: str) -> str:
    """Return the first sentence of a command's help, read from its module's text: importing them all would take a second."""
    module, _, name = COMMANDS[command].partition(":")
    text = Path(__file__).with_name(f"{module}.py").read_text("utf-8")
    said = text.partition(f"def {name}(")[2].partition('"""')[2]
    return re.split(r'"""|\n|(?<=\.) ', said, maxsplit=1)[0]


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
    """Run the command; an error is one sentence and a hint on standard error, or where JSON is asked for, a document."""
    _lead_closed_nowhere()
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, TextIOWrapper):
            # what was typed, or a name, may hold what no terminal can show
            stream.reconfigure(errors="backslashreplace")
    code = 0
    try:
        try:
            _refuse_bytes(sys.argv[1:])
            color = False if os.environ.get("NO_COLOR") else None  # https://no-color.org
            cli(prog_name="tipoff", standalone_mode=False, color=color)
        except (click.ClickException, click.Abort, PipelineError) as error:
            code = _refuse(error)
        except OSError as error:
            if error.errno in _NO_ROOM:
                raise
            code = _refuse(error)
        except RuntimeError as error:
            if "new thread" not in str(error):  # Python has no kind of its own for it
                raise
            code = _refuse(error)
        sys.stdout.flush()
    except OSError as error:
        os.dup2(os.open(os.devnull, os.O_WRONLY), 1)  # or the interpreter tries once more to write what is left
        click.echo(f"tipoff: standard output took no more: {os.strerror(error.errno or 0)}", err=True)
        sys.exit(EXIT_WRONG)
    if code:
        sys.exit(code)


def _lead_closed_nowhere() -> None:
    """Let a standard stream that is closed lead nowhere: the first store that is opened would take its place."""
    streams = ("stdin", "stdout", "stderr")
    while (number := os.open(os.devnull, os.O_RDWR)) < len(streams):
        setattr(sys, streams[number], os.fdopen(number, "w" if number else "r", encoding="utf-8"))
    os.close(number)


def _refuse(error: Exception) -> int:
    said, hint, code = str(error), "", EXIT_WRONG
    if isinstance(error, click.ClickException):
        context, code = getattr(error, "ctx", None), EXIT_USAGE
        said, hint = error.format_message(), f"see: {context.command_path} --help" if context else ""
    elif isinstance(error, click.Abort):
        said = "stopped; run the same command again to go on from here"
    elif isinstance(error, OSError | RuntimeError):
        said = f"the machine refused: {what_of(error)}"
    elif isinstance(error, PipelineError):
        hint, code = error.hint, EXIT_USAGE if isinstance(error, UsageError) else EXIT_WRONG
    if "--json" in sys.argv[1:]:
        click.echo(json.dumps({"ok": False, "error": said, "hint": hint}, indent=2))
    elif isinstance(error, click.ClickException):
        error.show()
    else:
        click.secho(said if isinstance(error, click.Abort) else f"tipoff: {said}", fg="red", err=True)
        if hint:
            click.echo(f"  {hint}", err=True)
    return code


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
