"""The `tipoff` command. Exit codes: 0 fine, 1 something is wrong with the data or the work, 2 usage, 3 a gate holds."""

import sys

import click

from tipoff.cli.check import check_group
from tipoff.cli.drills import drill_group
from tipoff.cli.gates import boundary_command, gate_group
from tipoff.cli.incidents import incident_group
from tipoff.cli.show import grid_command, predictions_command, status_command, trace_command, why_command
from tipoff.cli.watch import (
    digest_command,
    monitor_command,
    notify_group,
    prove_alive_command,
    replay_incident_command,
    scorecard_command,
    sentinel_command,
    up_command,
)
from tipoff.cli.work import backfill_command, demo_command, replay_command
from tipoff.core.errors import PipelineError, UsageError

EXIT_WRONG, EXIT_USAGE = 1, 2


@click.group(context_settings={"help_option_names": ["-h", "--help"]})
def cli() -> None:
    """Tipoff makes a sports-prediction day run without errors, and proves it."""


for command in (
    demo_command,
    replay_command,
    backfill_command,
    status_command,
    grid_command,
    why_command,
    predictions_command,
    boundary_command,
    gate_group,
    drill_group,
    trace_command,
    check_group,
    incident_group,
    digest_command,
    scorecard_command,
    up_command,
    monitor_command,
    sentinel_command,
    prove_alive_command,
    notify_group,
    replay_incident_command,
):
    cli.add_command(command)


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
