"""The `tipoff` command. Exit codes: 0 fine, 1 something is wrong with the data or the work, 2 usage, 3 a gate holds."""

import importlib
import sys
from collections.abc import Mapping
from typing import Any

import click

from tipoff.core.errors import PipelineError, UsageError

EXIT_WRONG, EXIT_USAGE = 1, 2
COMMANDS: Mapping[str, str] = {  # where each command lives; only the one that is asked for is imported
    "demo": "work:demo_command",
    "replay": "work:replay_command",
    "backfill": "work:backfill_command",
    "status": "show:status_command",
    "grid": "show:grid_command",
    "why": "why:why_command",
    "trace": "show:trace_command",
    "predictions": "show:predictions_command",
    "boundary": "gates:boundary_command",
    "check": "check:check_group",
    "incident": "incidents:incident_group",
    "digest": "watch:digest_command",
    "scorecard": "watch:scorecard_command",
    "gate": "gates:gate_group",
    "drill": "drills:drill_group",
    "up": "watch:up_command",
    "monitor": "watch:monitor_command",
    "sentinel": "sentinel:sentinel_command",
    "audit": "audit:audit_command",
    "prove-alive": "watch:prove_alive_command",
    "notify": "sentinel:notify_group",
    "replay-incident": "watch:replay_incident_command",
    "web": "serve:web_command",
    "cost": "cost:cost_command",
    "doctor": "serve:doctor_command",
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
        module, _, name = COMMANDS[cmd_name].partition(":")
        found: Any = getattr(importlib.import_module(f"tipoff.cli.{module}"), name)
        command: click.Command = found
        return command


@click.group(cls=Commands, context_settings={"help_option_names": ["-h", "--help"]})
def cli() -> None:
    """Tipoff makes a sports-prediction day run without errors, and proves it."""


def main() -> None:
    """Run the command; an error is one sentence and a hint on standard error."""
    try:
        cli(standalone_mode=False)
    except click.ClickException as error:
        error.show()
        sys.exit(EXIT_USAGE)
    except click.Abort:
        click.echo("stopped; run the same command again to go on from here", err=True)
        sys.exit(EXIT_WRONG)
    except PipelineError as error:
        click.secho(f"tipoff: {error}", fg="red", err=True)
        if error.hint:
            click.echo(f"  {error.hint}", err=True)
        sys.exit(EXIT_USAGE if isinstance(error, UsageError) else EXIT_WRONG)
